use aws_lc_rs::digest::{SHA256, digest};

use super::*;
use crate::vectors::cases;

const SETS: [(MlKem, &str, usize, usize); 3] = [
    (MlKem::MlKem512, "512", 822, 768),
    (MlKem::MlKem768, "768", 1206, 1088),
    (MlKem::MlKem1024, "1024", 1590, 1568),
];

fn key(set: MlKem, seed: &[u8]) -> MlKemKey {
    MlKemKey::load(set, &[set.pkcs8_frame(), seed].concat()).unwrap()
}

/// Among them altered ciphertexts, whose secrets are those of implicit rejection.
#[test]
fn keys_and_secrets_are_the_published_ones() {
    for (set, number, ..) in SETS {
        let (mut opened, mut refused, mut keys) = (0, 0, 0);
        for case in cases(&format!("ml-kem/{number}.json"), 32) {
            let key = key(set, &case.base64("seed"));
            if case.has("public_key_sha256") {
                let public_key = digest(&SHA256, &key.public_key()[22..]);
                assert_eq!(public_key.as_ref(), case.hex("public_key_sha256"), "{}", case.name());
                keys += 1;
            }
            let secret = key.decapsulate(&case.base64("ciphertext"));
            if case.has("secret") {
                assert_eq!(secret.unwrap().expose(), case.base64("secret"), "{}", case.name());
                opened += 1;
            } else {
                assert_eq!(secret.unwrap_err(), InvalidCiphertext, "{}", case.name());
                refused += 1;
            }
        }
        assert!(opened >= 28 && refused >= 4 && keys >= 20, "{number}: {opened} {refused} {keys}");
    }
}

#[test]
fn both_sides_get_the_same_secret() {
    for (set, _, spki_bytes, ciphertext_bytes) in SETS {
        let key = key(set, &[7; 64]);
        assert_eq!(key.public_key().len(), spki_bytes);
        let (ciphertext, secret) = key.encapsulate().unwrap();
        assert_eq!((ciphertext.len(), secret.len()), (ciphertext_bytes, 32));
        assert!(key.decapsulate(&ciphertext).unwrap().ct_eq(&secret));
        let (other, other_secret) = key.encapsulate().unwrap();
        assert_ne!(other, ciphertext);
        assert!(!other_secret.ct_eq(&secret));
    }
}

#[test]
fn an_altered_ciphertext_gives_another_secret_and_one_of_another_length_none() {
    for (set, _, _, ciphertext_bytes) in SETS {
        let key = key(set, &[7; 64]);
        let (ciphertext, secret) = key.encapsulate().unwrap();
        for at in [0, ciphertext_bytes / 2, ciphertext_bytes - 1] {
            let mut altered = ciphertext.clone();
            altered[at] ^= 1;
            let rejected = key.decapsulate(&altered).unwrap();
            assert_eq!(rejected.len(), 32);
            assert!(!rejected.ct_eq(&secret));
            assert!(rejected.ct_eq(&key.decapsulate(&altered).unwrap()), "not a function");
        }
        for len in [0, 1, ciphertext_bytes - 1, ciphertext_bytes + 1] {
            assert_eq!(key.decapsulate(&vec![7; len]).unwrap_err(), InvalidCiphertext);
        }
    }
}

#[test]
fn a_generated_key_is_in_the_stored_encoding() {
    for (set, _, spki_bytes, _) in SETS {
        let made = MlKemKey::generate(set).unwrap();
        assert_eq!((made.private_key.len(), made.public_key.len()), (86, spki_bytes));
        let key = MlKemKey::load(set, made.private_key.expose()).unwrap();
        assert_eq!(key.public_key(), made.public_key);
        assert!(!MlKemKey::generate(set).unwrap().private_key.ct_eq(&made.private_key));
    }
}

#[test]
fn only_the_stored_encoding_of_the_set_loads() {
    for (set, ..) in SETS {
        let whole = [set.pkcs8_frame(), &[7; 64]].concat();
        for len in 0..whole.len() {
            assert!(MlKemKey::load(set, &whole[..len]).is_err(), "{len}");
        }
        assert!(MlKemKey::load(set, &[whole.as_slice(), &[0]].concat()).is_err());
        for (other, ..) in SETS {
            assert_eq!(MlKemKey::load(other, &whole).is_ok(), other == set);
        }
    }
}
