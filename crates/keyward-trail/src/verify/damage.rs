//! Where a file differs from what was delivered, as exactly as can be told.

use std::fmt;

use crate::format::{
    BLOCK_BYTES, BLOCK_SUM_BYTES, GunzipError, block_sum, foreign_header_byte, gunzip,
};

/// The first place where a file differs from what was delivered. Offsets count the bytes of the
/// file as it lies there, from 0, unless they are said to be of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Data was added behind the end.
    Appended {
        /// Where the file ended.
        offset: usize,
    },
    /// This byte was changed.
    Byte {
        /// Which.
        offset: usize,
        /// What it is.
        found: u8,
        /// What it was.
        delivered: u8,
    },
    /// The first change is among these bytes.
    Block {
        /// The first of them.
        from: usize,
        /// Behind the last of them.
        to: usize,
    },
    /// The content is not what was signed; where it was changed cannot be told.
    Content,
    /// The content is not JSON from this byte of the content on.
    Json {
        /// Which.
        offset: usize,
    },
    /// The compressed stream breaks at this byte at the latest.
    Stream {
        /// Which.
        offset: usize,
    },
    /// The content is longer than any that was delivered.
    TooLong,
    /// The file ends here.
    Truncated {
        /// How long it is.
        offset: usize,
        /// How long it was, if that is known.
        delivered: Option<u64>,
    },
}

/// What is known of a file as it was delivered.
#[derive(Clone, Copy)]
pub(super) struct Delivered<'a> {
    /// Its length as stored.
    pub(super) stored_bytes: u64,
    /// The checksums of its blocks.
    pub(super) blocks: &'a [u8],
}

/// The content of a stored file, or where it was damaged. Content that was compressed anew is as
/// damaged as any: the file is not the one that was delivered.
pub(super) fn open(
    stored: &[u8],
    content_bytes_max: usize,
    delivered: Option<Delivered<'_>>,
) -> Result<Vec<u8>, Damage> {
    if let Some(damage) = delivered.and_then(|delivered| delivered.first_difference(stored)) {
        return Err(damage);
    }
    let content = gunzip(stored, content_bytes_max).map_err(|error| match error {
        GunzipError::Corrupt { offset } => Damage::Stream { offset },
        GunzipError::TrailingData { offset } => Damage::Appended { offset },
        GunzipError::TooLong { .. } => Damage::TooLong,
        GunzipError::Truncated { bytes } => Damage::Truncated { offset: bytes, delivered: None },
    })?;
    // The header's bytes have no part in the content, so that only their own values tell.
    match foreign_header_byte(stored) {
        Some(offset) => Err(Damage::Stream { offset }),
        None => Ok(content),
    }
}

/// Why content with another hash than the signed one is wrong.
pub(super) fn of_content(content: &[u8]) -> Damage {
    match serde_json::from_slice::<serde::de::IgnoredAny>(content) {
        Ok(_) => Damage::Content,
        Err(error) => Damage::Json { offset: offset_of(content, error.line(), error.column()) },
    }
}

/// The first place where two files differ of which both are at hand.
pub(super) fn between(found: &[u8], delivered: &[u8]) -> Option<Damage> {
    let differing = found.iter().zip(delivered).position(|(found, delivered)| found != delivered);
    if let Some(offset) = differing {
        let byte = |bytes: &[u8]| bytes.get(offset).copied().unwrap_or_default();
        return Some(Damage::Byte { offset, found: byte(found), delivered: byte(delivered) });
    }
    by_length(found.len(), u64::try_from(delivered.len()).unwrap_or(u64::MAX))
}

impl Delivered<'_> {
    fn first_difference(&self, stored: &[u8]) -> Option<Damage> {
        // The last block may be short, and then it has a checksum only at its full length.
        let length = usize::try_from(self.stored_bytes).unwrap_or(usize::MAX);
        let as_delivered = stored.get(..length).unwrap_or(stored);
        for (index, block) in as_delivered.chunks(BLOCK_BYTES).enumerate() {
            let from = index * BLOCK_BYTES;
            let to = from + block.len();
            let is_cut = to == stored.len() && to < length && block.len() < BLOCK_BYTES;
            let sum = self.blocks.chunks(BLOCK_SUM_BYTES).nth(index);
            if !is_cut && sum != Some(&block_sum(block)[..]) {
                return Some(changed_byte(block, from, sum).unwrap_or(Damage::Block { from, to }));
            }
        }
        by_length(stored.len(), self.stored_bytes)
    }
}

fn by_length(found: usize, delivered: u64) -> Option<Damage> {
    match u64::try_from(found).unwrap_or(u64::MAX).cmp(&delivered) {
        std::cmp::Ordering::Less => {
            Some(Damage::Truncated { offset: found, delivered: Some(delivered) })
        }
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => {
            Some(Damage::Appended { offset: usize::try_from(delivered).unwrap_or(found) })
        }
    }
}

/// The one byte of the block whose change explains its checksum. Another change of several bytes
/// is taken for it once in 2³² / 65,280 blocks.
fn changed_byte(block: &[u8], from: usize, sum: Option<&[u8]>) -> Option<Damage> {
    let sum = sum?;
    let mut tried = block.to_vec();
    for place in 0..tried.len() {
        let found = tried.get(place).copied()?;
        for delivered in (0..=u8::MAX).filter(|value| *value != found) {
            *tried.get_mut(place)? = delivered;
            if block_sum(&tried)[..] == *sum {
                return Some(Damage::Byte { offset: from + place, found, delivered });
            }
        }
        *tried.get_mut(place)? = found;
    }
    None
}

/// The place that a line and a column name, both from 1.
fn offset_of(content: &[u8], line: usize, column: usize) -> usize {
    let lines = content.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines.take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    before + column.saturating_sub(1)
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Appended { offset } => {
                write!(f, "data was added behind its end, from byte {offset} on")
            }
            Self::Byte { offset, found, delivered } => write!(
                f,
                "byte {offset} was changed: it is 0x{found:02x} and was 0x{delivered:02x}"
            ),
            Self::Block { from, to } => {
                write!(f, "changed: the first change is among bytes {from} to {}", to - 1)
            }
            Self::Content => f.write_str("the content was changed: it has another hash"),
            Self::Json { offset } => {
                write!(f, "the content was changed: it breaks at its byte {offset}")
            }
            Self::Stream { offset } => {
                write!(f, "the compressed data was changed at or before byte {offset}")
            }
            Self::TooLong => f.write_str("the content is longer than any that is delivered"),
            Self::Truncated { offset, delivered: Some(delivered) } => {
                write!(f, "truncated: it ends at byte {offset} of {delivered}")
            }
            Self::Truncated { offset, delivered: None } => {
                write!(f, "truncated: it ends at byte {offset}")
            }
        }
    }
}
