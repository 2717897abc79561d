//! Which encodings are keys, and which randomness becomes one.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use keyward_sm2::{IMPORT_BYTES_MAX, InvalidPublicKey, Sm2Key};

const EC_PUBLIC_KEY: &str = "06072a8648ce3d0201";
const SM2_CURVE: &str = "06082a811ccf5501822d";
const P256: &str = "06082a8648ce3d030107";
const SCALAR: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
const X: &str = "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020";
/// Odd.
const Y: &str = "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";

const ORDER: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";
const ORDER_LESS_1: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54122";
const ORDER_LESS_2: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54121";

/// An element in DER.
fn der(tag: &str, contents: &str) -> String {
    let length = contents.len() / 2;
    match length {
        0..128 => format!("{tag}{length:02x}{contents}"),
        128..256 => format!("{tag}81{length:02x}{contents}"),
        _ => format!("{tag}82{length:04x}{contents}"),
    }
}

/// An element of indefinite length.
fn indefinite(tag: &str, contents: &str) -> String {
    format!("{tag}80{contents}0000")
}

fn ec_private_key(scalar: &str, rest: &str) -> String {
    der("30", &format!("020101{}{rest}", der("04", scalar)))
}

fn pkcs8(algorithm: &str, key: &str) -> String {
    let algorithm = der("30", algorithm);
    der("30", &format!("020100{algorithm}{}", der("04", key)))
}

fn sm2(key: &str) -> String {
    pkcs8(&format!("{EC_PUBLIC_KEY}{SM2_CURVE}"), key)
}

fn public(point: &str) -> String {
    der("a1", &der("03", &format!("00{point}")))
}

/// The scalar of the key that is imported.
fn imported(hex: &str) -> Option<String> {
    let key = Sm2Key::from_imported(&hex::decode(hex).unwrap()).ok()?;
    Some(hex::encode(&key.to_pkcs8()[36..68]))
}

fn from_scalar(hex: &str) -> Sm2Key {
    Sm2Key::from_imported(&hex::decode(sm2(&ec_private_key(hex, ""))).unwrap()).ok().unwrap()
}

fn is_key(hex: &str) -> bool {
    imported(hex).is_some()
}

#[test]
fn the_public_key_may_stand_in_any_form_or_not_at_all() {
    for rest in [
        String::new(),
        der("a0", SM2_CURVE),
        public(&format!("04{X}{Y}")),
        public(&format!("03{X}")),
        public(&format!("07{X}{Y}")),
        der("a0", SM2_CURVE) + &public(&format!("04{X}{Y}")),
    ] {
        let key = sm2(&ec_private_key(SCALAR, &rest));
        assert_eq!(imported(&key).as_deref(), Some(SCALAR), "{rest}");
    }
}

#[test]
fn a_public_key_that_is_not_the_keys_own_is_refused() {
    let other = Y;
    for point in [
        format!("02{X}"),
        format!("06{X}{Y}"),
        format!("04{X}{X}"),
        format!("03{other}"),
        format!("05{X}"),
        format!("04{X}"),
        "00".to_owned(),
        String::new(),
    ] {
        assert!(!is_key(&sm2(&ec_private_key(SCALAR, &public(&point)))), "{point}");
    }
    let twice = public(&format!("03{X}")).repeat(2);
    assert!(!is_key(&sm2(&ec_private_key(SCALAR, &twice))));
    let unused_bits = der("a1", &der("03", &format!("0103{X}")));
    assert!(!is_key(&sm2(&ec_private_key(SCALAR, &unused_bits))));
}

#[test]
fn the_curve_is_named_and_is_sm2() {
    let key = ec_private_key(SCALAR, "");
    assert!(is_key(&pkcs8(&format!("{EC_PUBLIC_KEY}{SM2_CURVE}"), &key)));
    assert!(!is_key(&pkcs8(&format!("{EC_PUBLIC_KEY}{P256}"), &key)));
    assert!(!is_key(&pkcs8(EC_PUBLIC_KEY, &key)));
    assert!(!is_key(&pkcs8(&format!("{EC_PUBLIC_KEY}0500"), &key)));
    assert!(!is_key(&pkcs8(&format!("{SM2_CURVE}{SM2_CURVE}"), &key)));
    assert!(!is_key(&pkcs8(&format!("{EC_PUBLIC_KEY}{SM2_CURVE}0500"), &key)));
    assert!(!is_key(&sm2(&ec_private_key(SCALAR, &der("a0", P256)))));
    let explicit = der("30", "020101");
    assert!(!is_key(&pkcs8(&format!("{EC_PUBLIC_KEY}{explicit}"), &key)));
    assert!(!is_key(&sm2(&ec_private_key(SCALAR, &der("a0", &explicit)))));
}

#[test]
fn ber_is_read_as_der() {
    let pieces = indefinite("24", &(der("04", &SCALAR[..20]) + &der("04", &SCALAR[20..])));
    let key = indefinite("30", &format!("020101{pieces}"));
    let key = der("24", &(der("04", &key[..30]) + &indefinite("24", &der("04", &key[30..]))));
    let algorithm = indefinite("30", &format!("{EC_PUBLIC_KEY}{SM2_CURVE}"));
    let pkcs8 = indefinite("30", &format!("020100{algorithm}{key}"));
    assert_eq!(imported(&pkcs8).as_deref(), Some(SCALAR));

    let long_length =
        format!("020100{algorithm}0484000000{}", &der("", &ec_private_key(SCALAR, "")));
    assert_eq!(imported(&der("30", &long_length)).as_deref(), Some(SCALAR));
}

