//! What a sink's failures mean over time: how long to wait, when it is stuck, when it is too far
//! behind. Knows no clock and no randomness; both are arguments.

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
    /// It comes further, but is too far behind.
    Behind,
}

/// What a sink may not exceed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How long records may wait without one being taken.
    pub(super) stuck_after: Duration,
    /// How long the oldest one may wait.
    pub(super) behind_max: Option<Duration>,
}

/// Records that wait without any being taken.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    since: Duration,
    /// How long they had waited then.
    before: Duration,
}

/// How a sink has fared lately.
#[derive(Debug)]
pub(super) struct Progress {
    bounds: Bounds,
    /// Failures one after the other.
    failures: u32,
    waiting: Option<Waiting>,
    /// Whether a record was put aside since one was taken.
    has_put_aside: bool,
    /// How it does, apart from being too far behind.
    health: Health,
    is_behind: bool,
}

impl Progress {
    pub(super) const fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            failures: 0,
            waiting: None,
            has_put_aside: false,
            health: Health::Well,
            is_behind: false,
        }
    }

    pub(super) const fn health(&self) -> Health {
        match self.health {
            Health::Well | Health::Failing if self.is_behind => Health::Behind,
            health => health,
        }
    }

    /// The receiver took a record.
    pub(super) const fn note_accepted(&mut self) {
        *self = Self { is_behind: self.is_behind, ..Self::new(self.bounds) };
    }

    /// The sink comes further, but not because its receiver took anything: it goes on waiting for
    /// that.
    pub(super) const fn note_put_aside(&mut self) {
        self.has_put_aside = true;
    }

    /// The sink comes further, over records that are nothing to its receiver.
    pub(super) const fn note_skipped(&mut self) {
        if matches!(self.health, Health::Well) {
            self.waiting = None;
        }
    }

    /// Nothing waits. A receiver that took none of what was for it is not well for that.
    pub(super) const fn note_idle(&mut self) {
        let mut idle = Self::new(self.bounds);
        if self.has_put_aside && !matches!(self.health, Health::Well) {
            idle.has_put_aside = true;
            idle.health = Health::Failing;
            idle.failures = self.failures;
        }
        *self = idle;
    }

    /// Records wait from now on, if they did not already; `before`: how long they have so far.
    pub(super) fn note_waiting(&mut self, now: Duration, before: Duration) {
        let waiting = self.waiting.get_or_insert(Waiting { since: now, before });
        waiting.before = waiting.before.max(before);
    }

    /// How long the oldest record that waits has waited. Who was too far behind is so until half
    /// of that is made up for, lest it come and go.
    pub(super) fn note_age(&mut self, age: Duration) {
        let allowed = self.bounds.behind_max.map(|max| if self.is_behind { max / 2 } else { max });
        self.is_behind = allowed.is_some_and(|allowed| age > allowed);
    }

    /// The sink took nothing. Returns how long to leave it alone; `random` spreads that, so that
    /// many do not come back together.
    pub(super) fn note_failure(
        &mut self,
        now: Duration,
        retry_after: Option<Duration>,
        random: u16,
    ) -> Duration {
        self.note_waiting(now, Duration::ZERO);
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
        let Waiting { since, before } = self.waiting.filter(|_| self.health != Health::Stuck)?;
        let Bounds { stuck_after, behind_max } = self.bounds;
        // What waits that long is too far behind, even if the last one was taken a moment before.
        let left = behind_max.unwrap_or(stuck_after).min(stuck_after).saturating_sub(before);
        Some(since.saturating_add(left).saturating_sub(now))
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

    const fn progress() -> Progress {
        Progress::new(Bounds { stuck_after: s(900), behind_max: Some(s(3600)) })
    }

    #[test]
    fn the_wait_doubles_up_to_a_minute_and_begins_anew() {
        let mut progress = progress();
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
        let mut progress = progress();
        assert_eq!(progress.note_failure(s(0), Some(s(17)), 0), s(17));
        assert_eq!(progress.note_failure(s(0), Some(s(0)), u16::MAX), s(2));
        assert_eq!(progress.note_failure(s(0), Some(s(86_400)), 0), s(300));
    }

    #[test]
    fn a_sink_is_stuck_when_nothing_was_taken_for_long_enough() {
        let mut progress = progress();
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
        let mut progress = progress();
        progress.note_waiting(s(0), s(0));
        progress.note_put_aside();
        progress.note_failure(s(100), None, 0);
        assert_eq!(
            (progress.health(), progress.until_stuck(s(100))),
            (Health::Failing, Some(s(800)))
        );
        progress.note_stuck();
        progress.note_put_aside();
        assert_eq!(progress.health(), Health::Stuck);
        progress.note_accepted();
        assert_eq!((progress.health(), progress.until_stuck(s(9000))), (Health::Well, None));
    }

    #[test]
    fn a_sink_whose_receiver_refused_all_fails_still_when_nothing_waits() {
        let mut progress = progress();
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
        let mut progress = progress();
        progress.note_waiting(s(0), s(0));
        progress.note_skipped();
        assert_eq!(progress.until_stuck(s(10)), None);
        progress.note_failure(s(20), None, 0);
        progress.note_skipped();
        assert_eq!(
            (progress.health(), progress.until_stuck(s(20))),
            (Health::Failing, Some(s(900)))
        );
    }

    #[test]
    fn what_waited_before_a_restart_has_waited() {
        let mut progress = progress();
        progress.note_waiting(s(10), s(880));
        assert_eq!(progress.until_stuck(s(15)), Some(s(15)));
        progress.note_accepted();
        progress.note_waiting(s(20), s(0));
        assert_eq!(progress.until_stuck(s(20)), Some(s(900)));
        progress.note_accepted();
        progress.note_waiting(s(30), s(86_400));
        assert_eq!(progress.until_stuck(s(30)), Some(s(0)));
    }

    #[test]
    fn a_sink_that_moves_too_slowly_is_behind_until_it_has_made_up_for_half() {
        let mut progress = progress();
        progress.note_age(s(3600));
        assert_eq!(progress.health(), Health::Well);
        progress.note_age(s(3601));
        for age in [s(3600), s(1801)] {
            progress.note_accepted();
            progress.note_age(age);
            assert_eq!(progress.health(), Health::Behind);
        }
        progress.note_age(s(1800));
        assert_eq!(progress.health(), Health::Well);
        progress.note_age(s(3601));
        progress.note_idle();
        assert_eq!(progress.health(), Health::Well);
        let mut unbounded = Progress::new(Bounds { stuck_after: s(900), behind_max: None });
        unbounded.note_age(s(u64::MAX));
        assert_eq!(unbounded.health(), Health::Well);
    }
}
