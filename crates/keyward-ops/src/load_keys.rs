//! Keys loaded into a development deployment from a file: known ids, known material.
//!
//! It owns the format of that file. One entry is what CreateKey, CreateAlias, TagResource,
//! DisableKey and an import would make together, and follows their rules.

mod entry;

use std::collections::HashSet;

use keyward_engine::{DevelopmentError, Engine, LoadedKey, OpError};
use keyward_model::AccountId;
use keyward_store::{ScopedAlias, ScopedKey, StoreError};
use serde_json::value::RawValue;

use crate::key_policy;
use entry::Entry;

/// Why nothing was loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// They could not be written.
    #[error(transparent)]
    Development(#[from] DevelopmentError),
    /// An entry is wrong.
    #[error("entry {number} ({key_id}): {flaw}")]
    Entry {
        /// Which one, counted from 1.
        number: usize,
        /// Its `keyId`, as far as it has one.
        key_id: String,
        /// What is wrong.
        flaw: Flaw,
    },
    /// The file is something else.
    #[error("the file is not a JSON list of keys: {0}")]
    NotAList(#[source] serde_json::Error),
}

/// What is wrong with an entry.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    /// The deployment does not know the account or the Region.
    #[error("`{member}`: the deployment has no {value}")]
    Absent {
        /// `account` or `region`.
        member: &'static str,
        /// What it says.
        value: String,
    },
    /// An alias is that of a key which exists, or of another entry.
    #[error("`aliases`: {0} exists already")]
    AliasExists(String),
    /// The key exists, or an earlier entry is the same key.
    #[error("the key exists already")]
    KeyExists,
    /// A version of the material is not one of the spec.
    #[error("`material` {0}: no material of this `keySpec`")]
    Material(usize),
    /// A member is not what it must be.
    #[error("`{0}`: {1}")]
    Member(&'static str, String),
    /// The entry as a whole cannot be read.
    #[error(transparent)]
    Shape(#[from] serde_json::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Loads the keys of a file, all or none of them; how many there are. Entries that name no account
/// mean `account`.
pub async fn load_keys(
    engine: &Engine,
    file: &str,
    account: AccountId,
    operator: &str,
) -> Result<usize, LoadError> {
    engine.require_development()?;
    let entries: Vec<&RawValue> = serde_json::from_str(file).map_err(LoadError::NotAList)?;
    let mut loading = Loading { engine, account, keys: HashSet::new(), aliases: HashSet::new() };
    let mut loaded = Vec::with_capacity(entries.len());
    for (number, entry) in (1..).zip(&entries) {
        let key = loading.read(entry).await.map_err(|flaw| {
            let key_id = entry::key_id(entry).unwrap_or_else(|| "no keyId".to_owned());
            LoadError::Entry { number, key_id, flaw }
        })?;
        loaded.push(key);
    }
    let count = loaded.len();
    engine.load_keys(loaded, operator).await?;
    Ok(count)
}

/// The entries read so far.
struct Loading<'e> {
    engine: &'e Engine,
    account: AccountId,
    keys: HashSet<ScopedKey>,
    aliases: HashSet<ScopedAlias>,
}

impl Loading<'_> {
    async fn read(&mut self, entry: &RawValue) -> Result<LoadedKey, Flaw> {
        let entry: Entry<'_> = serde_json::from_str(entry.get())?;
        let key = entry.key(self.engine, self.account)?;
        self.require_account(key.scope.account).await?;
        self.require_new(&key).await?;
        let policy = match entry.policy()? {
            Some(policy) => {
                let refused = |refusal: OpError| Flaw::refused("policy", &refusal);
                Some(key_policy::check_in(self.engine, &policy).await.map_err(refused)?)
            }
            None => None,
        };
        let policy = key_policy::record(self.engine, policy, key.clone());
        let loaded = entry.into_loaded(self.engine, &key, policy)?;
        for alias in &loaded.aliases {
            let store = self.engine.store();
            let existing = store.aliases().find(alias).await?;
            if existing.is_some() || !self.aliases.insert(alias.clone()) {
                return Err(Flaw::AliasExists(alias.name.to_string()));
            }
        }
        self.keys.insert(key);
        Ok(loaded)
    }

    async fn require_account(&self, account: AccountId) -> Result<(), Flaw> {
        match self.engine.store().accounts().find(&account).await? {
            Some(_) => Ok(()),
            None => Err(Flaw::Absent { member: "account", value: account.to_string() }),
        }
    }

    /// Refuses a key that exists. A multi-Region key is loaded once; ReplicateKey makes the others.
    async fn require_new(&self, key: &ScopedKey) -> Result<(), Flaw> {
        let keys = self.engine.store().keys();
        let (account, id) = (key.scope.account, key.key_id);
        let is_same = |other: &ScopedKey| {
            let is_related = id.is_multi_region() || other.scope == key.scope;
            other.key_id == id && other.scope.account == account && is_related
        };
        let exists = if id.is_multi_region() {
            !keys.members(&account, &id).await?.is_empty()
        } else {
            keys.find(key).await?.is_some()
        };
        if exists || self.keys.iter().any(is_same) { Err(Flaw::KeyExists) } else { Ok(()) }
    }
}

impl Flaw {
    fn refused(member: &'static str, refusal: &OpError) -> Self {
        Self::Member(member, refusal.message.as_deref().unwrap_or("refused").to_owned())
    }
}

#[cfg(test)]
mod tests;
