use std::sync::LazyLock;

use aws_lc_rs::key_wrap::{AES_128, AES_256, AesKek, KeyWrapPadded};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPublicEncryptingKey,
    PublicEncryptingKey,
};
use proptest::prelude::*;

use super::*;
use crate::asymmetric::AsymmetricKey;
use crate::vectors::cases;

/// One wrapping key for all tests: private half, public half.
static WRAPPING: LazyLock<(Secret, Vec<u8>)> =
    LazyLock::new(|| WrappingKey::generate(WrappingKeySpec::Rsa2048).unwrap());

/// Two RSA keys in the stored encoding.
static RSA: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| [(); 2].map(|()| stored(KeySpec::Rsa2048)));

const ECC: [KeySpec; 5] = [
    KeySpec::EccNistP256,
    KeySpec::EccNistP384,
    KeySpec::EccNistP521,
    KeySpec::EccSecgP256k1,
    KeySpec::Sm2,
];

fn stored(spec: KeySpec) -> Vec<u8> {
    KeyMaterial::generate_for(spec).unwrap().expose().to_vec()
}

fn read(spec: KeySpec, encoded: &[u8]) -> Result<Vec<u8>, ImportError> {
    let material = material::read(spec, Secret::new(encoded.to_vec()))?;
    Ok(material.expose().to_vec())
}

fn oaep(algorithm: &'static OaepAlgorithm, plaintext: &[u8]) -> Vec<u8> {
    let key = PublicEncryptingKey::from_der(&WRAPPING.1).unwrap();
    let key = OaepPublicEncryptingKey::new(key).unwrap();
    let mut wrapped = vec![0; key.ciphertext_size()];
    key.encrypt(algorithm, plaintext, &mut wrapped, None).unwrap();
    wrapped
}

fn two_steps(algorithm: &'static OaepAlgorithm, key: &[u8], material: &[u8]) -> Vec<u8> {
    let size = if key.len() == 16 { &AES_128 } else { &AES_256 };
    let mut wrapped = vec![0; material.len() + 15];
    let kek = AesKek::new(size, key).unwrap();
    let wrapped = kek.wrap_with_padding(material, &mut wrapped).unwrap();
    [oaep(algorithm, key), wrapped.to_vec()].concat()
}

fn unwrap(
    algorithm: WrappingAlgorithm,
    wrapped: &[u8],
    spec: KeySpec,
) -> Result<Vec<u8>, ImportError> {
    let key = WrappingKey::load(&WRAPPING.0).unwrap();
    key.unwrap(algorithm, wrapped, spec).map(|material| material.expose().to_vec())
}

/// A tag and a content.
type Value = (u8, Vec<u8>);
type Values = Vec<Value>;

/// One DER value.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = u16::try_from(content.len()).unwrap().to_be_bytes();
    let length = match len {
        [0, short @ 0..0x80] => vec![short],
        [0, one] => vec![0x81, one],
        two => [&[0x82][..], &two].concat(),
    };
    [&[tag][..], &length, content].concat()
}

/// The contents of a DER value's children, with their tags.
fn children(der: &[u8]) -> Values {
    let mut rest = content(der);
    let mut children = Vec::new();
    while let Some(&tag) = rest.first() {
        let len = total(rest);
        children.push((tag, content(&rest[..len]).to_vec()));
        rest = &rest[len..];
    }
    children
}

fn header(der: &[u8]) -> (usize, usize) {
    match der[1] {
        0x81 => (3, usize::from(der[2])),
        0x82 => (4, usize::from(der[2]) * 256 + usize::from(der[3])),
        short => (2, usize::from(short)),
    }
}

fn total(der: &[u8]) -> usize {
    let (header, len) = header(der);
    header + len
}

fn content(der: &[u8]) -> &[u8] {
    &der[header(der).0..total(der)]
}

fn sequence(children: &[Value]) -> Vec<u8> {
    let content: Vec<u8> = children.iter().flat_map(|(tag, content)| tlv(*tag, content)).collect();
    tlv(0x30, &content)
}

/// `PrivateKeyInfo` with its children changed.
fn with_info(der: &[u8], change: impl FnOnce(&mut Values)) -> Vec<u8> {
    let mut info = children(der);
    change(&mut info);
    sequence(&info)
}

