use std::sync::OnceLock;

use keyward_model::{EncryptionAlgorithm, KeySpec, SigningAlgorithm};

use super::*;
use crate::vectors::cases;

/// A key of each spec with its length of SPKI and of stored encoding; RSA encodings vary a little.
const SPECS: [(KeySpec, usize, usize); 7] = [
    (KeySpec::Rsa2048, 294, 1217),
    (KeySpec::Rsa3072, 422, 1793),
    (KeySpec::Rsa4096, 550, 2374),
    (KeySpec::EccNistP256, 91, 138),
    (KeySpec::EccNistP384, 120, 185),
    (KeySpec::EccNistP521, 158, 241),
    (KeySpec::EccSecgP256k1, 88, 135),
];

fn key(spec: KeySpec) -> AsymmetricKey {
    AsymmetricKey::load(spec, &material(spec)).unwrap()
}

/// Fresh material; of RSA, whose keys take seconds, the same for all tests.
fn material(spec: KeySpec) -> KeyMaterial {
    static RSA: [OnceLock<KeyMaterial>; 3] = [const { OnceLock::new() }; 3];
    let Some(modulus) = Modulus::of(spec) else {
        return AsymmetricKey::generate(spec).unwrap();
    };
    let kept =
        RSA[modulus.bytes() / 128 - 2].get_or_init(|| AsymmetricKey::generate(spec).unwrap());
    KeyMaterial::new(kept.expose().to_vec())
}

#[test]
fn encodings_have_the_length_of_their_spec() {
    for (spec, spki, pkcs8) in SPECS {
        let material = material(spec);
        assert!(material.len().abs_diff(pkcs8) <= 6, "{spec}: {}", material.len());
        assert!(
            matches!(spec, KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096)
                || material.len() == pkcs8
        );
        let key = AsymmetricKey::load(spec, &material).unwrap();
        assert_eq!((key.spec(), key.public_key().len()), (spec, spki));
    }
}

#[test]
fn material_without_a_public_key_is_as_long_as_its_hash() {
    let len = |spec| KeyMaterial::generate_for(spec).unwrap().len();
    assert_eq!(len(KeySpec::SymmetricDefault), 32);
    assert_eq!(
        [KeySpec::Hmac224, KeySpec::Hmac256, KeySpec::Hmac384, KeySpec::Hmac512].map(len),
        [28, 32, 48, 64]
    );
}

#[test]
fn material_of_another_spec_or_form_is_refused() {
    for (spec, ..) in SPECS {
        let material = material(spec);
        for (other, ..) in SPECS {
            assert_eq!(AsymmetricKey::load(other, &material).is_ok(), other == spec);
        }
        let mut longer = material.expose().to_vec();
        longer.push(0);
        let shorter = KeyMaterial::new(longer[..longer.len() - 2].to_vec());
        assert!(AsymmetricKey::load(spec, &KeyMaterial::new(longer)).is_err());
        assert!(AsymmetricKey::load(spec, &shorter).is_err());
    }
}

#[test]
fn a_signature_verifies_as_message_and_as_digest_and_nowhere_else() {
    use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
    for (spec, ..) in SPECS {
        let key = key(spec);
        for &algorithm in spec.signing_algorithms() {
            let hash = match algorithm.digest_bytes().unwrap() {
                32 => &SHA256,
                48 => &SHA384,
                _ => &SHA512,
            };
            let digest = digest(hash, b"message");
            let forms = [Message::Raw(b"message"), Message::Digest(digest.as_ref())];
            for signed in forms {
                let signature = key.sign(algorithm, signed).unwrap();
                for verified in forms {
                    assert_eq!(key.verify(algorithm, verified, &signature), Ok(()));
                }
                assert!(key.verify(algorithm, Message::Raw(b"other"), &signature).is_err());
                for &other in SigningAlgorithm::ALL {
                    let verified = key.verify(other, Message::Raw(b"message"), &signature);
                    assert_eq!(verified.is_ok(), other == algorithm, "{spec} {other}");
                }
                assert!(key.verify(algorithm, signed, &signature[1..]).is_err());
                assert!(key.verify(algorithm, signed, &[signature, vec![0]].concat()).is_err());
                assert!(key.verify(algorithm, signed, b"").is_err());
            }
        }
    }
}

