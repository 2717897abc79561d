//! The one loop for all sinks.

mod progress;
mod reader;
#[cfg(test)]
pub(crate) mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use keyward_audit::{FollowError, Hold, Journal, JournalPosition};
use keyward_model::{Clock, Rng};
use tokio::time::sleep;
use tracing::{debug, error, info, warn};

use crate::series;
use crate::sink::chain;
use crate::{Cursors, Failure, Record, Sent, Sink, Trouble};
pub use progress::Health;
use progress::{Bounds, Progress};
use reader::Reader;

/// How often a place is kept. What a receiver took since comes once more after a crash.
const KEEP_AFTER: Duration = Duration::from_secs(1);
/// How long records gather before they are read, once all before them were taken.
const GATHER: Duration = Duration::from_millis(200);

/// Where a sink begins that never ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the journal's end: with what comes.
    Now,
    /// At the oldest record that is there.
    Oldest,
}

/// What a sink is held to.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Its name, for its place in the journal, metrics and logs.
    pub name: &'static str,
    /// Where it begins when it never ran.
    pub from: Start,
    /// Whether nothing may be done while it is stuck.
    pub is_required: bool,
    /// How long records may wait without one being taken before it is stuck.
    pub stuck_after: Duration,
    /// How long the oldest record may wait, although others are taken; absent for any time.
    pub behind_max: Option<Duration>,
}

/// What a sink works among.
#[derive(Clone)]
pub struct Surroundings {
    /// What it follows, and holds when it is stuck.
    pub journal: Arc<Journal>,
    /// Where its place is kept.
    pub cursors: Arc<dyn Cursors>,
    /// The machine's clock.
    pub clock: Arc<dyn Clock>,
    /// Spreads retries.
    pub rng: Arc<dyn Rng>,
    /// Is told the name of a sink and how it does when that changes.
    pub tell: Arc<dyn Fn(&'static str, Health) + Send + Sync>,
}

/// A sink on its way through the journal.
pub struct Follower<S> {
    sink: S,
    terms: Terms,
    around: Surroundings,
    progress: Progress,
    /// When it began.
    began_at: Duration,
    /// What stands behind this place cannot have waited before it began.
    began_behind: JournalPosition,
    /// Whether what it meets first may have waited since an earlier run.
    is_resuming: bool,
    /// Behind the last record taken.
    taken: JournalPosition,
    /// What the store knows; `None` before the first time.
    kept: Option<JournalPosition>,
    kept_at: Duration,
    /// Whether the store failed last time.
    is_forgetful: bool,
}

impl<S: Sink> Follower<S> {
    /// A sink that has not begun.
    pub fn new(sink: S, terms: Terms, around: Surroundings) -> Self {
        series::begin(terms.name);
        Self {
            sink,
            progress: Progress::new(Bounds {
                stuck_after: terms.stuck_after,
                behind_max: terms.behind_max,
            }),
            terms,
            began_at: around.clock.monotonic(),
            began_behind: JournalPosition::default(),
            is_resuming: false,
            around,
            taken: JournalPosition::default(),
            kept: None,
            kept_at: Duration::ZERO,
            is_forgetful: false,
        }
    }

