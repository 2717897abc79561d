//! The header of a blob: which account, key and material it belongs to.

use keyward_model::KeyMaterialId;

use crate::envelope::{BLOB_BYTES_MAX, BLOB_OVERHEAD_BYTES};

pub(super) const FORMAT: [u8; 4] = [0x01, b'K', b'W', 0x01];
pub(super) const DERIVATION_NONCE_BYTES: usize = 16;
/// Format, account, key id, material id.
pub(super) const SCOPE_BYTES: usize = 4 + NAME_BYTES + KeyMaterialId::BYTES;
pub(super) const HEADER_BYTES: usize = SCOPE_BYTES + DERIVATION_NONCE_BYTES;

const ACCOUNT_BYTES: usize = 6;
const KEY_ID_BYTES: usize = 17;
const NAME_BYTES: usize = ACCOUNT_BYTES + KEY_ID_BYTES;
const ACCOUNTS: u64 = 1_000_000_000_000;
const KIND_UUID: u8 = 0;
const KIND_MRK: u8 = 1;
const MRK_PREFIX: &[u8] = b"mrk-";

/// The account and id of a key, known to be well formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyName {
    encoded: [u8; NAME_BYTES],
    key_id: [u8; 36],
}

impl KeyName {
    /// Twelve digits, and a lower-case UUID or `mrk-` with 32 lower-case hexadecimal digits.
    pub fn new(account: &[u8; 12], key_id: &[u8; 36]) -> Option<Self> {
        let mut encoded = [0; NAME_BYTES];
        let (number, id) = encoded.split_first_chunk_mut::<ACCOUNT_BYTES>()?;
        *number = encode_account(account)?;
        id.copy_from_slice(&encode_key_id(key_id)?);
        Some(Self { encoded, key_id: *key_id })
    }

    /// The key id as text.
    pub fn key_id(&self) -> &[u8; 36] {
        &self.key_id
    }
}

/// What a blob says about itself. Nothing here is proven until the blob opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The account that owns the key: twelve ASCII digits.
    pub account: [u8; 12],
    /// The id of the key, as in its ARN.
    pub key_id: [u8; 36],
    /// The material within the key.
    pub material_id: KeyMaterialId,
}

impl Header {
    /// Reads the header of a blob. `None` means that the bytes cannot be a blob of ours.
    pub fn parse(blob: &[u8]) -> Option<Self> {
        if !(BLOB_OVERHEAD_BYTES..=BLOB_BYTES_MAX).contains(&blob.len()) {
            return None;
        }
        let rest = blob.strip_prefix(FORMAT.as_slice())?;
        let (account, rest) = rest.split_first_chunk::<ACCOUNT_BYTES>()?;
        let (key_id, rest) = rest.split_first_chunk::<KEY_ID_BYTES>()?;
        let (material_id, _) = rest.split_first_chunk::<{ KeyMaterialId::BYTES }>()?;
        Some(Self {
            account: decode_account(*account)?,
            key_id: decode_key_id(key_id)?,
            material_id: KeyMaterialId::new(*material_id),
        })
    }
}

/// The part of the header that is the same for every blob of one material.
pub(super) fn scope(name: &KeyName, material_id: &KeyMaterialId) -> [u8; SCOPE_BYTES] {
    let mut scope = [0; SCOPE_BYTES];
    fill(&mut scope, &[&FORMAT, &name.encoded, material_id.as_bytes()]);
    scope
}

/// The whole header.
pub(super) fn with_nonce(
    scope: &[u8; SCOPE_BYTES],
    nonce: &[u8; DERIVATION_NONCE_BYTES],
) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    fill(&mut header, &[scope, nonce]);
    header
}

/// Joins parts whose lengths add up to that of `out`; the constants above see to that.
fn fill(out: &mut [u8], parts: &[&[u8]]) {
    for (byte, part) in out.iter_mut().zip(parts.iter().copied().flatten()) {
        *byte = *part;
    }
}

fn encode_account(account: &[u8; 12]) -> Option<[u8; ACCOUNT_BYTES]> {
    let mut number = 0_u64;
    for digit in account {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number * 10 + u64::from(digit - b'0');
    }
    let [0, 0, bytes @ ..] = number.to_be_bytes() else { return None };
    Some(bytes)
}

