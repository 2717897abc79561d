//! What OpenSSL makes is read here, and what was made here and read by OpenSSL is still read.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use keyward_sm2::Sm2Key;
use serde_json::Value;

const VECTORS: &str = include_str!("../../../vectors/sm2/openssl.json");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).unwrap()
}

fn bytes(vector: &Value, member: &str) -> Vec<u8> {
    hex::decode(vector[member].as_str().unwrap()).unwrap()
}

/// The vectors of one kind; never fewer than there are now.
fn each(kind: &str, at_least: usize) -> Vec<Value> {
    let vectors = vectors()[kind].as_array().unwrap().clone();
    assert!(vectors.len() >= at_least, "{} of {kind}", vectors.len());
    vectors
}

fn key() -> Sm2Key {
    Sm2Key::from_pkcs8(&bytes(&vectors(), "pkcs8")).ok().unwrap()
}

#[test]
fn both_encodings_are_openssls() {
    assert_eq!(*key().to_pkcs8(), bytes(&vectors(), "pkcs8"));
    assert_eq!(key().public_key_spki(), bytes(&vectors(), "spki"));
}

#[test]
fn signatures_verify_for_their_message_only() {
    for vector in each("signatures", 2) {
        let (message, signature) = (bytes(&vector, "message"), bytes(&vector, "signature"));
        assert!(key().verify(&message, &signature), "{vector}");
        assert!(!key().verify(&message[1..], &signature), "{vector}");
    }
    for vector in each("digest_signatures", 1) {
        let mut digest: [u8; 32] = bytes(&vector, "digest").try_into().unwrap();
        assert!(key().verify_digest(&digest, &bytes(&vector, "signature")), "{vector}");
        digest[31] ^= 1;
        assert!(!key().verify_digest(&digest, &bytes(&vector, "signature")), "{vector}");
    }
}

#[test]
fn ciphertexts_decrypt() {
    for vector in each("ciphertexts", 6) {
        let plaintext = key().decrypt(&bytes(&vector, "ciphertext")).unwrap();
        assert_eq!(*plaintext, bytes(&vector, "plaintext"), "{vector}");
    }
}
