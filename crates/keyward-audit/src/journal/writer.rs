//! Writes batches to the newest segment and never leaves half of one behind.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::left::{Alteration, LeftSegments};
use super::{Durability, JournalOptions, JournalPosition, segment};
use crate::files::{AppendFile, Files, append_all};

/// A record's usual size is a tenth of this; what fits a probe fits a record.
const PROBE: &[u8] = &[b' '; 16 * 1024];
const PROBE_NAME: &str = "probe";

/// The one who holds the newest segment.
pub(super) struct Writer {
    files: Arc<dyn Files>,
    directory: PathBuf,
    options: JournalOptions,
    segment: Box<dyn AppendFile>,
    /// The number of `segment`.
    number: u64,
    /// The last number that a file may have.
    last_number: u64,
    /// Where the last acknowledged batch ends.
    length: u64,
    /// What was begun and is not acknowledged.
    tail: Option<Tail>,
    /// Whether nothing more is entrusted to this segment, and the next line begins another.
    ///
    /// When a sync fails, the system may have dropped what it could not write and call the next
    /// sync a success. And after a loss of power this segment may be shorter than a follower has
    /// read: what is appended to it now would be taken for what was read.
    is_left: bool,
    /// Whether it is noted already that somebody else has altered this segment.
    is_altered: bool,
    left: Arc<LeftSegments>,
    /// Whether anything was written to `segment` since it was synced.
    is_unsynced: bool,
    /// Segments that were left since they were synced.
    unsynced: Vec<Box<dyn AppendFile>>,
}

/// Bytes that nobody acknowledged: they are cut off again.
#[derive(Clone, Copy)]
struct Tail {
    /// Where they begin.
    start: u64,
    /// There are no more of them.
    bytes_max: u64,
}

impl Writer {
    /// Goes on behind the newest segment of `directory`, or starts the first.
    pub(super) fn open(
        files: Arc<dyn Files>,
        directory: &Path,
        options: JournalOptions,
    ) -> io::Result<Self> {
        let newest = segment::list(directory)?.pop();
        let (number, (segment, length)) = match newest {
            Some(number) => (number, files.open(&segment::path(directory, number))?),
            None => (1, (files.create_new(&segment::path(directory, 1))?, 0)),
        };
        let is_left = newest.is_some();
        files.sync_directory(directory)?;
        Ok(Self {
            files,
            directory: directory.to_owned(),
            options,
            segment,
            number,
            last_number: number,
            length,
            tail: None,
            is_left,
            is_altered: false,
            left: Arc::default(),
            is_unsynced: false,
            unsynced: Vec::new(),
        })
    }

    /// Where the last acknowledged batch ends.
    pub(super) const fn end(&self) -> JournalPosition {
        JournalPosition { segment: self.number, offset: self.length }
    }

    /// What is known of the segments before the newest.
    pub(super) const fn left(&self) -> &Arc<LeftSegments> {
        &self.left
    }

    /// Writes whole lines; all of them are acknowledged or none.
    pub(super) fn write(&mut self, batch: &[u8]) -> io::Result<()> {
        let written = match self.write_batch(batch) {
            // Into another segment now.
            Ok(false) => self.write_batch(batch),
            written => written,
        };
        match written {
            Ok(true) => Ok(()),
            refused => {
                // If this fails too, the next write begins with it.
                let _ = self.mend();
                refused.and(Err(io::ErrorKind::ResourceBusy.into()))
            }
        }
    }

    /// Whether a record could be written now, found out without writing one.
    pub(super) fn probe(&mut self) -> io::Result<()> {
        self.mend()?;
        let path = self.directory.join(PROBE_NAME);
        // One left by a process that died here.
        let _ = self.files.remove(&path);
        let mut file = self.files.create_new(&path)?;
        let written = append_all(&mut *file, PROBE).and_then(|()| self.sync(&mut *file));
        self.files.remove(&path)?;
        written
    }

    /// Makes sure that the segment still stands where it was made, as it was written. If it does
    /// not, another is begun: what is written to a file that has lost its name, or was moved away,
    /// is lost or not found.
    pub(super) fn stay_in_place(&mut self) -> io::Result<()> {
        self.mend()?;
        let found = match self.segment.is_at(&segment::path(&self.directory, self.number)) {
            Ok(true) => Some(self.segment.length()?),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(false) | Err(_) => None,
        };
        if found == Some(self.length) {
            return Ok(());
        }
        self.note_alteration(found);
        self.start_segment()
    }

