//! Aliases.

use async_trait::async_trait;
use keyward_model::{AliasName, KeyId, Timestamp};

use crate::{CanonicalRow, Scope, ScopedAlias, ScopedKey, StoreError, Versioned};

/// A friendly name for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasRecord {
    /// The alias.
    pub alias: ScopedAlias,
    /// The key it points to, in the same account and Region.
    pub target: KeyId,
    /// `CreationDate`.
    pub created_at: Timestamp,
    /// `LastUpdatedDate`.
    pub updated_at: Timestamp,
}

impl AliasRecord {
    /// The table, as it stands in canonical rows.
    pub const TABLE: &'static str = "aliases";

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        CanonicalRow::new(Self::TABLE)
            .bytes(self.alias.scope.account.as_bytes())
            .bytes(self.alias.scope.region.as_str().as_bytes())
            .bytes(self.alias.name.as_str().as_bytes())
            .bytes(self.target.as_bytes())
            .integer(self.created_at.unix_ms())
            .integer(self.updated_at.unix_ms())
    }
}

/// Aliases.
#[async_trait]
pub trait Aliases: Send + Sync {
    /// The alias.
    async fn find(&self, alias: &ScopedAlias)
    -> Result<Option<Versioned<AliasRecord>>, StoreError>;

    /// At most `limit` aliases behind `after`, in the order of names.
    async fn list(
        &self,
        scope: &Scope,
        after: Option<&AliasName>,
        limit: u32,
    ) -> Result<Vec<AliasRecord>, StoreError>;

    /// The same, of one key.
    async fn list_of_key(
        &self,
        key: &ScopedKey,
        after: Option<&AliasName>,
        limit: u32,
    ) -> Result<Vec<AliasRecord>, StoreError>;
}
