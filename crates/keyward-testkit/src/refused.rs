//! A refusal, as it looks on the wire.

use keyward_engine::{Entry, ErrorCode, Protocol};
use serde_json::Value;

use crate::xml::Element;

/// Errors that any operation may answer with, beside those of its model.
const COMMON_ERRORS: [&str; 8] = [
    "AccessDeniedException",
    "ExpiredTokenException",
    "InternalFailure",
    "SerializationException",
    "ThrottlingException",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationException",
];

/// Errors of authentication in Query, with their statuses.
const AUTHENTICATION_ERRORS: [(&str, u16); 2] =
    [("ExpiredToken", 403), ("InvalidClientTokenId", 403)];

/// The same in Query.
fn is_common_in_query(name: &str) -> bool {
    let common = [
        "AccessDenied",
        "ExpiredToken",
        "InvalidClientTokenId",
        "MalformedInput",
        "MalformedQueryString",
        "Throttling",
        "ValidationError",
    ];
    common.contains(&name)
}

/// The shapes that the model marks as faults of the service.
const FAULTS: [&str; 4] = [
    "DependencyTimeoutException",
    "InternalFailure",
    "KMSInternalException",
    "KeyUnavailableException",
];

/// Errors that the service answers with although the model of the operation does not say so.
/// Evidence: docs/WIRE.md, "Errors beside the model".
const BESIDE_THE_MODEL: [(&str, &str); 2] =
    [("DescribeKey", "InvalidGrantTokenException"), ("ListKeyPolicies", "InvalidMarkerException")];

/// The same in Query.
const BESIDE_THE_MODEL_IN_QUERY: [(&str, &str); 2] =
    [("CreateRole", "NoSuchEntity"), ("GetAccessKeyLastUsed", "NoSuchEntity")];

/// A refusal, as it looks on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// `__type`.
    pub name: String,
    /// `message`, if there is one.
    pub message: Option<String>,
}

impl Refused {
    /// A refusal with its text.
    pub fn new(name: &str, message: impl Into<String>) -> Self {
        Self { name: name.to_owned(), message: Some(message.into()) }
    }

    /// A refusal that carries no text.
    pub fn silent(name: &str) -> Self {
        Self { name: name.to_owned(), message: None }
    }

    /// One broken constraint of the model: `clause` is what follows `Value `.
    pub fn constraint(clause: &str) -> Self {
        Self::new("ValidationException", format!("1 validation error detected: Value {clause}"))
    }

    /// The message; a test that asks for one expects it.
    #[track_caller]
    pub fn message(&self) -> &str {
        self.message.as_deref().unwrap()
    }

    /// The refusal of an operation, held to the API model.
    pub(crate) fn of(entry: &Entry, status: u16, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap();
        let text = |member: &str| body.get(member).and_then(Value::as_str);
        let name = text("__type").unwrap();
        let is_expected = entry.model.errors.contains(&name)
            || COMMON_ERRORS.contains(&name)
            || BESIDE_THE_MODEL.contains(&(entry.name, name));
        assert!(is_expected, "{} does not answer with {name}: {body}", entry.name);
        assert_eq!(status, if FAULTS.contains(&name) { 500 } else { 400 }, "{body}");
        let message = text("message").or_else(|| text("Message")).map(str::to_owned);
        Self { name: name.to_owned(), message }
    }

    /// The same of an operation of a service that speaks Query.
    pub(crate) fn of_query(entry: &Entry, status: u16, body: &[u8]) -> Self {
        let body = std::str::from_utf8(body).unwrap();
        let root = Element::parse(body);
        let error = root.child("Error").unwrap();
        let text = |name: &str| error.child(name).map(|child| child.text.clone());
        let name = text("Code").unwrap();
        let is_expected = entry.model.errors.contains(&&*name)
            || is_common_in_query(&name)
            || BESIDE_THE_MODEL_IN_QUERY.contains(&(entry.name, &*name));
        assert!(is_expected, "{} does not answer with {name}: {body}", entry.name);
        let codes = ErrorCode::ALL.iter().map(|code| code.on_wire(Protocol::AwsQuery));
        let mut known = codes.chain(AUTHENTICATION_ERRORS);
        assert!(known.any(|known| known == (&name, status)), "{status}: {body}");
        let kind = if status >= 500 { "Receiver" } else { "Sender" };
        assert_eq!(text("Type").as_deref(), Some(kind), "{body}");
        Self { name, message: text("Message") }
    }
}
