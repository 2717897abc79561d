//! What a refused request is told: one constructor per row of the error table, one table of names.
//!
//! Does not know when a row applies; the checks and their order are in `verify` and `claims`.

use std::borrow::Cow;

use crate::timestamp::Timestamp;

/// Why a request was not authenticated, in the words the client is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Which error this is; [`RefusalCode::on_wire`] gives its name and status.
    pub code: RefusalCode,
    /// The exact text for the client. It may quote the request, never a secret of ours.
    pub message: Cow<'static, str>,
}

/// The kinds of refusal that a client can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalCode {
    /// The session token was genuine once.
    ExpiredToken,
    /// The claims cannot be read.
    IncompleteSignature,
    /// The claims can be read and do not hold.
    InvalidSignature,
    /// Nothing was claimed.
    MissingAuthenticationToken,
    /// A presigned request was used after the time its signer gave it.
    RequestExpired,
    /// The access key or the session token is not one we know.
    UnrecognizedClient,
}

/// How a service spells its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// The JSON protocols: KMS, CloudTrail.
    Json,
    /// The Query protocol: STS, IAM.
    Query,
}

impl RefusalCode {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::ExpiredToken,
        Self::IncompleteSignature,
        Self::InvalidSignature,
        Self::MissingAuthenticationToken,
        Self::RequestExpired,
        Self::UnrecognizedClient,
    ];

    /// Name and HTTP status on the wire. No `_` arm: a new code does not compile until mapped.
    pub const fn on_wire(self, style: Style) -> (&'static str, u16) {
        match (self, style) {
            (Self::ExpiredToken, Style::Json) => ("ExpiredTokenException", 400),
            (Self::ExpiredToken, Style::Query) => ("ExpiredToken", 403),
            (Self::IncompleteSignature, Style::Json) => ("IncompleteSignatureException", 400),
            (Self::IncompleteSignature, Style::Query) => ("IncompleteSignature", 400),
            (Self::InvalidSignature | Self::RequestExpired, Style::Json) => {
                ("InvalidSignatureException", 400)
            }
            (Self::InvalidSignature, Style::Query) => ("SignatureDoesNotMatch", 403),
            (Self::MissingAuthenticationToken, Style::Json) => {
                ("MissingAuthenticationTokenException", 400)
            }
            (Self::MissingAuthenticationToken, Style::Query) => ("MissingAuthenticationToken", 403),
            (Self::RequestExpired, Style::Query) => ("RequestExpired", 400),
            (Self::UnrecognizedClient, Style::Json) => ("UnrecognizedClientException", 400),
            (Self::UnrecognizedClient, Style::Query) => ("InvalidClientTokenId", 403),
        }
    }
}

/// The refusals that need what this crate does not know: which keys and tokens exist.
impl Refusal {
    /// Row 15: the access key does not exist or is inactive. Whatever the signature: the client is
    /// told which of the two it is, so there is nothing to hide in the time it takes.
    pub const fn unknown_access_key() -> Self {
        Self::fixed(
            RefusalCode::UnrecognizedClient,
            "The security token included in the request is invalid.",
        )
    }

    /// Row 17: the session token is malformed, belongs to another key, or is missing.
    pub const fn bad_session_token(style: Style) -> Self {
        // WIRE: only the JSON services leave the full stop away.
        let message = match style {
            Style::Json => "The security token included in the request is invalid",
            Style::Query => "The security token included in the request is invalid.",
        };
        Self::fixed(RefusalCode::UnrecognizedClient, message)
    }

    /// Row 18: the session token was valid and is past its expiry.
    pub const fn expired_session_token() -> Self {
        Self::fixed(
            RefusalCode::ExpiredToken,
            "The security token included in the request is expired",
        )
    }
}

impl Refusal {
    const fn fixed(code: RefusalCode, message: &'static str) -> Self {
        Self { code, message: Cow::Borrowed(message) }
    }

    fn worded(code: RefusalCode, message: String) -> Self {
        Self { code, message: Cow::Owned(message) }
    }

    /// Row 4.
    pub(crate) const fn two_forms() -> Self {
        Self::fixed(
            RefusalCode::InvalidSignature,
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP \
             header.",
        )
    }

    /// Row 5.
    pub(crate) const fn not_signed(style: Style) -> Self {
        let message = match style {
            Style::Json => "Missing Authentication Token",
            Style::Query => "Request is missing Authentication Token",
        };
        Self::fixed(RefusalCode::MissingAuthenticationToken, message)
    }

    /// Row 6.
    pub(crate) fn not_key_value(part: &str, header: &str) -> Self {
        Self::worded(
            RefusalCode::IncompleteSignature,
            format!(
                "'{part}' not a valid key=value pair (missing equal-sign) in Authorization header: \
                 '{header}'."
            ),
        )
    }

