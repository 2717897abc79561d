//! The ring, and the three things its keys do.

use super::*;
use crate::error::{OpenError, SealError};
use crate::golden::Golden;
use crate::seal::RootKeyFile;
use crate::secret::KeyMaterial;

const HERE: Binding<'_> = Binding { table: "keys", row: b"key-1", column: "material" };
const LIST: MarkerScope<'_> = MarkerScope { operation: "ListKeys", filter: b"111122223333" };

fn seal() -> Seal {
    Seal::from_root_key_file(&RootKeyFile::generate().unwrap()).unwrap()
}

fn ring() -> DomainKeys {
    DomainKeys::generate(&seal()).unwrap().0
}

/// Number 3, from fixed bytes.
fn fixed_ring() -> DomainKeys {
    let key = DomainKey::derive(3, &Secret::new(vec![0x33; 32])).unwrap();
    DomainKeys::with(Arc::new(key), Vec::new())
}

fn value() -> KeyMaterial {
    KeyMaterial::new(b"thirty-two bytes of key material".to_vec())
}

#[test]
fn a_ring_begins_with_number_one_and_is_read_back_from_its_records() {
    let seal = seal();
    let (ring, record) = DomainKeys::generate(&seal).unwrap();
    assert_eq!(ring.current_number(), 1);
    let sealed = ring.seal(&HERE, &value()).unwrap();

    let record = WrappedDomainKey::parse(&record.encode()).unwrap();
    let again = DomainKeys::from_records(&seal, &[record]).unwrap();
    assert_eq!(again.open(&HERE, &sealed).unwrap().expose(), value().expose());
}

#[test]
fn rotation_seals_under_the_next_number_and_opens_the_old() {
    let seal = seal();
    let (first, one) = DomainKeys::generate(&seal).unwrap();
    let old = first.seal(&HERE, &value()).unwrap();
    let old_tag = first.tag_row(b"row").unwrap();
    let old_marker = first.tag_marker(&LIST, b"at").unwrap();

    let (second, two) = first.rotate(&seal).unwrap();
    let new = second.seal(&HERE, &value()).unwrap();
    assert_eq!((sealed_key_number(&old), sealed_key_number(&new)), (Some(1), Some(2)));
    assert_eq!(row_tag_key_number(&second.tag_row(b"row").unwrap()), Some(2));
    assert_eq!(second.open(&HERE, &old).unwrap().expose(), value().expose());
    assert!(second.check_row(b"row", &old_tag));
    assert!(second.check_marker(&LIST, &old_marker).is_some());

    let loaded = DomainKeys::from_records(&seal, &[two, one]).unwrap();
    assert_eq!(loaded.current_number(), 2);
    assert_eq!(loaded.open(&HERE, &new).unwrap().expose(), value().expose());
    assert_eq!(first.open(&HERE, &new).unwrap_err(), OpenError::UnknownDomainKey(2));
}

#[test]
fn a_retired_key_opens_nothing_and_the_current_one_cannot_be_retired() {
    let seal = seal();
    let (first, _) = DomainKeys::generate(&seal).unwrap();
    let old = first.seal(&HERE, &value()).unwrap();
    let old_tag = first.tag_row(b"row").unwrap();
    let (second, _) = first.rotate(&seal).unwrap();

    assert_eq!(second.retire(2).unwrap_err(), RetireError::Current(2));
    assert_eq!(second.retire(9).unwrap_err(), RetireError::UnknownDomainKey(9));
    let retired = second.retire(1).unwrap();
    assert_eq!(retired.numbers().collect::<Vec<_>>(), [2]);
    assert_eq!(retired.open(&HERE, &old).unwrap_err(), OpenError::UnknownDomainKey(1));
    assert!(!retired.check_row(b"row", &old_tag));
    assert_eq!(retired.rotate(&seal).unwrap().0.current_number(), 3);
}

