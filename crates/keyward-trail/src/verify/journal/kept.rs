//! The segments of the journal that are still there, read by bytes.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use keyward_audit::files::{Files, ReadFile};
use keyward_audit::journal_segments;
use keyward_crypto::sha256;
use keyward_store::{JournalRange, TrailFileRecord};

use super::lines_of;
use crate::delivery::batch::Batch;

/// More than any batch of lines, and than any segment there should be.
const RANGE_BYTES_MAX: u64 = 1 << 30;

/// The journal in a directory.
pub(in crate::verify) struct KeptJournal<'a> {
    files: &'a dyn Files,
    directory: &'a Path,
    segments: BTreeMap<u64, PathBuf>,
}

impl<'a> KeptJournal<'a> {
    pub(in crate::verify) fn open(files: &'a dyn Files, directory: &'a Path) -> io::Result<Self> {
        let segments = journal_segments(directory)?.into_iter().collect();
        Ok(Self { files, directory, segments })
    }

    /// The numbers of its segments.
    pub(super) fn segments(&self) -> impl Iterator<Item = u64> {
        self.segments.keys().copied()
    }

    /// Whether a segment that is not there should be: an older one still is.
    pub(super) fn must_have(&self, segment: u64) -> bool {
        let oldest = journal_segments(self.directory).ok();
        oldest.and_then(|all| all.first().map(|(oldest, _)| *oldest < segment)).unwrap_or_default()
    }

    /// How long a segment is; `None` if it is not there.
    pub(super) fn length(&self, segment: u64) -> io::Result<Option<u64>> {
        self.open_segment(segment)?.map(|file| file.length()).transpose()
    }

    /// The lines; `None` if they are not there.
    pub(super) fn read(&self, range: JournalRange) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = self.open_segment(range.segment)? else { return Ok(None) };
        let bytes = range.to.checked_sub(range.from).filter(|bytes| *bytes <= RANGE_BYTES_MAX);
        let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
        match bytes {
            Some(bytes) if file.length()? >= range.to => read_at(&*file, range.from, bytes),
            _ => Ok(None),
        }
    }

    /// The lines that a log file was made of, if they still are what it was delivered with.
    pub(in crate::verify) fn lines_of(&self, file: &TrailFileRecord) -> Option<JournalRange> {
        let range = file.journal?;
        let lines = self.read(range).ok()??;
        let group = Batch::of(lines_of(&lines)).groups.remove(&file.name.scope)?;
        (sha256(&[&group.into_parts().1]) == file.hash).then_some(range)
    }

    fn open_segment(&self, segment: u64) -> io::Result<Option<Box<dyn ReadFile>>> {
        let Some(path) = self.segments.get(&segment) else { return Ok(None) };
        match self.files.open_to_read(path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// So many bytes; `None` if the file ends before them.
fn read_at(file: &dyn ReadFile, mut offset: u64, bytes: usize) -> io::Result<Option<Vec<u8>>> {
    let mut buffer = vec![0; bytes];
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset) {
            Ok(0) => return Ok(None),
            Ok(read) => {
                filled += read;
                offset = offset.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(buffer))
}
