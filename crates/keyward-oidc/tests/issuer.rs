//! Tokens of a loopback issuer with keys of its own, from discovery to verified claims.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyward_model::{Clock, Timestamp};
use keyward_oidc::{Issuers, KeySet, KeysError, NotVerified, Settings, Token};
use keyward_outbound::{AddressRule, Plaintext, trust};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const NOW_S: i64 = 1_792_324_800;

/// A key pair of an issuer.
enum Pair {
    Rsa(RsaKeyPair),
    Ec(&'static str, EcdsaKeyPair),
}

impl Pair {
    fn all() -> [(Self, &'static [&'static str]); 4] {
        let ec = |curve, algorithm| Self::Ec(curve, EcdsaKeyPair::generate(algorithm).unwrap());
        [
            (
                Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
                &["RS256", "RS384", "RS512"],
            ),
            (ec("P-256", &ECDSA_P256_SHA256_FIXED_SIGNING), &["ES256"]),
            (ec("P-384", &ECDSA_P384_SHA384_FIXED_SIGNING), &["ES384"]),
            (ec("P-521", &ECDSA_P521_SHA512_FIXED_SIGNING), &["ES512"]),
        ]
    }

    fn p256() -> Self {
        Self::Ec("P-256", EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn jwk(&self, kid: &str) -> String {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Rsa(pair) => {
                // RFC 8017, A.1.1, of 2048 bits: two heads and a sign byte, then the modulus.
                let der = pair.public_key().as_ref();
                let (n, e) = (text(&der[9..265]), text(&der[267..]));
                format!(r#"{{"kty":"RSA","use":"sig","kid":"{kid}","n":"{n}","e":"{e}"}}"#)
            }
            Self::Ec(curve, pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let (x, y) = (text(x), text(y));
                format!(r#"{{"kty":"EC","crv":"{curve}","kid":"{kid}","x":"{x}","y":"{y}"}}"#)
            }
        }
    }

    fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let rng = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let padding = match algorithm {
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &rng, message, &mut signature).unwrap();
                signature
            }
            Self::Ec(_, pair) => pair.sign(&rng, message).unwrap().as_ref().to_vec(),
        }
    }

