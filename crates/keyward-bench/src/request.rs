//! Signed requests, made before the clock runs.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_sigv4::{RequestParts, sign::Signer};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::load;

/// How many requests of a kind differ from each other.
const VARIANTS: u32 = 256;

/// Root credentials.
pub(crate) struct Credentials {
    access_key_id: String,
    secret: String,
}

impl Credentials {
    /// Reads the first profile of a credentials file.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file)?;
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let value = line.and_then(|line| line.trim_start().strip_prefix('='));
            value.map(|value| value.trim().to_owned()).with_context(|| format!("no {name}"))
        };
        Ok(Self {
            access_key_id: value("aws_access_key_id")?,
            secret: value("aws_secret_access_key")?,
        })
    }

    /// The access key and its secret, a line each.
    pub(crate) fn lines(&self) -> String {
        format!("{}\n{}\n", self.access_key_id, self.secret)
    }
}

/// Makes requests to one server.
pub(crate) struct Requests<'a> {
    credentials: &'a Credentials,
    address: SocketAddr,
}

impl<'a> Requests<'a> {
    pub(crate) const fn new(credentials: &'a Credentials, address: SocketAddr) -> Self {
        Self { credentials, address }
    }

    /// Makes a key; its id.
    pub(crate) async fn create_key(&self, spec: &str) -> Result<String> {
        let usage = if spec == "SYMMETRIC_DEFAULT" { "ENCRYPT_DECRYPT" } else { "SIGN_VERIFY" };
        let reply = self.send("CreateKey", &json!({ "KeySpec": spec, "KeyUsage": usage })).await?;
        text(&reply, "/KeyMetadata/KeyId")
    }

    /// A ciphertext to open.
    pub(crate) async fn encrypt_once(&self, key_id: &str) -> Result<String> {
        text(&self.send("Encrypt", &encrypt(key_id, 0)).await?, "/CiphertextBlob")
    }

    /// The signature that a request for one is answered with.
    pub(crate) async fn sign_once(&self, body: &Value) -> Result<String> {
        text(&self.send("Sign", body).await?, "/Signature")
    }

    /// Requests that seal 32 bytes.
    pub(crate) fn encrypt(&self, key_id: &str) -> Vec<Vec<u8>> {
        self.operation("Encrypt", &Self::encrypt_bodies(key_id))
    }

    /// Their bodies.
    pub(crate) fn encrypt_bodies(key_id: &str) -> Vec<Value> {
        (0..VARIANTS).map(|variant| encrypt(key_id, variant)).collect()
    }

    /// Requests that open a ciphertext.
    pub(crate) fn decrypt(&self, ciphertext: &str) -> Vec<Vec<u8>> {
        let body = json!({ "CiphertextBlob": ciphertext, "EncryptionContext": context(0) });
        self.operation("Decrypt", &[body])
    }

    /// Requests for data keys.
    pub(crate) fn data_key(&self, key_id: &str) -> Vec<Vec<u8>> {
        let body = |variant| json!({ "KeyId": key_id, "KeySpec": "AES_256", "EncryptionContext": context(variant) });
        self.operation("GenerateDataKey", &(0..VARIANTS).map(body).collect::<Vec<_>>())
    }

    /// The body of a Sign of 32 bytes.
    pub(crate) fn sign_body(key_id: &str, algorithm: &str) -> Value {
        json!({ "KeyId": key_id, "Message": STANDARD.encode([7; 32]), "SigningAlgorithm": algorithm })
    }

    /// The body of the Verify that belongs to a Sign.
    pub(crate) fn verify_body(sign: &Value, signature: &str) -> Value {
        let mut body = sign.clone();
        if let Some(body) = body.as_object_mut() {
            body.insert("Signature".to_owned(), signature.into());
        }
        body
    }

    /// Requests for an operation of the program.
    pub(crate) fn operation(&self, operation: &str, bodies: &[Value]) -> Vec<Vec<u8>> {
        self.signed_all(&target(operation), bodies)
    }

    /// Requests for whatever the server understands by `target`.
    pub(crate) fn signed_all(&self, target: &str, bodies: &[Value]) -> Vec<Vec<u8>> {
        bodies.iter().map(|body| self.signed(target, body)).collect()
    }

    async fn send(&self, operation: &str, body: &Value) -> Result<Value> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.write_all(&self.signed(&target(operation), body)).await?;
        let mut reply = Vec::new();
        let status = load::response(&mut stream, &mut reply).await?;
        let (_, json) = std::str::from_utf8(&reply)?.split_once("\r\n\r\n").context("no body")?;
        ensure!(status == 200, "{operation} was refused: {json}");
        Ok(serde_json::from_str(json)?)
    }

    fn signed(&self, target: &str, body: &Value) -> Vec<u8> {
        let body = body.to_string();
        let host = self.address.to_string();
        let headers = [
            ("host", host.as_bytes()),
            ("content-type", b"application/x-amz-json-1.1".as_slice()),
            ("x-amz-target", target.as_bytes()),
        ];
        let parts = RequestParts { method: "POST", path: "/", query: "", headers: &headers };
        let signer = Signer {
            access_key_id: &self.credentials.access_key_id,
            secret: self.credentials.secret.as_bytes(),
            session_token: None,
            region: "us-east-1",
            service: "kms",
            now: unix_now(),
        };
        let mut request = format!(
            "POST / HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/x-amz-json-1.1\r\n\
             x-amz-target: {target}\r\nuser-agent: aws-sdk-rust/1.3.8 os/linux lang/rust/1.95.0\r\n\
             content-length: {}\r\n",
            body.len()
        );
        for (name, value) in signer.sign(&parts, body.as_bytes()) {
            request.push_str(name);
            request.push_str(": ");
            request.push_str(&value);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        request.push_str(&body);
        request.into_bytes()
    }
}

fn target(operation: &str) -> String {
    format!("TrentService.{operation}")
}

fn encrypt(key_id: &str, variant: u32) -> Value {
    let plaintext = STANDARD.encode([7; 32]);
    json!({ "KeyId": key_id, "Plaintext": plaintext, "EncryptionContext": context(variant) })
}

fn context(variant: u32) -> Value {
    json!({ "Tenant": format!("tenant-{variant}") })
}

fn text(reply: &Value, pointer: &str) -> Result<String> {
    let text = reply.pointer(pointer).and_then(Value::as_str);
    text.map(str::to_owned).with_context(|| format!("no {pointer}"))
}

#[expect(clippy::disallowed_methods, reason = "a benchmark signs with real time")]
fn unix_now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.ok().and_then(|now| i64::try_from(now.as_secs()).ok()).unwrap_or_default()
}
