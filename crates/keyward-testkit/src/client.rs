//! A caller.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_engine::{Call, Client as Origin, Engine, Entry};
use keyward_model::{Caller, Region, new_uuid};
use serde_json::{Value, json};

use crate::Refused;

/// One principal in one Region.
#[derive(Clone)]
pub struct Client {
    engine: Arc<Engine>,
    caller: Caller,
    region: Region,
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
        match self.engine.dispatch(entry, self.new_call(), body).await {
            Ok(reply) => Ok(checked_reply(entry, &reply)),
            Err(refusal) => Err(Refused::of(entry, refusal)),
        }
    }

    /// Calls an operation that works.
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        let shown = input.to_string();
        match self.call(operation, input).await {
            Ok(reply) => reply,
            Err(refused) => panic!("{operation} {shown}: {refused:?}"),
        }
    }

    /// Calls an operation that is refused.
    pub async fn refused(&self, operation: &str, input: Value) -> Refused {
        let shown = input.to_string();
        match self.call(operation, input).await {
            Ok(reply) => panic!("{operation} {shown}: {reply}"),
            Err(refused) => refused,
        }
    }

    fn new_call(&self) -> Call {
        Call {
            caller: self.caller.clone(),
            request_id: new_uuid(self.engine.rng()),
            region: self.region.clone(),
            client: Origin {
                source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
                user_agent: Some("keyward-testkit".to_owned()),
                host: "localhost".to_owned(),
                tls: None,
            },
        }
    }

    /// Calls an operation and looks at nothing but the reply's length: for benchmarks, which must
    /// not measure the checks.
    pub async fn reply_bytes(&self, operation: &str, body: &[u8]) -> usize {
        let entry = keyward_ops::find(operation).unwrap();
        self.engine.dispatch(entry, self.new_call(), body).await.unwrap().len()
    }

    /// Makes a symmetric key; its id.
    pub async fn create_key(&self) -> String {
        self.create_key_with(json!({})).await
    }

    /// Makes a key; its id.
    pub async fn create_key_with(&self, input: Value) -> String {
        let reply = self.ok("CreateKey", input).await;
        text(&reply, "/KeyMetadata/KeyId")
    }

    /// Gives a key an alias; the ARN of the alias.
    pub async fn create_alias(&self, name: &str, key_id: &str) -> String {
        self.ok("CreateAlias", json!({ "AliasName": name, "TargetKeyId": key_id })).await;
        let Caller { partition, account, .. } = &self.caller;
        format!("arn:{partition}:kms:{}:{account}:{name}", self.region)
    }

    /// Describes the predefined alias of a service; the id of its AWS managed key.
    pub async fn aws_managed_key(&self) -> String {
        let metadata = self.describe("alias/aws/s3").await;
        text(&metadata, "/KeyId")
    }

    /// The ARN of a key.
    pub async fn arn(&self, key_id: &str) -> String {
        text(&self.describe(key_id).await, "/Arn")
    }

    /// The metadata of a key.
    pub async fn describe(&self, key_id: &str) -> Value {
        let reply = self.ok("DescribeKey", json!({ "KeyId": key_id })).await;
        reply.get("KeyMetadata").unwrap().clone()
    }

    /// Encrypts; the ciphertext in base64.
    pub async fn encrypt(&self, key_id: &str, plaintext: &[u8]) -> String {
        let input = json!({ "KeyId": key_id, "Plaintext": blob(plaintext) });
        text(&self.ok("Encrypt", input).await, "/CiphertextBlob")
    }

    /// Disables a key.
    pub async fn disable(&self, key_id: &str) {
        self.ok("DisableKey", json!({ "KeyId": key_id })).await;
    }

    /// Starts the waiting period of a key, 30 days.
    pub async fn schedule_deletion(&self, key_id: &str) {
        self.ok("ScheduleKeyDeletion", json!({ "KeyId": key_id })).await;
    }
}

/// Bytes as they stand in a body.
pub fn blob(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// Bytes as they stood in a body.
pub fn unblob(text: &Value) -> Vec<u8> {
    STANDARD.decode(text.as_str().unwrap()).unwrap()
}

fn text(reply: &Value, pointer: &str) -> String {
    reply.pointer(pointer).and_then(Value::as_str).unwrap().to_owned()
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
