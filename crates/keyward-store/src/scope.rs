//! Where KMS rows live: every one belongs to an account and a Region.

use keyward_model::{AccountId, AliasName, KeyId, Region};

use crate::{AliasRecord, ChangeNumber, KeyRecord};

/// An account and a Region.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    /// The owner.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
}

/// A key within its account and Region.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopedKey {
    /// The key's account and Region.
    pub scope: Scope,
    /// The key.
    pub key_id: KeyId,
}

/// An alias within its account and Region.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopedAlias {
    /// The alias's account and Region.
    pub scope: Scope,
    /// The name, prefix included.
    pub name: AliasName,
}

impl Scope {
    /// A key of this account and Region.
    pub fn key(&self, key_id: KeyId) -> ScopedKey {
        ScopedKey { scope: self.clone(), key_id }
    }

    /// An alias of this account and Region.
    pub fn alias(&self, name: AliasName) -> ScopedAlias {
        ScopedAlias { scope: self.clone(), name }
    }
}

impl ScopedKey {
    /// The shard that counts changes of the key, its material, policy and tags.
    pub fn shard(&self) -> u8 {
        let Scope { account, region } = &self.scope;
        let (account, region) = (account.as_bytes(), region.as_str().as_bytes());
        ChangeNumber::shard_of(&[
            KeyRecord::TABLE.as_bytes(),
            account,
            region,
            self.key_id.as_bytes(),
        ])
    }
}

impl ScopedAlias {
    /// The shard that counts changes of the alias.
    pub fn shard(&self) -> u8 {
        let Scope { account, region } = &self.scope;
        let (account, region) = (account.as_bytes(), region.as_str().as_bytes());
        let name = self.name.as_str().as_bytes();
        ChangeNumber::shard_of(&[AliasRecord::TABLE.as_bytes(), account, region, name])
    }
}
