//! The journal's lines as they come.

use std::collections::VecDeque;
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use keyward_audit::{JournalPosition, journal_segments};

use super::backwards::LINE_BYTES_MAX;

/// So much is read at once, if no line is longer.
const BLOCK_BYTES: usize = 1 << 20;
/// So many lines are remembered, to notice when some are cut off again: more than a server writes with
/// one call.
const REMEMBERED: usize = 4096;

/// Follows a journal that another process writes.
///
/// What is read need not be acknowledged yet: a server cuts the end of its journal off again when it
/// could not write all of it. That is noticed, and what stands there afterwards is read.
#[derive(Debug)]
pub struct JournalTail {
    directory: PathBuf,
    /// Behind the last line read.
    position: JournalPosition,
    segment: Option<File>,
    /// The last lines read of the segment: where they begin, their lengths with their ends, and hashes.
    lines: VecDeque<(u64, usize, u64)>,
}

impl JournalTail {
    /// Begins at a place where a line begins.
    pub fn new(directory: &Path, from: JournalPosition) -> Self {
        let directory = directory.to_owned();
        Self { directory, position: from, segment: None, lines: VecDeque::new() }
    }

    /// The lines that have come since, without their ends; no more than about a megabyte of them, so
    /// that there may be more. Does not wait.
    pub fn read(&mut self) -> io::Result<Vec<Vec<u8>>> {
        loop {
            if self.segment.is_none() && !self.open(|number, at| number >= at)? {
                return Ok(Vec::new());
            }
            let lines = self.read_segment()?;
            if !lines.is_empty() {
                return Ok(lines);
            }
            let is_followed = self.next(|number, at| number > at)?.is_some();
            if !is_followed {
                return Ok(lines);
            }
            // Whoever began the next segment has written its last line to this one.
            let lines = self.read_segment()?;
            if !lines.is_empty() {
                return Ok(lines);
            }
            self.open(|number, at| number > at)?;
        }
    }

    /// Goes to the first segment that is meant; `false` if there is none.
    fn open(&mut self, is_meant: fn(u64, u64) -> bool) -> io::Result<bool> {
        while let Some((number, path)) = self.next(is_meant)? {
            match File::open(path) {
                Ok(file) => {
                    if number != self.position.segment {
                        self.position = JournalPosition { segment: number, offset: 0 };
                    }
                    self.lines.clear();
                    self.segment = Some(file);
                    return Ok(true);
                }
                // Removed since it was listed: the next list does not have it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    fn next(&self, is_meant: fn(u64, u64) -> bool) -> io::Result<Option<(u64, PathBuf)>> {
        let at = self.position.segment;
        Ok(journal_segments(&self.directory)?.into_iter().find(|(number, _)| is_meant(*number, at)))
    }

    fn read_segment(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let Some(file) = &self.segment else { return Ok(Vec::new()) };
        self.position.offset = step_back(file, &mut self.lines, self.position.offset)?;
        let mut bytes = vec![0; BLOCK_BYTES];
        let read = read_at(file, &mut bytes, self.position.offset)?;
        bytes.truncate(read);
        let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else {
            if read >= LINE_BYTES_MAX {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a journal line is too long",
                ));
            }
            return Ok(Vec::new());
        };
        bytes.truncate(end + 1);
        let mut lines = Vec::new();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.lines.push_back((self.position.offset, line.len(), hash(line)));
            self.position.offset += u64::try_from(line.len()).unwrap_or_default();
            lines.push(line.strip_suffix(b"\n").unwrap_or(line).to_vec());
        }
        let forgotten = self.lines.len().saturating_sub(REMEMBERED);
        self.lines.drain(..forgotten);
        Ok(lines)
    }
}