fn decode_account(bytes: [u8; ACCOUNT_BYTES]) -> Option<[u8; 12]> {
    let mut number = bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    if number >= ACCOUNTS {
        return None;
    }
    let mut account = [b'0'; 12];
    for digit in account.iter_mut().rev() {
        *digit += u8::try_from(number % 10).ok()?;
        number /= 10;
    }
    Some(account)
}

fn encode_key_id(key_id: &[u8; 36]) -> Option<[u8; KEY_ID_BYTES]> {
    let (kind, digits) = match key_id.strip_prefix(MRK_PREFIX) {
        Some(digits) => (KIND_MRK, <[u8; 32]>::try_from(digits).ok()?),
        None => (KIND_UUID, without_hyphens(key_id)?),
    };
    if digits.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    let mut encoded = [kind; KEY_ID_BYTES];
    hex::decode_to_slice(digits, encoded.split_first_mut()?.1).ok()?;
    Some(encoded)
}

fn decode_key_id(encoded: &[u8; KEY_ID_BYTES]) -> Option<[u8; 36]> {
    let (kind, raw) = encoded.split_first()?;
    let mut digits = [0; 32];
    hex::encode_to_slice(raw, &mut digits).ok()?;
    match *kind {
        KIND_UUID => Some(with_hyphens(&digits)),
        KIND_MRK => {
            let mut key_id = [0; 36];
            fill(&mut key_id, &[MRK_PREFIX, &digits]);
            Some(key_id)
        }
        _ => None,
    }
}

const fn is_hyphen(position: usize) -> bool {
    matches!(position, 8 | 13 | 18 | 23)
}

/// The 32 digits of a UUID, or `None` when the hyphens are not where they belong.
fn without_hyphens(uuid: &[u8; 36]) -> Option<[u8; 32]> {
    let mut digits = [0; 32];
    let mut free = digits.iter_mut();
    for (position, character) in uuid.iter().enumerate() {
        if is_hyphen(position) {
            if *character != b'-' {
                return None;
            }
        } else {
            *free.next()? = *character;
        }
    }
    Some(digits)
}

fn with_hyphens(digits: &[u8; 32]) -> [u8; 36] {
    let mut uuid = [b'-'; 36];
    let places = uuid.iter_mut().enumerate().filter(|(position, _)| !is_hyphen(*position));
    for ((_, place), digit) in places.zip(digits) {
        *place = *digit;
    }
    uuid
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &[u8; 36] = b"1234abcd-12ab-34cd-56ef-1234567890ab";
    const MRK: &[u8; 36] = b"mrk-1234abcd12ab34cd56ef1234567890ab";

    #[test]
    fn accounts_round_trip_at_both_ends() {
        for account in [b"000000000000", b"111122223333", b"999999999999"] {
            assert_eq!(decode_account(encode_account(account).unwrap()), Some(*account));
        }
        assert_eq!(encode_account(b"000000000258"), Some([0, 0, 0, 0, 1, 2]));
    }

    #[test]
    fn an_account_of_thirteen_digits_is_refused() {
        let thirteen = ACCOUNTS.to_be_bytes()[2..].try_into().unwrap();
        assert_eq!(decode_account(thirteen), None);
        assert_eq!(encode_account(b"11112222333x"), None);
    }

    #[test]
    fn key_ids_round_trip_and_the_kinds_differ() {
        for key_id in [UUID, MRK] {
            assert_eq!(decode_key_id(&encode_key_id(key_id).unwrap()), Some(*key_id));
        }
        let (uuid, mrk) = (encode_key_id(UUID).unwrap(), encode_key_id(MRK).unwrap());
        assert_eq!((uuid[0], mrk[0]), (0, 1));
        assert_eq!(uuid[1..], mrk[1..]);
    }

    #[test]
    fn a_key_id_has_one_spelling() {
        for wrong in [
            b"1234ABCD-12ab-34cd-56ef-1234567890ab",
            b"1234abcd012ab-34cd-56ef-1234567890ab",
            b"1234abcd--2ab-34cd-56ef-1234567890ab",
            b"1234abcg-12ab-34cd-56ef-1234567890ab",
            b"mrk-1234ABCD12ab34cd56ef1234567890ab",
            b"MRK-1234abcd12ab34cd56ef1234567890ab",
        ] {
            assert_eq!(KeyName::new(b"111122223333", wrong), None);
        }
    }

    #[test]
    fn an_unknown_kind_of_key_id_is_refused() {
        assert_eq!(decode_key_id(&[2; KEY_ID_BYTES]), None);
    }
}
