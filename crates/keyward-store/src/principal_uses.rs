//! The last use of each access key and role.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use keyward_model::{AccessKeyId, Region, Timestamp, UniqueId, UnknownValue};

use crate::{CanonicalRow, ChangeNumber, StoreError};

/// What was used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UsedPrincipal {
    /// A long-term access key.
    AccessKey(AccessKeyId),
    /// A role.
    Role(UniqueId),
}

/// The last request signed with an access key or by a session of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalUseRecord {
    /// What was used.
    pub principal: UsedPrincipal,
    /// `LastUsedDate`.
    pub used_at: Timestamp,
    /// `ServiceName`.
    pub service: String,
    /// `Region`.
    pub region: Region,
}

impl fmt::Display for UsedPrincipal {
    /// The text stored.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccessKey(id) => write!(f, "access-key/{id}"),
            Self::Role(id) => write!(f, "role/{id}"),
        }
    }
}

impl FromStr for UsedPrincipal {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        let found = match text.split_once('/').ok_or(UnknownValue)? {
            ("access-key", id) => id.parse().ok().map(Self::AccessKey),
            ("role", id) => id.parse().ok().map(Self::Role),
            _ => None,
        };
        found.ok_or(UnknownValue)
    }
}

impl PrincipalUseRecord {
    /// The table, as it stands in canonical rows.
    pub const TABLE: &'static str = "principal_uses";

    /// The shard that counts changes of the last use: not that of what is used, for uses change
    /// nothing of it.
    pub fn shard(principal: &UsedPrincipal) -> u8 {
        ChangeNumber::shard_of(&[Self::TABLE.as_bytes(), principal.to_string().as_bytes()])
    }

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        CanonicalRow::new(Self::TABLE)
            .bytes(self.principal.to_string().as_bytes())
            .integer(self.used_at.unix_ms())
            .bytes(self.service.as_bytes())
            .bytes(self.region.as_str().as_bytes())
    }
}

/// The last use of each access key and role.
#[async_trait]
pub trait PrincipalUses: Send + Sync {
    /// The last use; `None` when none was written yet.
    async fn find(
        &self,
        principal: &UsedPrincipal,
    ) -> Result<Option<PrincipalUseRecord>, StoreError>;
}
