//! The journal's lines, newest first.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use keyward_audit::{JournalPosition, journal_segments};

/// How much is read at once.
const BLOCK_BYTES: u64 = 256 * 1024;
/// The longest line read: four times the longest record.
pub(super) const LINE_BYTES_MAX: usize = 1024 * 1024;

/// The lines of a journal from the newest to the oldest, each with the place where it begins, without
/// their ends.
///
/// The journal may be written to meanwhile: lines that were not there at the beginning are not read,
/// nor is a last one that has no end yet.
#[derive(Debug)]
pub struct BackwardLines {
    /// Those not yet begun, oldest first.
    segments: Vec<(u64, PathBuf)>,
    segment: Option<Segment>,
    end: JournalPosition,
    has_gap: bool,
}

#[derive(Debug)]
struct Segment {
    number: u64,
    file: File,
    /// Where `bytes` begin.
    start: u64,
    /// Whole lines not yet returned, but for the first, whose beginning may be missing.
    bytes: Vec<u8>,
}

impl BackwardLines {
    /// Begins at the end of the journal in `directory`.
    pub fn open(directory: &Path) -> io::Result<Self> {
        let end = JournalPosition { segment: u64::MAX, offset: u64::MAX };
        Self::over(journal_segments(directory)?, end)
    }

    /// Begins in these segments, oldest first, before a place where a line begins.
    pub(crate) fn over(
        mut segments: Vec<(u64, PathBuf)>,
        before: JournalPosition,
    ) -> io::Result<Self> {
        segments.retain(|(number, _)| {
            *number < before.segment || (*number == before.segment && before.offset > 0)
        });
        let mut lines = Self { segments, segment: None, end: before, has_gap: false };
        let is_open = lines.open_next()?;
        lines.end = match &lines.segment {
            Some(Segment { number, start, bytes, .. }) if is_open => {
                JournalPosition { segment: *number, offset: start + length(bytes) }
            }
            _ => JournalPosition::default(),
        };
        Ok(lines)
    }

    /// Whether a segment was removed before it was read.
    pub(crate) const fn has_gap(&self) -> bool {
        self.has_gap
    }

    /// Behind the last line there was at the beginning.
    pub const fn end(&self) -> JournalPosition {
        self.end
    }

    fn next_line(&mut self) -> io::Result<Option<(JournalPosition, Vec<u8>)>> {
        loop {
            if let Some(segment) = &mut self.segment
                && let Some((offset, line)) = segment.take_last()?
            {
                return Ok(Some((JournalPosition { segment: segment.number, offset }, line)));
            }
            self.segment = None;
            if !self.open_next()? {
                return Ok(None);
            }
        }
    }

