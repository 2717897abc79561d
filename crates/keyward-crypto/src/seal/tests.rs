//! Root keys that fit, and those that do not.

use super::*;
use crate::golden::Golden;

const SALT: [u8; 16] = [0x5a; 16];

fn file_seal(root_key: u8) -> Seal {
    Seal::from_root_key_file(&RootKeyFile::fixed([root_key; 32])).unwrap()
}

fn passphrase_seal(passphrase: &[u8]) -> Seal {
    let parameters = PassphraseParameters::fixed(SALT);
    Seal::from_passphrase(&Passphrase::new(passphrase.to_vec()), &parameters).unwrap()
}

fn domain_key() -> Secret {
    Secret::new(vec![0x77; 32])
}

#[test]
fn a_domain_key_is_unwrapped_by_the_seal_that_wrapped_it() {
    for seal in [file_seal(1), passphrase_seal(b"correct horse")] {
        let record = seal.wrap(7, &domain_key()).unwrap();
        let record = WrappedDomainKey::parse(&record.encode()).unwrap();
        assert_eq!((record.number(), record.kind()), (7, seal.kind()));
        assert_eq!(record.seal_id(), seal.id());
        assert!(seal.unwrap(&record).unwrap().ct_eq(&domain_key()));
    }
}

#[test]
fn the_wrong_root_key_is_told_from_a_damaged_record() {
    let record = file_seal(1).wrap(1, &domain_key()).unwrap();
    assert_eq!(file_seal(2).unwrap(&record).unwrap_err(), UnwrapError::WrongRootKey);

    let mut damaged = record;
    damaged.wrapped[0] ^= 1;
    assert_eq!(file_seal(1).unwrap(&damaged).unwrap_err(), UnwrapError::NotAuthentic(1));
}

#[test]
fn the_wrong_passphrase_is_refused_as_such() {
    let record = passphrase_seal(b"correct horse").wrap(1, &domain_key()).unwrap();
    let refused = passphrase_seal(b"correct horsf").unwrap(&record).unwrap_err();
    assert_eq!(refused, UnwrapError::WrongPassphrase);
}

#[test]
fn a_seal_of_another_kind_or_salt_is_refused_as_such() {
    let record = passphrase_seal(b"correct horse").wrap(1, &domain_key()).unwrap();
    assert_eq!(file_seal(1).unwrap(&record).unwrap_err(), UnwrapError::WrongKind);
    let other = PassphraseParameters::weak_for_tests().unwrap();
    let other = Seal::from_passphrase(&Passphrase::new(b"correct horse".to_vec()), &other).unwrap();
    assert_eq!(other.unwrap(&record).unwrap_err(), UnwrapError::WrongKind);
}

#[test]
fn a_record_with_a_forged_seal_id_still_does_not_open() {
    let mut record = file_seal(1).wrap(1, &domain_key()).unwrap();
    record.seal_id = *file_seal(2).id();
    assert_eq!(file_seal(2).unwrap(&record).unwrap_err(), UnwrapError::NotAuthentic(1));
}

#[test]
fn a_record_with_any_bit_flipped_or_any_byte_missing_is_refused() {
    for seal in [file_seal(1), passphrase_seal(b"correct horse")] {
        let record = seal.wrap(7, &domain_key()).unwrap().encode();
        let opens = |bytes: &[u8]| {
            WrappedDomainKey::parse(bytes).and_then(|record| seal.unwrap(&record)).is_ok()
        };
        assert!(opens(&record));
        assert!(!opens(&[&record[..], b"x"].concat()));
        for position in 0..record.len() {
            assert!(!opens(&record[..position]), "{position}");
            for bit in 0..8 {
                let mut flipped = record.clone();
                flipped[position] ^= 1 << bit;
                assert!(!opens(&flipped), "byte {position}, bit {bit}");
            }
        }
    }
}

#[test]
fn a_root_key_is_rotated_by_wrapping_the_records_again() {
    let (old, new) = (file_seal(1), passphrase_seal(b"correct horse"));
    let record = old.wrap(4, &domain_key()).unwrap();
    let record = old.rewrap(&record, &new).unwrap();
    assert_eq!(record.number(), 4);
    assert!(new.unwrap(&record).unwrap().ct_eq(&domain_key()));
    assert_eq!(old.unwrap(&record).unwrap_err(), UnwrapError::WrongKind);
}

#[test]
fn the_golden_root_key_file_is_made_and_read() {
    let file = RootKeyFile::fixed([0x11; 32]);
    let content = file.encode().unwrap();
    let golden = Golden::agreeing(
        "sealed/root-key-file-v1.json",
        &[
            ("content", hex::encode(content.expose())),
            ("root_key", hex::encode([0x11; 32])),
            ("seal_id", file_seal(0x11).id().to_string()),
        ],
    );
    let read = RootKeyFile::parse(&Secret::new(golden.bytes("content"))).unwrap();
    assert_eq!(read.root_key().expose(), golden.bytes("root_key"));
}

#[test]
fn the_golden_wrapped_domain_keys_are_made_and_opened() {
    let passphrase = b"correct horse battery staple";
    for (file, seal, secret) in [
        ("sealed/domain-key-file-v1.json", file_seal(0x11), [0x11; 32].as_slice()),
        ("sealed/domain-key-passphrase-v1.json", passphrase_seal(passphrase), passphrase),
    ] {
        let record = seal.wrap_with([0xa0; 12], 7, &domain_key()).unwrap();
        let golden = Golden::agreeing(
            file,
            &[
                ("domain_key", hex::encode(domain_key().expose())),
                ("record", hex::encode(record.encode())),
                ("root_key_or_passphrase", hex::encode(secret)),
            ],
        );
        let record = WrappedDomainKey::parse(&golden.bytes("record")).unwrap();
        assert_eq!(seal.unwrap(&record).unwrap().expose(), golden.bytes("domain_key"));
    }
}