#[test]
fn a_full_ring_is_not_rotated_because_its_records_could_not_be_read_again() {
    let seal = seal();
    let (mut ring, record) = DomainKeys::generate(&seal).unwrap();
    let mut records = vec![record];
    while records.len() < DOMAIN_KEYS_MAX {
        let (next, record) = ring.rotate(&seal).unwrap();
        ring = next;
        records.push(record);
    }
    assert_eq!(ring.rotate(&seal).unwrap_err(), RotateError::Full);
    assert_eq!(DomainKeys::from_records(&seal, &records).unwrap().current_number(), 256);
    assert!(ring.retire(1).unwrap().rotate(&seal).is_ok());

    let last = DomainKey::derive(u32::MAX, &Secret::new(vec![1; 32])).unwrap();
    let ended = DomainKeys::with(Arc::new(last), Vec::new());
    assert_eq!(ended.rotate(&seal).unwrap_err(), RotateError::Full);
}

#[test]
fn no_records_duplicates_and_too_many_are_refused() {
    let seal = seal();
    let (_, record) = DomainKeys::generate(&seal).unwrap();
    let refused =
        |records: &[WrappedDomainKey]| DomainKeys::from_records(&seal, records).unwrap_err();
    assert_eq!(refused(&[]), UnwrapError::NoRecords);
    assert_eq!(refused(&[record.clone(), record.clone()]), UnwrapError::Duplicate(1));
    assert_eq!(refused(&vec![record; DOMAIN_KEYS_MAX + 1]), UnwrapError::TooMany);
}

#[test]
fn a_value_moved_to_another_table_row_or_column_does_not_open() {
    let ring = ring();
    let sealed = ring.seal(&HERE, &value()).unwrap();
    for elsewhere in [
        Binding { table: "credentials", ..HERE },
        Binding { row: b"key-2", ..HERE },
        Binding { column: "public_key", ..HERE },
        Binding { table: "keysk", row: b"ey-1", ..HERE },
    ] {
        assert_eq!(ring.open(&elsewhere, &sealed).unwrap_err(), OpenError::NotAuthentic);
    }
}

#[test]
fn a_sealed_value_with_any_bit_flipped_or_any_byte_missing_does_not_open() {
    let ring = ring();
    let sealed = ring.seal(&HERE, &value()).unwrap();
    for position in 0..sealed.len() {
        assert!(ring.open(&HERE, &sealed[..position]).is_err(), "{position}");
        for bit in 0..8 {
            let mut flipped = sealed.clone();
            flipped[position] ^= 1 << bit;
            assert!(ring.open(&HERE, &flipped).is_err(), "byte {position}, bit {bit}");
        }
    }
    assert_eq!(ring.open(&HERE, &[2; 64]).unwrap_err(), OpenError::Malformed);
}

#[test]
fn a_value_sealed_under_one_ring_does_not_open_under_another() {
    let sealed = ring().seal(&HERE, &value()).unwrap();
    assert_eq!(ring().open(&HERE, &sealed).unwrap_err(), OpenError::NotAuthentic);
}

#[test]
fn values_of_every_size_up_to_the_bound_are_sealed() {
    let ring = ring();
    for len in [0, 1, 65_536, (1 << 20) - 33] {
        let sealed = ring.seal(&HERE, &Secret::new(vec![1; len])).unwrap();
        assert_eq!(sealed.len(), len + 33);
        assert_eq!(ring.open(&HERE, &sealed).unwrap().len(), len);
    }
    let longer = ring.seal(&HERE, &Secret::new(vec![1; (1 << 20) - 32]));
    assert_eq!(longer.unwrap_err(), SealError::TooLong);
}

#[test]
fn a_row_tag_is_for_these_bytes_and_this_ring_only() {
    let (ring, other) = (ring(), ring());
    let tag = ring.tag_row(b"row").unwrap();
    assert!(ring.check_row(b"row", &tag));
    assert!(!ring.check_row(b"Row", &tag));
    assert!(!other.check_row(b"row", &tag));
    assert!(!ring.check_row(b"row", &[]));
    for position in 0..tag.len() {
        assert!(!ring.check_row(b"row", &tag[..position]));
        let mut altered = tag;
        altered[position] ^= 0x80;
        assert!(!ring.check_row(b"row", &altered));
    }
}

