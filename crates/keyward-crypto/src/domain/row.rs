//! The tag of a row that decides: domain key number, then HMAC-SHA-256 over the row's canonical
//! bytes. What those bytes are (table, identity, columns, change number) is the store's business;
//! they must be unambiguous.

use aws_lc_rs::hmac;

use crate::domain::DomainKeys;
use crate::error::ModuleFailure;

/// Length of a row tag.
pub const ROW_TAG_BYTES: usize = 36;

const NUMBER_BYTES: usize = 4;

/// A row's tag, kept beside the row. It is not secret.
pub type RowTag = [u8; ROW_TAG_BYTES];

impl DomainKeys {
    /// Tags a row under the current domain key.
    pub fn tag_row(&self, canonical: &[u8]) -> Result<RowTag, ModuleFailure> {
        let key = self.current();
        let mut tag = [0; ROW_TAG_BYTES];
        let (number, mac) = tag.split_first_chunk_mut::<NUMBER_BYTES>().ok_or(ModuleFailure)?;
        *number = key.number.to_be_bytes();
        hmac::sign_to_buffer(&key.rows, canonical, mac).map_err(|_| ModuleFailure)?;
        Ok(tag)
    }

    /// Whether the tag is this row's, under any domain key of the ring. Constant time in the tag.
    pub fn check_row(&self, canonical: &[u8], tag: &[u8]) -> bool {
        let Some((number, mac)) = tag.split_first_chunk::<NUMBER_BYTES>() else { return false };
        self.find(u32::from_be_bytes(*number))
            .is_some_and(|key| hmac::verify(&key.rows, canonical, mac).is_ok())
    }
}

/// The domain key a row is tagged under: to find rows left to tag again after a rotation, and to
/// tell a tag this node cannot check yet from a false one.
pub fn row_tag_key_number(tag: &[u8]) -> Option<u32> {
    let tag = RowTag::try_from(tag).ok()?;
    tag.first_chunk().map(|number| u32::from_be_bytes(*number))
}
