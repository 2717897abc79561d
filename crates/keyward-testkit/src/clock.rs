//! A clock that tests move.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use keyward_model::{Clock, Timestamp};

/// Stands still until it is moved, or moves with every look.
#[derive(Debug)]
pub struct MockClock {
    wall_ms: AtomicI64,
    monotonic_ms: AtomicI64,
    /// In milliseconds.
    step_of_a_look: AtomicI64,
}

/// 4 March 2026, 10:15:02.123 UTC.
const START_MS: i64 = 1_772_619_302_123;

impl Default for MockClock {
    fn default() -> Self {
        Self {
            wall_ms: AtomicI64::new(START_MS),
            monotonic_ms: AtomicI64::new(0),
            step_of_a_look: AtomicI64::new(0),
        }
    }
}

impl MockClock {
    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let ms = i64::try_from(by.as_millis()).unwrap();
        self.wall_ms.fetch_add(ms, Ordering::SeqCst);
        self.monotonic_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// From now on time passes with every look at the wall clock, so that what was looked up twice
    /// is two times.
    pub fn advance_at_every_look(&self, by: Duration) {
        self.step_of_a_look.store(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Lets days pass.
    pub fn advance_days(&self, days: u64) {
        self.advance(Duration::from_secs(days * 86_400));
    }

    /// The time in whole seconds, as replies show it.
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "seconds fit")]
    pub fn now_s(&self) -> f64 {
        self.now().unix_s() as f64
    }

    /// Moves the wall clock alone, as a mistaken time server does.
    pub fn leap(&self, by: Duration) {
        self.wall_ms.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Moves the wall clock alone, back.
    pub fn set_back(&self, by: Duration) {
        self.wall_ms.fetch_sub(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for MockClock {
    fn now(&self) -> Timestamp {
        let step_ms = self.step_of_a_look.load(Ordering::SeqCst);
        self.monotonic_ms.fetch_add(step_ms, Ordering::SeqCst);
        Timestamp::from_unix_ms(self.wall_ms.fetch_add(step_ms, Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.monotonic_ms.load(Ordering::SeqCst)).unwrap())
    }
}
