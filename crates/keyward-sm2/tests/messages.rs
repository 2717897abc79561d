//! Round trips, and what comes of altered or arbitrary bytes: an error, never a panic.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::convert::Infallible;

use keyward_sm2::{
    EncryptError, InvalidCiphertext, PLAINTEXT_BYTES_MAX, SIGNATURE_BYTES_MAX, Sm2Key,
};
use proptest::prelude::*;
use static_assertions::{assert_impl_all, assert_not_impl_any};

assert_not_impl_any!(Sm2Key: Clone, Copy, std::fmt::Debug, std::fmt::Display, PartialEq);
assert_impl_all!(Sm2Key: Send, Sync);

/// Bytes that differ from draw to draw and are the same in every run.
fn source(seed: u64) -> impl FnMut(&mut [u8]) -> Result<(), Infallible> {
    let mut state = seed;
    move |buffer| {
        for byte in buffer {
            // Knuth's linear congruential generator: its high bits are good enough here.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = state.to_be_bytes()[0];
        }
        Ok(())
    }
}

fn key(seed: u64) -> Sm2Key {
    Sm2Key::generate(source(seed)).unwrap_or_else(|never| match never {})
}

fn encrypted(key: &Sm2Key, plaintext: &[u8]) -> Vec<u8> {
    key.encrypt(plaintext, source(7)).unwrap()
}

#[test]
fn plaintexts_have_from_1_to_1024_bytes() {
    let key = key(1);
    for length in [1, 2, 31, 32, 33, 1023, PLAINTEXT_BYTES_MAX] {
        let ciphertext = encrypted(&key, &vec![0xa5; length]);
        assert!(ciphertext.len() <= length + 112);
        assert_eq!(*key.decrypt(&ciphertext).unwrap(), vec![0xa5; length]);
    }
    for length in [0, PLAINTEXT_BYTES_MAX + 1] {
        let refused = key.encrypt(&vec![0xa5; length], source(7));
        assert_eq!(refused, Err(EncryptError::PlaintextLength));
    }
}

#[test]
fn a_failing_source_stops_the_call_with_its_error() {
    let key = key(1);
    assert_eq!(key.sign(b"message", |_| Err("dry")), Err("dry"));
    assert_eq!(key.sign_digest(&[1; 32], |_| Err("dry")), Err("dry"));
    assert_eq!(key.encrypt(b"text", |_| Err("dry")), Err(EncryptError::Random("dry")));
}

#[test]
fn other_randomness_makes_another_signature_and_another_ciphertext() {
    let key = key(1);
    assert_ne!(key.sign(b"message", source(1)), key.sign(b"message", source(2)));
    assert_ne!(key.encrypt(b"text", source(1)), key.encrypt(b"text", source(2)));
}

#[test]
fn one_byte_altered_anywhere_spoils_a_ciphertext() {
    let key = key(1);
    let ciphertext = encrypted(&key, b"a text to encrypt");
    for index in 0..ciphertext.len() {
        let mut altered = ciphertext.clone();
        altered[index] ^= 1;
        assert_eq!(key.decrypt(&altered), Err(InvalidCiphertext), "{index}");
    }
    assert_eq!(key.decrypt(&[&ciphertext[..], &[0]].concat()), Err(InvalidCiphertext));
}

#[test]
fn another_key_neither_decrypts_nor_verifies() {
    let (mine, other) = (key(1), key(2));
    assert_eq!(other.decrypt(&encrypted(&mine, b"text")), Err(InvalidCiphertext));
    let signature = mine.sign(b"message", source(3)).unwrap_or_else(|never| match never {});
    assert!(mine.verify(b"message", &signature));
    assert!(!other.verify(b"message", &signature));
}

#[test]
fn a_signature_is_der_and_nothing_more() {
    let key = key(1);
    let signature = key.sign(b"message", source(3)).unwrap_or_else(|never| match never {});
    for index in 0..signature.len() {
        let mut altered = signature.clone();
        altered[index] ^= 1;
        assert!(!key.verify(b"message", &altered), "{index}");
        assert!(!key.verify(b"message", &signature[..index]), "{index}");
    }
    assert!(!key.verify(b"message", &[&signature[..], &[0]].concat()));
    // r and s raw, zero, negative, padded.
    assert!(!key.verify(b"message", &[1; 64]));
    for bad in ["3006020100020100", "30060201ff0201ff", "300802020001020200ff01"] {
        assert!(!key.verify(b"message", &hex::decode(bad).unwrap()), "{bad}");
    }
}

/// The tags and lengths that these encodings are made of, with anything between them.
fn nearly_der() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![0x30, 0x02, 0x04, 0x24, 0x03, 0x06, 0xa0, 0xa1, 0x80, 0, 0x20, 0x21])
            .prop_map(|byte| vec![byte]),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
        1 => prop::collection::vec(any::<u8>(), 32..=34),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// A valid encoding, spliced.
fn spliced(whole: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let length = whole.len();
    (0..length, 0..8_usize, prop::collection::vec(any::<u8>(), 0..8)).prop_map(
        move |(at, out, put)| {
            let mut bytes = whole.clone();
            drop(bytes.splice(at..(at + out).min(length), put));
            bytes
        },
    )
}

fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let key = key(1);
    let signature = key.sign(b"message", source(3)).unwrap_or_else(|never| match never {});
    prop_oneof![
        nearly_der(),
        spliced(key.to_pkcs8().to_vec()),
        spliced(key.public_key_spki()),
        spliced(signature),
        spliced(encrypted(&key, b"a text to encrypt")),
        prop::collection::vec(any::<u8>(), 0..SIGNATURE_BYTES_MAX + 80),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn arbitrary_bytes_never_panic_and_never_pass(bytes in hostile()) {
        let key = key(2);
        prop_assert!(key.decrypt(&bytes).is_err());
        prop_assert!(!key.verify(b"message", &bytes));
        prop_assert!(!key.verify_digest(&[7; 32], &bytes));
        let _ = key.derive_shared_secret(&bytes);
        if let Ok(read) = Sm2Key::from_pkcs8(&bytes) {
            prop_assert_eq!(&*read.to_pkcs8(), &bytes);
        }
    }

    #[test]
    fn what_is_encrypted_and_signed_is_decrypted_and_verified(
        seed: u64,
        text in prop::collection::vec(any::<u8>(), 1..200),
    ) {
        let key = key(seed);
        prop_assert_eq!(&*key.decrypt(&encrypted(&key, &text)).unwrap(), &text);
        let signature = key.sign(&text, source(seed)).unwrap_or_else(|never| match never {});
        prop_assert!(signature.len() <= SIGNATURE_BYTES_MAX);
        prop_assert!(key.verify(&text, &signature));
        prop_assert!(Sm2Key::from_pkcs8(&key.to_pkcs8()).is_ok());
    }
}
