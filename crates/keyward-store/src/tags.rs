//! Tags of keys.

use async_trait::async_trait;

use crate::{CanonicalRow, ScopedKey, StoreError};

/// One tag of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagRecord {
    /// The key.
    pub key: ScopedKey,
    /// `TagKey`.
    pub tag_key: String,
    /// `TagValue`.
    pub tag_value: String,
}

impl TagRecord {
    /// The table, as it stands in canonical rows.
    pub const TABLE: &'static str = "tags";

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        CanonicalRow::new(Self::TABLE)
            .bytes(self.key.scope.account.as_bytes())
            .bytes(self.key.scope.region.as_str().as_bytes())
            .bytes(self.key.key_id.as_bytes())
            .bytes(self.tag_key.as_bytes())
            .bytes(self.tag_value.as_bytes())
    }
}

/// Tags of keys.
#[async_trait]
pub trait Tags: Send + Sync {
    /// At most `limit` tags behind `after`, in the order of tag keys (by their UTF-8 bytes).
    async fn list(
        &self,
        key: &ScopedKey,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<TagRecord>, StoreError>;
}
