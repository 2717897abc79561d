//! Which encodings and which scalars are keys, and which randomness becomes one.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use keyward_sm2::{InvalidPublicKey, Sm2Key};

const SM2_CURVE: &str = "06082a811ccf5501822d";
const P256: &str = "06082a8648ce3d030107";
const SCALAR: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
const X: &str = "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020";
/// Odd.
const Y: &str = "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";

const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const ONE: &str = "0000000000000000000000000000000000000000000000000000000000000001";
const ORDER: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";
const ORDER_LESS_1: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54122";
const ORDER_LESS_2: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54121";

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex).unwrap()
}

fn from_scalar(hex: &str) -> Option<Sm2Key> {
    Sm2Key::from_scalar(&bytes(hex).try_into().unwrap()).ok()
}

fn key() -> Sm2Key {
    from_scalar(SCALAR).unwrap()
}

/// A SubjectPublicKeyInfo.
fn spki(curve: &str, point: &str) -> Vec<u8> {
    let length = point.len() / 2;
    let algorithm = format!("301306072a8648ce3d0201{curve}");
    let point = format!("03{:02x}00{point}", length + 1);
    bytes(&format!("30{:02x}{algorithm}{point}", 21 + 3 + length))
}

#[test]
fn a_scalar_lies_between_one_and_the_order_less_two() {
    for scalar in [ONE, SCALAR, ORDER_LESS_2] {
        let key = from_scalar(scalar).unwrap();
        assert_eq!(hex::encode(&key.to_pkcs8()[36..68]), scalar);
    }
    for scalar in [ZERO, ORDER_LESS_1, ORDER, &"ff".repeat(32)] {
        assert!(from_scalar(scalar).is_none(), "{scalar}");
    }
}

#[test]
fn generation_draws_until_the_scalar_is_in_range() {
    let mut draws = [ORDER, ORDER_LESS_1, ZERO, SCALAR].into_iter();
    let key: Result<_, &str> = Sm2Key::generate(|buffer| {
        buffer.copy_from_slice(&bytes(draws.next().ok_or("dry")?));
        Ok(())
    });
    assert_eq!(*key.ok().unwrap().to_pkcs8(), *self::key().to_pkcs8());
    assert!(draws.next().is_none());
    assert_eq!(Sm2Key::generate(|_| Err("dry")).err(), Some("dry"));
}

#[test]
fn the_stored_form_is_one_form() {
    let stored = key().to_pkcs8();
    assert_eq!(stored.len(), 138);
    assert!(Sm2Key::from_pkcs8(&stored).is_ok());
    for index in 0..stored.len() {
        let mut changed = stored.to_vec();
        changed[index] ^= 1;
        assert!(Sm2Key::from_pkcs8(&changed).is_err(), "{index}");
        assert!(Sm2Key::from_pkcs8(&stored[..index]).is_err(), "{index}");
    }
    assert!(Sm2Key::from_pkcs8(&[&stored[..], &[0]].concat()).is_err());
}

#[test]
fn a_peer_is_a_point_of_this_curve() {
    let key = key();
    let derive = |peer: &[u8]| key.derive_shared_secret(peer).map(|secret| *secret);
    assert_eq!(spki(SM2_CURVE, &format!("04{X}{Y}")), key.public_key_spki());
    assert_eq!(hex::encode(key.public_point()), format!("04{X}{Y}"));
    let uncompressed = derive(&key.public_key_spki()).unwrap();
    assert_eq!(derive(&spki(SM2_CURVE, &format!("03{X}"))), Ok(uncompressed));
    for refused in [
        spki(P256, &format!("04{X}{Y}")),
        spki(SM2_CURVE, &format!("04{X}{X}")),
        spki(SM2_CURVE, &format!("04{X}{Y}00")),
        [key.public_key_spki(), vec![0]].concat(),
        spki(SM2_CURVE, &format!("07{X}{Y}")),
        spki(SM2_CURVE, &format!("05{X}")),
        spki(SM2_CURVE, &format!("03{}", "ff".repeat(32))),
        spki(SM2_CURVE, "00"),
        spki(SM2_CURVE, &"00".repeat(65)),
        key.public_point(),
        Vec::new(),
    ] {
        assert_eq!(derive(&refused), Err(InvalidPublicKey), "{}", hex::encode(&refused));
    }
}
