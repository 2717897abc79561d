//! Accounts.

use async_trait::async_trait;
use keyward_model::{AccountId, Timestamp};

use crate::{CanonicalRow, StoreError};

/// An account of the deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    /// The account.
    pub account: AccountId,
    /// When it was added.
    pub created_at: Timestamp,
}

impl AccountRecord {
    /// The table, as it stands in canonical rows.
    pub const TABLE: &'static str = "accounts";

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        CanonicalRow::new(Self::TABLE)
            .bytes(self.account.as_bytes())
            .integer(self.created_at.unix_ms())
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
