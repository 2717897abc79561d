//! What an operation fails with, and the one table from there to the wire.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// Declares every outcome a client can see. The table is total: a new code does not compile until
/// it has a name and a status.
macro_rules! error_codes {
    ($($variant:ident = $name:literal, $status:literal;)+) => {
        /// An outcome a client can see.
        /// <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html>
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $(#[doc = concat!("`", $name, "`")] $variant,)+ }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Name and HTTP status on the wire.
            pub const fn on_wire(self) -> (&'static str, u16) {
                match self { $(Self::$variant => ($name, $status),)+ }
            }
        }
    };
}

error_codes! {
    AccessDenied = "AccessDeniedException", 400;
    AlreadyExists = "AlreadyExistsException", 400;
    CloudHsmClusterNotFound = "CloudHsmClusterNotFoundException", 400;
    Conflict = "ConflictException", 400;
    CustomKeyStoreHasCmks = "CustomKeyStoreHasCMKsException", 400;
    CustomKeyStoreInvalidState = "CustomKeyStoreInvalidStateException", 400;
    CustomKeyStoreNotFound = "CustomKeyStoreNotFoundException", 400;
    DependencyTimeout = "DependencyTimeoutException", 500;
    Disabled = "DisabledException", 400;
    DryRunOperation = "DryRunOperationException", 400;
    ExpiredImportToken = "ExpiredImportTokenException", 400;
    IncorrectKey = "IncorrectKeyException", 400;
    IncorrectKeyMaterial = "IncorrectKeyMaterialException", 400;
    InvalidAliasName = "InvalidAliasNameException", 400;
    InvalidArn = "InvalidArnException", 400;
    InvalidCiphertext = "InvalidCiphertextException", 400;
    InvalidGrantId = "InvalidGrantIdException", 400;
    InvalidGrantToken = "InvalidGrantTokenException", 400;
    InvalidImportToken = "InvalidImportTokenException", 400;
    InvalidKeyUsage = "InvalidKeyUsageException", 400;
    InvalidMarker = "InvalidMarkerException", 400;
    KeyUnavailable = "KeyUnavailableException", 500;
    KmsInternal = "KMSInternalException", 500;
    KmsInvalidMac = "KMSInvalidMacException", 400;
    KmsInvalidSignature = "KMSInvalidSignatureException", 400;
    KmsInvalidState = "KMSInvalidStateException", 400;
    LimitExceeded = "LimitExceededException", 400;
    MalformedPolicyDocument = "MalformedPolicyDocumentException", 400;
    NotFound = "NotFoundException", 400;
    Serialization = "SerializationException", 400;
    Tag = "TagException", 400;
    Throttling = "ThrottlingException", 400;
    UnsupportedOperation = "UnsupportedOperationException", 400;
    Validation = "ValidationException", 400;
    XksProxyUriUnreachable = "XksProxyUriUnreachableException", 400;
    XksProxyVpcEndpointServiceNotFound = "XksProxyVpcEndpointServiceNotFoundException", 400;
}

/// What an operation fails with: `message` is for the client, `source` only for the log.
pub struct OpError {
    /// The outcome.
    pub code: ErrorCode,
    /// The text for the client, exactly as the service words it. Some outcomes have none.
    pub message: Option<Cow<'static, str>>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl OpError {
    /// An outcome with its text.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: Some(message.into()), source: None }
    }

    /// An outcome that carries no text on the wire.
    pub const fn silent(code: ErrorCode) -> Self {
        Self { code, message: None, source: None }
    }

    /// Our own fault: the client gets a fixed sentence, the log gets `source`.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            code: ErrorCode::KmsInternal,
            message: Some(Cow::Borrowed("An internal error occurred. Retry the request.")),
            source: Some(source.into()),
        }
    }

    /// What lies behind an internal error, for timed work, which no client waits for.
    pub(crate) fn into_source(self) -> Option<Box<dyn Error + Send + Sync>> {
        self.source
    }

    /// The same outcome, with its reason for the log.
    #[must_use]
    pub fn because(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// Whether this is the end of a dry run that would have succeeded.
    pub fn is_dry_run(&self) -> bool {
        self.code == ErrorCode::DryRunOperation
    }

    /// What lies behind it and is for the log alone.
    pub fn source(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.source.as_deref()
    }
}

impl fmt::Debug for OpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, message, source } = self;
        write!(f, "{} ({message:?}, {source:?})", code.on_wire().0)
    }
}

/// Makes an [`OpError`] whose text is formatted.
#[macro_export]
macro_rules! op_error {
    ($code:ident, $($text:tt)+) => {
        $crate::OpError::new($crate::ErrorCode::$code, format!($($text)+))
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_faults_are_5xx_and_nothing_is_403_or_404() {
        for &code in ErrorCode::ALL {
            let (name, status) = code.on_wire();
            let is_fault = matches!(
                code,
                ErrorCode::DependencyTimeout | ErrorCode::KeyUnavailable | ErrorCode::KmsInternal
            );
            assert_eq!(status, if is_fault { 500 } else { 400 }, "{name}");
        }
    }
}
