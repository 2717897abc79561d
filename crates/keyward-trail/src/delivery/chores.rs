//! What is done beside delivery, every hour: digests are made, and what is old is removed. None of
//! it is done by a clock that is not believed.

use std::error::Error;
use std::time::Duration;

use keyward_engine::Engine;
use keyward_model::Timestamp;
use tracing::error;

use super::digest::hour;
use super::{Delivery, DeliveryError, DigestEnd};

/// How soon what failed is tried again.
const RETRY: Duration = Duration::from_mins(1);
/// For how long the file system may refuse digests before no record is taken.
const REFUSED_MAX: Duration = Duration::from_mins(15);

/// What was done when. Durations are times of the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Chores {
    /// The full hour that digests were made for last.
    digested: Option<Timestamp>,
    /// When digests were wanted last and not all of them made.
    failed_at: Option<Duration>,
    /// Since when the file system refuses digests.
    refused_since: Option<Duration>,
    /// The full hour in which segments were removed last, and when in it.
    made_room: Option<(Timestamp, Duration)>,
}

impl Chores {
    /// Whether the file system refuses digests for so long that no record may be taken. Not while
    /// none are tried because the clock is not believed: nothing would end it.
    pub(super) fn must_hold(&self, engine: &Engine) -> bool {
        let now = engine.machine_clock().monotonic();
        let is_long = |since: Duration| now.saturating_sub(since) >= REFUSED_MAX;
        engine.is_clock_believed() && self.refused_since.is_some_and(is_long)
    }

    /// Removes old segments of the journal: every hour, and more often while delivery fails. It
    /// writes nothing, so it is what a full disk can be healed by.
    pub(super) async fn make_room(&mut self, delivery: &Delivery, is_failing: bool) {
        if !delivery.engine.is_clock_believed() {
            return;
        }
        let clock = delivery.engine.machine_clock();
        let (this_hour, now) = (hour(clock.now()), clock.monotonic());
        let is_done = self.made_room.is_some_and(|(hour, at)| {
            hour == this_hour && !(is_failing && now.saturating_sub(at) >= RETRY)
        });
        if !is_done {
            self.made_room = Some((this_hour, now));
            report(delivery.remove_old_segments().await);
        }
    }

    /// Makes the digests of the hour, and then removes what is old. What fails is tried again every
    /// minute; records are taken meanwhile, for they are in files.
    pub(super) async fn digest(&mut self, delivery: &mut Delivery) {
        if !delivery.engine.is_clock_believed() {
            return;
        }
        let clock = delivery.engine.machine_clock();
        let (this_hour, now) = (hour(clock.now()), clock.monotonic());
        let is_recent = self.failed_at.is_some_and(|at| now.saturating_sub(at) < RETRY);
        // Those that an operator wanted may have failed since.
        let is_done = self.digested == Some(this_hour) && !delivery.status.are_digests_failing();
        if is_recent || is_done {
            return;
        }
        match delivery.make_digests(DigestEnd::Hour).await {
            Ok(_) => {
                self.digested = Some(this_hour);
                (self.failed_at, self.refused_since) = (None, None);
            }
            Err(failure) => {
                self.failed_at = Some(now);
                let since = self.refused_since.unwrap_or(now);
                self.refused_since = is_refusal(&failure).then_some(since);
                let error: &dyn Error = &failure;
                error!(error, "digests were not made; it is tried again every minute");
                return;
            }
        }
        report(delivery.remove_old().await);
    }
}

/// Whether it is the file system that refuses.
const fn is_refusal(failure: &DeliveryError) -> bool {
    matches!(failure, DeliveryError::File { .. })
}

/// What is kept too long does no harm, so nothing is held for it.
fn report(result: Result<(), DeliveryError>) {
    if let Err(error) = result {
        let error: &dyn Error = &error;
        error!(error, "old parts of the audit trail were not removed");
    }
}

#[cfg(test)]
mod tests;
