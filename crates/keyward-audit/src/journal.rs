//! The append-only journal: what is acknowledged here is on record.
//!
//! One directory of numbered segment files, one record per line, one writing process (the program
//! holds the lock of the data directory). A line is acknowledged once it is written
//! ([`Durability::Written`]: it survives the process) or synced ([`Durability::Fsync`]: it survives
//! the machine). Appends that meet are written together. The journal does not know what a line
//! says, but for the `eventID` it looks for in [`Journal::contains_event_ids`].
//!
//! A line may gain members that belong to the operator alone and are not delivered to accounts;
//! readers must ignore members they do not know.

mod combine;
mod follower;
mod hold;
mod left;
mod position;
mod queue;
mod reader;
mod segment;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use keyward_model::Timestamp;
use uuid::Uuid;

use crate::files::{FileDescription, Files, RealFiles};
use combine::{Entry, Shared};
pub use follower::{FollowError, JournalFollower, Lines};
pub use hold::Hold;
pub use left::Alteration;
pub use position::{InvalidPosition, JournalPosition};
use queue::Turn;
pub use reader::{JournalReader, find_request, journal_segments};
use writer::Writer;

/// The longest line, its end included: four times the longest record.
const LINE_BYTES_MAX: usize = 1024 * 1024;

/// What an acknowledged line has survived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The death of this process: the line is with the operating system.
    Written,
    /// The loss of power: the line is on the disk.
    Fsync,
}

/// How a journal writes.
#[derive(Clone, Copy, Debug)]
pub struct JournalOptions {
    /// What an acknowledged line has survived.
    pub durability: Durability,
    /// A segment that would grow beyond this is closed first. A batch is never split, so a segment
    /// that starts with a batch above the limit is longer.
    pub segment_bytes_max: u64,
    /// Appends beyond this many waiting bytes are refused. As many again may be on their way to
    /// the disk.
    pub pending_bytes_max: usize,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            durability: Durability::Written,
            segment_bytes_max: 64 * 1024 * 1024,
            pending_bytes_max: 8 * 1024 * 1024,
        }
    }
}

/// What opening a journal mended: lines that a dying process or machine left half written. None of
/// them was acknowledged under the durability it was written with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repair {
    /// Segments whose tail was moved to a `.torn` file beside them.
    pub torn_lines: u64,
    /// How many bytes were moved.
    pub torn_bytes: u64,
}

/// An append that is not on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The disk refused. The next append tries again.
    #[error("the journal cannot be written: {0}")]
    Failed(io::ErrorKind),
    /// Somebody holds the journal; see [`Journal::holds`].
    #[error("the journal is held")]
    Held,
    /// The record is empty or holds a line end.
    #[error("a journal record is one line")]
    NotOneLine,
    /// Too much waits to be written.
    #[error("the journal has too much to write")]
    Overloaded,
    /// The journal's thread has ended.
    #[error("the journal has stopped")]
    Stopped,
    /// The record is longer than any that is read back: four times the longest there should be.
    #[error("a journal record is too long")]
    TooLong,
}

/// A journal that cannot be opened or read.
#[derive(Debug, thiserror::Error)]
#[error("the journal at `{}` cannot be opened", path.display())]
pub struct OpenError {
    /// The journal's directory.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// What a journal has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalCounts {
    /// Records acknowledged.
    pub appended_records: u64,
    /// Bytes of those records, line ends included.
    pub appended_bytes: u64,
    /// Records refused, because the disk refused, too much was waiting, or the journal is held; and
    /// checks that failed, since a record would have followed.
    pub refused_records: u64,
    /// How often somebody else altered the newest segment, so that it was left.
    pub altered: u64,
    /// Torn lines found when the journal was opened.
    pub torn_lines: u64,
}

/// A segment of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its number, as in [`JournalPosition`].
    pub number: u64,
    /// Its length.
    pub bytes: u64,
    /// When it was last written to, by the clock of the machine.
    pub written_at: Timestamp,
}

/// The journal, open for appending.
pub struct Journal {
    directory: PathBuf,
    files: Arc<dyn Files>,
    shared: Arc<Shared>,
    /// Writes and syncs under [`Durability::Fsync`]; otherwise appending tasks write themselves.
    thread: Option<JoinHandle<()>>,
    torn_lines: u64,
}

impl Journal {
    /// Opens the journal in `directory`, which is made if absent, and mends torn tails.
    ///
    /// The caller makes sure that no other process has it open.
    pub fn open(directory: &Path, options: JournalOptions) -> Result<(Self, Repair), OpenError> {
        Self::open_on(Arc::new(RealFiles), directory, options)
    }

