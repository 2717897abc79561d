//! Whose turn it is: few lookups run at once, and of one account only one, so that nobody who asks
//! often keeps the others waiting.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use keyward_model::AccountId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// How many lookups read at once. Each holds one log file in memory.
const LOOKUPS_MAX: usize = 3;

/// The turns of all accounts.
pub(super) struct Turns {
    all: Semaphore,
    /// Of the accounts that look up or wait.
    accounts: Mutex<BTreeMap<AccountId, Weak<Semaphore>>>,
}

/// A turn, which ends when it is dropped.
pub(super) struct Turn<'t> {
    _of_account: OwnedSemaphorePermit,
    _of_all: SemaphorePermit<'t>,
}

impl Turns {
    pub(super) const fn new() -> Self {
        Self { all: Semaphore::const_new(LOOKUPS_MAX), accounts: Mutex::new(BTreeMap::new()) }
    }

    /// A turn of an account; `None` if there was none in time.
    pub(super) async fn take(&self, account: AccountId, wait_max: Duration) -> Option<Turn<'_>> {
        let turn = async {
            // Whoever waits for their own account takes no turn of others meanwhile.
            let of_account = self.of(account).acquire_owned().await.ok()?;
            let of_all = self.all.acquire().await.ok()?;
            Some(Turn { _of_account: of_account, _of_all: of_all })
        };
        timeout(wait_max, turn).await.ok().flatten()
    }

    fn of(&self, account: AccountId) -> Arc<Semaphore> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.retain(|_, turn| turn.strong_count() > 0);
        accounts.get(&account).and_then(Weak::upgrade).unwrap_or_else(|| {
            let turn = Arc::new(Semaphore::new(1));
            accounts.insert(account, Arc::downgrade(&turn));
            turn
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(number: u32) -> AccountId {
        format!("{number:012}").parse().unwrap()
    }

    #[tokio::test]
    async fn an_account_has_one_turn_at_a_time_and_all_together_have_three() {
        let turns = Turns::new();
        let take = |number| turns.take(account(number), Duration::ZERO);
        let first = take(1).await;
        assert!(first.is_some());
        assert!(take(1).await.is_none());
        let others = [take(2).await, take(3).await];
        assert!(others.iter().all(Option::is_some));
        assert!(take(4).await.is_none());
        drop(first);
        assert!(take(1).await.is_some());
        drop(others);
        assert!(take(4).await.is_some());
        assert_eq!(turns.accounts.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn who_waits_has_the_next_turn() {
        let turns = Turns::new();
        let first = turns.take(account(1), Duration::ZERO).await;
        let wait = turns.take(account(1), Duration::from_mins(1));
        let (second, ()) = tokio::join!(wait, async { drop(first) });
        assert!(second.is_some());
    }
}
