//! Access keys.

use std::str::FromStr;

use async_trait::async_trait;
use keyward_model::{AccessKeyId, AccountId, Timestamp, UnknownValue};

use crate::{CanonicalRow, ChangeNumber, StoreError};

/// Whether an access key may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialStatus {
    /// It may.
    Active,
    /// It may not, until it is made active again.
    Inactive,
}

/// An access key of an account's root user, with its secret sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialRecord {
    /// The access key.
    pub access_key_id: AccessKeyId,
    /// The account whose root user it stands for.
    pub account: AccountId,
    /// Whether it may sign.
    pub status: CredentialStatus,
    /// The secret access key, sealed under a domain key and bound to this row.
    pub sealed_secret: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl CredentialStatus {
    /// The word stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
        }
    }
}

impl FromStr for CredentialStatus {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "Active" => Ok(Self::Active),
            "Inactive" => Ok(Self::Inactive),
            _ => Err(UnknownValue),
        }
    }
}

impl CredentialRecord {
    /// The table, as it stands in canonical rows and seal bindings.
    pub const TABLE: &'static str = "credentials";

    /// The shard that counts changes of the access key. It takes nothing but the id, so that whoever
    /// remembers that an id is unknown knows which shard would tell otherwise.
    pub fn shard(id: &AccessKeyId) -> u8 {
        ChangeNumber::shard_of(&[Self::TABLE.as_bytes(), id.as_str().as_bytes()])
    }

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        CanonicalRow::new(Self::TABLE)
            .bytes(self.access_key_id.as_str().as_bytes())
            .bytes(self.account.as_bytes())
            .bytes(self.status.as_str().as_bytes())
            .bytes(&self.sealed_secret)
            .integer(self.created_at.unix_ms())
    }
}

/// Access keys.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// The access key.
    async fn find(&self, id: &AccessKeyId) -> Result<Option<CredentialRecord>, StoreError>;

    /// Every access key of the account's root user.
    async fn list(&self, account: &AccountId) -> Result<Vec<CredentialRecord>, StoreError>;
}