    /// Row 7.
    pub(crate) fn header_lacks(missing: &[&str], date_is_missing: bool, header: &str) -> Self {
        let mut sentences: Vec<String> = missing
            .iter()
            .map(|name| format!("Authorization header requires '{name}' parameter. "))
            .collect();
        if date_is_missing {
            let either = "Authorization header requires existence of either a 'X-Amz-Date' or a \
                 'Date' header. ";
            sentences.push(either.to_owned());
        }
        sentences.push(format!("Authorization={header}"));
        Self::worded(RefusalCode::IncompleteSignature, sentences.concat())
    }

    /// Row 7, query form.
    pub(crate) fn query_lacks(missing: &[&str]) -> Self {
        let mut sentences: Vec<String> = missing
            .iter()
            .map(|name| format!("AWS query-string parameters must include '{name}'. "))
            .collect();
        sentences.push("Re-examine the query-string parameters.".to_owned());
        Self::worded(RefusalCode::IncompleteSignature, sentences.concat())
    }

    /// Row 8.
    pub(crate) fn date_not_basic(value: &str) -> Self {
        Self::worded(
            RefusalCode::IncompleteSignature,
            format!(
                "Date must be in ISO-8601 'basic format'. Got '{value}'. See \
                 http://en.wikipedia.org/wiki/ISO_8601"
            ),
        )
    }

    /// Row 8 for the other quantity of time. The wording is ours.
    pub(crate) fn expires_out_of_range(value: &str) -> Self {
        Self::worded(
            RefusalCode::IncompleteSignature,
            format!("X-Amz-Expires must be a number of seconds from 1 to 604800. Got '{value}'."),
        )
    }

    /// Row 9. `code` tells a lapsed `X-Amz-Expires` from the ordinary window.
    pub(crate) fn expired(code: RefusalCode, request: &str, now: i64, window_s: i64) -> Self {
        let oldest = Timestamp::from_unix(now.saturating_sub(window_s));
        let (now, minutes) = (Timestamp::from_unix(now), window_s / 60);
        Self::worded(
            code,
            format!(
                "Signature expired: {request} is now earlier than {oldest} ({now} - {minutes} min.)"
            ),
        )
    }

    /// Row 10.
    pub(crate) fn not_yet_current(request: &str, now: i64, window_s: i64) -> Self {
        let newest = Timestamp::from_unix(now.saturating_add(window_s));
        let (now, minutes) = (Timestamp::from_unix(now), window_s / 60);
        Self::worded(
            RefusalCode::InvalidSignature,
            format!(
                "Signature not yet current: {request} is still later than {newest} ({now} + \
                 {minutes} min.)"
            ),
        )
    }

    /// Row 11. The words are attested for the host; the other headers borrow them.
    pub(crate) fn must_be_signed(quoted_name: &str) -> Self {
        Self::worded(
            RefusalCode::InvalidSignature,
            format!("{quoted_name} must be a 'SignedHeader' in the AWS Authorization."),
        )
    }

    /// Row 12.
    pub(crate) fn unsupported_algorithm(algorithm: &str) -> Self {
        Self::worded(
            RefusalCode::IncompleteSignature,
            format!("Unsupported AWS 'algorithm': '{algorithm}' (only AWS4-HMAC-SHA256 for now). "),
        )
    }

    /// Row 13.
    pub(crate) fn credential_not_five_parts(credential: &str) -> Self {
        Self::worded(
            RefusalCode::IncompleteSignature,
            format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. \
                 keyid/date/region/service/term, got '{credential}'"
            ),
        )
    }

    /// Row 14. `message` is the concatenation of all that is wrong.
    pub(crate) fn wrong_scope(message: String) -> Self {
        Self::worded(RefusalCode::InvalidSignature, message)
    }

    /// Row 16. Says the same whether the signature, the body hash or a signed header is at fault.
    pub(crate) const fn signature_mismatch() -> Self {
        Self::fixed(
            RefusalCode::InvalidSignature,
            "The request signature we calculated does not match the signature you provided. Check \
             your AWS Secret Access Key and signing method. Consult the service documentation for \
             details.",
        )
    }

    /// A bound of ours, checked before anything is parsed. The wording is ours.
    pub(crate) fn too_large(what: &str, max: usize, unit: &str) -> Self {
        Self::worded(
            RefusalCode::IncompleteSignature,
            format!("{what} must not exceed {max} {unit}."),
        )
    }

    /// Two readers could pick different ones of a repeated value, so none is picked. Our wording.
    pub(crate) fn repeated(name: &str) -> Self {
        Self::worded(RefusalCode::IncompleteSignature, format!("'{name}' must be sent once."))
    }
}