/// The same, with the children of the private key inside changed.
fn with_key(der: &[u8], change: impl FnOnce(&mut Values)) -> Vec<u8> {
    with_info(der, |info| {
        let mut key = children(&info[2].1);
        change(&mut key);
        info[2].1 = sequence(&key);
    })
}

/// The scalar and the uncompressed point of an EC key in the stored encoding.
fn scalar_and_point(der: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let key = children(&children(der)[2].1);
    (key[1].1.clone(), content(&key[2].1)[1..].to_vec())
}

#[test]
fn every_offered_wrapping_of_symmetric_material_unwraps() {
    for (algorithm, hash) in [
        (WrappingAlgorithm::RsaesOaepSha1, &OAEP_SHA1_MGF1SHA1),
        (WrappingAlgorithm::RsaesOaepSha256, &OAEP_SHA256_MGF1SHA256),
    ] {
        let wrapped = oaep(hash, &[7; 32]);
        assert_eq!(unwrap(algorithm, &wrapped, KeySpec::SymmetricDefault).unwrap(), [7; 32]);
        let wrapped = oaep(hash, &stored(KeySpec::EccNistP256));
        assert!(unwrap(algorithm, &wrapped, KeySpec::EccNistP256).is_ok());
    }
}

#[test]
fn private_keys_unwrap_in_two_steps_under_either_key_size() {
    for (algorithm, hash) in [
        (WrappingAlgorithm::RsaAesKeyWrapSha1, &OAEP_SHA1_MGF1SHA1),
        (WrappingAlgorithm::RsaAesKeyWrapSha256, &OAEP_SHA256_MGF1SHA256),
    ] {
        for key in [&[1; 16][..], &[2; 32]] {
            let wrapped = two_steps(hash, key, &RSA[0]);
            assert_eq!(unwrap(algorithm, &wrapped, KeySpec::Rsa2048).unwrap(), RSA[0]);
            for spec in ECC {
                let material = stored(spec);
                let wrapped = two_steps(hash, key, &material);
                assert_eq!(unwrap(algorithm, &wrapped, spec).unwrap(), material);
            }
        }
    }
}

#[test]
fn what_does_not_unwrap_is_a_bad_ciphertext() {
    let refused = |algorithm, wrapped: &[u8]| {
        for spec in [KeySpec::SymmetricDefault, KeySpec::Rsa2048] {
            assert_eq!(unwrap(algorithm, wrapped, spec), Err(ImportError::Ciphertext));
        }
    };
    let one_step = oaep(&OAEP_SHA256_MGF1SHA256, &[7; 32]);
    let two = two_steps(&OAEP_SHA256_MGF1SHA256, &[1; 32], &RSA[0]);
    for &algorithm in WrappingAlgorithm::ALL {
        refused(algorithm, b"");
        refused(algorithm, &[0; 256]);
        refused(algorithm, &[0; 512]);
        refused(algorithm, &vec![1; 6145]);
    }
    refused(WrappingAlgorithm::RsaesOaepSha1, &one_step);
    refused(WrappingAlgorithm::RsaesPkcs1V15, &one_step);
    refused(WrappingAlgorithm::RsaAesKeyWrapSha256, &one_step);
    refused(WrappingAlgorithm::RsaesOaepSha256, &one_step[1..]);
    refused(WrappingAlgorithm::RsaesOaepSha256, &two);
    refused(WrappingAlgorithm::RsaAesKeyWrapSha1, &two);
    for at in [0, 255, 256, two.len() - 1] {
        let mut altered = two.clone();
        altered[at] ^= 1;
        refused(WrappingAlgorithm::RsaAesKeyWrapSha256, &altered);
    }
    // The key inside has no length of an AES key.
    let odd = [oaep(&OAEP_SHA256_MGF1SHA256, &[1; 31]), two[256..].to_vec()].concat();
    refused(WrappingAlgorithm::RsaAesKeyWrapSha256, &odd);
}

