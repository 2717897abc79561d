//! Access keys.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use keyward_model::{AccessKeyId, AccountId, Timestamp, UniqueId, UnknownValue};

use crate::{CanonicalRow, ChangeNumber, StoreError};

/// Whether an access key may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialStatus {
    /// It may.
    Active,
    /// It may not, until it is made active again.
    Inactive,
}

/// Whose an access key is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CredentialOwner {
    /// The account's root user.
    Root,
    /// A registered service, by the name it is registered under in the account.
    Service(String),
    /// A user.
    User(UniqueId),
}

/// An access key, with its secret sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialRecord {
    /// The access key.
    pub access_key_id: AccessKeyId,
    /// The account of its owner.
    pub account: AccountId,
    /// Whose it is.
    pub owner: CredentialOwner,
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

impl fmt::Display for CredentialOwner {
    /// The text stored.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("root"),
            Self::Service(name) => write!(f, "service/{name}"),
            Self::User(id) => write!(f, "user/{id}"),
        }
    }
}

impl FromStr for CredentialOwner {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text.split_once('/') {
            None if text == "root" => Ok(Self::Root),
            Some(("service", name)) => Ok(Self::Service(name.to_owned())),
            Some(("user", id)) => id.parse().map(Self::User).map_err(|_| UnknownValue),
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
        let row = CanonicalRow::new(Self::TABLE)
            .bytes(self.access_key_id.as_str().as_bytes())
            .bytes(self.account.as_bytes())
            .bytes(self.status.as_str().as_bytes())
            .bytes(&self.sealed_secret)
            .integer(self.created_at.unix_ms());
        match &self.owner {
            CredentialOwner::Root => row,
            owner => row.columns_of_0003().bytes(owner.to_string().as_bytes()),
        }
    }
}

/// Access keys.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// The access key.
    async fn find(&self, id: &AccessKeyId) -> Result<Option<CredentialRecord>, StoreError>;

    /// Every access key of an owner in the account, oldest first. Their quota bounds them.
    async fn list(
        &self,
        account: &AccountId,
        owner: &CredentialOwner,
    ) -> Result<Vec<CredentialRecord>, StoreError>;

    /// Every access key of a user, oldest first.
    async fn of_user(&self, user: &UniqueId) -> Result<Vec<CredentialRecord>, StoreError>;
}
