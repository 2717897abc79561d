//! A caller.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Request, Response};
use keyward_crypto::SigningSecret;
use keyward_engine::{Authentication, Call, Client as Origin, Engine, Entry, Protocol};
use keyward_iam::{iam, sts};
use keyward_model::{Caller, KeySpec, KeyUsage, Region, new_uuid};
use keyward_server::{Naming, Peer, QueryApi, Server, Service, SigningRegion};
use keyward_sigv4::RequestParts;
use keyward_sigv4::sign::Signer;
use serde_json::{Value, json};

use crate::{Refused, query};

const TARGET_PREFIX: &str = "TrentService.";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
const HOST: &str = "localhost";

const FORM_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";

static SERVICES: [Service; 5] = [
    Service {
        signing_name: "kms",
        naming: Naming::Target { prefix: TARGET_PREFIX, signing_region: SigningRegion::Served },
        operations: keyward_ops::OPERATIONS,
    },
    Service {
        signing_name: "cloudtrail",
        naming: Naming::Target {
            prefix: keyward_cloudtrail::TARGET_PREFIX,
            signing_region: SigningRegion::ServedOrGlobal,
        },
        operations: keyward_cloudtrail::OPERATIONS,
    },
    Service {
        signing_name: "cloudtrail",
        naming: Naming::Target {
            prefix: keyward_cloudtrail::TARGET_PREFIX_SHORT,
            signing_region: SigningRegion::ServedOrGlobal,
        },
        operations: keyward_cloudtrail::OPERATIONS,
    },
    Service {
        signing_name: "iam",
        naming: Naming::Action(QueryApi {
            version: iam::VERSION,
            namespace: iam::NAMESPACE,
            signing_region: SigningRegion::Global,
        }),
        operations: keyward_iam::IAM_OPERATIONS,
    },
    Service {
        signing_name: "sts",
        naming: Naming::Action(QueryApi {
            version: sts::VERSION,
            namespace: sts::NAMESPACE,
            signing_region: SigningRegion::ServedOrGlobal,
        }),
        operations: keyward_iam::STS_OPERATIONS,
    },
];

/// The operation of this name, whatever the service: no two have the same.
fn find(operation: &str) -> &'static Entry {
    let find = [keyward_ops::find, keyward_iam::find, keyward_cloudtrail::find];
    find.iter().find_map(|find| find(operation)).unwrap()
}

/// One principal in one Region. Its calls are signed requests that pass the whole server.
#[derive(Clone)]
pub struct Client {
    engine: Arc<Engine>,
    server: Arc<Server<Engine>>,
    caller: Caller,
    secret: Arc<SigningSecret>,
    session_token: Option<String>,
    region: Region,
}

impl Client {
    pub(crate) fn new(
        engine: Arc<Engine>,
        (caller, secret): (Caller, Arc<SigningSecret>),
        region: Region,
    ) -> Self {
        let server = Arc::new(Server::builder(Arc::clone(&engine), &SERVICES).build());
        Self { engine, server, caller, secret, session_token: None, region }
    }

    /// The same client with other credentials.
    pub(crate) fn with_credentials(
        &self,
        caller: Caller,
        secret: SigningSecret,
        session_token: Option<String>,
    ) -> Self {
        let secret = Arc::new(secret);
        Self { caller, secret, session_token, ..self.clone() }
    }

    /// Whoever the `Credentials` of a reply of STS, or the `AccessKey` of one of IAM, are given to.
    /// Who that is only the service knows: [`Client::caller`] is right in the access key alone.
    #[must_use]
    pub fn signing_with(&self, credentials: &Value) -> Self {
        let text = |member: &str| credentials[member].as_str().map(str::to_owned);
        let access_key_id = text("AccessKeyId").unwrap().parse().unwrap();
        let caller = Caller { access_key_id, ..self.caller.clone() };
        let secret = text("SecretAccessKey").unwrap().into_bytes();
        self.with_credentials(caller, SigningSecret::new(secret), text("SessionToken"))
    }

