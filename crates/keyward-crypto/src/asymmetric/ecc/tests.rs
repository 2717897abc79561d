use aws_lc_rs::digest::digest;

use super::*;
use crate::vectors::{Case, cases};

const CURVES: [(Curve, &str); 4] = [
    (Curve::P256, "p256"),
    (Curve::P384, "p384"),
    (Curve::P521, "p521"),
    (Curve::Secp256k1, "secp256k1"),
];

fn key(curve: Curve, scalar: &[u8]) -> EccKey {
    EccKey::load(curve, encode_scalar(curve, scalar).unwrap().0.expose()).unwrap()
}

fn valid(cases: &[Case]) -> usize {
    cases.iter().filter(|case| case.is_valid()).count()
}

#[test]
fn published_signatures_verify_or_not_as_published() {
    for ((curve, name), (floor, floor_valid)) in
        CURVES.into_iter().zip([(182, 63), (180, 61), (179, 61), (163, 58)])
    {
        let cases = cases(&format!("ecdsa/{name}.json"), floor);
        let (algorithm, hash) = curve.algorithm();
        let mut key = None;
        for case in &cases {
            if case.has("public_key") {
                let spki = case.base64("public_key");
                assert!(spki.starts_with(spki_frame(curve)));
                key = Some(EccPublicKey::new(curve, spki));
            }
            let key = key.as_ref().unwrap();
            let (message, signature) = (case.base64("msg"), case.base64("sig"));
            let digest = digest(hash, &message);
            for form in [Message::Raw(&message), Message::Digest(digest.as_ref())] {
                let verified = key.verify(algorithm, form, &signature);
                assert_eq!(verified.is_ok(), case.is_valid(), "{name} {}", case.name());
            }
        }
        assert!(valid(&cases) >= floor_valid, "{name}: {}", valid(&cases));
    }
}

#[test]
fn private_keys_have_the_published_public_keys_and_sign_for_them() {
    for (curve, name) in CURVES {
        let (algorithm, _) = curve.algorithm();
        for case in cases(&format!("ecdsa/keys-{name}.json"), 15) {
            let key = key(curve, &case.base64("scalar"));
            assert_eq!(key.public_key(), case.base64("public_key"), "{name} {}", case.name());
            let message = case.base64("msg");
            let message = Message::Raw(&message);
            assert_eq!(key.verify(algorithm, message, &case.base64("sig")), Ok(()));
            let own = key.sign(algorithm, message).unwrap();
            assert_eq!(key.verify(algorithm, message, &own), Ok(()));
        }
    }
}

#[test]
fn agreement_gives_the_published_secrets_and_refuses_the_published_attacks() {
    for ((curve, name), (floor, floor_valid)) in
        CURVES.into_iter().zip([(130, 72), (123, 70), (132, 71)])
    {
        let cases = cases(&format!("ecdh/{name}.json"), floor);
        for case in &cases {
            let key = key(curve, &case.base64("scalar"));
            let agreed = key.agree(&case.base64("peer"));
            assert_eq!(agreed.is_ok(), case.is_valid(), "{name} {}", case.name());
            if let Ok(secret) = agreed {
                assert_eq!(secret.expose(), case.base64("shared"), "{name} {}", case.name());
            }
        }
        assert!(valid(&cases) >= floor_valid, "{name}: {}", valid(&cases));
    }
}

#[test]
fn stored_keys_hold_their_own_point() {
    for (curve, name) in CURVES {
        let [own, other] = [1, 2].map(|scalar| {
            let scalar = [vec![0; curve.bytes() - 1], vec![scalar]].concat();
            encode_scalar(curve, &scalar).unwrap().0.expose().to_vec()
        });
        assert!(EccKey::load(curve, &own).is_ok());
        let point = own.len() - 2 * curve.bytes();
        let mixed = [&own[..point], &other[point..]].concat();
        assert!(EccKey::load(curve, &mixed).is_err(), "{name}");
    }
}

/// The order less s, for the curve whose users care.
#[test]
fn a_signature_with_the_other_s_verifies_too() {
    const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let key = key(Curve::Secp256k1, &[7; 32]);
    let message = Message::Raw(b"message");
    let mut high = 0;
    for _ in 0..64 {
        let signature = key.sign(SigningAlgorithm::EcdsaSha256, message).unwrap();
        let mut reader = crate::asn1::Reader::new(&signature);
        let mut numbers = reader.sequence().unwrap();
        let (r, s) = (numbers.unsigned().unwrap(), numbers.unsigned().unwrap());
        let other = minus(&hex::decode(ORDER).unwrap(), s);
        high += usize::from(s.len() == 32 && s > other.as_slice());
        let content = [integer(r), integer(&other)].concat();
        let other = [&[0x30, u8::try_from(content.len()).unwrap()][..], &content].concat();
        assert_eq!(key.verify(SigningAlgorithm::EcdsaSha256, message, &other), Ok(()));
    }
    assert!(high > 8, "signatures are not normalised to a low s: {high} of 64 are high");
}

/// DER of an integer below 2²⁵⁶.
fn integer(magnitude: &[u8]) -> Vec<u8> {
    let zeros = magnitude.iter().take_while(|&&byte| byte == 0).count();
    let magnitude = &magnitude[zeros..];
    let pad = usize::from(magnitude[0] >= 0x80);
    let len = u8::try_from(magnitude.len() + pad).unwrap();
    [&[2, len][..], &[0][..pad], magnitude].concat()
}

fn minus(a: &[u8], b: &[u8]) -> Vec<u8> {
    let b = [vec![0; a.len() - b.len()], b.to_vec()].concat();
    let mut borrow = 0;
    let mut difference: Vec<u8> = a
        .iter()
        .zip(&b)
        .rev()
        .map(|(&a, &b)| {
            let difference = i16::from(a) - i16::from(b) - borrow;
            borrow = i16::from(difference < 0);
            u8::try_from(difference & 0xff).unwrap()
        })
        .collect();
    difference.reverse();
    difference
}
