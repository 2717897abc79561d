//! How delivery stands, for metrics, readiness and GetTrailStatus.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyward_audit::{Journal, JournalPosition};
use keyward_model::Timestamp;

use super::pulse::Pulse;

/// All that clients are told of a failure: its causes name paths, and objects of others. The log
/// has them.
const INTERNAL_ERROR: &str = "InternalError";

/// How delivery stands.
#[derive(Debug, Default)]
pub struct DeliveryStatus {
    files: AtomicU64,
    digests: AtomicU64,
    failures: AtomicU64,
    digest_failures: AtomicU64,
    unreadable: AtomicU64,
    losses: AtomicU64,
    is_failing: AtomicBool,
    are_digests_failing: AtomicBool,
    is_database_older: AtomicBool,
    left_out: AtomicU64,
    /// 0 while nothing waits.
    waiting_since_ms: AtomicI64,
    pub(super) pulse: Pulse,
    rest: Mutex<Rest>,
}

#[derive(Debug, Default)]
struct Rest {
    position: JournalPosition,
    latest_file: Option<Timestamp>,
    latest_failure: Option<Timestamp>,
}

/// What was done since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryCounts {
    /// Log files delivered.
    pub files: u64,
    /// Digests delivered.
    pub digests: u64,
    /// Deliveries that failed.
    pub failures: u64,
    /// Times that digests were wanted and not all of them made.
    pub digest_failures: u64,
    /// Journal lines set aside because they are no records.
    pub unreadable_lines: u64,
    /// How often journal lines were found to be gone before they were delivered.
    pub losses: u64,
    /// How often a lookup went without a log file that is gone or altered.
    pub lookup_unreadable_files: u64,
}

impl DeliveryStatus {
    /// Of a delivery none of whose steps takes longer, unless it never ends.
    pub(super) fn new(step_max: Duration) -> Self {
        Self { pulse: Pulse::new(step_max), ..Self::default() }
    }

    /// Holds the journal if delivery does not come to an end with what it is at, which it cannot tell
    /// itself. To be called every few seconds with the time of the monotonic clock. The hold ends
    /// with the step.
    pub fn watch(&self, journal: &Journal, now: Duration) {
        self.pulse.watch(journal, now);
    }

    /// Whether delivery does not come to an end with what it is at.
    pub fn is_stuck(&self, now: Duration) -> bool {
        self.pulse.is_stuck(now)
    }

    /// What was done since the process began.
    pub fn counts(&self) -> DeliveryCounts {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        DeliveryCounts {
            files: of(&self.files),
            digests: of(&self.digests),
            failures: of(&self.failures),
            digest_failures: of(&self.digest_failures),
            unreadable_lines: of(&self.unreadable),
            losses: of(&self.losses),
            lookup_unreadable_files: of(&self.left_out),
        }
    }

    /// Up to where the journal is in files.
    pub fn position(&self) -> JournalPosition {
        self.lock().position
    }

    /// What clients are told if the newest delivery failed.
    pub fn latest_error(&self) -> Option<&'static str> {
        self.is_failing.load(Ordering::Relaxed).then_some(INTERNAL_ERROR)
    }

    /// When the newest delivery failed, if it did.
    pub fn latest_failure(&self) -> Option<Timestamp> {
        self.lock().latest_failure.filter(|_| self.is_failing.load(Ordering::Relaxed))
    }

    /// What clients are told if digests were wanted last and not all of them made.
    pub fn latest_digest_error(&self) -> Option<&'static str> {
        self.are_digests_failing().then_some(INTERNAL_ERROR)
    }

    /// Whether digests were wanted last and not all of them were made.
    pub fn are_digests_failing(&self) -> bool {
        self.are_digests_failing.load(Ordering::Relaxed)
    }

    /// Whether this process found that the database knows less than the files of the trail.
    pub fn is_database_older(&self) -> bool {
        self.is_database_older.load(Ordering::Relaxed)
    }

    /// When this process delivered its newest log file.
    pub fn latest_file(&self) -> Option<Timestamp> {
        self.lock().latest_file
    }

    /// How many acknowledged bytes are not in files. Asks the file system when they are in more
    /// than one segment; `u64::MAX` if it does not say.
    pub fn lag_bytes(&self, journal: &Journal) -> u64 {
        let (from, end) = (self.position(), journal.end());
        if from.segment == end.segment {
            return end.offset.saturating_sub(from.offset);
        }
        let Ok(segments) = journal.segments() else { return u64::MAX };
        let between = segments.iter().filter(|it| (from.segment..end.segment).contains(&it.number));
        let bytes: u64 = between.map(|it| it.bytes).sum();
        bytes.saturating_add(end.offset).saturating_sub(from.offset)
    }

    /// Since when records wait for a file, if any do.
    pub fn waiting_since(&self) -> Option<Timestamp> {
        let since = self.waiting_since_ms.load(Ordering::Relaxed);
        (since != 0).then_some(Timestamp::from_unix_ms(since))
    }

    pub(super) fn waits_since(&self, since: Option<Timestamp>) {
        let since = since.map_or(0, Timestamp::unix_ms);
        self.waiting_since_ms.store(since, Ordering::Relaxed);
    }

    pub(super) fn reached(&self, position: JournalPosition) {
        self.lock().position = position;
    }

    pub(super) fn delivered(&self, is_done: bool, now: Timestamp) {
        if !is_done {
            self.lock().latest_failure = Some(now);
        }
        self.failures.fetch_add(u64::from(!is_done), Ordering::Relaxed);
        self.is_failing.store(!is_done, Ordering::Relaxed);
    }

    pub(super) fn digested(&self, is_done: bool) {
        self.digest_failures.fetch_add(u64::from(!is_done), Ordering::Relaxed);
        self.are_digests_failing.store(!is_done, Ordering::Relaxed);
    }

    pub(super) fn delivered_file(&self, at: Timestamp) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.lock().latest_file = Some(at);
    }

    pub(super) fn delivered_digest(&self) {
        self.digests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn set_aside(&self, lines: usize) {
        self.unreadable.fetch_add(u64::try_from(lines).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn database_is_older(&self) {
        self.is_database_older.store(true, Ordering::Relaxed);
    }

    pub(super) fn lost_lines(&self) {
        self.losses.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn left_out_of_lookup(&self) {
        self.left_out.fetch_add(1, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
