//! Sealed key material.

use async_trait::async_trait;
use keyward_model::{KeyMaterialId, KeyMaterialState, RotationType, Timestamp};

use crate::{CanonicalRow, ScopedKey, StoreError};

/// One version of a key's material. The sealed value authenticates itself; the row's code keeps
/// versions from being added or reassigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaterialRecord {
    /// The key.
    pub key: ScopedKey,
    /// The version.
    pub material_id: KeyMaterialId,
    /// The material, sealed under a domain key and bound to this row; absent while imported
    /// material is deleted, expired or not yet here.
    pub sealed: Option<Vec<u8>>,
    /// The public key of an asymmetric key, as SubjectPublicKeyInfo.
    pub public_key: Option<Vec<u8>>,
    /// `KeyMaterialState`.
    pub state: KeyMaterialState,
    /// `RotationDate`.
    pub rotated_at: Option<Timestamp>,
    /// `RotationType`.
    pub rotation_type: Option<RotationType>,
    /// `KeyMaterialDescription`.
    pub description: Option<String>,
    /// `ValidTo`.
    pub expires_at: Option<Timestamp>,
    /// When the material was made or first imported.
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
        let row = CanonicalRow::new(Self::TABLE)
            .bytes(self.key.scope.account.as_bytes())
            .bytes(self.key.scope.region.as_str().as_bytes())
            .bytes(self.key.key_id.as_bytes())
            .bytes(self.material_id.as_bytes())
            .bytes(self.sealed.as_deref().unwrap_or_default())
            .integer(self.created_at.unix_ms());
        if self.is_as_in_0001() {
            return row;
        }
        row.columns_of_0002()
            .integer(self.sealed.is_some().into())
            .optional(self.public_key.as_deref())
            .bytes(self.state.as_str().as_bytes())
            .optional_integer(self.rotated_at.map(Timestamp::unix_ms))
            .optional(self.rotation_type.map(|it| it.as_str().as_bytes()))
            .optional(self.description.as_deref().map(str::as_bytes))
            .optional_integer(self.expires_at.map(Timestamp::unix_ms))
    }

    /// Whether the columns of migration 0002 are at their defaults: the first release's keys had
    /// one version each, the current one.
    fn is_as_in_0001(&self) -> bool {
        self.sealed.is_some()
            && self.public_key.is_none()
            && self.state == KeyMaterialState::Current
            && self.rotated_at.is_none()
            && self.rotation_type.is_none()
            && self.description.is_none()
            && self.expires_at.is_none()
    }
}

/// Sealed key material.
#[async_trait]
pub trait Materials: Send + Sync {
    /// Every version of the key's material, oldest first.
    async fn list(&self, key: &ScopedKey) -> Result<Vec<MaterialRecord>, StoreError>;

    /// At most `limit` versions that are here and whose `ValidTo` is not after `now`, earliest
    /// first.
    async fn due_for_expiry(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(ScopedKey, KeyMaterialId)>, StoreError>;

    /// At most `limit` versions that are here and have a `ValidTo`, each with it, earliest first.
    async fn next_to_expire(&self, limit: u32) -> Result<Vec<(ScopedKey, Timestamp)>, StoreError>;
}
