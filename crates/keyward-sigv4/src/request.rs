//! What comes in: the parts of a request, what the endpoint expects, and the bounds on both.

use crate::Style;
use crate::refusal::Refusal;

/// Longest `Authorization` header, in bytes.
pub const AUTHORIZATION_BYTES_MAX: usize = 8 * 1024;
/// Longest path, in bytes as received.
pub const PATH_BYTES_MAX: usize = 8 * 1024;
/// Longest query string, in bytes as received. A presigned one carries the session token.
pub const QUERY_BYTES_MAX: usize = 32 * 1024;
/// Most parameters in a query string.
pub const QUERY_PARAMETERS_MAX: usize = 256;
/// Most names in `SignedHeaders`.
pub const SIGNED_HEADERS_MAX: usize = 64;

/// The parts of a request that take part in its signature, as received.
///
/// The number and size of the headers are for the HTTP layer to bound.
#[derive(Clone, Copy)]
pub struct RequestParts<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The path as received: not decoded, not normalised.
    pub path: &'a str,
    /// The query string as received, without its `?`.
    pub query: &'a str,
    /// Headers in order of arrival, names in lower case. On HTTP/2 `:authority` is given as `host`.
    pub headers: &'a [(&'a str, &'a [u8])],
}

/// What the endpoint expects of a signature.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The signing name of the service, such as `kms`.
    pub service: &'a str,
    /// Whether this endpoint answers for a Region.
    pub region_is_served: &'a dyn Fn(&str) -> bool,
    /// The time of arrival, in Unix seconds.
    pub now: i64,
    /// How old a signature may be, in seconds.
    pub past_window_s: i64,
    /// How far ahead a client's clock may be, in seconds.
    pub future_window_s: i64,
    /// The most that an `X-Amz-Expires` is honoured for in place of `past_window_s`, in seconds.
    /// One that promises more, up to its own maximum of a week, is well-formed all the same.
    pub expires_s_max: i64,
    /// Whether an `X-Amz-Expires` says nothing, so that every signature is good for `past_window_s`.
    pub ignores_expires: bool,
    /// How the service spells its errors.
    pub style: Style,
}

impl RequestParts<'_> {
    pub(crate) fn require_bounded(&self) -> Result<(), Refusal> {
        if self.path.len() > PATH_BYTES_MAX {
            return Err(Refusal::too_large("Path", PATH_BYTES_MAX, "bytes"));
        }
        if self.query.len() > QUERY_BYTES_MAX {
            return Err(Refusal::too_large("Query string", QUERY_BYTES_MAX, "bytes"));
        }
        if self.query.split('&').nth(QUERY_PARAMETERS_MAX).is_some() {
            return Err(Refusal::too_large("Query string", QUERY_PARAMETERS_MAX, "parameters"));
        }
        Ok(())
    }
}

/// The headers that authentication itself reads, each sent at most once.
#[derive(Default)]
pub(crate) struct AuthHeaders<'a> {
    pub(crate) authorization: Option<&'a [u8]>,
    pub(crate) date: Option<&'a [u8]>,
    pub(crate) host: Option<&'a [u8]>,
    pub(crate) x_amz_content_sha256: Option<&'a [u8]>,
    pub(crate) x_amz_date: Option<&'a [u8]>,
    pub(crate) x_amz_security_token: Option<&'a [u8]>,
    pub(crate) x_amz_target: Option<&'a [u8]>,
}

impl<'a> AuthHeaders<'a> {
    pub(crate) fn gather(parts: &RequestParts<'a>) -> Result<Self, Refusal> {
        let mut found = Self::default();
        for &(name, value) in parts.headers {
            let (slot, spelled) = match name {
                "authorization" => (&mut found.authorization, "Authorization"),
                "date" => (&mut found.date, "Date"),
                "host" => (&mut found.host, "Host"),
                "x-amz-content-sha256" => (&mut found.x_amz_content_sha256, "X-Amz-Content-Sha256"),
                "x-amz-date" => (&mut found.x_amz_date, "X-Amz-Date"),
                "x-amz-security-token" => (&mut found.x_amz_security_token, "X-Amz-Security-Token"),
                "x-amz-target" => (&mut found.x_amz_target, "X-Amz-Target"),
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return Err(Refusal::repeated(spelled));
            }
        }
        if found.authorization.is_some_and(|value| value.len() > AUTHORIZATION_BYTES_MAX) {
            return Err(Refusal::too_large(
                "Authorization header",
                AUTHORIZATION_BYTES_MAX,
                "bytes",
            ));
        }
        Ok(found)
    }
}
