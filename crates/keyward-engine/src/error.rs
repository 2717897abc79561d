//! What an operation fails with, and the one table from there to the wire.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use keyward_audit::JournalError;

use crate::Protocol;

/// Declares every outcome a client can see: the name of the exception and its status, and behind
/// the slash how Query services write it. The table is total: a new code does not compile until it
/// has a name and a status.
macro_rules! error_codes {
    ($($variant:ident = $name:literal, $status:literal $(/ $query:literal, $query_status:literal)?;)+) => {
        /// An outcome a client can see.
        /// <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html>
        /// <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $(#[doc = concat!("`", $name, "`")] $variant,)+ }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name of the exception, which is also what audit records say.
            pub const fn exception(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            const fn in_query(self) -> Option<(&'static str, u16)> {
                match self { $(Self::$variant => error_codes!(@query $($query, $query_status)?),)+ }
            }

            const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }
        }
    };
    (@query) => { None };
    (@query $name:literal, $status:literal) => { Some(($name, $status)) };
}

error_codes! {
    AccessDenied = "AccessDeniedException", 400 / "AccessDenied", 403;
    AlreadyExists = "AlreadyExistsException", 400;
    CloudHsmClusterNotFound = "CloudHsmClusterNotFoundException", 400;
    CloudTrailArnInvalid = "CloudTrailARNInvalidException", 400;
    ConcurrentModification = "ConcurrentModificationException", 400 / "ConcurrentModification", 409;
    Conflict = "ConflictException", 400;
    CustomKeyStoreHasCmks = "CustomKeyStoreHasCMKsException", 400;
    CustomKeyStoreInvalidState = "CustomKeyStoreInvalidStateException", 400;
    CustomKeyStoreNotFound = "CustomKeyStoreNotFoundException", 400;
    DeleteConflict = "DeleteConflictException", 400 / "DeleteConflict", 409;
    DependencyTimeout = "DependencyTimeoutException", 500;
    Disabled = "DisabledException", 400;
    DryRunOperation = "DryRunOperationException", 400;
    EntityAlreadyExists = "EntityAlreadyExistsException", 400 / "EntityAlreadyExists", 409;
    EntityTemporarilyUnmodifiable =
        "EntityTemporarilyUnmodifiableException", 400 / "EntityTemporarilyUnmodifiable", 409;
    ExpiredIdentityToken = "ExpiredTokenException", 400;
    ExpiredImportToken = "ExpiredImportTokenException", 400;
    IdpCommunication = "IDPCommunicationErrorException", 400 / "IDPCommunicationError", 400;
    IdpRejectedClaim = "IDPRejectedClaimException", 400 / "IDPRejectedClaim", 403;
    IncorrectKey = "IncorrectKeyException", 400;
    IncorrectKeyMaterial = "IncorrectKeyMaterialException", 400;
    InvalidAliasName = "InvalidAliasNameException", 400;
    InvalidArn = "InvalidArnException", 400;
    InvalidAuthenticationCode =
        "InvalidAuthenticationCodeException", 400 / "InvalidAuthenticationCode", 403;
    InvalidCiphertext = "InvalidCiphertextException", 400;
    InvalidEventCategory = "InvalidEventCategoryException", 400;
    InvalidGrantId = "InvalidGrantIdException", 400;
    InvalidGrantToken = "InvalidGrantTokenException", 400;
    InvalidIdentityToken = "InvalidIdentityTokenException", 400 / "InvalidIdentityToken", 400;
    InvalidImportToken = "InvalidImportTokenException", 400;
    InvalidInput = "InvalidInputException", 400 / "InvalidInput", 400;
    InvalidKeyUsage = "InvalidKeyUsageException", 400;
    InvalidLookupAttributes = "InvalidLookupAttributesException", 400;
    InvalidMarker = "InvalidMarkerException", 400;
    InvalidMaxResults = "InvalidMaxResultsException", 400;
    InvalidNextToken = "InvalidNextTokenException", 400;
    InvalidTimeRange = "InvalidTimeRangeException", 400;
    InvalidToken = "InvalidTokenException", 400;
    InvalidTrailName = "InvalidTrailNameException", 400;
    KeyUnavailable = "KeyUnavailableException", 500;
    KmsInternal = "KMSInternalException", 500 / "ServiceFailure", 500;
    KmsInvalidMac = "KMSInvalidMacException", 400;
    KmsInvalidSignature = "KMSInvalidSignatureException", 400;
    KmsInvalidState = "KMSInvalidStateException", 400;
    LimitExceeded = "LimitExceededException", 400 / "LimitExceeded", 409;
    MalformedPolicyDocument =
        "MalformedPolicyDocumentException", 400 / "MalformedPolicyDocument", 400;
    MalformedQueryString = "MalformedQueryString", 400 / "MalformedQueryString", 404;
    NoSuchEntity = "NoSuchEntityException", 400 / "NoSuchEntity", 404;
    NotFound = "NotFoundException", 400;
    OpenIdIdpCommunication =
        "OpenIdIdpCommunicationErrorException", 400 / "OpenIdIdpCommunicationError", 400;
    OperationNotPermitted = "OperationNotPermittedException", 400;
    PackedPolicyTooLarge = "PackedPolicyTooLargeException", 400 / "PackedPolicyTooLarge", 400;
    PolicyNotAttachable = "PolicyNotAttachableException", 400 / "PolicyNotAttachable", 400;
    Serialization = "SerializationException", 400 / "MalformedInput", 400;
    ServiceUnavailable = "ServiceUnavailable", 503;
    Tag = "TagException", 400;
    Throttling = "ThrottlingException", 400 / "Throttling", 400;
    TrailNotFound = "TrailNotFoundException", 400;
    UnmodifiableEntity = "UnmodifiableEntityException", 400 / "UnmodifiableEntity", 400;
    UnrecognizedClient = "UnrecognizedClientException", 400 / "InvalidClientTokenId", 403;
    UnsupportedOperation = "UnsupportedOperationException", 400;
    Validation = "ValidationException", 400 / "ValidationError", 400;
    XksProxyUriUnreachable = "XksProxyUriUnreachableException", 400;
    XksProxyVpcEndpointServiceNotFound = "XksProxyVpcEndpointServiceNotFoundException", 400;
}

