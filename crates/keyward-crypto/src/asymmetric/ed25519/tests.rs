use aws_lc_rs::digest::{SHA512, digest};
use keyward_model::SigningAlgorithm::{Ed25519PhSha512, Ed25519Sha512};

use super::*;
use crate::vectors::cases;

fn key(seed: &[u8]) -> Ed25519Key {
    Ed25519Key::load(encode_seed(seed).unwrap().expose()).unwrap()
}

#[test]
fn signatures_are_the_published_ones() {
    for case in cases("ed25519/sign.json", 60) {
        let key = key(&case.hex("seed"));
        assert_eq!(key.public_key()[12..], case.hex("public_key"));
        let message = case.hex("msg");
        let signature = key.sign(Ed25519Sha512, Message::Raw(&message)).unwrap();
        assert_eq!(signature, case.hex("sig"));
        assert_eq!(key.verify(Ed25519Sha512, Message::Raw(&message), &signature), Ok(()));
    }
}

#[test]
fn published_signatures_verify_as_they_should() {
    let (mut valid, mut invalid) = (0, 0);
    for case in cases("ed25519/verify.json", 151) {
        let (public_key, message) = (case.hex("public_key"), case.hex("msg"));
        let verified = verify(&public_key, Ed25519Sha512, Message::Raw(&message), &case.hex("sig"));
        assert_eq!(verified.is_ok(), case.is_valid(), "{}", case.name());
        if case.is_valid() { valid += 1 } else { invalid += 1 }
    }
    assert!(valid >= 80 && invalid >= 60, "{valid} {invalid}");
}

/// RFC 8032, section 7.3, signs "abc"; KMS would be given its digest, and hash that once more.
#[test]
fn a_digest_is_the_message_of_ed25519ph_and_is_hashed_again() {
    let key = key(&[7; SEED_BYTES]);
    let message = digest(&SHA512, b"abc");
    let signature = key.sign(Ed25519PhSha512, Message::Digest(message.as_ref())).unwrap();
    let public_key = key.public_key()[12..].try_into().unwrap();
    let signature: [u8; 64] = signature.try_into().unwrap();
    assert!(verify_ed25519ph(public_key, message.as_ref(), &signature));
    assert!(!verify_ed25519ph(public_key, b"abc", &signature));
}

#[test]
fn each_variant_verifies_its_own_signatures_only() {
    let key = key(&[7; SEED_BYTES]);
    let message = [9; 64];
    let pure = key.sign(Ed25519Sha512, Message::Raw(&message)).unwrap();
    let prehashed = key.sign(Ed25519PhSha512, Message::Digest(&message)).unwrap();
    assert_eq!((pure.len(), prehashed.len()), (64, 64));
    assert_eq!(key.verify(Ed25519Sha512, Message::Raw(&message), &pure), Ok(()));
    assert_eq!(key.verify(Ed25519PhSha512, Message::Digest(&message), &prehashed), Ok(()));
    assert!(key.verify(Ed25519Sha512, Message::Raw(&message), &prehashed).is_err());
    assert!(key.verify(Ed25519PhSha512, Message::Digest(&message), &pure).is_err());
    assert!(key.verify(Ed25519PhSha512, Message::Digest(&[8; 64]), &prehashed).is_err());
    assert!(key.verify(Ed25519PhSha512, Message::Digest(&message), &prehashed[..63]).is_err());
}

#[test]
fn a_message_of_the_wrong_type_is_refused() {
    let key = key(&[7; SEED_BYTES]);
    let refused = [
        (Ed25519Sha512, Message::Digest(&[9; 64])),
        (Ed25519Sha512, Message::ExternalMu(&[9; 64])),
        (Ed25519PhSha512, Message::Raw(&[9; 64])),
        (Ed25519PhSha512, Message::ExternalMu(&[9; 64])),
        (Ed25519PhSha512, Message::Digest(&[9; 63])),
        (Ed25519PhSha512, Message::Digest(&[9; 65])),
        (SigningAlgorithm::EcdsaSha256, Message::Raw(&[9; 64])),
    ];
    for (algorithm, message) in refused {
        assert_eq!(key.sign(algorithm, message), Err(SignError::NotApplicable));
        assert_eq!(key.verify(algorithm, message, &[0; 64]), Err(InvalidSignature));
    }
}

#[test]
fn a_generated_key_is_in_the_stored_encoding() {
    let made = Ed25519Key::generate().unwrap();
    assert_eq!((made.private_key.len(), made.public_key.len()), (48, 44));
    let seed = made.private_key.expose().strip_prefix(PKCS8_FRAME).unwrap();
    assert!(encode_seed(seed).unwrap().ct_eq(&made.private_key));
    let key = Ed25519Key::load(made.private_key.expose()).unwrap();
    assert_eq!(key.public_key(), made.public_key);
    assert!(!Ed25519Key::generate().unwrap().private_key.ct_eq(&made.private_key));
}

#[test]
fn only_the_stored_encoding_loads() {
    let whole = encode_seed(&[7; SEED_BYTES]).unwrap();
    for len in 0..whole.len() {
        assert!(Ed25519Key::load(&whole.expose()[..len]).is_err(), "{len}");
    }
    assert!(Ed25519Key::load(&[whole.expose(), &[0]].concat()).is_err());
    assert!(encode_seed(&[7; 31]).is_err());
    assert!(encode_seed(&[7; 33]).is_err());
}
