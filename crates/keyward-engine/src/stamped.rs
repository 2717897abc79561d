//! Entries that are good as long as nothing they were made from has changed.

use std::future::Future;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;

/// How many counters changes are spread over.
const EPOCHS: usize = 256;

/// A bounded map of what is made from many rows. Instead of dropping entries one by one, a change
/// of a source makes stale all that was made from it.
pub(crate) struct Stamped<K, V> {
    entries: Cache<K, (u64, V)>,
    epochs: [AtomicU64; EPOCHS],
    hasher: RandomState,
}

impl<K: Clone + Eq + Hash, V: Clone> Stamped<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            entries: Cache::new(capacity),
            epochs: std::array::from_fn(|_| AtomicU64::new(0)),
            hasher: RandomState::new(),
        }
    }

    /// The entry, if nothing it was made from has changed.
    pub(crate) fn find_fresh<S: Hash + ?Sized>(&self, key: &K, source: &S) -> Option<V> {
        let (stamp, value) = self.entries.get(key)?;
        (stamp == self.epoch(source).load(Ordering::Acquire)).then_some(value)
    }

    /// What `load` makes from `source`, kept. A load that raced a change is repeated.
    pub(crate) async fn load<S, E, F>(
        &self,
        key: &K,
        source: &S,
        load: impl Fn() -> F,
    ) -> Result<V, E>
    where
        S: Hash + ?Sized,
        F: Future<Output = Result<V, E>>,
    {
        loop {
            let before = self.epoch(source).load(Ordering::Acquire);
            let value = load().await?;
            // An entry that raced a change is born stale.
            self.entries.insert(key.clone(), (before, value.clone()));
            if self.epoch(source).load(Ordering::Acquire) == before {
                return Ok(value);
            }
        }
    }

    /// Makes stale what was made from `source`: it has changed.
    pub(crate) fn forget<S: Hash + ?Sized>(&self, source: &S) {
        self.epoch(source).fetch_add(1, Ordering::AcqRel);
    }

    fn epoch<S: Hash + ?Sized>(&self, source: &S) -> &AtomicU64 {
        let [first, rest @ ..] = &self.epochs;
        let slot = usize::from(self.hasher.hash_one(source).to_le_bytes()[0]) % EPOCHS;
        slot.checked_sub(1).and_then(|slot| rest.get(slot)).unwrap_or(first)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use super::*;

    #[tokio::test]
    async fn a_change_of_the_source_makes_stale_and_a_load_that_raced_one_is_repeated() {
        let cache = Stamped::new(4);
        let (source, loads) = ("account", Cell::new(0));
        let load = || async {
            loads.set(loads.get() + 1);
            if loads.get() == 1 {
                cache.forget(source);
            }
            Ok::<_, Infallible>(loads.get())
        };
        assert_eq!(cache.load(&"user", source, load).await, Ok(2));
        assert_eq!(cache.find_fresh(&"user", source), Some(2));
        cache.forget(source);
        assert_eq!(cache.find_fresh(&"user", source), None);
    }
}
