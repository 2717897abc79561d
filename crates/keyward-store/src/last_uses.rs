//! The last use of each key.

use async_trait::async_trait;
use keyward_model::{RequestId, Timestamp};
use uuid::Uuid;

use crate::{CanonicalRow, ChangeNumber, Scope, ScopedKey, StoreError};

/// The last cryptographic operation a key served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastUseRecord {
    /// The key.
    pub key: ScopedKey,
    /// The operation.
    pub operation: String,
    /// When it was served.
    pub used_at: Timestamp,
    /// `eventID` of its audit record.
    pub event_id: Uuid,
    /// Its request's id.
    pub request_id: RequestId,
}

impl LastUseRecord {
    /// The table, as it stands in canonical rows.
    pub const TABLE: &'static str = "last_uses";

    /// The shard that counts changes of the key's last use: not the key's own, for uses change
    /// nothing of what is loaded of a key.
    pub fn shard(key: &ScopedKey) -> u8 {
        let Scope { account, region } = &key.scope;
        ChangeNumber::shard_of(&[
            Self::TABLE.as_bytes(),
            account.as_bytes(),
            region.as_str().as_bytes(),
            key.key_id.as_bytes(),
        ])
    }

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        CanonicalRow::new(Self::TABLE)
            .bytes(self.key.scope.account.as_bytes())
            .bytes(self.key.scope.region.as_str().as_bytes())
            .bytes(self.key.key_id.as_bytes())
            .bytes(self.operation.as_bytes())
            .integer(self.used_at.unix_ms())
            .bytes(self.event_id.as_bytes())
            .bytes(self.request_id.as_bytes())
    }
}

/// The last use of each key.
#[async_trait]
pub trait LastUses: Send + Sync {
    /// The last use of the key; `None` when none was written yet.
    async fn find(&self, key: &ScopedKey) -> Result<Option<LastUseRecord>, StoreError>;
}