#[test]
fn another_wrapping_key_unwraps_nothing() {
    let (other, _) = WrappingKey::generate(WrappingKeySpec::Rsa2048).unwrap();
    let key = WrappingKey::load(&other).unwrap();
    let wrapped = oaep(&OAEP_SHA256_MGF1SHA256, &[7; 32]);
    let unwrapped =
        key.unwrap(WrappingAlgorithm::RsaesOaepSha256, &wrapped, KeySpec::SymmetricDefault);
    assert_eq!(unwrapped.unwrap_err(), ImportError::Ciphertext);
}

#[test]
fn wrapping_keys_of_all_sizes_are_made_and_loaded() {
    for (spec, len) in [
        (WrappingKeySpec::Rsa2048, 294),
        (WrappingKeySpec::Rsa3072, 422),
        (WrappingKeySpec::Rsa4096, 550),
        (WrappingKeySpec::Sm2, 91),
    ] {
        let (private_key, public_key) = WrappingKey::generate(spec).unwrap();
        assert_eq!(public_key.len(), len);
        let loaded = match WrappingKey::load(&private_key).unwrap().0 {
            Private::Rsa(key) => key.public_key().to_vec(),
            Private::Sm2(key) => key.public_key().to_vec(),
        };
        assert_eq!(loaded, public_key);
    }
    assert!(WrappingKey::load(&Secret::new(vec![0; 1217])).is_err());
    assert!(WrappingKey::load(&Secret::new(stored(KeySpec::EccNistP256))).is_err());
}

#[test]
fn sm2_keys_are_read_as_openssl_writes_them() {
    for case in cases("sm2/imported.json", 4) {
        assert_eq!(
            read(KeySpec::Sm2, &case.hex("pkcs8")),
            Ok(case.hex("stored")),
            "{}",
            case.name()
        );
    }
}

#[test]
fn keys_that_openssl_encrypted_to_an_sm2_key_unwrap() {
    let specs = [KeySpec::Sm2, KeySpec::EccNistP256, KeySpec::Rsa2048];
    for (case, spec) in cases("sm2/wrapped.json", 3).iter().zip(specs) {
        let key = WrappingKey::load(&Secret::new(case.hex("wrapping_key"))).unwrap();
        let wrapped = case.hex("wrapped");
        let unwrap = |algorithm, wrapped: &[u8]| {
            key.unwrap(algorithm, wrapped, spec).map(|material| material.expose().to_vec())
        };
        let unwrapped = unwrap(WrappingAlgorithm::Sm2pke, &wrapped);
        assert_eq!(unwrapped, Ok(case.hex("stored")), "{}", case.name());
        for algorithm in [
            WrappingAlgorithm::RsaesOaepSha256,
            WrappingAlgorithm::RsaAesKeyWrapSha256,
            WrappingAlgorithm::RsaesPkcs1V15,
        ] {
            assert_eq!(unwrap(algorithm, &wrapped), Err(ImportError::Ciphertext));
        }
        let cut = unwrap(WrappingAlgorithm::Sm2pke, &wrapped[1..]);
        assert_eq!(cut, Err(ImportError::Ciphertext));
        let rsa = WrappingKey::load(&WRAPPING.0).unwrap();
        let refused = rsa.unwrap(WrappingAlgorithm::Sm2pke, &wrapped, spec);
        assert_eq!(refused.unwrap_err(), ImportError::Ciphertext);
    }
}

#[test]
fn lengths_of_raw_material_are_those_of_the_spec() {
    for (spec, min, max) in [
        (KeySpec::SymmetricDefault, 32, 32),
        (KeySpec::Hmac224, 28, 128),
        (KeySpec::Hmac256, 32, 128),
        (KeySpec::Hmac384, 48, 128),
        (KeySpec::Hmac512, 64, 128),
    ] {
        for len in 0..140 {
            let material = vec![7; len];
            let expected = if (min..=max).contains(&len) {
                Ok(material.clone())
            } else {
                Err(ImportError::Material)
            };
            assert_eq!(read(spec, &material), expected, "{spec} {len}");
        }
    }
}

#[test]
fn what_cannot_be_imported_is_not() {
    for spec in [KeySpec::MlDsa44, KeySpec::MlDsa87, KeySpec::MlKem512, KeySpec::MlKem1024] {
        assert_eq!(read(spec, &stored(spec)), Err(ImportError::Material));
    }
}

