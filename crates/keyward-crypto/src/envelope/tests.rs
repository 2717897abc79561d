//! What must open, and everything that must not.

use proptest::collection::vec;
use proptest::prelude::{any, proptest};

use super::*;
use crate::golden::Golden;

const ACCOUNT: &[u8; 12] = b"111122223333";
const UUID: &[u8; 36] = b"1234abcd-12ab-34cd-56ef-1234567890ab";
const MRK: &[u8; 36] = b"mrk-1234abcd12ab34cd56ef1234567890ab";
const CONTEXT: &[u8] = b"\0\x01\0\x03app\0\x03web";

fn key_of(account: &[u8; 12], key_id: &[u8; 36], material: u8) -> SymmetricKey {
    let name = KeyName::new(account, key_id).unwrap();
    SymmetricKey::new(&name, &KeyMaterial::new(vec![material; 32])).unwrap()
}

fn key() -> SymmetricKey {
    key_of(ACCOUNT, UUID, 0x42)
}

fn plaintext(bytes: &[u8]) -> Plaintext {
    Plaintext::new(bytes.to_vec())
}

fn opens(key: &SymmetricKey, blob: &[u8], context: &[u8]) -> bool {
    key.open(blob, context).is_ok()
}

#[test]
fn a_blob_opens_with_its_key_and_context() {
    let blob = key().seal(CONTEXT, &plaintext(b"attack at dawn")).unwrap();
    assert_eq!(blob.len(), 14 + BLOB_OVERHEAD_BYTES);
    assert_eq!(key().open(&blob, CONTEXT).unwrap().expose(), b"attack at dawn");
}

#[test]
fn a_blob_is_103_bytes_longer_than_its_plaintext() {
    assert_eq!(BLOB_OVERHEAD_BYTES, 103);
    assert_eq!(key().seal(b"", &plaintext(&[0; 4096])).unwrap().len(), 4199);
}

#[test]
fn the_golden_blobs_are_made_and_opened() {
    for (file, key_id) in
        [("ciphertext/blob-v1-uuid.json", UUID), ("ciphertext/blob-v1-mrk.json", MRK)]
    {
        let material: [u8; 32] = std::array::from_fn(|i| u8::try_from(i).unwrap());
        let name = KeyName::new(ACCOUNT, key_id).unwrap();
        let key = SymmetricKey::new(&name, &KeyMaterial::new(material.to_vec())).unwrap();
        let nonces = Nonces { derivation: [0xd0; 16], iv: [0x1f; 12] };
        let text = b"attack at dawn";
        let blob = key.seal_with(&nonces, CONTEXT, &plaintext(text)).unwrap();
        let golden = Golden::agreeing(
            file,
            &[
                ("account", String::from_utf8(ACCOUNT.to_vec()).unwrap()),
                ("blob", hex::encode(blob)),
                ("context", hex::encode(CONTEXT)),
                ("key_id", String::from_utf8(key_id.to_vec()).unwrap()),
                ("material", hex::encode(material)),
                ("material_id", key.material_id().to_string()),
                ("plaintext", hex::encode(text)),
            ],
        );
        let opened = key.open(&golden.bytes("blob"), &golden.bytes("context")).unwrap();
        assert_eq!(opened.expose(), golden.bytes("plaintext"));
        let header = Header::parse(&golden.bytes("blob")).unwrap();
        assert_eq!((&header.account, &header.key_id), (ACCOUNT, key_id));
        assert_eq!(&header.material_id, key.material_id());
    }
}

#[test]
fn two_blobs_of_one_plaintext_share_no_nonce() {
    let (a, b) = (
        key().seal(CONTEXT, &plaintext(b"same")).unwrap(),
        key().seal(CONTEXT, &plaintext(b"same")).unwrap(),
    );
    assert_eq!(a[..SCOPE_BYTES], b[..SCOPE_BYTES]);
    assert_ne!(a[SCOPE_BYTES..HEADER_BYTES], b[SCOPE_BYTES..HEADER_BYTES]);
    assert_ne!(a[HEADER_BYTES..HEADER_BYTES + 12], b[HEADER_BYTES..HEADER_BYTES + 12]);
}

#[test]
fn a_blob_truncated_at_any_length_is_refused() {
    let key = key();
    let blob = key.seal(CONTEXT, &plaintext(&[7; 32])).unwrap();
    for len in 0..blob.len() {
        assert!(!opens(&key, &blob[..len], CONTEXT), "{len}");
        assert_eq!(Header::parse(&blob[..len]).is_some(), len >= BLOB_OVERHEAD_BYTES, "{len}");
    }
}

#[test]
fn a_blob_with_any_bit_flipped_is_refused() {
    let key = key();
    let blob = key.seal(CONTEXT, &plaintext(&[7; 32])).unwrap();
    for position in 0..blob.len() {
        for bit in 0..8 {
            let mut flipped = blob.clone();
            flipped[position] ^= 1 << bit;
            assert!(!opens(&key, &flipped, CONTEXT), "byte {position}, bit {bit}");
        }
    }
}

