//! Key policies.

use async_trait::async_trait;

use crate::{CanonicalRow, ScopedKey, StoreError, Versioned};

/// The `default` policy of a key, as the client sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRecord {
    /// The key.
    pub key: ScopedKey,
    /// The document's text.
    pub document: String,
}

impl PolicyRecord {
    /// The table, as it stands in canonical rows.
    pub const TABLE: &'static str = "key_policies";

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        CanonicalRow::new(Self::TABLE)
            .bytes(self.key.scope.account.as_bytes())
            .bytes(self.key.scope.region.as_str().as_bytes())
            .bytes(self.key.key_id.as_bytes())
            .bytes(self.document.as_bytes())
    }
}

/// Key policies.
#[async_trait]
pub trait Policies: Send + Sync {
    /// The key's policy.
    async fn find(&self, key: &ScopedKey) -> Result<Option<Versioned<PolicyRecord>>, StoreError>;
}