#[test]
fn the_stored_encoding_comes_out_as_it_went_in() {
    assert_eq!(read(KeySpec::Rsa2048, &RSA[0]).unwrap(), RSA[0]);
    for spec in ECC.into_iter().chain([KeySpec::EccNistEdwards25519]) {
        let material = stored(spec);
        assert_eq!(read(spec, &material).unwrap(), material);
        for other in ECC {
            assert_eq!(read(other, &material).is_ok(), other == spec);
        }
        assert_eq!(read(KeySpec::Rsa2048, &material), Err(ImportError::Material));
        assert_eq!(read(spec, &RSA[0]), Err(ImportError::Material));
    }
    assert_eq!(read(KeySpec::Rsa3072, &RSA[0]), Err(ImportError::Material));
}

#[test]
fn keys_are_read_as_openssl_writes_them() {
    for case in cases("import/private-keys.json", 21) {
        let spec = case.text("spec").parse().unwrap();
        let stored = read(spec, &case.base64("encoded"));
        assert_eq!(stored.is_ok(), case.is_valid(), "{}", case.name());
        if let Ok(stored) = stored {
            let key = AsymmetricKey::load(spec, &KeyMaterial::new(stored)).unwrap();
            assert_eq!(key.public_key(), case.base64("public_key"), "{}", case.name());
        }
    }
}

#[test]
fn attributes_and_a_missing_null_change_nothing() {
    let spec = KeySpec::Rsa2048;
    let attributed = with_info(&RSA[0], |info| info.push((0xa0, tlv(0x30, b""))));
    assert_eq!(read(spec, &attributed).unwrap(), RSA[0]);
    let without_null = with_info(&RSA[0], |info| info[1].1.truncate(11));
    assert_eq!(read(spec, &without_null).unwrap(), RSA[0]);
    let version_1 = with_info(&RSA[0], |info| info[0].1 = vec![1]);
    assert_eq!(read(spec, &version_1).unwrap(), RSA[0]);
}

#[test]
fn structures_with_something_else_in_them_are_refused() {
    let refused = |encoded: Vec<u8>| {
        assert_eq!(read(KeySpec::Rsa2048, &encoded), Err(ImportError::Material));
    };
    refused([&RSA[0][..], &[0]].concat());
    refused(RSA[0][..RSA[0].len() - 1].to_vec());
    refused(with_info(&RSA[0], |info| info[0].1 = vec![2]));
    refused(with_info(&RSA[0], |info| info[1].1[10] ^= 1));
    refused(with_info(&RSA[0], |info| info[1].1.extend(tlv(5, b""))));
    refused(with_info(&RSA[0], |info| info.push((0x04, vec![]))));
    refused(with_info(&RSA[0], |info| info[2].1.push(0)));
    refused(with_info(&RSA[0], |info| info[2].0 = 0x03));
    refused(children(&RSA[0])[2].1.clone());
}

#[test]
fn rsa_numbers_must_belong_together() {
    let refused = |what: &str, change: &dyn Fn(&mut Values)| {
        let encoded = with_key(&RSA[0], |key| change(key));
        assert_eq!(read(KeySpec::Rsa2048, &encoded), Err(ImportError::Material), "{what}");
    };
    let other = children(&children(&RSA[1])[2].1);
    let own = children(&children(&RSA[0])[2].1);
    refused("three primes", &|key| {
        key[0].1 = vec![1];
        key.push((0x30, tlv(0x30, &tlv(2, &[3]).repeat(3))));
    });
    refused("three primes, version 0", &|key| key.push((0x30, tlv(0x30, &tlv(2, &[3]).repeat(3)))));
    refused("a version without meaning", &|key| key[0].1 = vec![2]);
    refused("d = n", &|key| key[3].1 = own[1].1.clone());
    refused("d = 0", &|key| key[3].1 = vec![0]);
    refused("d is negative", &|key| key[3].1 = vec![0xff; 256]);
    refused("e = 1", &|key| key[2].1 = vec![1]);
    refused("e is even", &|key| key[2].1 = vec![2]);
    refused("a huge e", &|key| key[2].1 = own[3].1.clone());
    for (at, what) in ["n", "e", "d", "p", "q", "dP", "dQ", "qInv"]
        .into_iter()
        .enumerate()
        .map(|(i, w)| (i + 1, w))
    {
        if what != "e" {
            refused(what, &|key| key[at].1 = other[at].1.clone());
        }
        refused(what, &|key| *key[at].1.last_mut().unwrap() ^= 2);
        refused(what, &|key| key[at].1 = vec![0]);
        refused(what, &|key| key[at].1 = vec![]);
        refused(what, &|key| key[at].1 = vec![1; 4000]);
        refused(what, &|key| drop(key.remove(at)));
    }
}

