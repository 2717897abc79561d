//! A caller.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_engine::{Call, Client as Origin, Engine, Entry, OpError};
use keyward_model::{Caller, Region, new_uuid};
use serde_json::{Value, json};

/// Errors that any operation may answer with, beside those of its model.
const COMMON_ERRORS: [&str; 5] = [
    "AccessDeniedException",
    "SerializationException",
    "ThrottlingException",
    "UnknownOperationException",
    "ValidationException",
];

/// One principal in one Region.
#[derive(Clone)]
pub struct Client {
    engine: Arc<Engine>,
    caller: Caller,
    region: Region,
}

/// A refusal, as it looks on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// `__type`.
    pub name: String,
    /// `message`, if there is one.
    pub message: Option<String>,
}

impl Refused {
    /// The message; a test that asks for one expects it.
    #[track_caller]
    pub fn message(&self) -> &str {
        self.message.as_deref().unwrap()
    }
}

impl Client {
    pub(crate) const fn new(engine: Arc<Engine>, caller: Caller, region: Region) -> Self {
        Self { engine, caller, region }
    }

    /// The caller.
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Calls an operation.
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Refused> {
        self.call_with_body(operation, input.to_string().as_bytes()).await
    }

    /// Calls an operation with a body that need not be JSON.
    pub async fn call_with_body(&self, operation: &str, body: &[u8]) -> Result<Value, Refused> {
        let entry = keyward_ops::find(operation).unwrap();
        let call = Call {
            caller: self.caller.clone(),
            request_id: new_uuid(self.engine.rng()),
            region: self.region.clone(),
            client: Origin {
                source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
                user_agent: Some("keyward-testkit".to_owned()),
                host: "localhost".to_owned(),
                tls: None,
            },
        };
        match self.engine.dispatch(entry, call, body).await {
            Ok(reply) => Ok(checked_reply(entry, &reply)),
            Err(refusal) => Err(checked_refusal(entry, refusal)),
        }
    }

    /// Makes a symmetric key; its id.
    pub async fn create_key(&self) -> String {
        self.create_key_with(json!({})).await
    }

    /// Makes a key; its id.
    pub async fn create_key_with(&self, input: Value) -> String {
        let reply = self.call("CreateKey", input).await.unwrap();
        reply.pointer("/KeyMetadata/KeyId").and_then(Value::as_str).unwrap().to_owned()
    }

    /// The ARN of a key.
    pub async fn arn(&self, key_id: &str) -> String {
        let metadata = self.describe(key_id).await;
        metadata.get("Arn").and_then(Value::as_str).unwrap().to_owned()
    }

    /// The metadata of a key.
    pub async fn describe(&self, key_id: &str) -> Value {
        let reply = self.call("DescribeKey", json!({ "KeyId": key_id })).await.unwrap();
        reply.get("KeyMetadata").unwrap().clone()
    }

    /// Encrypts; the ciphertext in base64.
    pub async fn encrypt(&self, key_id: &str, plaintext: &[u8]) -> String {
        let input = json!({ "KeyId": key_id, "Plaintext": blob(plaintext) });
        let reply = self.call("Encrypt", input).await.unwrap();
        reply.get("CiphertextBlob").and_then(Value::as_str).unwrap().to_owned()
    }
}

/// Bytes as they stand in a body.
pub fn blob(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

fn checked_reply(entry: &Entry, reply: &[u8]) -> Value {
    let Some(output) = entry.model.output else {
        assert!(reply.is_empty(), "{} answers with an empty body", entry.name);
        return Value::Null;
    };
    if let Err(problem) = keyward_shape::check_output(output, reply) {
        panic!("the reply of {} does not fit the model: {problem}", entry.name);
    }
    serde_json::from_slice(reply).unwrap()
}

fn checked_refusal(entry: &Entry, refusal: OpError) -> Refused {
    let (name, _) = refusal.code.on_wire();
    let is_expected = entry.model.errors.contains(&name) || COMMON_ERRORS.contains(&name);
    assert!(is_expected, "{} does not answer with {name}: {refusal:?}", entry.name);
    Refused { name: name.to_owned(), message: refusal.message.map(Into::into) }
}
