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

    /// Adds an integer column that may be absent.
    #[must_use]
    pub fn optional_integer(self, column: Option<i64>) -> Self {
        self.optional(column.map(i64::to_be_bytes).as_ref().map(|bytes| &bytes[..]))
    }

    /// Goes on with the columns that migration 0002 gave an older table. A row carries them only
    /// when one of them is not at its default, so that rows written before keep their codes.
    ///
    /// No two rows share a form all the same: where the older columns end, the older form goes on
    /// with the change's shard, a field of one byte, and this one with a label, a longer field. Nor
    /// is the label taken for one more Region where Regions come last: it holds spaces.
    #[must_use]
    pub fn columns_of_0002(self) -> Self {
        self.bytes(b"columns of 0002")
    }

    /// Goes on with the columns that migration 0003 gave an older table, likewise.
    #[must_use]
    pub fn columns_of_0003(self) -> Self {
        self.bytes(b"columns of 0003")
    }

    /// Goes on with the columns that migration 0005 gave an older table, likewise.
    #[must_use]
    pub fn columns_of_0005(self) -> Self {
        self.bytes(b"columns of 0005")
    }

    /// The form, closed with the row's change number.
    pub fn finish(self, change: crate::ChangeNumber) -> Vec<u8> {
        self.bytes(&[change.shard]).bytes(&change.number.to_be_bytes()).bytes
    }
}