#[test]
fn rfc_5958_and_attributes_are_read() {
    let algorithm = der("30", &format!("{EC_PUBLIC_KEY}{SM2_CURVE}"));
    let key = der("04", &ec_private_key(SCALAR, ""));
    let read =
        |version: &str, rest: &str| is_key(&der("30", &format!("{version}{algorithm}{key}{rest}")));
    assert!(read("020100", &der("a0", "3000")));
    assert!(read("020101", &der("81", "0002")));
    assert!(!read("020102", ""));
    assert!(!read("020100", "0500"));
}

#[test]
fn what_is_cut_short_or_has_more_after_it_is_refused() {
    let whole = sm2(&ec_private_key(SCALAR, &public(&format!("04{X}{Y}"))));
    for end in (0..whole.len()).step_by(2) {
        assert!(!is_key(&whole[..end]), "{end}");
    }
    assert!(!is_key(&format!("{whole}00")));
    assert!(!is_key(&sm2(&format!("{}00", ec_private_key(SCALAR, "")))));
}

#[test]
fn nesting_and_length_are_bounded() {
    let deep = (0..40).fold(String::new(), |inner, _| indefinite("a0", &inner));
    let algorithm = der("30", &format!("{EC_PUBLIC_KEY}{SM2_CURVE}"));
    let key = der("04", &ec_private_key(SCALAR, ""));
    assert!(!is_key(&der("30", &format!("020100{algorithm}{key}{deep}"))));
    let long = der("a0", &"00".repeat(IMPORT_BYTES_MAX));
    assert!(!is_key(&der("30", &format!("020100{algorithm}{key}{long}"))));
}

#[test]
fn leading_zeros_of_the_scalar_do_not_matter() {
    let short = &format!("{:0>64}", "0102");
    for scalar in ["0102", "00000102", short, &format!("00{short}")] {
        assert_eq!(imported(&sm2(&ec_private_key(scalar, ""))).as_ref(), Some(short), "{scalar}");
    }
    assert!(!is_key(&sm2(&ec_private_key(&format!("01{SCALAR}"), ""))));
}

#[test]
fn a_scalar_lies_between_one_and_the_order_less_two() {
    let one = format!("{:0>64}", "1");
    for scalar in [&one, ORDER_LESS_2] {
        assert!(is_key(&sm2(&ec_private_key(scalar, ""))), "{scalar}");
    }
    for scalar in ["", "00", ORDER_LESS_1, ORDER, &"ff".repeat(32)] {
        assert!(!is_key(&sm2(&ec_private_key(scalar, ""))), "{scalar}");
    }
}

#[test]
fn generation_draws_until_the_scalar_is_in_range() {
    let mut draws = [ORDER, ORDER_LESS_1, &"00".repeat(32), SCALAR].map(hex::decode).into_iter();
    let key = Sm2Key::generate(|buffer| {
        buffer.copy_from_slice(&draws.next().unwrap()?);
        Ok::<(), hex::FromHexError>(())
    });
    assert_eq!(hex::encode(&key.ok().unwrap().to_pkcs8()[36..68]), SCALAR);
    assert!(draws.next().is_none());
    assert_eq!(Sm2Key::generate(|_| Err("dry")).err(), Some("dry"));
}

#[test]
fn the_stored_form_is_one_form() {
    let stored = from_scalar(SCALAR).to_pkcs8();
    assert_eq!(stored.len(), 138);
    assert!(Sm2Key::from_pkcs8(&stored).is_ok());
    for index in 0..stored.len() {
        let mut changed = stored.to_vec();
        changed[index] ^= 1;
        assert!(Sm2Key::from_pkcs8(&changed).is_err(), "{index}");
    }
    assert!(Sm2Key::from_pkcs8(&stored[..137]).is_err());
    assert!(Sm2Key::from_pkcs8(&[&stored[..], &[0]].concat()).is_err());
}

#[test]
fn a_peer_is_a_point_of_this_curve() {
    let key = from_scalar(SCALAR);
    let spki = |curve: &str, point: &str| {
        let algorithm = der("30", &format!("{EC_PUBLIC_KEY}{curve}"));
        let point = der("03", &format!("00{point}"));
        hex::decode(der("30", &format!("{algorithm}{point}"))).unwrap()
    };
    let derive = |peer: &[u8]| key.derive_shared_secret(peer).map(|secret| *secret);
    let uncompressed = derive(&spki(SM2_CURVE, &format!("04{X}{Y}"))).unwrap();
    assert_eq!(derive(&spki(SM2_CURVE, &format!("03{X}"))), Ok(uncompressed));
    for refused in [
        spki(P256, &format!("04{X}{Y}")),
        spki(SM2_CURVE, &format!("04{X}{X}")),
        spki(SM2_CURVE, &format!("04{X}{Y}00")),
        spki(SM2_CURVE, &format!("07{X}{Y}")),
        spki(SM2_CURVE, &format!("05{X}")),
        spki(SM2_CURVE, &format!("03{}", "ff".repeat(32))),
        spki(SM2_CURVE, "00"),
        spki(SM2_CURVE, &"00".repeat(65)),
        Vec::new(),
    ] {
        assert_eq!(derive(&refused), Err(InvalidPublicKey), "{}", hex::encode(&refused));
    }
}
