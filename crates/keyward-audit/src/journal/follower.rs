//! Follows the journal behind its writer, over all segments, up to where lines are acknowledged.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use super::left::LeftSegments;
use super::{JournalPosition, LINE_BYTES_MAX, segment};
use crate::files::{Files, ReadFile};

/// Reads acknowledged lines from a place on, each once, in order, as they come.
///
/// What stands behind [`Journal::end`] is not seen: it may be cut off again.
///
/// [`Journal::end`]: super::Journal::end
pub struct JournalFollower {
    files: Arc<dyn Files>,
    directory: PathBuf,
    left: Arc<LeftSegments>,
    end: watch::Receiver<JournalPosition>,
    position: JournalPosition,
    /// The segment of `position`, once read from.
    segment: Option<Box<dyn ReadFile>>,
}

/// A journal that cannot be followed from where the follower stands.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The journal ends before that place, so it is another journal: none of its lines was read.
    #[error("the journal ends at {end}, before {position}, where it was to be followed from")]
    Beyond {
        /// Where the follower stands.
        position: JournalPosition,
        /// Where the journal ends.
        end: JournalPosition,
    },
    /// The segment was cut: it ends there, and acknowledged lines stood behind.
    #[error("segment {} of the journal was cut off at {}", .0.segment, .0.offset)]
    Cut(JournalPosition),
    /// No line begins there, or none that ends.
    #[error("no whole line begins at {0} of the journal")]
    NotALine(JournalPosition),
    /// The segment was removed. Its lines cannot be read any more.
    #[error("segment {} of the journal was removed", .0.segment)]
    Removed(JournalPosition),
    /// The system refused.
    #[error("the journal cannot be read")]
    Unreadable(#[from] io::Error),
}

/// Whole lines that follow one another, all of one segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    start: JournalPosition,
    /// Every line has its end, but for what somebody else left behind the last of a segment.
    bytes: Vec<u8>,
}

impl Lines {
    /// The lines without their ends.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.with_positions().map(|(_, line)| line)
    }

    /// The lines without their ends, each with the place where it begins.
    pub fn with_positions(&self) -> impl Iterator<Item = (JournalPosition, &[u8])> {
        let JournalPosition { segment, mut offset } = self.start;
        self.bytes.split_inclusive(|byte| *byte == b'\n').map(move |line| {
            let start = JournalPosition { segment, offset };
            offset = offset.saturating_add(length(line));
            (start, line.strip_suffix(b"\n").unwrap_or(line))
        })
    }

    /// Whether there are none: the follower has read all that is acknowledged.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Their bytes, line ends included.
    pub const fn bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }
}

impl JournalFollower {
    pub(super) fn new(
        files: Arc<dyn Files>,
        (directory, left): (PathBuf, Arc<LeftSegments>),
        end: watch::Receiver<JournalPosition>,
        position: JournalPosition,
    ) -> Self {
        Self { files, directory, left, end, position, segment: None }
    }

    /// Behind the last line returned.
    pub const fn position(&self) -> JournalPosition {
        self.position
    }

    /// Returns once lines stand behind [`position`](Self::position). Cheap for those who append as
    /// long as nobody waits; who wants large batches lets some time pass before it waits again.
    pub async fn changed(&mut self) {
        let position = self.position;
        if self.end.wait_for(|end| *end > position).await.is_err() {
            // The journal was closed: nothing will come.
            std::future::pending::<()>().await;
        }
    }

    /// The next lines, about `bytes_max` bytes of them, but at least one; none if all that is
    /// acknowledged was read. Lines of different segments come one read after the other.
    ///
    /// Blocks. After a failure the follower stands where it stood.
    pub fn read(&mut self, bytes_max: usize) -> Result<Lines, FollowError> {
        let end = *self.end.borrow();
        if self.position.segment > end.segment {
            return Err(FollowError::Beyond { position: self.position, end });
        }
        while self.position < end {
            let lines = self.read_segment(bytes_max, end)?;
            if !lines.is_empty() {
                self.position.offset += length(&lines.bytes);
                return Ok(lines);
            }
            if self.position.segment == end.segment {
                break;
            }
            self.position = self.next_segment(end)?;
            self.segment = None;
        }
        Ok(Lines { start: self.position, bytes: Vec::new() })
    }

    /// Goes forward to where the next line begins, out of the middle of one or over one that cannot
    /// be read; not beyond the end. Blocks.
    pub fn skip(&mut self) -> Result<JournalPosition, FollowError> {
        let (start, end) = (self.position, *self.end.borrow());
        self.segment = None;
        let file = self.open_segment()?;
        let is_newest = start.segment == end.segment;
        let length = file.length()?;
        let stop = if is_newest { length.min(end.offset) } else { length };
        self.position = match next_line(&*file, start.offset, stop)? {
            Some(offset) => JournalPosition { offset, ..start },
            None if is_newest => end,
            None => self.next_segment(end)?,
        };
        Ok(self.position)
    }

