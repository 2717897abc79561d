//! Sealed key material.

use async_trait::async_trait;
use keyward_model::{KeyMaterialId, Timestamp};

use crate::{CanonicalRow, ScopedKey, StoreError};

/// One version of a key's material. The sealed value authenticates itself; the row's code keeps
/// versions from being added or reassigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaterialRecord {
    /// The key.
    pub key: ScopedKey,
    /// The version.
    pub material_id: KeyMaterialId,
    /// The material, sealed under a domain key and bound to this row.
    pub sealed: Vec<u8>,
    /// When the material was made.
    pub created_at: Timestamp,
}

impl MaterialRecord {
    /// The table, as it stands in canonical rows and seal bindings.
    pub const TABLE: &'static str = "key_materials";

    /// The row's identity, as it stands in seal bindings.
    pub fn row_identity(key: &ScopedKey, material_id: &KeyMaterialId) -> Vec<u8> {
        let mut row = Vec::with_capacity(12 + 36 + 32 + 32);
        row.extend_from_slice(key.scope.account.as_bytes());
        row.extend_from_slice(key.key_id.as_bytes());
        row.extend_from_slice(material_id.as_bytes());
        row.extend_from_slice(key.scope.region.as_str().as_bytes());
        row
    }

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        CanonicalRow::new(Self::TABLE)
            .bytes(self.key.scope.account.as_bytes())
            .bytes(self.key.scope.region.as_str().as_bytes())
            .bytes(self.key.key_id.as_bytes())
            .bytes(self.material_id.as_bytes())
            .bytes(&self.sealed)
            .integer(self.created_at.unix_ms())
    }
}

/// Sealed key material.
#[async_trait]
pub trait Materials: Send + Sync {
    /// Every version of the key's material, oldest first.
    async fn list(&self, key: &ScopedKey) -> Result<Vec<MaterialRecord>, StoreError>;
}
