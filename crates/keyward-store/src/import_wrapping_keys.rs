//! Keys to wrap imported material under.

use async_trait::async_trait;
use keyward_model::{Timestamp, WrappingAlgorithm, WrappingKeySpec};

use crate::{CanonicalRow, ChangeNumber, ScopedKey, StoreError};

/// Names the import wrapping key that an import token belongs to.
pub type ImportTokenId = [u8; 32];

/// A key pair whose public half a client wraps material under to import it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportWrappingKeyRecord {
    /// What the import token names it by.
    pub token_id: ImportTokenId,
    /// The KMS key the material is for.
    pub key: ScopedKey,
    /// `WrappingAlgorithm`.
    pub algorithm: WrappingAlgorithm,
    /// `WrappingKeySpec`.
    pub wrapping_key_spec: WrappingKeySpec,
    /// The private key, sealed under a domain key and bound to this row.
    pub sealed_private_key: Vec<u8>,
    /// `ParametersValidTo`.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

impl ImportWrappingKeyRecord {
    /// The table, as it stands in canonical rows and seal bindings. The row's identity there is the
    /// token id.
    pub const TABLE: &'static str = "import_wrapping_keys";

    /// The shard that counts changes of the import wrapping key.
    pub fn shard(token_id: &ImportTokenId) -> u8 {
        ChangeNumber::shard_of(&[Self::TABLE.as_bytes(), token_id])
    }

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        CanonicalRow::new(Self::TABLE)
            .bytes(&self.token_id)
            .bytes(self.key.scope.account.as_bytes())
            .bytes(self.key.scope.region.as_str().as_bytes())
            .bytes(self.key.key_id.as_bytes())
            .bytes(self.algorithm.as_str().as_bytes())
            .bytes(self.wrapping_key_spec.as_str().as_bytes())
            .bytes(&self.sealed_private_key)
            .integer(self.expires_at.unix_ms())
            .integer(self.created_at.unix_ms())
    }
}

/// Keys to wrap imported material under.
#[async_trait]
pub trait ImportWrappingKeys: Send + Sync {
    /// The import wrapping key, expired or not.
    async fn find(
        &self,
        token_id: &ImportTokenId,
    ) -> Result<Option<ImportWrappingKeyRecord>, StoreError>;

    /// At most `limit` import wrapping keys whose end is not after `now`, earliest first.
    async fn expired(&self, now: Timestamp, limit: u32) -> Result<Vec<ImportTokenId>, StoreError>;
}