#[test]
fn what_does_not_fit_the_key_is_not_signed() {
    let (rsa, ecc) = (key(KeySpec::Rsa2048), key(KeySpec::EccNistP256));
    let refused = |key: &AsymmetricKey, algorithm, message: Message<'_>| {
        assert_eq!(key.sign(algorithm, message).unwrap_err(), SignError::NotApplicable);
        assert!(key.verify(algorithm, message, &[0; 256]).is_err());
    };
    refused(&rsa, SigningAlgorithm::EcdsaSha256, Message::Raw(b"m"));
    refused(&ecc, SigningAlgorithm::RsassaPssSha256, Message::Raw(b"m"));
    refused(&ecc, SigningAlgorithm::EcdsaSha384, Message::Raw(b"m"));
    for len in [0, 31, 33, 64] {
        refused(&rsa, SigningAlgorithm::RsassaPssSha256, Message::Digest(&vec![0; len]));
        refused(&ecc, SigningAlgorithm::EcdsaSha256, Message::Digest(&vec![0; len]));
    }
    refused(&rsa, SigningAlgorithm::RsassaPssSha512, Message::ExternalMu(&[0; 64]));
    refused(&ecc, SigningAlgorithm::EcdsaSha256, Message::ExternalMu(&[0; 64]));
}

#[test]
fn oaep_takes_up_to_its_limit_and_opens_what_it_sealed() {
    let limits =
        [(KeySpec::Rsa2048, 214, 190), (KeySpec::Rsa3072, 342, 318), (KeySpec::Rsa4096, 470, 446)];
    for (spec, sha1, sha256) in limits {
        let key = key(spec);
        for (algorithm, max) in [
            (EncryptionAlgorithm::RsaesOaepSha1, sha1),
            (EncryptionAlgorithm::RsaesOaepSha256, sha256),
        ] {
            assert_eq!(encrypt_bytes_max(spec, algorithm), max);
            for len in [0, 1, max] {
                let plaintext = Plaintext::new(vec![7; len]);
                let ciphertext = key.encrypt(algorithm, &plaintext).unwrap();
                assert!(key.decrypt(algorithm, &ciphertext).unwrap().ct_eq(&plaintext));
                let other = match algorithm {
                    EncryptionAlgorithm::RsaesOaepSha1 => EncryptionAlgorithm::RsaesOaepSha256,
                    _ => EncryptionAlgorithm::RsaesOaepSha1,
                };
                assert!(key.decrypt(other, &ciphertext).is_err());
                assert!(key.decrypt(algorithm, &ciphertext[1..]).is_err());
                assert!(key.decrypt(algorithm, &[]).is_err());
            }
            let too_long = Plaintext::new(vec![7; max + 1]);
            assert_eq!(key.encrypt(algorithm, &too_long).unwrap_err(), EncryptError::TooLong);
        }
    }
}

#[test]
fn both_sides_agree_on_the_raw_coordinate() {
    for (spec, len) in
        [(KeySpec::EccNistP256, 32), (KeySpec::EccNistP384, 48), (KeySpec::EccNistP521, 66)]
    {
        let (a, b) = (key(spec), key(spec));
        let secret = a.derive_shared_secret(b.public_key()).unwrap();
        assert!(secret.ct_eq(&b.derive_shared_secret(a.public_key()).unwrap()));
        assert_eq!(secret.len(), len);
    }
}

#[test]
fn a_peer_on_another_curve_or_on_none_is_refused() {
    let own = key(KeySpec::EccNistP256);
    for (spec, ..) in SPECS {
        let peer = key(spec);
        let agreed = own.derive_shared_secret(peer.public_key());
        assert_eq!(agreed.is_ok(), spec == KeySpec::EccNistP256, "{spec}");
    }
    let mut off_curve = own.public_key().to_vec();
    *off_curve.last_mut().unwrap() ^= 1;
    assert!(own.derive_shared_secret(&off_curve).is_err());
    assert!(own.derive_shared_secret(&own.public_key()[26..]).is_err(), "a bare point");
    assert!(own.derive_shared_secret(b"").is_err());
    let k1 = key(KeySpec::EccSecgP256k1);
    assert!(k1.derive_shared_secret(k1.public_key()).is_err());
}

