use keyward_model::{EncryptionAlgorithm, KeySpec, SigningAlgorithm};

use super::*;
use crate::asymmetric::{AsymmetricKey, DataKeyPair, encrypt_bytes_max};
use crate::secret::KeyMaterial;

fn key() -> AsymmetricKey {
    let material = AsymmetricKey::generate(KeySpec::Sm2).unwrap();
    AsymmetricKey::load(KeySpec::Sm2, &material).unwrap()
}

#[test]
fn the_stored_encoding_is_read_and_no_other() {
    let material = AsymmetricKey::generate(KeySpec::Sm2).unwrap();
    let key = AsymmetricKey::load(KeySpec::Sm2, &material).unwrap();
    assert_eq!((material.len(), key.public_key().len(), key.spec()), (138, 91, KeySpec::Sm2));
    let cut = KeyMaterial::new(material.expose()[..137].to_vec());
    assert!(AsymmetricKey::load(KeySpec::Sm2, &cut).is_err());
    // Of the same length, and the same but for the curve's name.
    let p256 = AsymmetricKey::generate(KeySpec::EccNistP256).unwrap();
    assert_eq!(p256.len(), material.len());
    assert!(AsymmetricKey::load(KeySpec::Sm2, &p256).is_err());
    assert!(AsymmetricKey::load(KeySpec::EccNistP256, &material).is_err());
}

#[test]
fn a_signature_is_of_the_message_or_of_the_digest_that_was_given() {
    let (key, other) = (key(), key());
    let algorithm = SigningAlgorithm::Sm2dsa;
    for signed in [Message::Raw(&[7; 32]), Message::Digest(&[7; 32])] {
        let signature = key.sign(algorithm, signed).unwrap();
        assert_eq!(key.verify(algorithm, signed, &signature), Ok(()));
        assert!(other.verify(algorithm, signed, &signature).is_err());
        assert!(key.verify(algorithm, signed, &signature[1..]).is_err());
        assert!(key.verify(SigningAlgorithm::EcdsaSha256, signed, &signature).is_err());
        let unsigned = match signed {
            Message::Raw(message) => Message::Digest(message),
            Message::Digest(digest) | Message::ExternalMu(digest) => Message::Raw(digest),
        };
        assert!(key.verify(algorithm, unsigned, &signature).is_err());
    }
}

#[test]
fn what_does_not_fit_the_key_is_not_signed() {
    let key = key();
    for (algorithm, message) in [
        (SigningAlgorithm::EcdsaSha256, Message::Raw(b"m")),
        (SigningAlgorithm::Sm2dsa, Message::Digest(&[0; 31])),
        (SigningAlgorithm::Sm2dsa, Message::Digest(&[0; 33])),
        (SigningAlgorithm::Sm2dsa, Message::ExternalMu(&[0; 64])),
    ] {
        assert_eq!(key.sign(algorithm, message), Err(SignError::NotApplicable));
        assert_eq!(key.verify(algorithm, message, &[0; 70]), Err(InvalidSignature));
    }
}

#[test]
fn sm2pke_takes_up_to_its_limit_and_opens_what_it_sealed() {
    let (key, algorithm) = (key(), EncryptionAlgorithm::Sm2pke);
    assert_eq!(encrypt_bytes_max(KeySpec::Sm2, algorithm), 1024);
    for len in [1, 1024] {
        let plaintext = Plaintext::new(vec![7; len]);
        let ciphertext = key.encrypt(algorithm, &plaintext).unwrap();
        assert!(key.decrypt(algorithm, &ciphertext).unwrap().ct_eq(&plaintext));
        assert!(key.decrypt(EncryptionAlgorithm::RsaesOaepSha256, &ciphertext).is_err());
        assert!(key.decrypt(algorithm, &ciphertext[1..]).is_err());
    }
    let encrypt = |algorithm, len| key.encrypt(algorithm, &Plaintext::new(vec![7; len]));
    assert_eq!(encrypt(algorithm, 1025), Err(EncryptError::TooLong));
    let oaep = EncryptionAlgorithm::RsaesOaepSha256;
    assert_eq!(encrypt(oaep, 1), Err(EncryptError::NotApplicable));
}

#[test]
fn both_sides_agree_on_the_raw_coordinate() {
    let (a, b) = (key(), key());
    let secret = a.derive_shared_secret(b.public_key()).unwrap();
    assert!(secret.ct_eq(&b.derive_shared_secret(a.public_key()).unwrap()));
    assert_eq!(secret.len(), 32);
    let p256 = DataKeyPair::generate(KeySpec::EccNistP256).unwrap();
    assert!(a.derive_shared_secret(&p256.public_key).is_err());
}

#[test]
fn a_data_key_pair_is_a_key() {
    let DataKeyPair { private_key, public_key } = DataKeyPair::generate(KeySpec::Sm2).unwrap();
    let material = KeyMaterial::new(private_key.expose().to_vec());
    assert_eq!(AsymmetricKey::load(KeySpec::Sm2, &material).unwrap().public_key(), public_key);
}