    /// Follows the journal until `stop`, then keeps its place.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        tokio::select! {
            () = self.follow() => {}
            () = stop => {}
        }
        if self.kept.is_some() {
            self.keep().await;
        }
    }

    async fn follow(&mut self) {
        let mut reader = self.begin().await;
        loop {
            let records = match reader.read().await {
                Ok(records) => records,
                Err(error) => {
                    self.mend(&mut reader, error).await;
                    continue;
                }
            };
            self.note_lag().await;
            if records.is_empty() {
                self.idle(&mut reader).await;
            } else {
                self.deliver(&records).await;
            }
        }
    }

    /// Finds where the sink was, or where it begins; keeps the latter before anything else, so that
    /// a crash does not make it skip what came meanwhile.
    async fn begin(&mut self) -> Reader {
        loop {
            match self.find_start().await {
                Ok(start) => {
                    self.taken = start;
                    return Reader::new(self.around.journal.follow(start));
                }
                Err(trouble) => self.fail(trouble.into()).await,
            }
        }
    }

    async fn find_start(&mut self) -> Result<JournalPosition, Trouble> {
        let Surroundings { journal, cursors, .. } = &self.around;
        if let Some(kept) = cursors.load(self.terms.name).await? {
            self.kept = Some(kept);
            self.began_behind = journal.end();
            self.is_resuming = true;
            return Ok(on_record(kept, journal.end()));
        }
        let start = match self.terms.from {
            Start::Now => journal.end(),
            Start::Oldest => oldest(journal).await?,
        };
        cursors.store(self.terms.name, start).await?;
        self.kept = Some(start);
        info!(sink = self.terms.name, position = %start, "a new sink follows the journal");
        Ok(start)
    }

    async fn deliver(&mut self, mut records: &[Record]) {
        while let Some(oldest) = records.first() {
            self.note_waiting(oldest);
            let sent = self.sink.send(records).await;
            let (done, rest) = records.split_at(sent.taken.min(records.len()));
            records = rest;
            if let Some(last) = done.last() {
                self.taken = last.end();
                self.note_taken(&sent);
                if self.around.clock.monotonic().saturating_sub(self.kept_at) >= KEEP_AFTER {
                    self.keep().await;
                }
            }
            if let Some(failure) = sent.failure {
                self.fail(failure).await;
            }
        }
    }

    fn note_taken(&mut self, sent: &Sent) {
        let name = self.terms.name;
        let before = self.progress.health();
        match (sent.accepted, sent.put_aside) {
            (0, 0) => self.progress.note_skipped(),
            (0, _) => self.progress.note_put_aside(),
            _ => self.progress.note_accepted(),
        }
        let accepted = u64::try_from(sent.accepted).unwrap_or_default();
        series::records(name).increment(accepted);
        self.tell_change(before);
    }

    /// Notes that records wait, and for how long the oldest of them has. A sink that goes on from
    /// where an earlier run left it does not begin to wait anew.
    fn note_waiting(&mut self, oldest: &Record) {
        let (now, age) = (self.around.clock.monotonic(), self.age(oldest));
        let before = self.progress.health();
        let waited = if std::mem::take(&mut self.is_resuming) { age } else { Duration::ZERO };
        self.progress.note_waiting(now, waited);
        self.progress.note_age(age);
        if !waited.is_zero() && self.progress.until_stuck(now) == Some(Duration::ZERO) {
            self.progress.note_stuck();
        }
        self.tell_change(before);
    }

    /// How long a record has waited. What came since the sink began waits no longer than that, even
    /// if the clock has leapt.
    fn age(&self, record: &Record) -> Duration {
        let clock = &self.around.clock;
        let written_at = record.time().unwrap_or(clock.now());
        let age_ms = clock.now().unix_ms().saturating_sub(written_at.unix_ms());
        let age = Duration::from_millis(u64::try_from(age_ms).unwrap_or_default());
        if record.end() > self.began_behind {
            age.min(clock.monotonic().saturating_sub(self.began_at))
        } else {
            age
        }
    }

    /// Notes a failure and waits.
    async fn fail(&mut self, failure: Failure) {
        let name = self.terms.name;
        series::failures(name).increment(1);
        let before = self.progress.health();
        let mut random = [0; 2];
        self.around.rng.fill(&mut random);
        let now = self.around.clock.monotonic();
        let random = u16::from_ne_bytes(random);
        let pause = self.progress.note_failure(now, failure.retry_after, random);
        let error = chain(&failure.trouble);
        if before == Health::Well {
            warn!(sink = name, error, "a sink takes no records; they wait, and it is tried again");
        } else {
            debug!(sink = name, error, pause_ms = pause.as_millis(), "a sink takes no records yet");
        }
        self.tell_change(before);
        if self.kept.is_some() {
            self.keep().await;
        }
        self.note_lag().await;
        self.pause(pause).await;
    }

    async fn pause(&mut self, pause: Duration) {
        let now = self.around.clock.monotonic();
        let Some(left) = self.progress.until_stuck(now).filter(|left| *left <= pause) else {
            return sleep(pause).await;
        };
        sleep(left).await;
        let before = self.progress.health();
        self.progress.note_stuck();
        self.tell_change(before);
        sleep(pause.saturating_sub(left)).await;
    }

    /// Tells of another health, and holds or releases the journal accordingly.
    fn tell_change(&self, before: Health) {
        let (name, after) = (self.terms.name, self.progress.health());
        if before == after {
            return;
        }
        let hold = Hold::Sink(name.to_owned());
        let is_holding = matches!(after, Health::Stuck | Health::Behind);
        if is_holding && self.terms.is_required {
            self.around.journal.hold(hold);
        } else {
            self.around.journal.release(&hold);
        }
        match after {
            Health::Well => info!(sink = name, "a sink is well again"),
            Health::Stuck => error!(
                sink = name,
                stuck_after_s = self.terms.stuck_after.as_secs(),
                is_required = self.terms.is_required,
                "a sink is stuck: records wait and none was taken for too long"
            ),
            Health::Behind => error!(
                sink = name,
                behind_max_s = self.terms.behind_max.unwrap_or_default().as_secs(),
                is_required = self.terms.is_required,
                "a sink is too far behind: its receiver takes records more slowly than they come"
            ),
            Health::Failing => {}
        }
        (self.around.tell)(name, after);
    }

    /// Waits for records, and keeps the sink's place meanwhile.
    async fn idle(&mut self, reader: &mut Reader) {
        self.taken = reader.position();
        self.is_resuming = false;
        let before = self.progress.health();
        self.progress.note_idle();
        self.tell_change(before);
        if self.kept == Some(self.taken) {
            reader.changed().await;
        } else {
            tokio::select! {
                () = reader.changed() => {}
                () = sleep(KEEP_AFTER) => return self.keep().await,
            }
        }
        sleep(GATHER).await;
    }

    /// Goes on behind what cannot be read any more, or waits for what cannot be read now.
    async fn mend(&mut self, reader: &mut Reader, error: FollowError) {
        let journal = Arc::clone(&self.around.journal);
        let found = match error {
            FollowError::Removed(_) | FollowError::Beyond { .. } => oldest(&journal).await,
            // A damaged place: never back, or it would be met again and again.
            FollowError::Cut(at) | FollowError::NotALine(at) => behind_damage(&journal, at).await,
            FollowError::Unreadable(_) => {
                return self.fail(error.into()).await;
            }
        };
        let next = match found {
            Ok(next) => next,
            Err(error) => return self.fail(error.into()).await,
        };
        let (name, was, position) = (self.terms.name, self.taken, next);
        if matches!(error, FollowError::Cut(_) | FollowError::NotALine(_) | FollowError::Removed(_))
        {
            series::gaps(name).increment(1);
            error!(
                sink = name, %was, %position, error = chain(&error),
                "records are gone from the journal before the sink took them: it goes on behind \
                 the gap"
            );
        } else {
            warn!(
                sink = name, %was, %position, error = chain(&error),
                "the journal is not as the sink left it: it takes records once more"
            );
        }
        self.taken = next;
        *reader = Reader::new(journal.follow(next));
        self.keep().await;
    }

    /// Keeps the sink's place. A store that fails makes nothing worse than records that come twice.
    async fn keep(&mut self) {
        self.kept_at = self.around.clock.monotonic();
        if self.kept == Some(self.taken) {
            return;
        }
        match self.around.cursors.store(self.terms.name, self.taken).await {
            Ok(()) => {
                self.kept = Some(self.taken);
                self.is_forgetful = false;
            }
            Err(error) => {
                if !self.is_forgetful {
                    warn!(
                        sink = self.terms.name,
                        error = chain(&error),
                        "after a stop now, records come twice"
                    );
                }
                self.is_forgetful = true;
            }
        }
    }

    async fn note_lag(&self) {
        let (journal, taken) = (Arc::clone(&self.around.journal), self.taken);
        let bytes =
            tokio::task::spawn_blocking(move || reader::bytes_behind(&journal, taken)).await;
        // A journal that cannot be listed is told by the read that follows.
        if let Ok(Ok(bytes)) = bytes {
            series::lag_bytes(self.terms.name).set(bytes);
        }
    }
}

/// Where to go on. A loss of power may have cut the newest segment before the place that was kept;
/// what was written there since was not read.
const fn on_record(kept: JournalPosition, end: JournalPosition) -> JournalPosition {
    let is_cut = kept.segment == end.segment && kept.offset > end.offset;
    JournalPosition { offset: if is_cut { 0 } else { kept.offset }, ..kept }
}

async fn oldest(journal: &Arc<Journal>) -> Result<JournalPosition, FollowError> {
    let journal = Arc::clone(journal);
    let start = tokio::task::spawn_blocking(move || journal.start()).await;
    Ok(start.map_err(io::Error::other)??)
}

/// Where the next line begins.
async fn behind_damage(
    journal: &Arc<Journal>,
    at: JournalPosition,
) -> Result<JournalPosition, FollowError> {
    let mut follower = journal.follow(at);
    let skipped = tokio::task::spawn_blocking(move || follower.skip()).await;
    skipped.map_err(io::Error::other)?
}
