//! Every key spec and usage with every algorithm and message type: what works, and in which words
//! the rest is refused.
#![expect(clippy::indexing_slicing, reason = "a reply without its members is a failed test")]

use keyward_model::{KeySpec, KeyUsage, MessageType, SigningAlgorithm};
use keyward_testkit::{Client, Refused, TestApp, blob, unblob};
use serde_json::{Value, json};

const PKCS1: [&str; 3] =
    ["RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512"];
const PSS: [&str; 3] = ["RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512"];

/// Whether keys of this spec sign with the algorithm, as the API's own table of specs says.
fn fits(spec: KeySpec, algorithm: &str) -> bool {
    match spec.as_str() {
        "RSA_2048" | "RSA_3072" | "RSA_4096" => {
            PKCS1.contains(&algorithm) || PSS.contains(&algorithm)
        }
        "ECC_NIST_P256" | "ECC_SECG_P256K1" => algorithm == "ECDSA_SHA_256",
        "ECC_NIST_P384" => algorithm == "ECDSA_SHA_384",
        "ECC_NIST_P521" => algorithm == "ECDSA_SHA_512",
        "ECC_NIST_EDWARDS25519" => algorithm.starts_with("ED25519_"),
        "ML_DSA_44" | "ML_DSA_65" | "ML_DSA_87" => algorithm == "ML_DSA_SHAKE_256",
        "SM2" => algorithm == "SM2DSA",
        _ => false,
    }
}

/// The length of the digest that the algorithm signs.
fn digest_bytes(algorithm: &str) -> usize {
    match algorithm {
        "SM2DSA" => 32,
        algorithm if algorithm.ends_with("256") => 32,
        algorithm if algorithm.ends_with("384") => 48,
        _ => 64,
    }
}

/// Why a key that fits the algorithm refuses a message, if it does.
fn refused_message(spec: &str, algorithm: &str, message_type: &str, len: usize) -> Option<String> {
    let of_algorithm =
        format!("Message type {message_type} is incompatible with algorithm {algorithm}.");
    let of_spec = format!("Message type {message_type} is incompatible with key spec {spec}.");
    match (algorithm, message_type) {
        ("ED25519_SHA_512", "DIGEST") | ("ED25519_PH_SHA_512", "RAW") => Some(of_algorithm),
        ("ML_DSA_SHAKE_256", "EXTERNAL_MU") => (len != 64)
            .then(|| "External mu is invalid length for algorithm ML_DSA_SHAKE_256.".to_owned()),
        ("ML_DSA_SHAKE_256", "DIGEST") | (_, "EXTERNAL_MU") => Some(of_spec),
        (_, "DIGEST") => (len != digest_bytes(algorithm))
            .then(|| format!("Digest is invalid length for algorithm {algorithm}.")),
        _ => None,
    }
}

/// The length of a signature in bytes, and whether it can be shorter.
fn signature_bytes(spec: &str) -> (usize, bool) {
    match spec {
        "RSA_2048" => (256, false),
        "RSA_3072" => (384, false),
        "RSA_4096" => (512, false),
        "ECC_NIST_P384" => (104, true),
        "ECC_NIST_P521" => (139, true),
        "ECC_NIST_EDWARDS25519" => (64, false),
        "ML_DSA_44" => (2420, false),
        "ML_DSA_65" => (3309, false),
        "ML_DSA_87" => (4627, false),
        _ => (72, true),
    }
}

#[tokio::test]
async fn every_signing_key_takes_its_algorithms_and_message_types_and_no_others() {
    let app = TestApp::new().await;
    let root = app.root();
    let (mut signed, mut refused) = (0, 0);
    for &spec in KeySpec::ALL {
        if !spec.usages().contains(&KeyUsage::SignVerify) {
            continue;
        }
        let key = root.create_key_of(spec, KeyUsage::SignVerify).await;
        for algorithm in SigningAlgorithm::ALL {
            for message_type in MessageType::ALL {
                for len in [1, 32, 48, 64] {
                    let case = Case { root: &root, key: &key, spec, algorithm: algorithm.as_str() };
                    if case.check(message_type.as_str(), len).await {
                        signed += 1;
                    } else {
                        refused += 1;
                    }
                }
            }
        }
    }
    assert_eq!((signed, refused), (135, 1737), "none of the 12 × 13 × 3 × 4 was left out");
}

struct Case<'a> {
    root: &'a Client,
    key: &'a str,
    spec: KeySpec,
    algorithm: &'a str,
}

