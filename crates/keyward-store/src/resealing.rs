//! Rows still under an older domain key.

use async_trait::async_trait;

use crate::StoreError;

/// A row whose sealed value or authentication code was made under an older domain key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleRow {
    /// The table.
    pub table: &'static str,
    /// The backend's own handle on the row.
    pub handle: i64,
    /// The row's identity as its seal binding names it; empty for a table without a sealed column.
    pub identity: Vec<u8>,
    /// The sealed value, if the row has one. [`crate::Write::Reseal`] stores it as it stands here.
    pub sealed: Option<Vec<u8>>,
    /// The sealed value the row held when it was listed; the write is a no-op if it has changed.
    pub previous: Option<Vec<u8>>,
}

/// Rows still under an older domain key.
#[async_trait]
pub trait Resealing: Send + Sync {
    /// At most `limit` rows made under a domain key numbered below `current`. They are listed
    /// unchecked; [`crate::Write::Reseal`] checks each.
    async fn stale(&self, current: u32, limit: u32) -> Result<Vec<StaleRow>, StoreError>;
}