    /// Whether a segment that was left waits to be synced.
    pub(super) const fn has_left_unsynced(&self) -> bool {
        !self.unsynced.is_empty()
    }

    /// The files of all that was written since it was synced, to be synced by who takes them.
    pub(super) fn take_unsynced(&mut self) -> io::Result<Vec<Box<dyn AppendFile>>> {
        if self.is_unsynced {
            self.unsynced.push(self.segment.duplicate()?);
            self.is_unsynced = false;
        }
        Ok(std::mem::take(&mut self.unsynced))
    }

    /// What could not be synced. Nothing more is entrusted to the newest segment: it may be among it.
    pub(super) fn put_back_unsynced(&mut self, files: Vec<Box<dyn AppendFile>>) {
        self.unsynced.extend(files);
        self.is_left = true;
    }

    /// `false` if somebody else wrote to the segment, or cut it, at the same moment: then the lines
    /// may not be whole, or not where they belong. They are taken back before anything else is done.
    fn write_batch(&mut self, batch: &[u8]) -> io::Result<bool> {
        self.mend()?;
        self.look_at_length()?;
        let added = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let is_full = self.length.saturating_add(added) > self.options.segment_bytes_max;
        if self.is_left || (is_full && self.length > 0) {
            self.start_segment()?;
        }
        self.tail = Some(Tail { start: self.length, bytes_max: added });
        append_all(&mut *self.segment, batch)?;
        let (expected, end) = (self.length.saturating_add(added), self.segment.end()?);
        if end != expected {
            let start = self.length.min(end.saturating_sub(added));
            self.tail = Some(Tail { start, bytes_max: added });
            self.note_alteration(Some(end));
            return Ok(false);
        }
        if self.options.durability == Durability::Fsync {
            self.segment.sync().inspect_err(|_| self.is_left = true)?;
        }
        self.is_unsynced = self.options.durability == Durability::Written;
        self.length = expected;
        self.tail = None;
        Ok(true)
    }

    /// Leaves the segment if somebody else has appended to it or cut it: lines written behind what
    /// is not known would not be found, or not be whole.
    fn look_at_length(&mut self) -> io::Result<()> {
        let found = self.segment.length()?;
        if found != self.length {
            self.note_alteration(Some(found));
        }
        Ok(())
    }

    fn note_alteration(&mut self, found_bytes: Option<u64>) {
        self.is_left = true;
        if std::mem::replace(&mut self.is_altered, true) {
            return;
        }
        let at = self.end();
        tracing::error!(%at, found_bytes, "somebody altered the newest segment of the journal; it is left for another");
        self.left.note(Alteration { at, found_bytes });
    }

    /// Removes what a failed write left behind the last acknowledged batch.
    fn mend(&mut self) -> io::Result<()> {
        let Some(Tail { start, bytes_max }) = self.tail else { return Ok(()) };
        let found = self.segment.length()?;
        // A file that somebody cut is not made longer.
        if found > start {
            self.segment.truncate(start)?;
        }
        self.tail = None;
        if !(start..=start.saturating_add(bytes_max)).contains(&found) {
            self.note_alteration(Some(found));
        }
        Ok(())
    }

    fn start_segment(&mut self) -> io::Result<()> {
        // Counted before it is tried: a number whose file was made but not kept is not used again.
        self.last_number = self.last_number.saturating_add(1);
        let segment = self.files.create_new(&segment::path(&self.directory, self.last_number))?;
        // Whatever the durability: a number that followers have seen is never used again.
        self.files.sync_directory(&self.directory)?;
        self.left.close(self.end());
        let before = std::mem::replace(&mut self.segment, segment);
        if std::mem::take(&mut self.is_unsynced) {
            self.unsynced.push(before);
        }
        self.number = self.last_number;
        self.length = 0;
        self.is_left = false;
        self.is_altered = false;
        Ok(())
    }

    fn sync(&self, file: &mut dyn AppendFile) -> io::Result<()> {
        match self.options.durability {
            Durability::Written => Ok(()),
            Durability::Fsync => file.sync(),
        }
    }
}
