//! Accounts.

use async_trait::async_trait;
use keyward_model::{AccountId, Timestamp};

use crate::{CanonicalRow, ChangeNumber, StoreError};

/// An account of the deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    /// The account.
    pub account: AccountId,
    /// When it was added.
    pub created_at: Timestamp,
    /// The service whose hidden account it is: the keys in it are owned by the service.
    pub owner_service: Option<String>,
}

impl AccountRecord {
    /// The table, as it stands in canonical rows.
    pub const TABLE: &'static str = "accounts";

    /// The shard that counts changes of the account.
    pub fn shard(account: &AccountId) -> u8 {
        ChangeNumber::shard_of(&[Self::TABLE.as_bytes(), account.as_bytes()])
    }

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        let row = CanonicalRow::new(Self::TABLE)
            .bytes(self.account.as_bytes())
            .integer(self.created_at.unix_ms());
        match &self.owner_service {
            None => row,
            Some(service) => row.columns_of_0003().bytes(service.as_bytes()),
        }
    }
}

/// Accounts.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The account.
    async fn find(&self, account: &AccountId) -> Result<Option<AccountRecord>, StoreError>;

    /// Every account, in the order of ids. An operator adds them one by one, so they are few.
    async fn list(&self) -> Result<Vec<AccountRecord>, StoreError>;
}
