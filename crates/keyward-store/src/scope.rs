//! Where KMS rows live: every one belongs to an account and a Region.

use keyward_model::{AccountId, AliasName, KeyId, Region};

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