#[test]
fn a_point_may_be_absent_or_in_any_form_but_not_another_key_s() {
    for spec in ECC {
        let material = stored(spec);
        let (_, point) = scalar_and_point(&material);
        let (_, other) = scalar_and_point(&stored(spec));
        let width = point.len() / 2;
        let parity = point.last().unwrap() & 1;
        let absent = with_key(&material, |key| key.truncate(2));
        assert_eq!(read(spec, &absent).unwrap(), material);

        let with_point = |point: &[u8]| {
            let bits = [&[0][..], point].concat();
            with_key(&material, |key| key[2].1 = tlv(3, &bits))
        };
        let form = |form: u8, coordinates: &[u8]| [&[form][..], coordinates].concat();
        for accepted in [form(2 + parity, &point[1..=width]), form(6 + parity, &point[1..])] {
            assert_eq!(read(spec, &with_point(&accepted)).unwrap(), material);
        }
        for refused in [
            form(3 - parity, &point[1..=width]),
            form(7 - parity, &point[1..]),
            form(4, &point[1..=width]),
            form(5, &point[1..]),
            form(0, b""),
            vec![],
            other,
        ] {
            assert_eq!(read(spec, &with_point(&refused)), Err(ImportError::Material));
        }
    }
}

#[test]
fn a_public_key_beside_the_private_one_must_be_its_own() {
    let material = stored(KeySpec::EccNistP384);
    let (_, point) = scalar_and_point(&material);
    let (_, other) = scalar_and_point(&stored(KeySpec::EccNistP384));
    let with = |version: u8, point: &[u8]| {
        with_info(&material, |info| {
            info[0].1 = vec![version];
            info.push((0x81, [&[0][..], point].concat()));
        })
    };
    assert_eq!(read(KeySpec::EccNistP384, &with(1, &point)).unwrap(), material);
    for refused in [with(1, &other), with(0, &point)] {
        assert_eq!(read(KeySpec::EccNistP384, &refused), Err(ImportError::Material));
    }
}

#[test]
fn a_scalar_is_in_range_and_its_width_is_restored() {
    for spec in ECC {
        let material = stored(spec);
        let (scalar, _) = scalar_and_point(&material);
        let with = |scalar: Vec<u8>| {
            let encoded = with_key(&material, |key| {
                key.truncate(2);
                key[1].1 = scalar;
            });
            read(spec, &encoded)
        };
        assert_eq!(with([&[0; 3][..], &scalar].concat()).unwrap(), material);
        let short = with(vec![5]).unwrap();
        assert_eq!(short.len(), material.len());
        assert_eq!(scalar_and_point(&short).0.iter().map(|&b| usize::from(b)).sum::<usize>(), 5);
        for refused in [vec![], vec![0], vec![0; scalar.len()], vec![0xff; scalar.len()], {
            let mut longer = scalar.clone();
            longer.insert(0, 1);
            longer
        }] {
            assert_eq!(with(refused), Err(ImportError::Material), "{spec}");
        }
        assert_eq!(with(bound(spec)), Err(ImportError::Material), "{spec}");
        let mut below = bound(spec);
        *below.last_mut().unwrap() -= 1;
        assert!(with(below).is_ok(), "the largest scalar");
    }
}

/// The first scalar that is none: the order of the curve, and one less for SM2.
fn bound(spec: KeySpec) -> Vec<u8> {
    hex::decode(match spec {
        KeySpec::EccNistP256 => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        KeySpec::EccNistP384 => {
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
        }
        KeySpec::EccNistP521 => {
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
        }
        KeySpec::Sm2 => "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54122",
        _ => "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
    })
    .unwrap()
}