    fn token(&self, algorithm: &str, kid: &str, claims: &str) -> String {
        let header = format!(r#"{{"alg":"{algorithm}","kid":"{kid}","typ":"JWT"}}"#);
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.sign(algorithm, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn claims(issuer: &str, iat: i64, exp: i64) -> String {
    format!(r#"{{"iss":"{issuer}","sub":"dana","aud":"app","iat":{iat},"exp":{exp}}}"#)
}

fn key_set(keys: &[String]) -> String {
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

#[test]
fn each_algorithm_is_verified_with_its_own_kind_of_key_only() {
    let pairs = Pair::all();
    let keys: Vec<_> = pairs.iter().map(|(pair, _)| pair.jwk("one")).collect();
    let all = KeySet::parse(key_set(&keys).as_bytes()).unwrap();
    let claims = claims("i", NOW_S, NOW_S + 60);
    for (at, (pair, algorithms)) in pairs.iter().enumerate() {
        let mut others = keys.clone();
        others.remove(at);
        let others = KeySet::parse(key_set(&others).as_bytes()).unwrap();
        for algorithm in *algorithms {
            let text = pair.token(algorithm, "one", &claims);
            let verified = Token::parse(&text).unwrap().verify(&all, NOW_S).unwrap();
            assert_eq!(verified.claims().subject, "dana");
            let refused = Token::parse(&text).unwrap().verify(&others, NOW_S).unwrap_err();
            assert_eq!(refused, NotVerified::Key, "{algorithm}");
        }
    }
}

#[test]
fn a_token_altered_anywhere_is_not_believed() {
    let pair = Pair::p256();
    let keys = KeySet::parse(key_set(&[pair.jwk("k")]).as_bytes()).unwrap();
    let text = pair.token("ES256", "k", &claims("i", NOW_S, NOW_S + 60));
    assert!(Token::parse(&text).unwrap().verify(&keys, NOW_S).is_ok());
    let forged = claims("i", NOW_S, NOW_S + 9_999);
    let [header, _, signature]: [&str; 3] = text.split('.').collect::<Vec<_>>().try_into().unwrap();
    let forged = format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(forged));
    let refused = Token::parse(&forged).unwrap().verify(&keys, NOW_S).unwrap_err();
    assert_eq!(refused, NotVerified::Signature);
    for text in [
        Pair::p256().token("ES256", "k", &claims("i", NOW_S, NOW_S + 60)),
        text.rsplit_once('.').unwrap().0.to_owned() + ".",
    ] {
        let refused = Token::parse(&text).unwrap().verify(&keys, NOW_S).unwrap_err();
        assert_eq!(refused, NotVerified::Signature, "{text}");
    }
    for (algorithm, key_id) in [("RS256", "k"), ("ES384", "k"), ("ES256", "other")] {
        let text = pair.token(algorithm, key_id, &claims("i", NOW_S, NOW_S + 60));
        let refused = Token::parse(&text).unwrap().verify(&keys, NOW_S).unwrap_err();
        assert_eq!(refused, NotVerified::Key, "{algorithm} {key_id}");
    }
}

#[test]
fn a_token_has_its_time() {
    let pair = Pair::p256();
    let keys = KeySet::parse(key_set(&[pair.jwk("k")]).as_bytes()).unwrap();
    let verify = |claims: &str| {
        let text = pair.token("ES256", "k", claims);
        Token::parse(&text).unwrap().verify(&keys, NOW_S).map(drop)
    };
    assert_eq!(verify(&claims("i", NOW_S, NOW_S + 1)), Ok(()));
    let expired = NotVerified::Expired { now_s: NOW_S, expires_at_s: NOW_S };
    assert_eq!(verify(&claims("i", NOW_S - 9, NOW_S)), Err(expired));
    assert_eq!(verify(&claims("i", NOW_S + 300, NOW_S + 600)), Ok(()));
    assert_eq!(verify(&claims("i", NOW_S + 301, NOW_S + 600)), Err(NotVerified::NotYet));
    let early = claims("i", NOW_S, NOW_S + 600).replace(r#""exp""#, r#""nbf":1792325101,"exp""#);
    assert_eq!(verify(&early), Err(NotVerified::NotYet));
}

#[test]
fn keys_for_other_uses_and_algorithms_are_passed_over() {
    let pair = Pair::p256();
    let text = pair.token("ES256", "k", &claims("i", NOW_S, NOW_S + 60));
    let verify = |key: &str| {
        let keys = KeySet::parse(
            key_set(&[r#"{"kty":"oct","k":"AA"}"#.to_owned(), "7".to_owned(), key.to_owned()])
                .as_bytes(),
        );
        Token::parse(&text).unwrap().verify(&keys.unwrap(), NOW_S).is_ok()
    };
    let with = |member: &str| pair.jwk("k").replacen('{', &format!("{{{member},"), 1);
    assert!(verify(&with(r#""alg":"ES256""#)));
    assert!(verify(&with(r#""use":"sig""#)));
    assert!(!verify(&with(r#""alg":"ES384""#)));
    assert!(!verify(&with(r#""use":"enc""#)));
    assert!(KeySet::parse(b"[]").is_err());
    assert!(KeySet::parse(&vec![b' '; (256 << 10) + 1]).is_err());
}

struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(NOW_S * 1000)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// An issuer on this machine: answers by path, counts requests for its keys.
struct Server {
    issuer: String,
    keys_asked: Arc<AtomicUsize>,
    answers: Arc<std::sync::Mutex<BTreeMap<String, String>>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let keys_asked = Arc::new(AtomicUsize::new(0));
        let answers: Arc<std::sync::Mutex<BTreeMap<String, String>>> = Arc::default();
        let server = Self { issuer, keys_asked, answers };
        server.answer(
            "/.well-known/openid-configuration",
            &ok(&format!(r#"{{"issuer":"{0}","jwks_uri":"{0}/keys"}}"#, server.issuer)),
        );
        let (asked, answers) = (Arc::clone(&server.keys_asked), Arc::clone(&server.answers));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (asked, answers) = (Arc::clone(&asked), Arc::clone(&answers));
                tokio::spawn(async move {
                    let mut head = vec![0; 4096];
                    let read = stream.read(&mut head).await.unwrap();
                    let head = String::from_utf8_lossy(&head[..read]).into_owned();
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    if path == "/keys" {
                        asked.fetch_add(1, Ordering::Relaxed);
                    }
                    let answer = answers.lock().unwrap().get(&path).cloned();
                    // Without an answer the connection is just kept.
                    if let Some(answer) = answer {
                        let _ = stream.write_all(answer.as_bytes()).await;
                    } else {
                        std::future::pending::<()>().await;
                    }
                });
            }
        });
        server
    }

    fn answer(&self, path: &str, answer: &str) {
        self.answers.lock().unwrap().insert(path.to_owned(), answer.to_owned());
    }

    fn asked(&self) -> usize {
        self.keys_asked.load(Ordering::Relaxed)
    }
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn loopback() -> AddressRule {
    AddressRule {
        hosts: vec!["127.0.0.1".parse().unwrap()],
        private_is_allowed: Some(Box::new(|address| address.is_loopback())),
        plaintext: Plaintext::ToLoopback,
    }
}

/// Far above what an answer takes on a busy machine.
const DEADLINE: Duration = Duration::from_mins(1);

fn issuers(rule: AddressRule) -> (Issuers, Arc<TestClock>) {
    issuers_within(DEADLINE, rule)
}

fn issuers_within(deadline: Duration, rule: AddressRule) -> (Issuers, Arc<TestClock>) {
    let clock = Arc::new(TestClock(AtomicU64::new(1000)));
    let settings =
        Settings { rule, tls: trust(None).unwrap(), deadline, jwks_files: BTreeMap::new() };
    (Issuers::new(settings, clock.clone()), clock)
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_when_they_age_or_one_is_missing() {
    let server = Server::start().await;
    server.answer("/keys", &ok(&key_set(&[Pair::p256().jwk("a")])));
    let (issuers, clock) = issuers(loopback());
    for _ in 0..3 {
        issuers.key_set(&server.issuer, Some("a")).await.unwrap();
    }
    assert_eq!(server.asked(), 1);

    // A key nobody has heard of: once in half a minute.
    for (after_s, asked) in [(0, 1), (29, 1), (30, 2), (31, 2), (59, 2), (60, 3)] {
        clock.0.store(1000 + after_s, Ordering::Relaxed);
        issuers.key_set(&server.issuer, Some("b")).await.unwrap();
        assert_eq!(server.asked(), asked, "{after_s}");
    }
    clock.0.store(1060 + 899, Ordering::Relaxed);
    issuers.key_set(&server.issuer, Some("a")).await.unwrap();
    assert_eq!(server.asked(), 3);
    clock.0.store(1060 + 900, Ordering::Relaxed);
    issuers.key_set(&server.issuer, Some("a")).await.unwrap();
    assert_eq!(server.asked(), 4);
}

#[tokio::test]
async fn many_at_once_fetch_once() {
    let server = Server::start().await;
    server.answer("/keys", &ok(&key_set(&[Pair::p256().jwk("a")])));
    let (issuers, _) = issuers(loopback());
    let issuers = Arc::new(issuers);
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (issuers, issuer) = (Arc::clone(&issuers), server.issuer.clone());
        asking.spawn(async move { issuers.key_set(&issuer, Some("a")).await.is_ok() });
    }
    assert!(asking.join_all().await.into_iter().all(|is_found| is_found));
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn an_issuer_that_falls_silent_keeps_its_keys_for_some_hours() {
    let server = Server::start().await;
    server.answer("/keys", &ok(&key_set(&[Pair::p256().jwk("a")])));
    let (issuers, clock) = issuers(loopback());
    issuers.key_set(&server.issuer, Some("a")).await.unwrap();
    server.answer("/keys", "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
    clock.0.store(1000 + 6 * 3600 - 1, Ordering::Relaxed);
    assert!(issuers.key_set(&server.issuer, Some("a")).await.is_ok());
    clock.0.store(1000 + 6 * 3600, Ordering::Relaxed);
    assert!(issuers.key_set(&server.issuer, Some("a")).await.is_err());
}

#[tokio::test]
async fn an_answer_that_is_no_bounded_document_of_the_issuer_is_refused() {
    let long = format!("HTTP/1.1 200 OK\r\n\r\n{}", " ".repeat((256 << 10) + 1));
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
        format!("1000\r\n{}\r\n", " ".repeat(0x1000)).repeat(80)
    );
    for answer in [
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        &ok("no JSON"),
        &ok("{}"),
        &long,
        &chunked,
        "nonsense\r\n\r\n",
    ] {
        let server = Server::start().await;
        server.answer("/keys", answer);
        let (issuers, _) = issuers(loopback());
        assert!(issuers.key_set(&server.issuer, None).await.is_err(), "{answer:.60}");
    }
    let server = Server::start().await;
    server.answer("/keys", &ok(&key_set(&[Pair::p256().jwk("a")])));
    let foreign = format!(r#"{{"issuer":"https://other","jwks_uri":"{}/keys"}}"#, server.issuer);
    server.answer("/.well-known/openid-configuration", &ok(&foreign));
    let (issuers, _) = issuers(loopback());
    let refused = issuers.key_set(&server.issuer, None).await.unwrap_err();
    assert!(matches!(refused, KeysError::Unusable(_)));
}

#[tokio::test]
async fn an_issuer_that_never_answers_is_waited_for_until_the_deadline() {
    let server = Server::start().await;
    let (issuers, _) = issuers_within(Duration::from_millis(50), loopback());
    let refused = issuers.key_set(&server.issuer, None).await.unwrap_err();
    assert!(matches!(refused, KeysError::Unreachable(_)));
}

#[tokio::test]
async fn nobody_is_asked_whom_the_operator_did_not_name() {
    let server = Server::start().await;
    server.answer("/keys", &ok(&key_set(&[Pair::p256().jwk("a")])));
    let named_only =
        AddressRule { hosts: vec!["127.0.0.1".parse().unwrap()], ..AddressRule::default() };
    let without_network = AddressRule { private_is_allowed: None, ..loopback() };
    for rule in [AddressRule::default(), named_only, without_network] {
        let (issuers, _) = issuers(rule);
        let refused = issuers.key_set(&server.issuer, None).await.unwrap_err();
        assert!(matches!(refused, KeysError::Unusable(_)), "{refused:?}");
    }
    // Nor whom the issuer names instead.
    let elsewhere =
        format!(r#"{{"issuer":"{}","jwks_uri":"http://169.254.169.254/"}}"#, server.issuer);
    server.answer("/.well-known/openid-configuration", &ok(&elsewhere));
    let (issuers, _) = issuers(loopback());
    let refused = issuers.key_set(&server.issuer, None).await.unwrap_err();
    assert!(matches!(refused, KeysError::Unusable(_)));
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn keys_in_a_file_are_read_from_it_and_nobody_is_asked() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("keys.json");
    let clock = Arc::new(TestClock(AtomicU64::new(0)));
    let settings = Settings {
        rule: AddressRule::default(),
        tls: trust(None).unwrap(),
        deadline: DEADLINE,
        jwks_files: BTreeMap::from([("https://id.example.com".to_owned(), file.clone())]),
    };
    let issuers = Issuers::new(settings, clock.clone());
    assert!(issuers.key_set("https://id.example.com", Some("a")).await.is_err());
    std::fs::write(&file, key_set(&[Pair::p256().jwk("a")])).unwrap();
    clock.0.store(30, Ordering::Relaxed);
    assert!(issuers.key_set("https://id.example.com", Some("a")).await.is_ok());
}
