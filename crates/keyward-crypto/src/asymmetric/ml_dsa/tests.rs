use aws_lc_rs::digest::{SHA256, digest};
use keyward_lc::shake256;
use keyward_model::SigningAlgorithm::MlDsaShake256;

use super::*;
use crate::vectors::{Case, cases};

const SETS: [(MlDsa, &str, usize, usize); 3] = [
    (MlDsa::MlDsa44, "44", 1334, 2420),
    (MlDsa::MlDsa65, "65", 1974, 3309),
    (MlDsa::MlDsa87, "87", 2614, 4627),
];

fn key(set: MlDsa, seed: &[u8]) -> MlDsaKey {
    MlDsaKey::load(set, &[set.pkcs8_frame(), seed].concat()).unwrap()
}

/// The recipe the service's guide gives to callers: the raw key begins 22 bytes into the SPKI.
fn mu(public_key: &[u8], context: &[u8], message: &[u8]) -> [u8; 64] {
    let (mut tr, mut mu) = ([0; 64], [0; 64]);
    shake256(&[&public_key[22..]], &mut tr).unwrap();
    let domain = [0, u8::try_from(context.len()).unwrap()];
    shake256(&[&tr, &domain, context, message], &mut mu).unwrap();
    mu
}

fn check_published_signature(set: MlDsa, case: &Case) {
    let name = case.name();
    let key = key(set, &case.base64("seed"));
    let public_key = digest(&SHA256, &key.public_key()[22..]);
    assert_eq!(public_key.as_ref(), case.hex("public_key_sha256"), "{name}");
    let (given_mu, signature) = (case.base64("mu"), case.base64("sig"));
    let external = Message::ExternalMu(&given_mu);
    assert_eq!(key.verify(MlDsaShake256, external, &signature), Ok(()), "{name}");
    if case.has("msg") {
        let message = case.base64("msg");
        let context = if case.has("ctx") { case.base64("ctx") } else { Vec::new() };
        assert_eq!(mu(key.public_key(), &context, &message)[..], given_mu, "{name}");
        // Only an empty context is the service's.
        let verified = key.verify(MlDsaShake256, Message::Raw(&message), &signature);
        assert_eq!(verified.is_ok(), context.is_empty(), "{name}");
    }
    let own = key.sign(MlDsaShake256, external).unwrap();
    assert_eq!(key.verify(MlDsaShake256, external, &own), Ok(()), "{name}");
}

#[test]
fn keys_mu_and_signatures_are_the_published_ones() {
    for (set, number, ..) in SETS {
        let cases = cases(&format!("ml-dsa/sign-{number}.json"), 19);
        for case in &cases {
            check_published_signature(set, case);
        }
        let count = |field| cases.iter().filter(|case| case.has(field)).count();
        assert!(count("msg") >= 14 && cases.len() - count("msg") >= 5 && count("ctx") >= 1);
    }
}

#[test]
fn published_defects_are_refused_as_message_and_as_mu() {
    for (set, number, ..) in SETS {
        for case in cases(&format!("ml-dsa/invalid-{number}.json"), 18) {
            let key = key(set, &case.base64("seed"));
            let (message, signature) = (case.base64("msg"), case.base64("sig"));
            let mu = mu(key.public_key(), b"", &message);
            for message in [Message::Raw(&message), Message::ExternalMu(&mu)] {
                let verified = key.verify(MlDsaShake256, message, &signature);
                assert_eq!(verified, Err(InvalidSignature), "{number} {}", case.name());
            }
        }
    }
}

#[test]
fn a_signature_of_a_message_is_one_of_its_mu_and_the_other_way_round() {
    for (set, _, spki_bytes, signature_bytes) in SETS {
        let key = key(set, &[7; 32]);
        assert_eq!(key.public_key().len(), spki_bytes);
        for message in [b"".as_slice(), b"message", &[9; 4096]] {
            let mu = mu(key.public_key(), b"", message);
            let forms = [Message::Raw(message), Message::ExternalMu(&mu)];
            for signed in forms {
                let signature = key.sign(MlDsaShake256, signed).unwrap();
                assert_eq!(signature.len(), signature_bytes);
                for verified in forms {
                    assert_eq!(key.verify(MlDsaShake256, verified, &signature), Ok(()));
                }
                // mu itself is another message.
                assert!(key.verify(MlDsaShake256, Message::Raw(&mu), &signature).is_err());
                assert!(key.verify(MlDsaShake256, forms[0], &signature[1..]).is_err());
                assert_ne!(key.sign(MlDsaShake256, signed).unwrap(), signature, "not hedged");
            }
        }
    }
}

#[test]
fn a_message_of_the_wrong_type_is_refused() {
    let key = key(MlDsa::MlDsa44, &[7; 32]);
    let refused = [
        (MlDsaShake256, Message::Digest(&[9; 64])),
        (MlDsaShake256, Message::ExternalMu(&[9; 63])),
        (MlDsaShake256, Message::ExternalMu(&[9; 65])),
        (SigningAlgorithm::Ed25519Sha512, Message::Raw(&[9; 64])),
    ];
    for (algorithm, message) in refused {
        assert_eq!(key.sign(algorithm, message), Err(SignError::NotApplicable));
        assert_eq!(key.verify(algorithm, message, &[0; 2420]), Err(InvalidSignature));
    }
}

#[test]
fn a_generated_key_is_in_the_stored_encoding() {
    for (set, _, spki_bytes, _) in SETS {
        let made = MlDsaKey::generate(set).unwrap();
        assert_eq!((made.private_key.len(), made.public_key.len()), (54, spki_bytes));
        let key = MlDsaKey::load(set, made.private_key.expose()).unwrap();
        assert_eq!(key.public_key(), made.public_key);
        assert!(!MlDsaKey::generate(set).unwrap().private_key.ct_eq(&made.private_key));
    }
}

#[test]
fn only_the_stored_encoding_of_the_set_loads() {
    for (set, ..) in SETS {
        let whole = [set.pkcs8_frame(), &[7; 32]].concat();
        for len in 0..whole.len() {
            assert!(MlDsaKey::load(set, &whole[..len]).is_err(), "{len}");
        }
        assert!(MlDsaKey::load(set, &[whole.as_slice(), &[0]].concat()).is_err());
        for (other, ..) in SETS {
            assert_eq!(MlDsaKey::load(other, &whole).is_ok(), other == set);
        }
    }
}