#[test]
fn curve_parameters_are_the_name_of_the_curve_in_every_place() {
    let spec = KeySpec::EccNistP256;
    let material = stored(spec);
    let name = tlv(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]);
    let other = tlv(6, &[0x2b, 0x81, 0x04, 0x00, 0x22]);
    // What explicit parameters look like from outside: a SEQUENCE instead of a name.
    let explicit = tlv(0x30, &[tlv(2, &[1]), tlv(0x30, &name)].concat());
    let named_inside =
        |parameters: &[u8]| with_key(&material, |key| key.insert(2, (0xa0, parameters.to_vec())));
    assert_eq!(read(spec, &named_inside(&name)).unwrap(), material);
    let outside = |parameters: &[u8]| {
        with_info(&material, |info| {
            info[1].1.truncate(9);
            info[1].1.extend_from_slice(parameters);
        })
    };
    assert_eq!(read(spec, &outside(&name)).unwrap(), material);
    for refused in [
        named_inside(&other),
        named_inside(&explicit),
        named_inside(b""),
        outside(&other),
        outside(&explicit),
        outside(b""),
        outside(&tlv(5, b"")),
    ] {
        assert_eq!(read(spec, &refused), Err(ImportError::Material));
    }
}

#[test]
fn ed25519_seeds_come_with_or_without_their_public_key() {
    let spec = KeySpec::EccNistEdwards25519;
    let material = stored(spec);
    let key = AsymmetricKey::load(spec, &KeyMaterial::new(material.clone())).unwrap();
    let public_key = &key.public_key()[12..];
    let with = |public_key: &[u8]| {
        with_info(&material, |info| {
            info[0].1 = vec![1];
            info.push((0x81, [&[0][..], public_key].concat()));
        })
    };
    assert_eq!(read(spec, &with(public_key)).unwrap(), material);
    for refused in [
        with(&[7; 32]),
        with(&public_key[1..]),
        with(b""),
        with_info(&material, |info| info[1].1.extend(tlv(5, b""))),
        with_info(&material, |info| info[2].1.push(0)),
        with_info(&material, |info| info[2].1 = tlv(4, &[7; 31])),
        with_info(&material, |info| info[2].1 = vec![7; 32]),
    ] {
        assert_eq!(read(spec, &refused), Err(ImportError::Material));
    }
}

#[test]
fn the_table_of_combinations_is_the_documented_one() {
    use KeySpec as K;
    use WrappingAlgorithm as A;
    use WrappingKeySpec as W;
    let offered = wrapping_is_offered;
    let oaep = [A::RsaesOaepSha1, A::RsaesOaepSha256];
    let two_steps = [A::RsaAesKeyWrapSha1, A::RsaAesKeyWrapSha256];
    for spec in [K::SymmetricDefault, K::Hmac224, K::Hmac512] {
        assert!(oaep.iter().all(|&a| offered(a, W::Rsa2048, spec, false)));
        assert!(oaep.iter().all(|&a| !offered(a, W::Sm2, spec, true)));
        assert!(two_steps.iter().all(|&a| !offered(a, W::Rsa4096, spec, false)));
        assert!(!offered(A::Sm2pke, W::Sm2, spec, true));
    }
    for spec in [K::Rsa2048, K::Rsa4096] {
        assert!(oaep.iter().all(|&a| !offered(a, W::Rsa4096, spec, false)));
        assert!(two_steps.iter().all(|&a| offered(a, W::Rsa2048, spec, false)));
        assert!(two_steps.iter().all(|&a| !offered(a, W::Rsa2048, spec, true)));
    }
    for spec in [K::EccNistP256, K::EccNistP521, K::EccSecgP256k1, K::EccNistEdwards25519] {
        assert!(oaep.iter().all(|&a| offered(a, W::Rsa3072, spec, false)));
        assert!(two_steps.iter().all(|&a| offered(a, W::Rsa2048, spec, false)));
    }
    assert!(oaep.iter().all(|&a| !offered(a, W::Rsa2048, K::EccNistP521, false)));
    for spec in [K::Rsa2048, K::EccNistP256, K::EccNistEdwards25519, K::Sm2] {
        assert!(offered(A::Sm2pke, W::Sm2, spec, true));
        assert!(!offered(A::Sm2pke, W::Sm2, spec, false));
        assert!(!offered(A::Sm2pke, W::Rsa2048, spec, true));
    }
    assert!(oaep.iter().all(|&a| offered(a, W::Rsa2048, K::Sm2, true)));
    for &spec in K::ALL {
        for &key in W::ALL {
            assert!(!offered(A::RsaesPkcs1V15, key, spec, false));
            for &algorithm in A::ALL {
                if matches!(spec, K::MlDsa44 | K::MlDsa65 | K::MlDsa87)
                    || matches!(spec, K::MlKem512 | K::MlKem768 | K::MlKem1024)
                {
                    assert!(!offered(algorithm, key, spec, false));
                    assert!(!offered(algorithm, key, spec, true));
                }
            }
        }
    }
}