impl ErrorCode {
    /// Name and HTTP status on the wire.
    pub const fn on_wire(self, protocol: Protocol) -> (&'static str, u16) {
        match (protocol, self.in_query()) {
            (Protocol::AwsQuery, Some(written)) => written,
            _ => (self.exception(), self.status()),
        }
    }
}

/// What an operation fails with: `message` is for the client, `source` only for the log.
pub struct OpError {
    /// The outcome.
    pub code: ErrorCode,
    /// The text for the client, exactly as the service words it. Some outcomes have none.
    pub message: Option<Cow<'static, str>>,
    source: Option<Box<dyn Error + Send + Sync>>,
    /// The text for the audit record, where that may not show all of `message`.
    recorded: Option<Box<str>>,
}

impl OpError {
    /// An outcome with its text.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: Some(message.into()), source: None, recorded: None }
    }

    /// An outcome that carries no text on the wire.
    pub const fn silent(code: ErrorCode) -> Self {
        Self { code, message: None, source: None, recorded: None }
    }

    /// Our own fault: the client gets a fixed sentence, the log gets `source`.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            code: ErrorCode::KmsInternal,
            message: Some(Cow::Borrowed("An internal error occurred. Retry the request.")),
            source: Some(source.into()),
            recorded: None,
        }
    }

    /// A bound of ours is reached.
    // WIRE: the words are ours.
    pub(crate) fn busy() -> Self {
        Self::new(ErrorCode::ServiceUnavailable, "The service is busy. Retry the request.")
    }

    /// There would be no record, so there is no reply. The journal logs why, once, and not for each
    /// request; so does this carry no reason.
    pub(crate) fn unrecorded(error: JournalError) -> Self {
        match error {
            JournalError::NotOneLine | JournalError::TooLong => Self::internal(error),
            JournalError::Failed(_)
            | JournalError::Held
            | JournalError::Overloaded
            | JournalError::Stopped => Self::new(ErrorCode::KmsInternal, UNRECORDED),
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

    /// The same outcome, of which the audit record says this instead of `message`.
    #[must_use]
    pub(crate) fn recorded_as(self, recorded: impl Into<Box<str>>) -> Self {
        Self { recorded: Some(recorded.into()), ..self }
    }

    /// What the audit record says of it.
    pub(crate) fn recorded(&self) -> Option<&str> {
        self.recorded.as_deref().or(self.message.as_deref())
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
        let Self { code, message, source, recorded: _ } = self;
        write!(f, "{} ({message:?}, {source:?})", code.exception())
    }
}

// WIRE: the service's own words for this are not known.
const UNRECORDED: &str =
    "The audit trail cannot be written, so the request was refused. Retry the request later.";

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
    fn only_our_own_faults_are_5xx_and_json_knows_no_403_or_404() {
        for &code in ErrorCode::ALL {
            let (name, status) = code.on_wire(Protocol::AwsJson);
            let is_fault = matches!(
                code,
                ErrorCode::DependencyTimeout
                    | ErrorCode::KeyUnavailable
                    | ErrorCode::KmsInternal
                    | ErrorCode::ServiceUnavailable
            );
            let fault = if code == ErrorCode::ServiceUnavailable { 503 } else { 500 };
            assert_eq!(status, if is_fault { fault } else { 400 }, "{name}");
            let (name, status) = code.on_wire(Protocol::AwsQuery);
            assert_eq!(status / 100, if is_fault { 5 } else { 4 }, "{name}");
        }
    }

    #[test]
    fn query_services_have_their_own_names_and_statuses() {
        let query = |code: ErrorCode| code.on_wire(Protocol::AwsQuery);
        assert_eq!(query(ErrorCode::AccessDenied), ("AccessDenied", 403));
        assert_eq!(query(ErrorCode::NoSuchEntity), ("NoSuchEntity", 404));
        assert_eq!(query(ErrorCode::LimitExceeded), ("LimitExceeded", 409));
        assert_eq!(query(ErrorCode::Validation), ("ValidationError", 400));
        assert_eq!(query(ErrorCode::ExpiredIdentityToken), ("ExpiredTokenException", 400));
        let json = ErrorCode::AccessDenied.on_wire(Protocol::AwsJson);
        assert_eq!(json, ("AccessDeniedException", 400));
    }
}
