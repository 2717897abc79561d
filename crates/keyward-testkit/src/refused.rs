//! A refusal, as it looks on the wire.

use keyward_engine::Entry;
use serde_json::Value;

/// Errors that any operation may answer with, beside those of its model.
const COMMON_ERRORS: [&str; 5] = [
    "AccessDeniedException",
    "SerializationException",
    "ThrottlingException",
    "UnknownOperationException",
    "ValidationException",
];

/// The shapes that the model marks as faults of the service.
const FAULTS: [&str; 3] =
    ["DependencyTimeoutException", "KMSInternalException", "KeyUnavailableException"];

/// Errors that the service answers with although the model of the operation does not say so.
/// Evidence: docs/WIRE.md, "Errors beside the model".
const BESIDE_THE_MODEL: [(&str, &str); 2] =
    [("DescribeKey", "InvalidGrantTokenException"), ("ListKeyPolicies", "InvalidMarkerException")];

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
}