/// The same value in some BER form: each `choice` decides on one length or string.
fn ber(der: &[u8], choices: &mut impl Iterator<Item = u8>) -> Vec<u8> {
    let tag = der[0];
    let choice = choices.next().unwrap_or(0) % 4;
    if tag & 0x20 != 0 {
        let children = children(der);
        let inner: Vec<u8> =
            children.iter().flat_map(|(tag, content)| ber(&tlv(*tag, content), choices)).collect();
        return with_length(tag, &inner, choice);
    }
    let content = content(der);
    match (tag, choice) {
        (0x04, 2 | 3) => {
            let (a, b) = content.split_at(content.len() / 2);
            let nested = with_length(0x24, &with_length(4, b, 1), choice);
            let pieces = [tlv(4, a), nested].concat();
            with_length(0x24, &pieces, choice)
        }
        (_, choice) => with_length(tag, content, choice.min(1)),
    }
}

fn with_length(tag: u8, content: &[u8], choice: u8) -> Vec<u8> {
    let len = u32::try_from(content.len()).unwrap().to_be_bytes();
    match choice {
        1 | 2 => [&[tag, 0x84][..], &len, content].concat(),
        3 => [&[tag, 0x80][..], content, &[0, 0]].concat(),
        _ => tlv(tag, content),
    }
}

/// Keys of every kind in the stored encoding.
fn samples() -> &'static [(KeySpec, Vec<u8>)] {
    static SAMPLES: LazyLock<Vec<(KeySpec, Vec<u8>)>> = LazyLock::new(|| {
        let others = ECC.into_iter().chain([KeySpec::EccNistEdwards25519]);
        let others = others.map(|spec| (spec, stored(spec)));
        others.chain([(KeySpec::Rsa2048, RSA[0].clone())]).collect()
    });
    &SAMPLES
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_key_in_two_encodings_is_the_same_material(
        sample in 0..6_usize,
        choices in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let (spec, der) = &samples()[sample];
        // The private key inside is a value of its own.
        let mut choices = choices.into_iter();
        let inner = with_info(der, |info| info[2].1 = ber(&info[2].1, &mut choices));
        prop_assert_eq!(&read(*spec, &ber(&inner, &mut choices)).unwrap(), der);
    }

    #[test]
    fn whatever_is_imported_is_refused_or_loads(
        sample in 0..6_usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..4),
    ) {
        let (spec, der) = &samples()[sample];
        let mut encoded = der.clone();
        for (at, byte, edit) in edits {
            // An insertion may also come after the last byte, and into an empty encoding.
            let at = at.index(encoded.len().min(160) + 1);
            match edit {
                1 => encoded.insert(at, byte),
                _ if at == encoded.len() => {}
                0 => encoded[at] = byte,
                2 => drop(encoded.remove(at)),
                _ => encoded.truncate(at + 1),
            }
        }
        if let Ok(material) = read(*spec, &encoded) {
            let stored = KeyMaterial::new(material);
            prop_assert!(AsymmetricKey::load(*spec, &stored).is_ok());
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_private_key(encoded in prop::collection::vec(any::<u8>(), 0..300)) {
        for (spec, _) in samples() {
            prop_assert_eq!(read(*spec, &encoded), Err(ImportError::Material));
        }
    }
}
