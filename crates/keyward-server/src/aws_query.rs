//! AWS Query: what a request must look like, and how replies and errors are written.
//! <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, request};
use keyward_engine::Reply;
use keyward_model::RequestId;
use keyward_shape::query::parameter;
use keyward_shape::xml;
use zeroize::Zeroizing;

use crate::aws_json::{X_AMZ_TARGET, has_media_type};
use crate::refused::Refused;
use crate::route::{Route, Routes};

const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// WIRE: the namespace of what is refused before it is known which service is meant.
const FAULTS: &str = "http://webservices.amazon.com/AWSFault/2005-15-09";

/// The most of an unknown name that is shown.
const SHOWN_CHARS_MAX: usize = 128;

/// Whether a request is one of this protocol: a form, or an address with a form's parameters.
pub(crate) fn is_query(head: &request::Parts) -> bool {
    if head.headers.contains_key(X_AMZ_TARGET) || !matches!(head.uri.path(), "/" | "") {
        return false;
    }
    let names_action = || parameter(head.uri.query().unwrap_or_default(), "Action").is_some();
    match head.method {
        Method::GET => names_action(),
        Method::POST => has_media_type(head, MEDIA_TYPE) || names_action(),
        _ => false,
    }
}

/// The parameters: in the body, or in the address if there is no body.
pub(crate) fn form<'a>(head: &'a request::Parts, body: &'a [u8]) -> &'a [u8] {
    if body.is_empty() { head.uri.query().unwrap_or_default().as_bytes() } else { body }
}

/// The operation a form names, before anything is known about its caller.
pub(crate) fn find_route<'a>(form: &[u8], routes: &'a Routes) -> Result<&'a Route, Refused> {
    // WIRE: the words of this one are ours.
    let malformed = || {
        let message = "The query string contains an invalid escape.";
        Refused::worded(StatusCode::NOT_FOUND, "MalformedQueryString", message)
    };
    let form = std::str::from_utf8(form).map_err(|_| malformed())?;
    let Some(action) = parameter(form, "Action").filter(|action| !action.is_empty()) else {
        // WIRE: the words are ours.
        return Err(Refused::worded(StatusCode::BAD_REQUEST, "MissingAction", "Missing Action"));
    };
    let version = parameter(form, "Version");
    let version = version.as_deref().unwrap_or("NO_VERSION_SPECIFIED");
    routes.find_action(version, &action).ok_or_else(|| {
        let (action, version) = (shown(&action), shown(version));
        Refused::told(
            StatusCode::BAD_REQUEST,
            "InvalidAction",
            format!("Could not find operation {action} for version {version}"),
        )
    })
}

fn shown(name: &str) -> String {
    name.chars().take(SHOWN_CHARS_MAX).collect()
}

/// Status, content type and body of the answer. `route` is the operation's, if it is known.
pub(crate) fn encode(
    route: Option<&Route>,
    request_id: &RequestId,
    outcome: Result<Reply, Refused>,
) -> (StatusCode, Option<HeaderValue>, Bytes) {
    let content_type = Some(HeaderValue::from_static("text/xml"));
    let namespace = route.map_or(FAULTS, |route| route.namespace);
    match outcome {
        Ok(reply) => {
            let name = route.map_or("", |route| route.entry.name);
            let body = reply_body((name, namespace), request_id, &reply);
            // The owner wipes its bytes when the last reader lets go.
            (StatusCode::OK, content_type, Bytes::from_owner(body))
        }
        Err(refused) => {
            let body = error_body(namespace, request_id, &refused);
            (refused.status, content_type, body.into())
        }
    }
}

/// The result, as the operation wrote it, in its envelope. It may hold a secret, so nothing grows.
fn reply_body(
    (operation, namespace): (&str, &str),
    request_id: &RequestId,
    result: &[u8],
) -> Zeroizing<Vec<u8>> {
    let start = format!("<{operation}Response xmlns=\"{namespace}\">");
    let end = format!(
        "<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>\
         </{operation}Response>"
    );
    let mut body = Vec::with_capacity(start.len() + result.len() + end.len());
    for part in [start.as_bytes(), result, end.as_bytes()] {
        body.extend_from_slice(part);
    }
    Zeroizing::new(body)
}

fn error_body(namespace: &str, request_id: &RequestId, refused: &Refused) -> Vec<u8> {
    let kind = if refused.status.is_server_error() { "Receiver" } else { "Sender" };
    let (name, start) = (refused.name, format!("<ErrorResponse xmlns=\"{namespace}\"><Error>"));
    let mut body = start.into_bytes();
    body.extend_from_slice(format!("<Type>{kind}</Type><Code>{name}</Code>").as_bytes());
    if let Some(message) = &refused.message {
        xml::open(&mut body, "Message");
        xml::write_text(&mut body, message);
        xml::close(&mut body, "Message");
    }
    let end = format!("</Error><RequestId>{request_id}</RequestId></ErrorResponse>");
    body.extend_from_slice(end.as_bytes());
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_xml_whatever_it_quotes() {
        let refused = Refused::told(StatusCode::FORBIDDEN, "AccessDenied", "<a> & \0b".to_owned());
        let (status, content_type, body) = encode(None, &RequestId::nil(), Err(refused));
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert_eq!(content_type.unwrap(), "text/xml");
        assert_eq!(
            std::str::from_utf8(&body).unwrap(),
            "<ErrorResponse xmlns=\"http://webservices.amazon.com/AWSFault/2005-15-09\"><Error>\
             <Type>Sender</Type><Code>AccessDenied</Code>\
             <Message>&lt;a&gt; &amp; \u{fffd}b</Message></Error>\
             <RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
        );
    }

    #[test]
    fn our_own_faults_are_the_receivers() {
        let (_, _, body) = encode(None, &RequestId::nil(), Err(Refused::internal_failure()));
        assert!(std::str::from_utf8(&body).unwrap().contains("<Type>Receiver</Type>"));
    }
}