#[test]
fn a_blob_with_a_byte_appended_is_refused() {
    let mut blob = key().seal(CONTEXT, &plaintext(b"x")).unwrap();
    blob.push(0);
    assert!(!opens(&key(), &blob, CONTEXT));
}

#[test]
fn a_blob_does_not_open_under_another_context() {
    let blob = key().seal(CONTEXT, &plaintext(b"x")).unwrap();
    for other in [b"".as_slice(), &CONTEXT[1..], b"\0\x01\0\x03App\0\x03web"] {
        assert!(!opens(&key(), &blob, other));
    }
    let blob = key().seal(b"", &plaintext(b"x")).unwrap();
    assert!(opens(&key(), &blob, b""));
    assert!(!opens(&key(), &blob, b"\0"));
}

#[test]
fn the_same_material_in_another_key_does_not_open_a_blob() {
    let blob = key().seal(CONTEXT, &plaintext(b"x")).unwrap();
    assert!(!opens(&key_of(ACCOUNT, MRK, 0x42), &blob, CONTEXT));
    assert!(!opens(&key_of(b"111122223334", UUID, 0x42), &blob, CONTEXT));
}

#[test]
fn other_material_of_the_same_key_does_not_open_a_blob() {
    let blob = key().seal(CONTEXT, &plaintext(b"x")).unwrap();
    assert!(!opens(&key_of(ACCOUNT, UUID, 0x43), &blob, CONTEXT));
}

/// The comparison of headers is not what protects a blob: the derived key and the tag are.
#[test]
fn a_blob_relabelled_for_another_key_does_not_open_there() {
    let blob = key().seal(CONTEXT, &plaintext(b"x")).unwrap();
    let mut impostor = key_of(ACCOUNT, UUID, 0x43);
    impostor.scope = key().scope;
    assert!(!opens(&impostor, &blob, CONTEXT));

    let other = key_of(ACCOUNT, MRK, 0x42);
    let mut relabelled = blob;
    relabelled[..SCOPE_BYTES].copy_from_slice(&other.scope);
    assert!(!opens(&other, &relabelled, CONTEXT));
}

/// A replica of a multi-Region key is loaded from its own row, elsewhere; nothing else is shared.
#[test]
fn a_multi_region_key_opens_its_blobs_in_every_region() {
    let (here, there) = (key_of(ACCOUNT, MRK, 0x42), key_of(ACCOUNT, MRK, 0x42));
    let blob = here.seal(CONTEXT, &plaintext(b"x")).unwrap();
    assert!(opens(&there, &blob, CONTEXT));
}

#[test]
fn a_plaintext_beyond_the_format_is_refused() {
    let longest = key().seal(b"", &plaintext(&[1; PLAINTEXT_BYTES_MAX])).unwrap();
    assert_eq!(longest.len(), BLOB_BYTES_MAX);
    assert!(opens(&key(), &longest, b""));
    let longer = key().seal(b"", &plaintext(&[1; PLAINTEXT_BYTES_MAX + 1]));
    assert_eq!(longer.unwrap_err(), SealError::TooLong);
    assert_eq!(Header::parse(&[&longest[..], b"x"].concat()), None);
}

#[test]
fn another_format_or_suite_is_not_a_blob() {
    let blob = key().seal(b"", &plaintext(b"x")).unwrap();
    for position in 0..4 {
        let mut other = blob.clone();
        other[position] ^= 3;
        assert_eq!(Header::parse(&other), None);
    }
}

#[test]
fn an_opened_plaintext_holds_nothing_but_the_plaintext() {
    let blob = key().seal(CONTEXT, &plaintext(b"")).unwrap();
    assert!(key().open(&blob, CONTEXT).unwrap().is_empty());
}

proptest! {
    #[test]
    fn every_plaintext_round_trips_in_every_context(
        text in vec(any::<u8>(), 1..=4096),
        context in vec(any::<u8>(), 0..=512),
        material in vec(any::<u8>(), 32),
    ) {
        let name = KeyName::new(ACCOUNT, UUID).unwrap();
        let key = SymmetricKey::new(&name, &KeyMaterial::new(material)).unwrap();
        let blob = key.seal(&context, &plaintext(&text)).unwrap();
        assert_eq!(blob.len(), text.len() + BLOB_OVERHEAD_BYTES);
        assert_eq!(key.open(&blob, &context).unwrap().expose(), text);
    }

    #[test]
    fn no_bytes_make_the_parser_panic_or_the_key_open(bytes in vec(any::<u8>(), 0..300)) {
        let _ = Header::parse(&bytes);
        let framed = [header::FORMAT.as_slice(), &bytes].concat();
        let _ = Header::parse(&framed);
        assert!(!opens(&key(), &bytes, b""));
        assert!(!opens(&key(), &framed, b""));
    }
}
