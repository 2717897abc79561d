//! Internal services that an operator has registered.

use std::str::FromStr;

use async_trait::async_trait;
use keyward_model::{AccountId, Timestamp, UniqueId, UnknownValue};

use crate::{CanonicalRow, ChangeNumber, StoreError};

/// For whom a registered service calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceKind {
    /// For itself: it is the principal.
    AsItself,
    /// For a principal of its account, who is the caller.
    OnBehalf,
}

/// A service that may call for itself or for principals of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceRecord {
    /// The first label of its principal: `s3` is `s3.amazonaws.com`.
    pub name: String,
    /// The account it is registered in; with the name it says which registration this is.
    pub account: AccountId,
    /// For whom it calls.
    pub kind: ServiceKind,
    /// `aws:SourceArn` of its calls.
    pub source_arn: Option<String>,
    /// `aws:SourceAccount` of its calls.
    pub source_account: Option<AccountId>,
    /// The role of the account whose policies apply to it.
    pub role: Option<UniqueId>,
    /// The hidden account whose keys it owns.
    pub owned_account: Option<AccountId>,
    /// When it was registered.
    pub created_at: Timestamp,
}

impl ServiceKind {
    /// The word stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AsItself => "as-itself",
            Self::OnBehalf => "on-behalf",
        }
    }
}

impl FromStr for ServiceKind {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "as-itself" => Ok(Self::AsItself),
            "on-behalf" => Ok(Self::OnBehalf),
            _ => Err(UnknownValue),
        }
    }
}

impl ServiceRecord {
    /// The table, as it stands in canonical rows.
    pub const TABLE: &'static str = "services";

    /// The shard that counts changes of the registration.
    pub fn shard(name: &str, account: &AccountId) -> u8 {
        ChangeNumber::shard_of(&[Self::TABLE.as_bytes(), name.as_bytes(), account.as_bytes()])
    }

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        let account = |it: &Option<AccountId>| it.map(|it| *it.as_bytes());
        CanonicalRow::new(Self::TABLE)
            .bytes(self.name.as_bytes())
            .bytes(self.account.as_bytes())
            .bytes(self.kind.as_str().as_bytes())
            .optional(self.source_arn.as_deref().map(str::as_bytes))
            .optional(account(&self.source_account).as_ref().map(|it| &it[..]))
            .optional(self.role.map(|id| id.to_string()).as_deref().map(str::as_bytes))
            .optional(account(&self.owned_account).as_ref().map(|it| &it[..]))
            .integer(self.created_at.unix_ms())
    }
}

/// Internal services that an operator has registered.
#[async_trait]
pub trait Services: Send + Sync {
    /// The service as registered in the account.
    async fn find(
        &self,
        name: &str,
        account: &AccountId,
    ) -> Result<Option<ServiceRecord>, StoreError>;

    /// Every registration, by name and account. An operator adds them one by one, so they are few.
    async fn list(&self) -> Result<Vec<ServiceRecord>, StoreError>;
}
