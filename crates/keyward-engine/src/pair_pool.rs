//! RSA key pairs made before anyone asks for them.
//!
//! Making one takes from a tenth of a second to some seconds. Whoever asks for the first pair of a
//! spec waits for it; each call lets one more be kept for those that follow, up to a limit. What
//! nobody has asked for is never made. Pairs of other specs are made faster than they are fetched.
//!
//! The pairs are only in memory: they are wiped with the process, and no two calls get the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keyward_crypto::DataKeyPair;
use keyward_model::KeySpec;

use crate::workers::{Lane, Workers};

/// The pairs that are ready.
#[derive(Default)]
pub(crate) struct PairPool(Mutex<Stocks>);

#[derive(Default)]
struct Stocks {
    of: BTreeMap<KeySpec, Stock>,
    /// One pair is made at a time, whatever its spec: a call that finds none waits behind one at
    /// most, and where there are several threads, behind none.
    is_making: bool,
}

#[derive(Default)]
struct Stock {
    ready: Vec<DataKeyPair>,
    /// How many are worth keeping: as many as were asked for, up to the limit.
    wanted: usize,
}

impl Stocks {
    /// The spec that lacks a pair and takes the least time.
    fn lacking(&self) -> Option<KeySpec> {
        self.of.iter().find(|(_, stock)| stock.ready.len() < stock.wanted).map(|(spec, _)| *spec)
    }
}

impl PairPool {
    /// Whether pairs of this spec are worth keeping.
    pub(crate) const fn keeps(spec: KeySpec) -> bool {
        ready_max(spec) > 0
    }

    /// A pair that is ready. The call is remembered: more of its kind may follow.
    pub(crate) fn take(&self, spec: KeySpec) -> Option<DataKeyPair> {
        let mut stocks = self.lock();
        let stock = stocks.of.entry(spec).or_default();
        stock.wanted = ready_max(spec).min(stock.wanted + 1);
        stock.ready.pop()
    }

    /// Makes what is lacking, one pair after the other, whenever the generating lane has time.
    pub(crate) fn fill(self: &Arc<Self>, workers: &Arc<Workers>) {
        let mut stocks = self.lock();
        if stocks.is_making {
            return;
        }
        let Some(spec) = stocks.lacking() else { return };
        // The workers may go first: then there is nobody to make pairs for.
        let (pool, workers_then) = (Arc::clone(self), Arc::downgrade(workers));
        let make = move || {
            let is_made = pool.keep(spec);
            if let Some(workers) = workers_then.upgrade().filter(|_| is_made) {
                pool.fill(&workers);
            }
        };
        stocks.is_making = workers.leave(Lane::Generation, make).is_ok();
    }

    fn keep(&self, spec: KeySpec) -> bool {
        let made = DataKeyPair::generate(spec);
        let mut stocks = self.lock();
        stocks.is_making = false;
        let is_made = made.is_ok();
        stocks.of.entry(spec).or_default().ready.extend(made);
        is_made
    }

    fn lock(&self) -> MutexGuard<'_, Stocks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many pairs of a spec are kept: some seconds' work of one core each.
const fn ready_max(spec: KeySpec) -> usize {
    match spec {
        KeySpec::Rsa2048 => 32,
        KeySpec::Rsa3072 => 16,
        KeySpec::Rsa4096 => 8,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{Generator, LocalGenerator};

    /// One thread takes one job after the other: what comes after a pair comes when it is made.
    async fn filled(workers: &Workers) {
        workers.run(Lane::Generation, || ()).await.unwrap();
    }

    fn ready(pool: &PairPool) -> Vec<(KeySpec, usize)> {
        pool.lock().of.iter().map(|(spec, stock)| (*spec, stock.ready.len())).collect()
    }

    #[tokio::test]
    async fn only_what_was_asked_for_is_made_ahead_and_no_pair_twice() {
        let workers = Workers::start(1).unwrap();
        let generator = LocalGenerator::new(Arc::clone(&workers));
        assert_eq!(ready(generator.pool()), []);
        let mut seen = BTreeSet::new();
        for asked in 1..=3 {
            let pair = generator.generate_pair(KeySpec::Rsa2048).await.unwrap();
            assert!(seen.insert(pair.public_key), "a pair was handed out twice");
            while ready(generator.pool()) != [(KeySpec::Rsa2048, asked)] {
                filled(&workers).await;
            }
        }
        generator.generate_pair(KeySpec::EccNistP256).await.unwrap();
        filled(&workers).await;
        assert_eq!(ready(generator.pool()), [(KeySpec::Rsa2048, 3)]);
    }

    #[tokio::test]
    async fn a_pair_that_is_ready_needs_no_thread() {
        let workers = Workers::start(1).unwrap();
        let generator = LocalGenerator::new(Arc::clone(&workers));
        generator.generate_pair(KeySpec::Rsa2048).await.unwrap();
        while ready(generator.pool()) != [(KeySpec::Rsa2048, 1)] {
            filled(&workers).await;
        }
        let (release, held) = std::sync::mpsc::channel::<()>();
        workers.leave(Lane::Generation, move || assert!(held.recv().is_ok())).unwrap();
        generator.generate_pair(KeySpec::Rsa2048).await.unwrap();
        assert_eq!(ready(generator.pool()), [(KeySpec::Rsa2048, 0)]);
        release.send(()).unwrap();
    }

    #[test]
    fn however_often_a_spec_is_asked_for_no_more_than_the_limit_is_kept() {
        let pool = PairPool::default();
        for _ in 0..100 {
            assert!(pool.take(KeySpec::Rsa4096).is_none());
        }
        assert_eq!(pool.lock().of[&KeySpec::Rsa4096].wanted, ready_max(KeySpec::Rsa4096));
        assert_eq!(pool.lock().lacking(), Some(KeySpec::Rsa4096));
        pool.take(KeySpec::Rsa2048);
        assert_eq!(pool.lock().lacking(), Some(KeySpec::Rsa2048));
    }
}