    /// Opens a journal on a file system other than the machine's: what tests do. Its directory is
    /// made and mended in the machine's.
    pub fn open_on(
        files: Arc<dyn Files>,
        directory: &Path,
        options: JournalOptions,
    ) -> Result<(Self, Repair), OpenError> {
        Self::try_open(files, directory, options)
            .map_err(|source| OpenError { path: directory.to_owned(), source })
    }

    fn try_open(
        files: Arc<dyn Files>,
        directory: &Path,
        options: JournalOptions,
    ) -> io::Result<(Self, Repair)> {
        RealFiles.create_directories(directory)?;
        let repair = segment::repair_all(directory)?;
        // What a process that was killed has left to the system: its lines count as on record.
        for number in reader::recent_segments(directory)? {
            files.open(&segment::path(directory, number))?.0.sync()?;
        }
        let writer = Writer::open(Arc::clone(&files), directory, options)?;
        let shared = Arc::new(Shared::new(writer, options));
        let thread = match options.durability {
            Durability::Written => None,
            Durability::Fsync => Some(combine::spawn(Arc::clone(&shared))?),
        };
        let directory = directory.to_owned();
        let journal = Self { directory, files, shared, thread, torn_lines: repair.torn_lines };
        Ok((journal, repair))
    }

    /// Puts one record on record; `line` has no line end.
    ///
    /// A future that is dropped before it is ready leaves the line to be written all the same, or
    /// not at all if it was never polled; either way lines of others are not touched.
    pub async fn append(&self, line: &[u8]) -> Result<(), JournalError> {
        self.append_together(&[line]).await
    }

    /// Puts records on record that belong together: all of them, or none.
    pub async fn append_together(&self, lines: &[&[u8]]) -> Result<(), JournalError> {
        for line in lines {
            if line.is_empty() || line.contains(&b'\n') {
                return Err(JournalError::NotOneLine);
            }
            if line.len() >= LINE_BYTES_MAX {
                return Err(JournalError::TooLong);
            }
        }
        match self.shared.enter(lines)? {
            Entry::Leader(leadership) => leadership.take_up(),
            Entry::Follower(turn) => match turn.await {
                Ok(Turn::Done(result)) => result,
                Ok(Turn::Lead(leadership)) => leadership.take_up(),
                Err(_) => Err(JournalError::Stopped),
            },
        }
    }

    /// Whether records are taken: the last write worked and nobody holds the journal.
    pub fn is_healthy(&self) -> bool {
        self.is_writable() && !self.shared.holds.is_any()
    }

    /// Whether the last write worked.
    pub fn is_writable(&self) -> bool {
        self.shared.is_writable()
    }

    /// Fails when the journal could not take a record now. Costs nothing while it is healthy or
    /// held; after a failed write it mends the tail and tries a small file beside the segments.
    ///
    /// Every request asks before anything is done for it, and again before it commits a change.
    /// What is refused here counts among the refused records.
    pub fn check(&self) -> Result<(), JournalError> {
        self.shared.check()
    }

    /// Looks after the journal, every few seconds: after a failed write it does what
    /// [`check`](Self::check) does, so that the journal recovers without a request. While all is
    /// well it makes sure that the newest segment is as it was written and where it was made, and
    /// that the disk answers: of one that takes no batch for three inspections the journal is
    /// unhealthy until it does.
    /// Blocks.
    pub fn inspect(&self) {
        self.shared.inspect();
    }

    /// Makes all that was acknowledged before survive a loss of power, whatever the durability. Appends
    /// go on meanwhile. What fails is tried again by the next call.
    pub async fn sync(&self) -> Result<(), JournalError> {
        let shared = Arc::clone(&self.shared);
        let synced = tokio::task::spawn_blocking(move || shared.sync()).await;
        synced
            .map_err(|_| JournalError::Stopped)?
            .map_err(|error| JournalError::Failed(error.kind()))
    }

    /// From now on the journal takes no records, until this hold is released. A hold that is set
    /// stays set. Lines already waiting are written.
    pub fn hold(&self, by: Hold) {
        self.shared.holds.add(by);
    }

    /// Ends a hold; nothing happens if there is none.
    pub fn release(&self, by: &Hold) {
        self.shared.holds.remove(by);
    }

    /// Who holds the journal now.
    pub fn holds(&self) -> Vec<Hold> {
        self.shared.holds.all()
    }

    /// Returns when [`is_healthy`](Self::is_healthy), or the reason why it is not, may have
    /// changed since the last call. For one watcher: of several only one is woken.
    pub async fn health_changed(&self) {
        self.shared.holds.changed.notified().await;
    }

    /// Where the segments are, for who reads them another way than by following.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where the acknowledged lines end. A line is before this place before its append returns.
    pub fn end(&self) -> JournalPosition {
        *self.shared.end.borrow()
    }

