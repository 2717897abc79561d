//! The most that a server which authenticates can do: hyper, the signature of the request, and one
//! call of the library. No decoding, no key lookup, no permission, no audit record.
//!
//! `X-Amz-Target` names the work: `Ceiling.<operation>.<key spec>.<algorithm>`. The message, the
//! keys and the signatures that are verified are its own. It reads the access key and its secret
//! from standard input.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use keyward_bench::{SIGNATURES, target};
use keyward_crypto::{AsymmetricKey, KeyMaterial, KeyName, Message, Plaintext, SymmetricKey};
use keyward_model::SigningAlgorithm;
use keyward_sigv4::{RequestParts, Rules, SigningKey, Style, present};

const MESSAGE: [u8; 32] = [7; 32];
/// The canonical form of an encryption context with one pair.
const CONTEXT: &[u8] = b"\0\x01\0\x06Tenant\0\x08tenant-0";

#[tokio::main]
async fn main() -> Result<()> {
    let address = std::env::args().nth(1).context("usage: ceiling ADDRESS")?;
    let server = Ceiling::new(read_caller()?)?;
    let answer = move |head: &Parts, body: &[u8]| server.answer(head, body);
    Ok(keyward_bench::serve(address.parse::<SocketAddr>()?, answer).await?)
}

/// The one caller.
struct Caller {
    access_key_id: String,
    secret: String,
    /// Every request of a run has the same scope.
    signing_key: OnceLock<SigningKey>,
}

fn read_caller() -> Result<Caller> {
    let mut lines = std::io::stdin().lines();
    let mut line = || lines.next().context("no credentials on standard input");
    Ok(Caller { access_key_id: line()??, secret: line()??, signing_key: OnceLock::new() })
}

struct Ceiling {
    caller: Caller,
    works: Vec<(String, Work)>,
}

/// One call of the library.
enum Work {
    Seal(Box<SymmetricKey>),
    Sign(AsymmetricKey, SigningAlgorithm),
    Verify(AsymmetricKey, SigningAlgorithm, Vec<u8>),
}

impl Ceiling {
    fn new(caller: Caller) -> Result<Self> {
        let mut works = vec![(target("Encrypt"), Work::seal()?)];
        for (spec, algorithm) in SIGNATURES {
            let key = || {
                AsymmetricKey::load(spec, &AsymmetricKey::generate(spec)?)
                    .map_err(anyhow::Error::from)
            };
            let verified = key()?;
            let signature = verified.sign(algorithm, Message::Raw(&MESSAGE))?;
            let name = |operation| target(&format!("{operation}.{spec}.{algorithm}"));
            works.push((name("Sign"), Work::Sign(key()?, algorithm)));
            works.push((name("Verify"), Work::Verify(verified, algorithm, signature)));
        }
        Ok(Self { caller, works })
    }

    fn answer(&self, head: &Parts, body: &[u8]) -> Option<Bytes> {
        self.caller.verify(head, body)?;
        let target = head.headers.get("x-amz-target")?.as_bytes();
        let (_, work) = self.works.iter().find(|(name, _)| name.as_bytes() == target)?;
        work.call()
    }
}

impl Caller {
    fn verify(&self, head: &Parts, body: &[u8]) -> Option<()> {
        let headers = header_list(&head.headers);
        let parts = RequestParts { method: "POST", path: "/", query: "", headers: &headers };
        let rules = Rules {
            service: "kms",
            region_is_served: &|region| region == "us-east-1",
            now: unix_now(),
            past_window_s: 300,
            future_window_s: 300,
            expires_s_max: 300,
            ignores_expires: false,
            style: Style::Json,
        };
        let presented = present(&parts, &rules).ok()?;
        if presented.access_key_id() != self.access_key_id {
            return None;
        }
        let key = self.signing_key.get_or_init(|| presented.signing_key(self.secret.as_bytes()));
        presented.verify(key, body).ok()
    }
}

impl Work {
    fn seal() -> Result<Self> {
        let name = KeyName::new(b"111122223333", b"1234abcd-12ab-34cd-56ef-1234567890ab");
        let name = name.context("no name of a key")?;
        Ok(Self::Seal(Box::new(SymmetricKey::new(&name, &KeyMaterial::generate(32)?)?)))
    }

    fn call(&self) -> Option<Bytes> {
        let made = match self {
            Self::Seal(key) => key.seal(CONTEXT, &Plaintext::new(MESSAGE.to_vec())).ok()?,
            Self::Sign(key, algorithm) => key.sign(*algorithm, Message::Raw(&MESSAGE)).ok()?,
            Self::Verify(key, algorithm, signature) => {
                key.verify(*algorithm, Message::Raw(&MESSAGE), signature).ok()?;
                return Some(Bytes::from_static(br#"{"SignatureValid":true}"#));
            }
        };
        Some(format!(r#"{{"Signature":"{}"}}"#, STANDARD.encode(made)).into())
    }
}

fn header_list(headers: &HeaderMap) -> Vec<(&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

#[expect(clippy::disallowed_methods, reason = "a benchmark verifies with real time")]
fn unix_now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.ok().and_then(|now| i64::try_from(now.as_secs()).ok()).unwrap_or_default()
}
