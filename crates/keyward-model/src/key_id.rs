//! Key ids.

use std::fmt;
use std::str::FromStr;

use crate::random::{Rng, new_uuid};

/// A KMS key id: a lower-case UUID, or `mrk-` and 32 lower-case hex digits for a multi-Region key.
/// Both are 36 characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; 36]);

/// Text that has neither form of a key id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key id is a lower-case UUID, or `mrk-` and 32 hex digits")]
pub struct NotAKeyId;

const MULTI_REGION_PREFIX: &str = "mrk-";

impl KeyId {
    /// A new id for a single-Region key.
    pub fn single_region(rng: &dyn Rng) -> Self {
        let mut id = [0_u8; 36];
        new_uuid(rng).hyphenated().encode_lower(&mut id);
        Self(id)
    }

    /// A new id for a multi-Region key.
    pub fn multi_region(rng: &dyn Rng) -> Self {
        let mut id = [0_u8; 36];
        let (prefix, digits) = id.split_at_mut(MULTI_REGION_PREFIX.len());
        prefix.copy_from_slice(MULTI_REGION_PREFIX.as_bytes());
        new_uuid(rng).simple().encode_lower(digits);
        Self(id)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        // Only ASCII gets in, so the fallback is never taken.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The id as ASCII bytes.
    pub const fn as_bytes(&self) -> &[u8; 36] {
        &self.0
    }

    /// Whether the id is that of a multi-Region key.
    pub fn is_multi_region(&self) -> bool {
        self.as_str().starts_with(MULTI_REGION_PREFIX)
    }
}

impl FromStr for KeyId {
    type Err = NotAKeyId;

    fn from_str(text: &str) -> Result<Self, NotAKeyId> {
        let id: [u8; 36] = text.as_bytes().try_into().map_err(|_| NotAKeyId)?;
        let is_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        let is_key_id = if text.starts_with(MULTI_REGION_PREFIX) {
            id.iter().skip(MULTI_REGION_PREFIX.len()).all(|&b| is_hex(b))
        } else {
            id.iter().enumerate().all(|(at, &b)| match at {
                8 | 13 | 18 | 23 => b == b'-',
                _ => is_hex(b),
            })
        };
        if is_key_id { Ok(Self(id)) } else { Err(NotAKeyId) }
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for KeyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_key_id_are_read_and_nothing_else() {
        let single: KeyId = "1234abcd-12ab-34cd-56ef-1234567890ab".parse().unwrap();
        let multi: KeyId = "mrk-1234abcd12ab34cd56ef1234567890ab".parse().unwrap();
        assert!(!single.is_multi_region());
        assert!(multi.is_multi_region());
        for text in [
            "",
            "1234abcd",
            "1234ABCD-12ab-34cd-56ef-1234567890ab",
            "1234abcd-12ab-34cd-56ef-1234567890a",
            "mrk-1234abcd12ab34cd56ef1234567890ag",
            "1234abcdx12ab-34cd-56ef-1234567890ab",
        ] {
            assert_eq!(text.parse::<KeyId>(), Err(NotAKeyId), "{text}");
        }
    }
}
