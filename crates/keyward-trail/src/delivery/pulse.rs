//! Whether delivery comes to an end with what it is at.
//!
//! A file system that does not answer holds whoever asks it, the thread that delivers, so others have
//! to look after it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use keyward_audit::{Hold, Journal};
use tracing::{error, info};

/// When delivery began the step it is at. Times are those of the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// One more than the milliseconds; 0 while there is nothing to do.
    began: AtomicU64,
    /// No step takes longer that comes to an end.
    step_max: Duration,
    /// Whether the journal is held because of the step.
    holds: AtomicBool,
}

impl Pulse {
    pub(super) fn new(step_max: Duration) -> Self {
        Self { step_max, ..Self::default() }
    }

    /// Another step begins, or with `None` there is nothing to do: the step before has ended.
    pub(super) fn step(&self, journal: &Journal, now: Option<Duration>) {
        let began = now.map_or(0, |now| milliseconds(now).saturating_add(1));
        self.began.store(began, Ordering::Release);
        if self.holds.swap(false, Ordering::AcqRel) {
            info!("delivery goes on");
            journal.release(&Hold::Delivery);
        }
    }

    pub(super) fn is_stuck(&self, now: Duration) -> bool {
        let began = self.began.load(Ordering::Acquire);
        let lasted = milliseconds(now).saturating_sub(began.saturating_sub(1));
        began != 0 && lasted > milliseconds(self.step_max)
    }

    /// Holds the journal if the step does not end.
    pub(super) fn watch(&self, journal: &Journal, now: Duration) {
        if !self.is_stuck(now) {
            return;
        }
        if !self.holds.swap(true, Ordering::AcqRel) {
            error!(
                "delivery of audit records does not come to an end with what it is at; is the file \
                 system of the audit files there?"
            );
        }
        // Again each time: a step that ended meanwhile may have released it, and another is stuck.
        journal.hold(Hold::Delivery);
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
