//! AWS JSON 1.1: what a request must look like, and how replies and errors are written.
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method, StatusCode, request};
use keyward_engine::Reply;

use crate::refused::Refused;
use crate::route::{Route, Routes};

/// The one content type, without parameters.
const MEDIA_TYPE: &str = "application/x-amz-json-1.1";

pub(crate) const X_AMZ_TARGET: HeaderName = HeaderName::from_static("x-amz-target");

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
    has_media_type(head, MEDIA_TYPE)
}

/// Whether the content type is this one, whatever its parameters.
pub(crate) fn has_media_type(head: &request::Parts, expected: &str) -> bool {
    let content_type =
        head.headers.get(CONTENT_TYPE).map_or("", |v| v.to_str().unwrap_or_default());
    let media_type =
        content_type.split_once(';').map_or(content_type, |(media_type, _)| media_type);
    media_type.trim().eq_ignore_ascii_case(expected)
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
    use keyward_engine::{ErrorCode, OpError, Protocol};

    use super::*;

    fn body(error: OpError) -> String {
        let refused = Refused::failed(error, Protocol::AwsJson);
        String::from_utf8(encode(Err(refused)).2.to_vec()).unwrap()
    }

    #[test]
    fn an_error_is_its_bare_name_and_its_text() {
        let error = OpError::new(ErrorCode::NotFound, "Key 'a\"\\\n' does not exist");
        assert_eq!(
            body(error),
            r#"{"__type":"NotFoundException","message":"Key 'a\"\\\n' does not exist"}"#
        );
    }

    #[test]
    fn an_error_without_a_text_has_no_message_member() {
        let error = OpError::silent(ErrorCode::InvalidCiphertext);
        assert_eq!(body(error), r#"{"__type":"InvalidCiphertextException"}"#);
    }

    #[test]
    fn two_errors_spell_message_with_a_capital() {
        let denied = OpError::new(ErrorCode::AccessDenied, "no");
        assert_eq!(body(denied), r#"{"__type":"AccessDeniedException","Message":"no"}"#);
        let garbled = OpError::new(ErrorCode::Serialization, "no");
        assert_eq!(body(garbled), r#"{"__type":"SerializationException","Message":"no"}"#);
        let silent = OpError::silent(ErrorCode::Serialization);
        assert_eq!(body(silent), r#"{"__type":"SerializationException"}"#);
    }
}