    /// Where the oldest line that is still there begins.
    pub fn start(&self) -> io::Result<JournalPosition> {
        let oldest = segment::numbers(self.files.list(&self.directory)?).into_iter().next();
        Ok(oldest.map_or(self.end(), |segment| JournalPosition { segment, offset: 0 }))
    }

    /// Returns once the journal ends behind `position`; at once, if it does.
    /// [`JournalFollower::changed`] says it of a follower.
    pub async fn changed(&self, position: JournalPosition) {
        // Fails only when the journal is gone, and this borrows it.
        let _ = self.shared.end.subscribe().wait_for(|end| *end > position).await;
    }

    /// Follows the journal from a place on: [`start`](Self::start), [`end`](Self::end), or where
    /// another follower has stood. A place that cannot be followed is told by the first read.
    pub fn follow(&self, from: JournalPosition) -> JournalFollower {
        let (files, end) = (Arc::clone(&self.files), self.shared.end.subscribe());
        let journal = (self.directory.clone(), Arc::clone(&self.shared.left));
        JournalFollower::new(files, journal, end, from)
    }

    /// What others did to the segments that were written to, as far as it was found and not taken
    /// before: a few places, even if there were more.
    pub fn take_alterations(&self) -> Vec<Alteration> {
        self.shared.left.take_alterations()
    }

    /// Keeps alterations that were taken and not told to anyone for the next who asks.
    pub fn put_back_alterations(&self, alterations: impl Iterator<Item = Alteration>) {
        self.shared.left.keep(alterations);
    }

    /// The segments, oldest first, for who decides what is old enough to be removed. Blocks.
    pub fn segments(&self) -> io::Result<Vec<Segment>> {
        let mut segments = Vec::new();
        for number in segment::numbers(self.files.list(&self.directory)?) {
            let description = self.files.describe(&segment::path(&self.directory, number))?;
            let FileDescription { bytes, written_at, .. } = description;
            segments.push(Segment { number, bytes, written_at });
        }
        Ok(segments)
    }

    /// Removes the segments that lie before `position` as a whole, oldest first, and returns how
    /// many those were. The segment that `position` lies in stays, and so does the newest. Blocks.
    pub fn remove_before(&self, position: JournalPosition) -> io::Result<u64> {
        let kept = position.min(self.end()).segment;
        let mut removed = 0;
        for number in segment::numbers(self.files.list(&self.directory)?) {
            if number >= kept {
                break;
            }
            let path = segment::path(&self.directory, number);
            // What a repair moved aside is as old.
            match self.files.remove(&path.with_extension(segment::TORN)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => self.files.remove(&path)?,
            }
            removed += 1;
        }
        self.shared.left.forget_before(kept);
        Ok(removed)
    }

    /// What was done since the journal was opened.
    pub fn counts(&self) -> JournalCounts {
        JournalCounts { torn_lines: self.torn_lines, ..self.shared.counts() }
    }

    /// Which of `ids` are the `eventID` of a record in the newest segments: those written in the
    /// last ten minutes before the newest one was. A tail that a failed write left dirty is cut off
    /// first, so that what is found stays.
    ///
    /// For records that committed with their change and wait for delivery: those found here were
    /// delivered before.
    pub async fn contains_event_ids(&self, ids: &[Uuid]) -> Result<HashSet<Uuid>, JournalError> {
        self.shared.check_disk()?;
        let (directory, ids) = (self.directory.clone(), ids.to_vec());
        let search = move || reader::find_event_ids(&directory, &ids);
        let found = tokio::task::spawn_blocking(search).await.map_err(|_| JournalError::Stopped)?;
        found.map_err(|error| JournalError::Failed(error.kind()))
    }

    /// Gives `take` every line of the segments written to in the ten minutes before the newest one
    /// was, oldest first, and returns what it makes of them: what a process that was killed may not
    /// have written elsewhere.
    pub async fn read_recent<T: Default + Send + 'static>(
        &self,
        take: fn(&mut T, &[u8]),
    ) -> Result<T, JournalError> {
        self.shared.check_disk()?;
        let directory = self.directory.clone();
        let read = move || reader::read_recent(&directory, take);
        let read = tokio::task::spawn_blocking(read).await.map_err(|_| JournalError::Stopped)?;
        read.map_err(|error| JournalError::Failed(error.kind()))
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { directory, shared, .. } = self;
        f.debug_struct("Journal").field("directory", directory).field("shared", shared).finish()
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.shared.close();
        if let Some(thread) = self.thread.take() {
            // A panic there was reported when it happened.
            let _ = thread.join();
        }
    }
}
