//! Authentication codes of the rows that decide.

use crate::StoreError;

/// The authentication code of a row: the number of the domain key it was made under, big-endian,
/// and an HMAC-SHA-256.
pub type RowTag = [u8; 36];

/// Makes and checks the authentication codes of rows. Backends know nothing of the key.
pub trait RowAuthenticator: Send + Sync {
    /// The code of a row in its canonical form, under the current domain key.
    fn tag(&self, row: &[u8]) -> Result<RowTag, StoreError>;

    /// Whether `tag` is the code of `row` under the domain key it names. Constant time.
    fn check(&self, row: &[u8], tag: &[u8]) -> bool;

    /// The number of the domain key a sealed value names; `None` when it names none. A value sealed
    /// just before a rotation may commit just after it, so its row's code does not tell.
    fn sealed_under(&self, sealed: &[u8]) -> Option<u32>;
}

/// The canonical form of a row: table, columns and change number, each behind its length, so that
/// no two rows share one form.
#[derive(Debug)]
pub struct CanonicalRow {
    bytes: Vec<u8>,
}

impl CanonicalRow {
    /// Starts the form of a row of `table`.
    pub fn new(table: &'static str) -> Self {
        Self { bytes: Vec::with_capacity(256) }.bytes(table.as_bytes())
    }

    /// Adds a column of bytes or text.
    #[must_use]
    pub fn bytes(mut self, column: &[u8]) -> Self {
        // A column longer than 4 GiB cannot be stored; saturating keeps this total.
        let length = u32::try_from(column.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(column);
        self
    }

    /// Adds an integer column.
    #[must_use]
    pub fn integer(self, column: i64) -> Self {
        self.bytes(&column.to_be_bytes())
    }

    /// Adds a column that may be absent; absence differs from every value.
    #[must_use]
    pub fn optional(mut self, column: Option<&[u8]>) -> Self {
        self.bytes.push(u8::from(column.is_some()));
        match column {
            Some(column) => self.bytes(column),
            None => self,
        }
    }

    /// The form, closed with the row's change number.
    pub fn finish(self, change: crate::ChangeNumber) -> Vec<u8> {
        self.bytes(&[change.shard]).bytes(&change.number.to_be_bytes()).bytes
    }
}
