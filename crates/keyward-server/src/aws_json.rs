//! AWS JSON 1.1: what a request must look like, and how replies and errors are written.
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

use std::borrow::Cow;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method, StatusCode, request};
use keyward_engine::{OpError, Reply};
use keyward_sigv4::{Refusal, Style};

use crate::body::BodyError;
use crate::route::{Route, Routes};

/// The one content type, without parameters.
const MEDIA_TYPE: &str = "application/x-amz-json-1.1";

const X_AMZ_TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// A refused request, as the client will see it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) name: &'static str,
    message: Option<Cow<'static, str>>,
    /// Whether the rest of the connection cannot be used.
    pub(crate) closes: bool,
}

impl Refused {
    const fn silent(status: StatusCode, name: &'static str) -> Self {
        Self { status, name, message: None, closes: false }
    }

    const fn worded(status: StatusCode, name: &'static str, message: &'static str) -> Self {
        Self { status, name, message: Some(Cow::Borrowed(message)), closes: false }
    }

    /// WIRE: what is not AWS JSON at all is answered in the words of another protocol.
    const fn unknown_protocol() -> Self {
        Self::silent(StatusCode::NOT_FOUND, "UnknownOperationException")
    }

    const fn unknown_operation() -> Self {
        Self::silent(StatusCode::BAD_REQUEST, "UnknownOperationException")
    }

    /// The call panicked.
    pub(crate) const fn internal_failure() -> Self {
        Self::worded(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalFailure",
            "An internal error occurred. Retry the request.",
        )
    }

    /// A bound of ours is reached.
    pub(crate) const fn service_unavailable() -> Self {
        Self::worded(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            "The service is busy. Retry the request.",
        )
    }

    /// The body is over the operation's limit. What is left of it is not read.
    pub(crate) fn entity_too_large() -> Self {
        Self::worded(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "The request body is too large.",
        )
        .closing()
    }

    fn closing(self) -> Self {
        Self { closes: true, ..self }
    }
}

impl From<BodyError> for Refused {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Broken => {
                Self::silent(StatusCode::BAD_REQUEST, "SerializationException").closing()
            }
            BodyError::Busy => Self::service_unavailable().closing(),
            BodyError::Late => Self::worded(
                StatusCode::BAD_REQUEST,
                "RequestTimeout",
                "The request body did not arrive in time.",
            )
            .closing(),
            BodyError::TooLong => Self::entity_too_large(),
        }
    }
}

impl From<OpError> for Refused {
    fn from(error: OpError) -> Self {
        let (name, status) = error.code.on_wire();
        Self { status: status_of(status), name, message: error.message, closes: false }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let (name, status) = refusal.code.on_wire(Style::Json);
        let message = Some(refusal.message);
        Self { status: status_of(status), name, message, closes: false }
    }
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The operation a request names, before anything is known about its caller.
pub(crate) fn find_route<'a>(
    head: &request::Parts,
    has_body: bool,
    routes: &'a Routes,
) -> Result<&'a Route, Refused> {
    let is_at_home = matches!(head.uri.path(), "/" | "");
    if head.method != Method::POST || !is_at_home || (has_body && !is_json(head)) {
        return Err(Refused::unknown_protocol());
    }
    let target = head.headers.get(X_AMZ_TARGET).and_then(|target| target.to_str().ok());
    target.and_then(|target| routes.find(target)).ok_or_else(Refused::unknown_operation)
}

fn is_json(head: &request::Parts) -> bool {
    let content_type =
        head.headers.get(CONTENT_TYPE).map_or("", |v| v.to_str().unwrap_or_default());
    let media_type =
        content_type.split_once(';').map_or(content_type, |(media_type, _)| media_type);
    media_type.trim().eq_ignore_ascii_case(MEDIA_TYPE)
}

/// Status, content type and body of the answer.
pub(crate) fn encode(outcome: Result<Reply, Refused>) -> (StatusCode, Option<HeaderValue>, Bytes) {
    let json = Some(HeaderValue::from_static(MEDIA_TYPE));
    match outcome {
        Ok(reply) if reply.is_empty() => (StatusCode::OK, json, Bytes::new()),
        // The owner wipes its bytes when the last reader lets go.
        Ok(reply) => (StatusCode::OK, json, Bytes::from_owner(reply)),
        Err(refused) if refused.status == StatusCode::NOT_FOUND => {
            (refused.status, None, Bytes::from_static(b"<UnknownOperationException/>\n"))
        }
        Err(refused) => (refused.status, json, error_body(&refused)),
    }
}

fn error_body(refused: &Refused) -> Bytes {
    let name = refused.name;
    let Some(message) = &refused.message else {
        return format!(r#"{{"__type":"{name}"}}"#).into();
    };
    // WIRE: these two spell the member with a capital, all others do not.
    let member = match name {
        "AccessDeniedException" | "SerializationException" => "Message",
        _ => "message",
    };
    let message = serde_json::Value::from(message.as_ref());
    format!(r#"{{"__type":"{name}","{member}":{message}}}"#).into()
}

#[cfg(test)]
mod tests {
    use keyward_engine::ErrorCode;

    use super::*;

    fn body(refused: Refused) -> String {
        String::from_utf8(encode(Err(refused)).2.to_vec()).unwrap()
    }

    #[test]
    fn an_error_is_its_bare_name_and_its_text() {
        let error = OpError::new(ErrorCode::NotFound, "Key 'a\"\\\n' does not exist");
        assert_eq!(
            body(error.into()),
            r#"{"__type":"NotFoundException","message":"Key 'a\"\\\n' does not exist"}"#
        );
    }

    #[test]
    fn an_error_without_a_text_has_no_message_member() {
        let error = OpError::silent(ErrorCode::InvalidCiphertext);
        assert_eq!(body(error.into()), r#"{"__type":"InvalidCiphertextException"}"#);
    }

    #[test]
    fn two_errors_spell_message_with_a_capital() {
        let denied = OpError::new(ErrorCode::AccessDenied, "no");
        assert_eq!(body(denied.into()), r#"{"__type":"AccessDeniedException","Message":"no"}"#);
        let garbled = OpError::new(ErrorCode::Serialization, "no");
        assert_eq!(body(garbled.into()), r#"{"__type":"SerializationException","Message":"no"}"#);
        let silent = OpError::silent(ErrorCode::Serialization);
        assert_eq!(body(silent.into()), r#"{"__type":"SerializationException"}"#);
    }
}
