//! Turns among calls that met a conflict: one at a time decides again about one object.
//!
//! First attempts take no turn unless somebody has one, so calls that do not meet cost nothing, and
//! those that keep coming cannot keep one that has lost from ever winning.

use std::hash::{BuildHasher, RandomState};

use keyward_store::Precondition;
use tokio::sync::{Mutex, MutexGuard};

/// How many queues there are; objects whose hashes meet share one.
const QUEUES: usize = 64;

/// The queues.
pub(crate) struct Turns {
    queues: [Mutex<()>; QUEUES],
    hasher: RandomState,
}

impl Turns {
    pub(crate) fn new() -> Self {
        Self { queues: std::array::from_fn(|_| Mutex::new(())), hasher: RandomState::new() }
    }

    /// Waits for the turn to decide again about what `lost` is about.
    pub(crate) async fn take(&self, lost: &Precondition) -> MutexGuard<'_, ()> {
        self.queue(lost).lock().await
    }

    /// Waits behind the one who is deciding again about what a change rests on, if there is one.
    pub(crate) async fn stand_behind(
        &self,
        preconditions: &[Precondition],
    ) -> Option<MutexGuard<'_, ()>> {
        let mut queues = preconditions.iter().map(|precondition| self.queue(precondition));
        let taken = queues.find(|queue| queue.try_lock().is_err())?;
        Some(taken.lock().await)
    }

    fn queue(&self, about: &Precondition) -> &Mutex<()> {
        let hash = match about {
            Precondition::AliasAbsent(alias) | Precondition::AliasAt(alias, _) => {
                self.hasher.hash_one(alias)
            }
            Precondition::AliasesBelow(key, _)
            | Precondition::GrantAbsent(key, _)
            | Precondition::GrantPresent(key, _)
            | Precondition::GrantsBelow(key, _)
            | Precondition::KeyAbsent(key)
            | Precondition::KeyAt(key, _)
            // Members of a multi-Region key's set change together, so they have one queue.
            | Precondition::TagsAtMost(key, _) => {
                self.hasher.hash_one((key.scope.account, key.key_id))
            }
            Precondition::CredentialPresent(id) => self.hasher.hash_one(id),
            Precondition::CredentialsBelow(account, owner, _) => {
                self.hasher.hash_one((account, owner))
            }
            Precondition::EntityAbsent(entity) | Precondition::EntityAt(entity, _) => {
                self.hasher.hash_one(entity)
            }
            Precondition::EntitiesBelow(account, kind, _) => self.hasher.hash_one((account, kind)),
            Precondition::KeysBelow(scope, _) => self.hasher.hash_one(scope),
            Precondition::NotReferenced(target) => self.hasher.hash_one(target),
        };
        let [first, rest @ ..] = &self.queues;
        let slot = usize::from(hash.to_le_bytes()[0]) % QUEUES;
        slot.checked_sub(1).and_then(|slot| rest.get(slot)).unwrap_or(first)
    }
}