    /// The next lines of this segment.
    fn read_segment(
        &mut self,
        bytes_max: usize,
        end: JournalPosition,
    ) -> Result<Lines, FollowError> {
        let start = self.position;
        let is_new = self.segment.is_none();
        let file = match self.segment.take() {
            Some(file) => file,
            None => self.open_segment()?,
        };
        let length = file.length()?;
        let is_newest = start.segment == end.segment;
        // Of the newest segment, only what was said is read. Those before it stay as they are: all
        // of them is read, whoever wrote it.
        let acknowledged = if is_newest { Some(end.offset) } else { self.left.end(start.segment) };
        let stop = if is_newest { length.min(end.offset) } else { length };
        if start.offset < stop && is_new && !is_line_start(&*file, start.offset)? {
            return Err(FollowError::NotALine(start));
        }
        let bytes = read_lines(&*file, start, stop, bytes_max)?;
        if bytes.is_empty() {
            let is_cut = acknowledged.is_some_and(|end| end > length && end > start.offset);
            match stop.saturating_sub(start.offset) {
                // What somebody else wrote, or left of a line.
                rest if rest > 0 && !is_newest => {
                    let rest = usize::try_from(rest).unwrap_or(usize::MAX);
                    let bytes = read_exactly(&*file, start.offset, rest)?;
                    self.segment = Some(file);
                    return Ok(Lines { start, bytes });
                }
                _ if is_cut => return Err(FollowError::Cut(start)),
                0 => {}
                _ => return Err(FollowError::NotALine(start)),
            }
        }
        self.segment = Some(file);
        Ok(Lines { start, bytes })
    }

    fn open_segment(&self) -> Result<Box<dyn ReadFile>, FollowError> {
        let path = segment::path(&self.directory, self.position.segment);
        self.files.open_to_read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => FollowError::Removed(self.position),
            _ => FollowError::Unreadable(error),
        })
    }

    /// The start of the segment behind this one.
    fn next_segment(&self, end: JournalPosition) -> Result<JournalPosition, FollowError> {
        let this = self.position.segment;
        let numbers = segment::numbers(self.files.list(&self.directory)?);
        // `end` lies in a segment that was there a moment ago.
        let next = numbers.into_iter().find(|number| *number > this).unwrap_or(end.segment);
        Ok(JournalPosition { segment: next.min(end.segment), offset: 0 })
    }
}

impl fmt::Debug for JournalFollower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalFollower").field("position", &self.position).finish_non_exhaustive()
    }
}

/// Whether a line begins at `offset`.
fn is_line_start(file: &dyn ReadFile, offset: u64) -> io::Result<bool> {
    let Some(before) = offset.checked_sub(1) else { return Ok(true) };
    let mut byte = [0];
    Ok(file.read_at(&mut byte, before)? == 1 && byte == *b"\n")
}

/// Behind the first line end between `offset` and `stop`.
fn next_line(file: &dyn ReadFile, mut offset: u64, stop: u64) -> io::Result<Option<u64>> {
    while offset < stop {
        let left = usize::try_from(stop - offset).unwrap_or(usize::MAX);
        let bytes = read_exactly(file, offset, left.min(LINE_BYTES_MAX))?;
        if let Some(line) = bytes.split_inclusive(|byte| *byte == b'\n').next()
            && line.ends_with(b"\n")
        {
            return Ok(Some(offset + length(line)));
        }
        offset += length(&bytes);
    }
    Ok(None)
}

/// The whole lines between `start` and `stop` of a segment, up to about `bytes_max` bytes; none if
/// what stands there is shorter than the longest line and has no end.
fn read_lines(
    file: &dyn ReadFile,
    start: JournalPosition,
    stop: u64,
    bytes_max: usize,
) -> Result<Vec<u8>, FollowError> {
    let left = usize::try_from(stop.saturating_sub(start.offset)).unwrap_or(usize::MAX);
    let mut wanted = bytes_max.max(1).min(left);
    loop {
        let mut bytes = read_exactly(file, start.offset, wanted)?;
        if let Some(last) = bytes.iter().rposition(|byte| *byte == b'\n') {
            bytes.truncate(last + 1);
            return Ok(bytes);
        }
        if wanted >= LINE_BYTES_MAX {
            return Err(FollowError::NotALine(start));
        }
        if wanted == left {
            return Ok(Vec::new());
        }
        wanted = wanted.saturating_mul(4).max(4096).min(left).min(LINE_BYTES_MAX);
    }
}

fn read_exactly(file: &dyn ReadFile, offset: u64, wanted: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; wanted];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX))) {
            // What was acknowledged has gone from the file.
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
