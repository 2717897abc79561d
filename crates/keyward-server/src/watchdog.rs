//! Which connections have stalled.
//!
//! A connection counts its reads and requests; the watchdog looks at the counts a few times per
//! timeout. So a request costs three additions, and no clock is read for it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::Limits;

/// How many times per timeout the watchdog looks.
const LOOKS_PER_TIMEOUT: u32 = 4;

/// What happened on a connection. Only its own tasks write here.
#[derive(Default)]
pub(crate) struct Activity {
    reads: AtomicU64,
    begun: AtomicU64,
    ended: AtomicU64,
    /// The reads there had been when the last request ended.
    reads_at_rest: AtomicU64,
    is_http2: AtomicBool,
}

impl Activity {
    pub(crate) fn read(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
    }

    /// A request began; it ends when what is returned is dropped.
    pub(crate) fn begin(&self, is_http2: bool) -> Request<'_> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        if is_http2 {
            self.is_http2.store(true, Ordering::Relaxed);
        }
        Request(self)
    }
}

/// A request that is being answered.
pub(crate) struct Request<'a>(&'a Activity);

impl Drop for Request<'_> {
    fn drop(&mut self) {
        let reads = self.0.reads.load(Ordering::Relaxed);
        self.0.reads_at_rest.store(reads, Ordering::Relaxed);
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// Tells when nothing has come of a connection for too long.
pub(crate) struct Watchdog {
    head_looks_max: u32,
    idle_looks_max: u32,
    begun: u64,
    head_looks: u32,
    idle_looks: u32,
}

impl Watchdog {
    pub(crate) fn new(limits: &Limits) -> Self {
        let period = Self::period(limits).as_millis().max(1);
        let looks = |timeout: Duration| {
            u32::try_from(timeout.as_millis().div_ceil(period)).unwrap_or(u32::MAX)
        };
        Self {
            head_looks_max: looks(limits.head_timeout),
            idle_looks_max: looks(limits.idle_timeout),
            begun: 0,
            head_looks: 0,
            idle_looks: 0,
        }
    }

    /// The time between two looks.
    pub(crate) fn period(limits: &Limits) -> Duration {
        let shortest = limits.head_timeout.min(limits.idle_timeout);
        (shortest / LOOKS_PER_TIMEOUT).max(Duration::from_millis(1))
    }

    /// Looks once: whether the connection has stalled.
    pub(crate) fn has_stalled(&mut self, activity: &Activity) -> bool {
        let begun = activity.begun.load(Ordering::Relaxed);
        let is_answering = begun != activity.ended.load(Ordering::Relaxed);
        if is_answering || begun != self.begun {
            self.begun = begun;
            self.head_looks = 0;
            self.idle_looks = 0;
            return false;
        }
        self.idle_looks += 1;
        if head_is_awaited(activity, begun) {
            self.head_looks += 1;
        } else {
            self.head_looks = 0;
        }
        self.head_looks > self.head_looks_max || self.idle_looks > self.idle_looks_max
    }
}

/// Whether the client owes the rest of a request's head. Before the first request it does: it
/// connected to send one. On HTTP/2 bytes between requests are often none of a request.
fn head_is_awaited(activity: &Activity, begun: u64) -> bool {
    let reads = activity.reads.load(Ordering::Relaxed);
    let has_begun_another = reads != activity.reads_at_rest.load(Ordering::Relaxed)
        && !activity.is_http2.load(Ordering::Relaxed);
    begun == 0 || has_begun_another
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stalls after 4 looks at an unfinished head, after 40 at nothing.
    fn watchdog() -> Watchdog {
        Watchdog::new(&Limits {
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(100),
            ..Limits::default()
        })
    }

    fn looks_until_stalled(watchdog: &mut Watchdog, activity: &Activity) -> usize {
        (1..1000).find(|_| watchdog.has_stalled(activity)).unwrap()
    }

    #[test]
    fn a_connection_without_a_first_request_stalls_after_the_head_timeout() {
        let activity = Activity::default();
        assert_eq!(looks_until_stalled(&mut watchdog(), &activity), 5);
        activity.read();
        assert_eq!(looks_until_stalled(&mut watchdog(), &activity), 5);
    }

    #[test]
    fn a_connection_at_rest_stalls_after_the_idle_timeout() {
        let activity = Activity::default();
        let mut watchdog = watchdog();
        activity.read();
        drop(activity.begin(false));
        assert!(!watchdog.has_stalled(&activity));
        assert_eq!(looks_until_stalled(&mut watchdog, &activity), 41);
    }

    #[test]
    fn the_head_of_a_later_request_has_its_timeout_too() {
        let activity = Activity::default();
        let mut watchdog = watchdog();
        drop(activity.begin(false));
        for _ in 0..10 {
            assert!(!watchdog.has_stalled(&activity));
        }
        activity.read();
        assert_eq!(looks_until_stalled(&mut watchdog, &activity), 5);
    }

    #[test]
    fn frames_between_requests_are_no_head_on_http2() {
        let activity = Activity::default();
        let mut watchdog = watchdog();
        drop(activity.begin(true));
        activity.read();
        assert!(!watchdog.has_stalled(&activity));
        assert_eq!(looks_until_stalled(&mut watchdog, &activity), 41);
    }

    #[test]
    fn a_connection_with_a_request_being_answered_never_stalls() {
        let activity = Activity::default();
        let mut watchdog = watchdog();
        let request = activity.begin(false);
        for _ in 0..1000 {
            assert!(!watchdog.has_stalled(&activity));
        }
        drop(request);
        assert_eq!(looks_until_stalled(&mut watchdog, &activity), 41);
    }
}
