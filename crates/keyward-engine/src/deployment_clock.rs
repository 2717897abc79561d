//! The clock a deployment lives by.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use keyward_model::{Clock, Timestamp};

/// The machine's clock, and how far ahead of it the deployment's is: not at all, but for a
/// development deployment whose clock was moved.
pub(crate) struct DeploymentClock {
    machine: Arc<dyn Clock>,
    ahead_ms: AtomicI64,
}

impl DeploymentClock {
    pub(crate) const fn new(machine: Arc<dyn Clock>, ahead_ms: i64) -> Self {
        Self { machine, ahead_ms: AtomicI64::new(ahead_ms) }
    }

    pub(crate) fn machine(&self) -> &dyn Clock {
        &*self.machine
    }

    pub(crate) fn ahead_ms(&self) -> i64 {
        self.ahead_ms.load(Ordering::Acquire)
    }

    pub(crate) fn set_ahead_ms(&self, ahead_ms: i64) {
        self.ahead_ms.store(ahead_ms, Ordering::Release);
    }
}

impl Clock for DeploymentClock {
    fn now(&self) -> Timestamp {
        let machine = self.machine.now().unix_ms();
        Timestamp::from_unix_ms(machine.saturating_add(self.ahead_ms()))
    }

    /// The machine's: what is measured takes as long as it takes.
    fn monotonic(&self) -> Duration {
        self.machine.monotonic()
    }
}