    /// The same client in another Region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        Self { region: region.parse().unwrap(), ..self.clone() }
    }

    /// The same client with another session token, or none.
    #[must_use]
    pub fn with_session_token(&self, session_token: Option<&str>) -> Self {
        Self { session_token: session_token.map(str::to_owned), ..self.clone() }
    }

    /// What [`Client::signing_with`] takes.
    pub fn credentials(&self) -> Value {
        let secret = String::from_utf8(self.secret.expose().to_vec()).unwrap();
        json!({
            "AccessKeyId": self.caller.access_key_id.as_str(),
            "SecretAccessKey": secret,
            "SessionToken": self.session_token,
        })
    }

    /// The session token.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// The caller.
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Calls an operation of any service. Whatever its protocol, the request is written and the
    /// reply read as JSON.
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Refused> {
        let entry = find(operation);
        match entry.api.protocol {
            Protocol::AwsJson => self.call_with_body(operation, input.to_string().as_bytes()).await,
            Protocol::AwsQuery => self.call_with_form(entry, &input).await,
        }
    }

    /// Calls an operation of KMS or CloudTrail with a body that need not be JSON.
    pub async fn call_with_body(&self, operation: &str, body: &[u8]) -> Result<Value, Refused> {
        let entry = find(operation);
        let (service, prefix) = if std::ptr::eq(entry.api, &raw const keyward_cloudtrail::API) {
            ("cloudtrail", keyward_cloudtrail::TARGET_PREFIX)
        } else {
            ("kms", TARGET_PREFIX)
        };
        let target = format!("{prefix}{operation}");
        let headers =
            [("content-type", CONTENT_TYPE), ("host", HOST), ("x-amz-target", target.as_str())];
        let region = self.region.as_str();
        let reply = self.send(&headers, Some((region, service)), body).await;
        if reply.status().is_success() {
            Ok(checked_reply(entry, reply.body()))
        } else {
            Err(Refused::of(entry, reply.status().as_u16(), reply.body()))
        }
    }

    async fn call_with_form(&self, entry: &'static Entry, input: &Value) -> Result<Value, Refused> {
        let of_iam = std::ptr::eq(entry.api, &raw const iam::API);
        let (service, version, namespace) = if of_iam {
            ("iam", iam::VERSION, iam::NAMESPACE)
        } else {
            ("sts", sts::VERSION, sts::NAMESPACE)
        };
        let region = self.region.as_str();
        let is_signed = entry.authentication == Authentication::Signature;
        let form = query::form(entry, version, input);
        let headers = [("content-type", FORM_TYPE), ("host", HOST)];
        let scope = is_signed.then_some((region, service));
        let reply = self.send(&headers, scope, form.as_bytes()).await;
        if reply.status().is_success() {
            Ok(query::reply(entry, namespace, reply.body()))
        } else {
            Err(Refused::of_query(entry, reply.status().as_u16(), reply.body()))
        }
    }

    /// Signs a request for a Region and a service, if for any, and sends it through the server.
    async fn send(
        &self,
        headers: &[(&str, &str)],
        scope: Option<(&str, &str)>,
        body: &[u8],
    ) -> Response<Bytes> {
        let bytes: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let parts = RequestParts { method: "POST", path: "/", query: "", headers: &bytes };
        let mut request = Request::builder().method(Method::POST).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some((region, service)) = scope {
            let signer = Signer {
                access_key_id: self.caller.access_key_id.as_str(),
                secret: self.secret.expose(),
                session_token: self.session_token.as_deref(),
                region,
                service,
                now: self.engine.clock().now().unix_s(),
            };
            for (name, value) in signer.sign(&parts, body) {
                request = request.header(name, value);
            }
        }
        let request = request.header("user-agent", "keyward-testkit");
        let request = request.body(Bytes::copy_from_slice(body)).unwrap();
        self.server.handle(request, &Peer::new(IpAddr::V4(Ipv4Addr::LOCALHOST), None)).await
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
            caller: Arc::new(self.caller.clone()),
            request_id: new_uuid(self.engine.rng()),
            region: self.region.clone(),
            client: Origin {
                source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
                user_agent: Some("keyward-testkit".to_owned()),
                host: HOST.to_owned(),
                tls: None,
            },
        }
    }

    /// Calls an operation and looks at nothing but the reply's length: for benchmarks, which must
    /// not measure the checks.
    pub async fn reply_bytes(&self, operation: &str, body: &[u8]) -> usize {
        let entry = keyward_ops::find(operation).unwrap();
        self.engine.dispatch(entry, self.new_call(), body.to_vec()).await.unwrap().len()
    }

    /// Makes a symmetric key; its id.
    pub async fn create_key(&self) -> String {
        self.create_key_with(json!({})).await
    }

    /// Makes a key of a spec, for a usage; its id.
    pub async fn create_key_of(&self, spec: KeySpec, usage: KeyUsage) -> String {
        self.create_key_with(json!({ "KeySpec": spec, "KeyUsage": usage })).await
    }

    /// Makes a key; its id.
    pub async fn create_key_with(&self, input: Value) -> String {
        let reply = self.ok("CreateKey", input).await;
        text(&reply, "/KeyMetadata/KeyId")
    }

    /// Makes a symmetric multi-Region key; its id.
    pub async fn create_multi_region_key(&self) -> String {
        self.create_key_with(json!({ "MultiRegion": true })).await
    }

    /// Replicates a multi-Region key and waits until the replica can be used; its metadata.
    pub async fn replicate(&self, key_id: &str, region: &str) -> Value {
        self.ok("ReplicateKey", json!({ "KeyId": key_id, "ReplicaRegion": region })).await;
        self.engine.settle(self.engine.clock().now()).await;
        self.in_region(region).describe(key_id).await
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
