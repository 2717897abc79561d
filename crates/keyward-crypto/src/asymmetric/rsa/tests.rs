use aws_lc_rs::digest::digest;

use super::*;
use crate::vectors::{Case, cases};

/// A list of cases names a key in the first of those that use it.
fn changed<K>(key: &mut Option<K>, case: &Case, field: &str, load: impl FnOnce(Vec<u8>) -> K) {
    if case.has(field) {
        *key = Some(load(case.base64(field)));
    }
}

/// The published private keys are PKCS#8 of their own making, so they come as an import would.
fn imported(modulus: Modulus, pkcs8: Vec<u8>) -> RsaKey {
    let spec = KeySpec::ALL.iter().find(|spec| Modulus::of(**spec) == Some(modulus)).unwrap();
    let stored = crate::import::material::read(*spec, Secret::new(pkcs8)).unwrap();
    RsaKey::load(modulus, stored.expose()).unwrap()
}

fn modulus(case: &Case) -> Modulus {
    Modulus::of(case.text("spec").parse().unwrap()).unwrap()
}

#[test]
fn published_signatures_verify_or_not_as_published() {
    let files = [
        (Modulus::Bits2048, "2048", 197, 46),
        (Modulus::Bits3072, "3072", 157, 31),
        (Modulus::Bits4096, "4096", 209, 57),
    ];
    for (modulus, number, floor, floor_valid) in files {
        let cases = cases(&format!("rsa/verify-{number}.json"), floor);
        let mut key = None;
        for case in &cases {
            changed(&mut key, case, "public_key", |spki| RsaPublicKey::new(modulus, spki));
            let Some(Ok(key)) = &key else {
                assert!(!case.is_valid(), "{}: the key does not load", case.name());
                continue;
            };
            let algorithm = case.text("algorithm").parse().unwrap();
            let (message, signature) = (case.base64("msg"), case.base64("sig"));
            let hash = Scheme::of(algorithm).unwrap().digest;
            let digest = digest(hash, &message);
            for form in [Message::Raw(&message), Message::Digest(digest.as_ref())] {
                let verified = key.verify(algorithm, form, &signature);
                assert_eq!(verified.is_ok(), case.is_valid(), "{}", case.name());
            }
        }
        assert!(cases.iter().filter(|case| case.is_valid()).count() >= floor_valid);
    }
}

#[test]
fn signing_gives_the_published_pkcs1_signatures() {
    let mut key = None;
    for case in cases("rsa/sign.json", 36) {
        changed(&mut key, &case, "private_key", |pkcs8| imported(modulus(&case), pkcs8));
        let key = key.as_ref().unwrap();
        let algorithm = case.text("algorithm").parse().unwrap();
        let message = case.base64("msg");
        let digest = digest(Scheme::of(algorithm).unwrap().digest, &message);
        for form in [Message::Raw(&message), Message::Digest(digest.as_ref())] {
            assert_eq!(key.sign(algorithm, form).unwrap(), case.base64("sig"), "{}", case.name());
        }
    }
}

#[test]
fn oaep_opens_what_was_published_as_valid_and_nothing_else() {
    let cases = cases("rsa/oaep.json", 162);
    let mut key = None;
    for case in &cases {
        changed(&mut key, case, "private_key", |pkcs8| imported(modulus(case), pkcs8));
        let key = key.as_ref().unwrap();
        let algorithm = case.text("algorithm").parse().unwrap();
        let opened = key.decrypt(algorithm, &case.base64("ct"));
        assert_eq!(opened.is_ok(), case.is_valid(), "{}", case.name());
        if let Ok(plaintext) = opened {
            assert_eq!(plaintext.expose(), case.base64("msg"), "{}", case.name());
        }
    }
    assert!(cases.iter().filter(|case| case.is_valid()).count() >= 46);
}

#[test]
fn two_pss_signatures_of_one_message_differ() {
    let stored = RsaKey::generate(Modulus::Bits2048).unwrap().private_key;
    let key = RsaKey::load(Modulus::Bits2048, stored.expose()).unwrap();
    let sign = || key.sign(SigningAlgorithm::RsassaPssSha256, Message::Raw(b"m")).unwrap();
    assert_ne!(sign(), sign());
}
