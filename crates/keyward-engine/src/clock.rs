//! Whether the wall clock can be believed, before anything is destroyed because of it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use keyward_model::Timestamp;
use keyward_store::StoreError;

use crate::{Engine, ScheduleError};

/// A wall clock that has moved this much further than the monotonic one, all leaps together since
/// the start or the last word of an operator, is not believed.
const LEAP_MAX: Duration = Duration::from_hours(1);

/// While no server runs nothing tells a wrong clock from time that passed. A server that seems to
/// have been stopped for longer than this asks an operator.
const STOPPED_MAX: Duration = Duration::from_hours(24);

/// The last time believed. A new one, as after a start, goes on from the time in the database.
#[derive(Debug, Default)]
pub struct ClockWatch {
    last: Option<(Timestamp, Duration)>,
    /// How far the wall clock has run ahead of the monotonic one, little by little.
    unexplained: Duration,
}

/// What the newest comparison said, for everybody who destroys something because of its age.
#[derive(Debug, Default)]
pub(crate) struct ClockBelief(Mutex<Option<(Timestamp, Duration)>>);

impl ClockBelief {
    fn replace(&self, believed: Option<(Timestamp, Duration)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = believed;
    }

    fn last(&self) -> Option<(Timestamp, Duration)> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Whether the machine's clock is believed now: it was when it was compared last, and has not
    /// leapt since. Not before it was compared for the first time.
    pub fn is_clock_believed(&self) -> bool {
        let Some((seen, at)) = self.clock_belief.last() else { return false };
        let clock = self.machine_clock();
        let expected = seen.plus(clock.monotonic().saturating_sub(at));
        clock.now() <= expected.plus(LEAP_MAX)
    }

    /// Compares the wall clock with the time last believed, and tells the time if it is to be
    /// believed as well. A leap that the monotonic clock does not explain is not believed, then or
    /// after a restart: it would delete keys before their time. A clock set back is believed, for
    /// it only makes keys wait.
    ///
    /// What is watched is the machine's clock. The time told is the deployment's, so a move of a
    /// development deployment's clock is no leap.
    pub async fn check_clock(&self, watch: &mut ClockWatch) -> Result<Timestamp, ScheduleError> {
        let now = self.machine_clock().now();
        let (expected, leap_max) = match watch.last {
            Some((seen, at)) => {
                (seen.plus(self.machine_clock().monotonic().saturating_sub(at)), LEAP_MAX)
            }
            None => (self.store().deployment().last_seen().await?.unwrap_or(now), STOPPED_MAX),
        };
        let leap = u64::try_from(now.unix_ms().saturating_sub(expected.unix_ms()));
        let unexplained = watch.unexplained + Duration::from_millis(leap.unwrap_or(0));
        if unexplained > leap_max {
            let (seen, now) = (expected.unix_ms(), now.unix_ms());
            self.clock_belief.replace(None);
            return Err(ScheduleError::ClockLeap { seen, now });
        }
        // What a start bridges was time without a server, not a leap.
        watch.unexplained = if watch.last.is_some() { unexplained } else { Duration::ZERO };
        self.believe(now, watch).await?;
        Ok(self.clock().now())
    }

    /// Believes the present time on an operator's word, and tells which time that is. The caller
    /// records the command first.
    pub async fn accept_clock(&self, watch: &mut ClockWatch) -> Result<Timestamp, StoreError> {
        let now = self.machine_clock().now();
        watch.unexplained = Duration::ZERO;
        self.believe(now, watch).await?;
        Ok(now)
    }

    async fn believe(&self, now: Timestamp, watch: &mut ClockWatch) -> Result<(), StoreError> {
        self.store().deployment().remember_time(now).await?;
        watch.last = Some((now, self.machine_clock().monotonic()));
        self.clock_belief.replace(watch.last);
        Ok(())
    }
}
