//! What a node answers from: keys, aliases and access keys, read once.
//!
//! Each cache is bounded; what falls out is read again. A load that raced a change is repeated, so
//! no entry is ever older than the last change this node committed.

use std::future::Future;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};

use keyward_model::{AccessKeyId, AccountId};
use keyward_store::{Change, ScopedAlias, ScopedKey, Write};
use quick_cache::sync::Cache;

/// How many locks guard the race between a load and a change.
const EPOCHS: usize = 64;

/// A bounded map whose entries are loaded on demand and dropped when what they show changes.
pub(crate) struct Loaded<K, V> {
    entries: Cache<K, V>,
    /// Counts the changes to the objects of one hash; a load that sees it move starts again.
    epochs: [Mutex<u64>; EPOCHS],
    hasher: RandomState,
}

impl<K: Clone + Eq + Hash, V: Clone> Loaded<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            entries: Cache::new(capacity),
            epochs: std::array::from_fn(|_| Mutex::new(0)),
            hasher: RandomState::new(),
        }
    }

    /// The entry, or what `load` finds. Absence is not kept.
    pub(crate) async fn find<E, F>(&self, key: &K, load: impl Fn() -> F) -> Result<Option<V>, E>
    where
        F: Future<Output = Result<Option<V>, E>>,
    {
        if let Some(entry) = self.entries.get(key) {
            return Ok(Some(entry));
        }
        loop {
            let before = self.with_epoch(key, |epoch| *epoch);
            let Some(entry) = load().await? else { return Ok(None) };
            let is_current = self.with_epoch(key, |epoch| {
                let is_current = *epoch == before;
                if is_current {
                    self.entries.insert(key.clone(), entry.clone());
                }
                is_current
            });
            if is_current {
                return Ok(Some(entry));
            }
        }
    }

    /// Drops the entry: what it showed has changed.
    pub(crate) fn forget(&self, key: &K) {
        self.with_epoch(key, |epoch| {
            *epoch = epoch.wrapping_add(1);
            self.entries.remove(key);
        });
    }

    fn with_epoch<R>(&self, key: &K, act: impl FnOnce(&mut u64) -> R) -> R {
        let [first, rest @ ..] = &self.epochs;
        let slot = usize::from(self.hasher.hash_one(key).to_le_bytes()[0]) % EPOCHS;
        let lock = slot.checked_sub(1).and_then(|slot| rest.get(slot)).unwrap_or(first);
        act(&mut lock.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The objects a change touches.
pub(crate) fn stale(change: &Change) -> Stale {
    let mut stale = Stale::default();
    for write in &change.writes {
        match write {
            Write::DeleteAlias(alias) => stale.aliases.push(alias.clone()),
            Write::DeleteCredential(id) => stale.credentials.push(id.clone()),
            Write::DeleteKey(key) | Write::DeleteMaterial(key, _) | Write::DeleteTag(key, _) => {
                stale.keys.push(key.clone());
            }
            Write::DeleteEntity(entity) => stale.entities_of.push(entity.account),
            Write::PutAlias(record) => stale.aliases.push(record.alias.clone()),
            Write::PutCredential(record) => stale.credentials.push(record.access_key_id.clone()),
            Write::PutEntity(record) => stale.entities_of.push(record.account),
            Write::PutKey(record) => stale.keys.push(record.key.clone()),
            Write::PutMaterial(record) => stale.keys.push(record.key.clone()),
            Write::PutPolicy(record) => stale.keys.push(record.key.clone()),
            Write::PutTag(record) => stale.keys.push(record.key.clone()),
            Write::DeleteGrant(key, _) => stale.grants.push(key.clone()),
            Write::PutGrant(record) => stale.grants.push(record.key.clone()),
            // A resealed row says the same as before, and the others are not cached.
            Write::DeleteImportWrappingKey(_)
            | Write::DeleteService(..)
            | Write::DeleteTrailCursor(_)
            | Write::DeleteTrailDigest(..)
            | Write::DeleteTrailFile(_)
            | Write::DeleteTrailValues(_)
            | Write::PutAccount(_)
            | Write::PutImportWrappingKey(_)
            | Write::PutLastUse(_)
            | Write::PutPrincipalUse(_)
            | Write::PutService(_)
            | Write::PutTrailCursor(_)
            | Write::PutTrailDigest(_)
            | Write::PutTrailFile(_)
            | Write::PutTrailSigningKey(_)
            | Write::PutTrailValues(_)
            | Write::Reseal(_) => {}
        }
    }
    stale
}

/// The objects a change touches.
#[derive(Default)]
pub(crate) struct Stale {
    pub(crate) keys: Vec<ScopedKey>,
    pub(crate) aliases: Vec<ScopedAlias>,
    pub(crate) credentials: Vec<AccessKeyId>,
    /// The accounts one of whose entities it touches.
    pub(crate) entities_of: Vec<AccountId>,
    /// Keys whose grants it touches.
    pub(crate) grants: Vec<ScopedKey>,
}
