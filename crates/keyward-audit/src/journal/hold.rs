//! Reasons, other than the disk's, for which the journal takes no records.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tracing::{error, info};

/// Who holds the journal: while anyone does, it takes no records, and so nothing is done that
/// would need one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hold {
    /// Records cannot be delivered to log files.
    Delivery,
    /// The sink of this name, which must not be left behind, takes no records.
    Sink(String),
}

/// `delivery`, or a sink's name: as metrics, logs and readiness call it.
impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivery => f.write_str("delivery"),
            Self::Sink(name) => f.write_str(name),
        }
    }
}

/// All holds there are.
#[derive(Debug, Default)]
pub(super) struct Holds {
    /// Whether `all` has any: what every append looks at.
    is_any: AtomicBool,
    all: Mutex<BTreeSet<Hold>>,
    /// Whether the journal takes records may have changed.
    pub(super) changed: Notify,
}

impl Holds {
    pub(super) fn is_any(&self) -> bool {
        self.is_any.load(Ordering::Acquire)
    }

    pub(super) fn all(&self) -> Vec<Hold> {
        self.lock().iter().cloned().collect()
    }

    pub(super) fn add(&self, hold: Hold) {
        let mut all = self.lock();
        if all.contains(&hold) {
            return;
        }
        error!(by = %hold, "the journal is held: requests are refused until it is released");
        all.insert(hold);
        self.note(&all);
    }

    pub(super) fn remove(&self, hold: &Hold) {
        let mut all = self.lock();
        if all.remove(hold) {
            info!(by = %hold, "the journal is released");
            self.note(&all);
        }
    }

    fn note(&self, all: &BTreeSet<Hold>) {
        self.is_any.store(!all.is_empty(), Ordering::Release);
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<Hold>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