    /// Goes to the next older segment; `false` if there is none.
    fn open_next(&mut self) -> io::Result<bool> {
        while let Some((number, path)) = self.segments.pop() {
            match File::open(path) {
                Ok(file) => {
                    let end = if number == self.end.segment { self.end.offset } else { u64::MAX };
                    self.segment = Some(Segment::open(number, file, end)?);
                    return Ok(true);
                }
                // Removed since they were listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.has_gap = true,
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}

impl Segment {
    fn open(number: u64, file: File, end: u64) -> io::Result<Self> {
        let start = file.metadata()?.len().min(end);
        let mut segment = Self { number, file, start, bytes: Vec::new() };
        // What is behind the last line end is no line yet.
        while !segment.bytes.contains(&b'\n') && segment.start > 0 {
            match segment.read_block() {
                // The end was cut off again since its length was asked for.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    segment.start = segment.file.metadata()?.len().min(segment.start - 1);
                    segment.bytes.clear();
                }
                read => read?,
            }
        }
        let whole = segment.bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        segment.bytes.truncate(whole);
        Ok(segment)
    }

    /// The last line and where it begins.
    fn take_last(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        loop {
            let at = match self.before_last() {
                Some(end) => end + 1,
                None if self.start > 0 => {
                    self.read_block()?;
                    continue;
                }
                None if self.bytes.is_empty() => return Ok(None),
                None => 0,
            };
            let mut line = self.bytes.split_off(at);
            line.pop();
            return Ok(Some((self.start + length(&self.bytes), line)));
        }
    }

    /// The end of the line before the last.
    fn before_last(&self) -> Option<usize> {
        let (_, before) = self.bytes.split_last()?;
        before.iter().rposition(|byte| *byte == b'\n')
    }

    fn read_block(&mut self) -> io::Result<()> {
        if self.bytes.len() > LINE_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a journal line is too long"));
        }
        let start = self.start.saturating_sub(BLOCK_BYTES);
        let mut block = vec![0; usize::try_from(self.start - start).unwrap_or_default()];
        self.file.read_exact_at(&mut block, start)?;
        block.append(&mut self.bytes);
        self.bytes = block;
        self.start = start;
        Ok(())
    }
}

impl Iterator for BackwardLines {
    type Item = io::Result<(JournalPosition, Vec<u8>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.next_line();
        if line.is_err() {
            self.segment = None;
            self.segments.clear();
        }
        line.transpose()
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn journal(segments: &[(u64, &[u8])]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (number, content) in segments {
            fs::write(directory.path().join(format!("{number:016}.jsonl")), content).unwrap();
        }
        directory
    }

    fn lines(directory: &Path) -> Vec<(u64, u64, String)> {
        let lines = BackwardLines::open(directory).unwrap().map(Result::unwrap);
        lines.map(|(at, line)| (at.segment, at.offset, String::from_utf8(line).unwrap())).collect()
    }

    #[test]
    fn lines_come_newest_first_with_their_places_and_without_what_has_no_end() {
        let directory = journal(&[(1, b"a\nbc\n"), (3, b""), (4, b"d\n\ne\nhalf")]);
        let expected = [(4, 3, "e"), (4, 2, ""), (4, 0, "d"), (1, 2, "bc"), (1, 0, "a")];
        assert_eq!(lines(directory.path()), expected.map(|(s, o, l)| (s, o, l.to_owned())));
        let end = BackwardLines::open(directory.path()).unwrap().end();
        assert_eq!((end.segment, end.offset), (4, 5));
    }

    #[test]
    fn lines_before_a_place_are_all_that_is_read() {
        let directory = journal(&[(1, b"a\nbc\n"), (3, b"d\ne\nf\nhalf")]);
        let before = |segment, offset| {
            let segments = journal_segments(directory.path()).unwrap();
            let lines = BackwardLines::over(segments, JournalPosition { segment, offset }).unwrap();
            let lines = lines.map(|line| String::from_utf8(line.unwrap().1).unwrap());
            lines.collect::<Vec<_>>().join(",")
        };
        assert_eq!(before(3, 4), "e,d,bc,a");
        assert_eq!(before(3, 0), "bc,a");
        assert_eq!(before(2, 9), "bc,a");
        assert_eq!(before(1, 2), "a");
        assert_eq!(before(1, 0), "");
    }

    #[test]
    fn a_journal_without_lines_has_none() {
        let directory = journal(&[]);
        assert_eq!(lines(directory.path()), []);
        fs::write(directory.path().join(format!("{:016}.jsonl", 2)), "half").unwrap();
        assert_eq!(lines(directory.path()), []);
        let end = BackwardLines::open(directory.path()).unwrap().end();
        assert_eq!((end.segment, end.offset), (2, 0));
    }

    #[test]
    fn lines_of_any_length_are_put_together_from_blocks() {
        let block = usize::try_from(BLOCK_BYTES).unwrap();
        let lengths = [block, 1, 0, block - 1, block * 2 + 7, 3, block - 2, block + 1];
        let written: Vec<String> =
            (b'a'..).zip(lengths).map(|(c, n)| char::from(c).to_string().repeat(n)).collect();
        let content = written.join("\n") + "\n";
        let directory = journal(&[(1, content.as_bytes())]);
        let mut read: Vec<_> = lines(directory.path());
        read.reverse();
        let mut offset = 0;
        for (line, (_, at, found)) in written.iter().zip(&read) {
            assert!(line == found);
            assert_eq!(*at, offset);
            offset += length(line.as_bytes()) + 1;
        }
        assert_eq!(read.len(), written.len());
    }

    #[test]
    fn a_line_without_an_end_in_sight_is_not_read_forever() {
        let directory = journal(&[(1, &[b"a\n".as_slice(), &vec![b'x'; 4 << 20], b"\n"].concat())]);
        let mut lines = BackwardLines::open(directory.path()).unwrap();
        assert!(lines.next().unwrap().is_err());
        assert!(lines.next().is_none());
    }
}