impl Case<'_> {
    /// Signs and verifies, or is refused by both operations alike; which of the two.
    async fn check(&self, message_type: &str, len: usize) -> bool {
        let Self { root, spec, algorithm, .. } = self;
        let shown = format!("{spec} {algorithm} {message_type} {len}");
        let mut input = json!({
            "KeyId": self.key,
            "Message": blob(vec![7; len]),
            "MessageType": message_type,
            "SigningAlgorithm": algorithm,
        });
        if let Some(refused) = self.refusal(message_type, len) {
            assert_eq!(root.refused("Sign", input.clone()).await, refused, "{shown}");
            input["Signature"] = json!("AAAA");
            assert_eq!(root.refused("Verify", input).await, refused, "{shown}");
            return false;
        }
        let signature = root.ok("Sign", input.clone()).await["Signature"].take();
        let (bytes, is_bound) = signature_bytes(spec.as_str());
        let made = unblob(&signature).len();
        assert!(made == bytes || (is_bound && made < bytes), "{shown}: {made} bytes");
        input["Signature"] = signature;
        root.ok("Verify", input.clone()).await;
        input["Message"] = json!(blob(vec![8; len]));
        let refused = root.refused("Verify", input).await;
        assert_eq!(refused, Refused::silent("KMSInvalidSignatureException"), "{shown}");
        true
    }

    fn refusal(&self, message_type: &str, len: usize) -> Option<Refused> {
        let Self { spec, algorithm, .. } = self;
        if !fits(*spec, algorithm) {
            let message = format!("Algorithm {algorithm} is incompatible with key spec {spec}.");
            return Some(Refused::new("InvalidKeyUsageException", message));
        }
        let message = refused_message(spec.as_str(), algorithm, message_type, len)?;
        Some(Refused::new("ValidationException", message))
    }
}

/// A message and its digests, in base64.
const MESSAGE: &str = "message";
const SHA_256: &str = "q1MKE+RZFJgrefm34/uplM/R8/si9xzqGvvwK0YMbR0=";
const SHA_384: &str = "NT63UWon75LpbRoxlxLYS5AuqoKIGeU6iwmvcCgQOpl4uo/rYWHjPDYZxdpMRmal";
const SHA_512: &str =
    "+Nr1ejNHzE1rnVdbMf5gd+LLSH9gqWIzwIy0edvzFTjMkV7G1IvbqpbdwaFttPT5bzcnbPyzUQuCRiQXcNWVLA==";

#[tokio::test]
async fn a_message_and_its_digest_verify_each_other() {
    let app = TestApp::new().await;
    let root = app.root();
    let mut crossed = 0;
    for spec in [
        KeySpec::Rsa2048,
        KeySpec::EccNistP256,
        KeySpec::EccNistP384,
        KeySpec::EccNistP521,
        KeySpec::EccSecgP256k1,
    ] {
        let key = root.create_key_of(spec, KeyUsage::SignVerify).await;
        for algorithm in spec.signing_algorithms() {
            let digest = match digest_bytes(algorithm.as_str()) {
                32 => SHA_256,
                48 => SHA_384,
                _ => SHA_512,
            };
            let with = |is_digest: bool| {
                let (message_type, message) =
                    if is_digest { ("DIGEST", digest.to_owned()) } else { ("RAW", blob(MESSAGE)) };
                json!({
                    "KeyId": key,
                    "Message": message,
                    "MessageType": message_type,
                    "SigningAlgorithm": algorithm,
                })
            };
            for is_digest in [false, true] {
                let signature = root.ok("Sign", with(is_digest)).await["Signature"].take();
                let mut verified = with(!is_digest);
                verified["Signature"] = signature;
                root.ok("Verify", verified).await;
                crossed += 1;
            }
        }
    }
    assert_eq!(crossed, 20);
}

/// The operations that use a key, with the usage they want and the rest of a request.
fn users() -> Vec<(&'static str, KeyUsage, Value)> {
    let signing = json!({ "Message": "AAAA", "SigningAlgorithm": "ECDSA_SHA_256" });
    let mac = json!({ "Message": "AAAA", "MacAlgorithm": "HMAC_SHA_256" });
    let kem = json!({ "EncapsulationAlgorithm": "ML_KEM" });
    let with = |input: &Value, member: &str| {
        let mut input = input.clone();
        input[member] = json!("AAAA");
        input
    };
    vec![
        ("Sign", KeyUsage::SignVerify, signing.clone()),
        ("Verify", KeyUsage::SignVerify, with(&signing, "Signature")),
        ("GenerateMac", KeyUsage::GenerateVerifyMac, mac.clone()),
        ("VerifyMac", KeyUsage::GenerateVerifyMac, with(&mac, "Mac")),
        (
            "DeriveSharedSecret",
            KeyUsage::KeyAgreement,
            with(&json!({ "KeyAgreementAlgorithm": "ECDH" }), "PublicKey"),
        ),
        ("Encapsulate", KeyUsage::EncapsulateDecapsulate, kem.clone()),
        ("Decapsulate", KeyUsage::EncapsulateDecapsulate, with(&kem, "SharedSecretCiphertextBlob")),
    ]
}

#[tokio::test]
async fn a_key_of_another_usage_is_refused_in_words_that_name_both() {
    let app = TestApp::new().await;
    let root = app.root();
    let mut refused = 0;
    for &spec in KeySpec::ALL {
        for &usage in spec.usages() {
            let key = root.create_key_of(spec, usage).await;
            let arn = root.arn(&key).await;
            for (operation, wanted, mut input) in users() {
                if usage == wanted {
                    continue;
                }
                input["KeyId"] = json!(key);
                let message =
                    format!("{arn} key usage is {usage} which is not valid for {operation}.");
                let expected = Refused::new("InvalidKeyUsageException", message);
                assert_eq!(root.refused(operation, input).await, expected, "{spec}");
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 154);
}
