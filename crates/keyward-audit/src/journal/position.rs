//! Places in the journal.

use std::fmt;
use std::str::FromStr;

/// A byte place in the journal: between two lines, wherever this crate hands one out. Written
/// `segment:offset`, as what follows the journal keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JournalPosition {
    /// The number of a segment. Numbers rise; some may be missing between two.
    pub segment: u64,
    /// Bytes before this place in the segment.
    pub offset: u64,
}

/// Text that is no [`JournalPosition`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a place in the journal is `segment:offset`, two numbers")]
pub struct InvalidPosition;

impl fmt::Display for JournalPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.segment, self.offset)
    }
}

impl FromStr for JournalPosition {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let (segment, offset) = text.split_once(':').ok_or(InvalidPosition)?;
        let number = |digits: &str| {
            let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|_| is_plain).ok_or(InvalidPosition)
        };
        Ok(Self { segment: number(segment)?, offset: number(offset)? })
    }
}
