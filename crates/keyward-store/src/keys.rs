//! KMS keys.

use async_trait::async_trait;
use keyward_model::{
    KeyId, KeyManager, KeyMaterialId, KeySpec, KeyState, KeyUsage, Origin, Timestamp,
};

use crate::{CanonicalRow, Scope, ScopedKey, StoreError, Versioned};

/// A KMS key without its material, policy, aliases and tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key.
    pub key: ScopedKey,
    /// `KeySpec`.
    pub spec: KeySpec,
    /// `KeyUsage`.
    pub usage: KeyUsage,
    /// `Origin`.
    pub origin: Origin,
    /// `KeyManager`.
    pub manager: KeyManager,
    /// `KeyState`.
    pub state: KeyState,
    /// `MultiRegion`.
    pub is_multi_region: bool,
    /// `Description`.
    pub description: String,
    /// `CreationDate`.
    pub created_at: Timestamp,
    /// `DeletionDate`; present exactly in `PendingDeletion`.
    pub deletion_date: Option<Timestamp>,
    /// The waiting period chosen when deletion was scheduled.
    pub pending_window_days: Option<u32>,
    /// The material that encrypts.
    pub current_material: Option<KeyMaterialId>,
}

impl KeyRecord {
    /// The table, as it stands in canonical rows and seal bindings.
    pub const TABLE: &'static str = "keys";

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        let integer = |value: i64| value.to_be_bytes();
        let ScopedKey { scope, key_id } = &self.key;
        CanonicalRow::new(Self::TABLE)
            .bytes(scope.account.as_bytes())
            .bytes(scope.region.as_str().as_bytes())
            .bytes(key_id.as_bytes())
            .bytes(self.spec.as_str().as_bytes())
            .bytes(self.usage.as_str().as_bytes())
            .bytes(self.origin.as_str().as_bytes())
            .bytes(self.manager.as_str().as_bytes())
            .bytes(self.state.as_str().as_bytes())
            .integer(i64::from(self.is_multi_region))
            .bytes(self.description.as_bytes())
            .integer(self.created_at.unix_ms())
            .optional(self.deletion_date.map(|at| integer(at.unix_ms())).as_ref().map(|b| &b[..]))
            .optional(self.pending_window_days.map(u32::to_be_bytes).as_ref().map(|b| &b[..]))
            .optional(self.current_material.as_ref().map(|id| &id.as_bytes()[..]))
    }
}

/// KMS keys.
#[async_trait]
pub trait Keys: Send + Sync {
    /// The key.
    async fn find(&self, key: &ScopedKey) -> Result<Option<Versioned<KeyRecord>>, StoreError>;

    /// At most `limit` key ids behind `after`, in the order of ids.
    async fn list(
        &self,
        scope: &Scope,
        after: Option<&KeyId>,
        limit: u32,
    ) -> Result<Vec<KeyId>, StoreError>;

    /// At most `limit` keys whose deletion date is not after `now`, earliest first.
    async fn due_for_deletion(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<ScopedKey>, StoreError>;
}