/// Where to go on: behind the last line that is still there as it was read.
fn step_back(
    file: &File,
    lines: &mut VecDeque<(u64, usize, u64)>,
    mut offset: u64,
) -> io::Result<u64> {
    while let Some((start, length, hash_read)) = lines.back() {
        let mut line = vec![0; *length];
        let read = read_at(file, &mut line, *start)?;
        if read == *length && hash(&line) == *hash_read {
            return Ok(offset);
        }
        offset = *start;
        lines.pop_back();
    }
    Ok(offset)
}

/// Fills the buffer as far as the file goes; how far that is.
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        let at = offset.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
        match file.read_at(rest, at) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn hash(line: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write as _;

    use super::*;

    struct Journal(tempfile::TempDir);

    impl Journal {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn path(&self, number: u64) -> PathBuf {
            self.0.path().join(format!("{number:016}.jsonl"))
        }

        fn append(&self, number: u64, content: &str) {
            let file = OpenOptions::new().append(true).create(true).open(self.path(number));
            file.unwrap().write_all(content.as_bytes()).unwrap();
        }

        fn cut(&self, number: u64, length: u64) {
            OpenOptions::new()
                .write(true)
                .open(self.path(number))
                .unwrap()
                .set_len(length)
                .unwrap();
        }

        fn tail(&self) -> JournalTail {
            JournalTail::new(self.0.path(), JournalPosition::default())
        }
    }

    fn read(tail: &mut JournalTail) -> String {
        let lines: Vec<_> = tail.read().unwrap();
        lines.iter().map(|line| String::from_utf8_lossy(line)).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn lines_come_when_they_are_whole() {
        let journal = Journal::new();
        let mut tail = journal.tail();
        assert_eq!(read(&mut tail), "");
        journal.append(1, "a\nb");
        assert_eq!(read(&mut tail), "a");
        assert_eq!(read(&mut tail), "");
        journal.append(1, "b\nc\n");
        assert_eq!(read(&mut tail), "bb,c");
    }

    #[test]
    fn segments_are_followed_also_over_gaps_and_half_lines() {
        let journal = Journal::new();
        let mut tail = journal.tail();
        journal.append(2, "a\nhalf");
        assert_eq!(read(&mut tail), "a");
        journal.append(5, "b\n");
        journal.append(7, "c\n");
        assert_eq!(read(&mut tail), "b");
        assert_eq!(read(&mut tail), "c");
        fs::remove_file(journal.path(5)).unwrap();
        journal.append(7, "d\n");
        assert_eq!(read(&mut tail), "d");
    }

    #[test]
    fn it_begins_where_it_is_told() {
        let journal = Journal::new();
        journal.append(3, "a\nb\n");
        let from = JournalPosition { segment: 3, offset: 2 };
        assert_eq!(read(&mut JournalTail::new(journal.0.path(), from)), "b");
    }

    #[test]
    fn what_is_cut_off_again_is_replaced_by_what_comes_in_its_place() {
        let journal = Journal::new();
        let mut tail = journal.tail();
        journal.append(1, "kept\ncut\nalso cut\n");
        assert_eq!(read(&mut tail), "kept,cut,also cut");
        journal.cut(1, 5);
        assert_eq!(read(&mut tail), "");
        journal.append(1, "new\n");
        assert_eq!(read(&mut tail), "new");
        // Cut and grown beyond where it was before anyone looked.
        journal.cut(1, 5);
        journal.append(1, "another\nline\n");
        assert_eq!(read(&mut tail), "another,line");
    }

    #[test]
    fn many_lines_come_in_several_reads_and_none_is_missing() {
        let journal = Journal::new();
        let mut tail = journal.tail();
        let line = "x".repeat(1000);
        let lines: Vec<_> = (0..3000).map(|n| format!("{n} {line}\n")).collect();
        journal.append(1, &lines.concat());
        let mut count = 0;
        loop {
            let lines = tail.read().unwrap();
            if lines.is_empty() {
                break;
            }
            for line in lines {
                assert!(line.starts_with(format!("{count} ").as_bytes()));
                count += 1;
            }
        }
        assert_eq!(count, 3000);
    }
}
