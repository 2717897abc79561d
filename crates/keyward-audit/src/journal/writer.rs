//! Writes batches to the newest segment and never leaves half of one behind.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    /// Whether anything may stand behind `length`.
    is_tail_dirty: bool,
    /// Whether nothing more is entrusted to this segment, and the next line begins another.
    ///
    /// When a sync fails, the system may have dropped what it could not write and call the next
    /// sync a success. And after a loss of power this segment may be shorter than a follower has
    /// read: what is appended to it now would be taken for what was read.
    is_left: bool,
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
            is_tail_dirty: false,
            is_left,
        })
    }

    /// Where the last acknowledged batch ends.
    pub(super) const fn end(&self) -> JournalPosition {
        JournalPosition { segment: self.number, offset: self.length }
    }

    /// Writes whole lines; all of them are acknowledged or none.
    pub(super) fn write(&mut self, batch: &[u8]) -> io::Result<()> {
        let written = self.write_batch(batch);
        if written.is_err() {
            // If this fails too, the next write begins with it.
            let _ = self.mend();
        }
        written
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

    /// Makes sure that the segment still stands where it was made. If it does not, another is begun:
    /// what is written to a file that has lost its name, or was moved away, is lost or not found.
    pub(super) fn stay_in_place(&mut self) -> io::Result<()> {
        let path = segment::path(&self.directory, self.number);
        match self.segment.is_at(&path) {
            Ok(true) => return Ok(()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(false) | Err(_) => {}
        }
        tracing::warn!(path = %path.display(), "a journal segment was taken away");
        self.is_left = true;
        self.probe()
    }

    fn write_batch(&mut self, batch: &[u8]) -> io::Result<()> {
        self.mend()?;
        let added = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let is_full = self.length.saturating_add(added) > self.options.segment_bytes_max;
        if self.is_left || (is_full && self.length > 0) {
            self.start_segment()?;
        }
        self.is_tail_dirty = true;
        append_all(&mut *self.segment, batch)?;
        if self.options.durability == Durability::Fsync {
            self.segment.sync().inspect_err(|_| self.is_left = true)?;
        }
        self.length = self.length.saturating_add(added);
        self.is_tail_dirty = false;
        Ok(())
    }

    /// Removes what a failed write left behind the last acknowledged batch.
    fn mend(&mut self) -> io::Result<()> {
        if self.is_tail_dirty {
            self.segment.truncate(self.length)?;
            self.is_tail_dirty = false;
        }
        Ok(())
    }

    fn start_segment(&mut self) -> io::Result<()> {
        // Counted before it is tried: a number whose file was made but not kept is not used again.
        self.last_number = self.last_number.saturating_add(1);
        let segment = self.files.create_new(&segment::path(&self.directory, self.last_number))?;
        // Whatever the durability: a number that followers have seen is never used again.
        self.files.sync_directory(&self.directory)?;
        self.segment = segment;
        self.number = self.last_number;
        self.length = 0;
        self.is_left = false;
        Ok(())
    }

    fn sync(&self, file: &mut dyn AppendFile) -> io::Result<()> {
        match self.options.durability {
            Durability::Written => Ok(()),
            Durability::Fsync => file.sync(),
        }
    }
}