#[test]
fn a_data_key_pair_is_a_key_of_its_spec() {
    for (spec, ..) in SPECS {
        let DataKeyPair { private_key, public_key } = DataKeyPair::generate(spec).unwrap();
        let material = KeyMaterial::new(private_key.expose().to_vec());
        assert_eq!(AsymmetricKey::load(spec, &material).unwrap().public_key(), public_key);
    }
    for spec in [KeySpec::SymmetricDefault, KeySpec::Hmac256, KeySpec::MlDsa44] {
        assert!(DataKeyPair::generate(spec).is_err());
    }
}

/// The kinds that the tests above do not cover, each with its lengths of SPKI and stored encoding.
const OTHER_SPECS: [(KeySpec, usize, usize); 7] = [
    (KeySpec::EccNistEdwards25519, 44, 48),
    (KeySpec::MlDsa44, 1334, 54),
    (KeySpec::MlDsa65, 1974, 54),
    (KeySpec::MlDsa87, 2614, 54),
    (KeySpec::MlKem512, 822, 86),
    (KeySpec::MlKem768, 1206, 86),
    (KeySpec::MlKem1024, 1590, 86),
];

#[test]
fn a_key_of_a_fixed_form_has_it_and_loads_as_nothing_else() {
    for (spec, spki, pkcs8) in OTHER_SPECS {
        let material = KeyMaterial::generate_for(spec).unwrap();
        assert_eq!(material.len(), pkcs8);
        let key = AsymmetricKey::load(spec, &material).unwrap();
        assert_eq!((key.spec(), key.public_key().len()), (spec, spki));
        for &other in KeySpec::ALL {
            assert_eq!(AsymmetricKey::load(other, &material).is_ok(), other == spec, "{other}");
        }
    }
}

#[test]
fn a_key_does_what_its_spec_is_for_and_nothing_else() {
    let forms = [Message::Raw(&[7; 64]), Message::Digest(&[7; 64]), Message::ExternalMu(&[7; 64])];
    for (spec, ..) in OTHER_SPECS {
        let key = key(spec);
        for &algorithm in SigningAlgorithm::ALL {
            let signs = forms.iter().any(|&message| {
                let signature = key.sign(algorithm, message);
                signature.is_ok_and(|bytes| key.verify(algorithm, message, &bytes).is_ok())
            });
            assert_eq!(signs, spec.signing_algorithms().contains(&algorithm), "{spec} {algorithm}");
        }
        let is_kem = !spec.encapsulation_algorithms().is_empty();
        assert_eq!(key.encapsulate().is_ok(), is_kem);
        assert_eq!(key.decapsulate(&[7; 1088]).is_ok(), spec == KeySpec::MlKem768);
        assert!(key.derive_shared_secret(key.public_key()).is_err());
        assert!(key.decrypt(EncryptionAlgorithm::RsaesOaepSha256, &[7; 256]).is_err());
        assert_eq!(format!("{key:?}"), format!("AsymmetricKey({spec})"));
    }
}

#[test]
fn ml_dsa_keys_are_no_data_key_pairs_and_the_others_are() {
    for (spec, spki, pkcs8) in OTHER_SPECS {
        let is_ml_dsa = spec.signing_algorithms() == [SigningAlgorithm::MlDsaShake256];
        match DataKeyPair::generate(spec) {
            Ok(pair) => {
                assert!(!is_ml_dsa);
                assert_eq!((pair.public_key.len(), pair.private_key.len()), (spki, pkcs8));
            }
            Err(error) => assert_eq!((is_ml_dsa, error), (true, GenerateKeyError::NotOffered)),
        }
    }
}

/// The file is never rewritten: a key that was ever stored loads.
#[test]
fn keys_stored_by_the_first_release_load() {
    for case in cases("keys/stored-v1.json", 15) {
        let spec = case.text("spec").parse().unwrap();
        let stored = KeyMaterial::new(case.base64("stored"));
        let key = AsymmetricKey::load(spec, &stored).unwrap();
        assert_eq!(key.public_key(), case.base64("public_key"), "{spec}");
    }
}
