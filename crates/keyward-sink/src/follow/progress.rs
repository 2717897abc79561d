//! What a sink's failures mean over time: how long to wait, when it is stuck. Knows no clock and no
//! randomness; both are arguments.

use std::time::Duration;

/// The wait after the first failure; it doubles with each that follows.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
/// The longest wait of our own.
const PAUSE_MAX: Duration = Duration::from_mins(1);
/// The longest that a receiver can make us wait.
const RETRY_AFTER_MAX: Duration = Duration::from_mins(5);

/// How a sink does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Its receiver takes what there is.
    Well,
    /// Its receiver took nothing when last asked; records wait.
    Failing,
    /// It has not come further for too long.
    Stuck,
}

/// How a sink has fared lately.
#[derive(Debug)]
pub(super) struct Progress {
    stuck_after: Duration,
    /// Failures one after the other.
    failures: u32,
    /// Since when records wait without any being taken.
    waiting_since: Option<Duration>,
    /// Whether a record was put aside since one was taken.
    has_put_aside: bool,
    health: Health,
}

impl Progress {
    pub(super) const fn new(stuck_after: Duration) -> Self {
        Self {
            stuck_after,
            failures: 0,
            waiting_since: None,
            has_put_aside: false,
            health: Health::Well,
        }
    }

    pub(super) const fn health(&self) -> Health {
        self.health
    }

    /// The receiver took a record.
    pub(super) const fn note_accepted(&mut self) {
        *self = Self::new(self.stuck_after);
    }

    /// The sink comes further, but not because its receiver took anything: it goes on waiting for
    /// that.
    pub(super) const fn note_put_aside(&mut self) {
        self.has_put_aside = true;
    }

    /// The sink comes further, over records that are nothing to its receiver.
    pub(super) const fn note_skipped(&mut self) {
        if matches!(self.health, Health::Well) {
            self.waiting_since = None;
        }
    }

    /// Nothing waits. A receiver that took none of what was for it is not well for that.
    pub(super) const fn note_idle(&mut self) {
        self.waiting_since = None;
        if self.has_put_aside {
            if matches!(self.health, Health::Stuck) {
                self.health = Health::Failing;
            }
        } else {
            self.note_accepted();
        }
    }

    /// Records wait from now on, if they did not already.
    pub(super) fn note_waiting(&mut self, now: Duration) {
        self.waiting_since.get_or_insert(now);
    }

    /// The sink took nothing. Returns how long to leave it alone; `random` spreads that, so that
    /// many do not come back together.
    pub(super) fn note_failure(
        &mut self,
        now: Duration,
        retry_after: Option<Duration>,
        random: u16,
    ) -> Duration {
        self.note_waiting(now);
        let doublings = self.failures.min(16);
        self.failures = self.failures.saturating_add(1);
        if self.health == Health::Well {
            self.health = Health::Failing;
        }
        let pause = PAUSE_FIRST.saturating_mul(1 << doublings).min(PAUSE_MAX);
        // From half of it to all of it.
        let spread = pause / 2 + (pause / 2).mul_f64(f64::from(random) / f64::from(u16::MAX));
        spread.max(retry_after.unwrap_or_default().min(RETRY_AFTER_MAX))
    }

    /// How long it is until the sink counts as stuck; `None` if it does, or nothing waits.
    pub(super) fn until_stuck(&self, now: Duration) -> Option<Duration> {
        let since = self.waiting_since.filter(|_| self.health != Health::Stuck)?;
        Some(since.saturating_add(self.stuck_after).saturating_sub(now))
    }

    /// Its time is up.
    pub(super) const fn note_stuck(&mut self) {
        self.health = Health::Stuck;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_wait_doubles_up_to_a_minute_and_begins_anew() {
        let mut progress = Progress::new(s(900));
        for wait_s in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            assert_eq!(progress.note_failure(s(0), None, u16::MAX), s(wait_s));
        }
        for _ in 0..1000 {
            assert_eq!(progress.note_failure(s(0), None, 0), s(30));
        }
        progress.note_accepted();
        assert_eq!(progress.note_failure(s(0), None, u16::MAX), s(1));
    }

    #[test]
    fn a_receiver_that_asks_for_time_gets_it_within_bounds() {
        let mut progress = Progress::new(s(900));
        assert_eq!(progress.note_failure(s(0), Some(s(17)), 0), s(17));
        assert_eq!(progress.note_failure(s(0), Some(s(0)), u16::MAX), s(2));
        assert_eq!(progress.note_failure(s(0), Some(s(86_400)), 0), s(300));
    }

    #[test]
    fn a_sink_is_stuck_when_nothing_was_taken_for_long_enough() {
        let mut progress = Progress::new(s(900));
        assert_eq!(progress.until_stuck(s(0)), None);
        progress.note_failure(s(10), None, 0);
        assert_eq!(progress.health(), Health::Failing);
        progress.note_failure(s(100), None, 0);
        assert_eq!(progress.until_stuck(s(100)), Some(s(810)));
        progress.note_accepted();
        assert_eq!((progress.health(), progress.until_stuck(s(900))), (Health::Well, None));
        progress.note_failure(s(1000), None, 0);
        assert_eq!(progress.until_stuck(s(2000)), Some(s(0)));
        progress.note_stuck();
        assert_eq!((progress.health(), progress.until_stuck(s(2000))), (Health::Stuck, None));
        progress.note_failure(s(2001), None, 0);
        assert_eq!(progress.health(), Health::Stuck);
    }

    #[test]
    fn what_is_put_aside_ends_neither_waiting_nor_being_stuck() {
        let mut progress = Progress::new(s(900));
        progress.note_waiting(s(0));
        progress.note_put_aside();
        progress.note_failure(s(100), None, 0);
        assert_eq!((progress.health(), progress.until_stuck(s(100))), (Health::Failing, Some(s(800))));
        progress.note_stuck();
        progress.note_put_aside();
        assert_eq!(progress.health(), Health::Stuck);
        progress.note_accepted();
        assert_eq!((progress.health(), progress.until_stuck(s(9000))), (Health::Well, None));
    }

    #[test]
    fn a_sink_whose_receiver_refused_all_fails_still_when_nothing_waits() {
        let mut progress = Progress::new(s(900));
        progress.note_failure(s(0), None, 0);
        progress.note_stuck();
        progress.note_put_aside();
        progress.note_idle();
        assert_eq!((progress.health(), progress.until_stuck(s(9000))), (Health::Failing, None));
        progress.note_accepted();
        progress.note_failure(s(1), None, 0);
        progress.note_idle();
        assert_eq!(progress.health(), Health::Well);
    }

    #[test]
    fn records_that_are_nothing_to_a_receiver_do_not_make_it_wait_nor_well() {
        let mut progress = Progress::new(s(900));
        progress.note_waiting(s(0));
        progress.note_skipped();
        assert_eq!(progress.until_stuck(s(10)), None);
        progress.note_failure(s(20), None, 0);
        progress.note_skipped();
        assert_eq!((progress.health(), progress.until_stuck(s(20))), (Health::Failing, Some(s(900))));
    }
}
