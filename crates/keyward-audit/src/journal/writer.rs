//! Writes batches to the newest segment and never leaves half of one behind.

use std::io;
use std::path::{Path, PathBuf};

use super::files::{Files, SegmentFile};
use super::{Durability, JournalOptions, segment};

/// A record's usual size is a tenth of this; what fits a probe fits a record.
const PROBE: &[u8] = &[b' '; 16 * 1024];
const PROBE_NAME: &str = "probe";

/// The one who holds the newest segment.
pub(super) struct Writer {
    files: Box<dyn Files>,
    directory: PathBuf,
    options: JournalOptions,
    segment: Box<dyn SegmentFile>,
    number: u64,
    /// Where the last acknowledged batch ends.
    length: u64,
    /// Whether anything may stand behind `length`.
    is_tail_dirty: bool,
    /// Whether a sync of this segment failed. The system may then have dropped what it could not
    /// write and call the next sync a success, so nothing more is entrusted to the file.
    is_suspect: bool,
}

impl Writer {
    /// Goes on with the newest segment of `directory`, or starts the first.
    pub(super) fn open(
        files: Box<dyn Files>,
        directory: &Path,
        options: JournalOptions,
    ) -> io::Result<Self> {
        let newest = segment::list(directory)?.pop();
        let (number, (segment, length)) = match newest {
            Some(number) => (number, files.open(&segment::path(directory, number))?),
            None => (1, (files.create(&segment::path(directory, 1))?, 0)),
        };
        files.sync_directory(directory)?;
        Ok(Self {
            files,
            directory: directory.to_owned(),
            options,
            segment,
            number,
            length,
            is_tail_dirty: false,
            is_suspect: false,
        })
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
        let mut file = self.files.create(&path)?;
        let written = append_all(&mut *file, PROBE).and_then(|()| self.sync(&mut *file));
        self.files.remove(&path)?;
        written
    }

    fn write_batch(&mut self, batch: &[u8]) -> io::Result<()> {
        self.mend()?;
        let added = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let is_full = self.length.saturating_add(added) > self.options.segment_bytes_max;
        if self.is_suspect || (is_full && self.length > 0) {
            self.start_segment()?;
        }
        self.is_tail_dirty = true;
        append_all(&mut *self.segment, batch)?;
        if self.options.durability == Durability::Fsync {
            self.segment.sync().inspect_err(|_| self.is_suspect = true)?;
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
        self.number = self.number.saturating_add(1);
        let segment = self.files.create(&segment::path(&self.directory, self.number))?;
        if self.options.durability == Durability::Fsync {
            self.files.sync_directory(&self.directory)?;
        }
        self.segment = segment;
        self.length = 0;
        self.is_suspect = false;
        Ok(())
    }

    fn sync(&self, file: &mut dyn SegmentFile) -> io::Result<()> {
        match self.options.durability {
            Durability::Written => Ok(()),
            Durability::Fsync => file.sync(),
        }
    }
}

/// Writes all of `bytes`: with one call, unless the system takes only a part.
fn append_all(file: &mut dyn SegmentFile, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.append(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => bytes = bytes.get(taken..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