#[test]
fn a_marker_continues_its_own_list_only() {
    let (ring, foreign) = (ring(), ring());
    let marker = ring.tag_marker(&LIST, b"key-100").unwrap();
    assert_eq!(ring.check_marker(&LIST, &marker).as_deref(), Some(b"key-100".as_slice()));
    for other in [
        MarkerScope { operation: "ListAliases", ..LIST },
        MarkerScope { filter: b"999999999999", ..LIST },
        MarkerScope { operation: "ListKeys1", filter: b"11122223333" },
    ] {
        assert_eq!(ring.check_marker(&other, &marker), None);
    }
    assert_eq!(foreign.check_marker(&LIST, &marker), None);
}

#[test]
fn an_altered_marker_is_refused() {
    let ring = ring();
    let marker = ring.tag_marker(&LIST, b"key-100").unwrap();
    for position in 0..marker.len() {
        let mut altered = marker.clone().into_bytes();
        altered[position] = if altered[position] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        assert_eq!(ring.check_marker(&LIST, &altered), None, "{position}");
        assert_eq!(ring.check_marker(&LIST, &marker[..position]), None, "{position}");
    }
    assert_eq!(ring.check_marker(&LIST, &"A".repeat(MARKER_CHARS_MAX + 1)), None);
    assert_eq!(ring.check_marker(&LIST, "not base64!"), None);
}

#[test]
fn the_longest_marker_fits_the_api() {
    let ring = ring();
    let marker = ring.tag_marker(&LIST, &[1; 747]).unwrap();
    assert_eq!(marker.len(), MARKER_CHARS_MAX);
    assert!(ring.check_marker(&LIST, &marker).is_some());
    assert_eq!(ring.tag_marker(&LIST, &[1; 748]).unwrap_err(), SealError::TooLong);
}

#[test]
fn each_use_of_a_domain_key_has_its_own_key() {
    let key = DomainKey::derive(3, &Secret::new(vec![0x33; 32])).unwrap();
    let (row, marker) = (hmac::sign(&key.rows, b"x"), hmac::sign(&key.markers, b"x"));
    assert_ne!(row.as_ref(), marker.as_ref());
    let session = hmac::sign(&key.sessions, b"x");
    assert!(![row, marker].iter().any(|other| other.as_ref() == session.as_ref()));
}

#[test]
fn the_golden_sealed_value_is_made_and_opened() {
    let ring = fixed_ring();
    let sealed = ring.current().seal_with([0x5e; 12], &HERE, value().as_ref()).unwrap();
    let golden = Golden::agreeing(
        "sealed/value-v1.json",
        &[
            ("column", HERE.column.to_owned()),
            ("domain_key", hex::encode([0x33; 32])),
            ("domain_key_number", "3".to_owned()),
            ("row", hex::encode(HERE.row)),
            ("sealed", hex::encode(sealed)),
            ("table", HERE.table.to_owned()),
            ("value", hex::encode(value().expose())),
        ],
    );
    let opened = ring.open(&HERE, &golden.bytes("sealed")).unwrap();
    assert_eq!(opened.expose(), golden.bytes("value"));
}

#[test]
fn the_golden_row_tag_is_made_and_checked() {
    let ring = fixed_ring();
    let golden = Golden::agreeing(
        "sealed/row-tag-v1.json",
        &[
            ("canonical", hex::encode(b"a row")),
            ("domain_key", hex::encode([0x33; 32])),
            ("domain_key_number", "3".to_owned()),
            ("tag", hex::encode(ring.tag_row(b"a row").unwrap())),
        ],
    );
    assert!(ring.check_row(&golden.bytes("canonical"), &golden.bytes("tag")));
}
