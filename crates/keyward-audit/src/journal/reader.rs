//! Reads a journal, also while it is being written.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::vec;

use uuid::Uuid;

use super::{JournalPosition, LINE_BYTES_MAX, OpenError, segment};

/// What is recent: event ids are searched in the segments written to in this long before the newest one was.
pub(super) const RECENT: Duration = Duration::from_mins(10);

/// The lines of a journal, oldest first, without their line ends.
///
/// Segments that start after the reader was opened are not read, nor are those removed meanwhile. A
/// last line without its end is still being written and is not read either.
#[derive(Debug)]
pub struct JournalReader {
    directory: PathBuf,
    numbers: vec::IntoIter<u64>,
    segment: Option<BufReader<File>>,
}

impl JournalReader {
    /// Reads the journal in `directory`.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        match segment::list(directory) {
            Ok(numbers) => Ok(Self::over(directory, numbers)),
            Err(source) => Err(OpenError { path: directory.to_owned(), source }),
        }
    }

    /// Reads the journal in `directory` from a place on where a line begins.
    pub fn open_at(directory: &Path, from: JournalPosition) -> Result<Self, OpenError> {
        let fails = |source| OpenError { path: directory.to_owned(), source };
        let mut numbers = segment::list(directory).map_err(fails)?;
        numbers.retain(|number| *number >= from.segment);
        let is_there = numbers.first() == Some(&from.segment);
        let mut reader = Self::over(directory, numbers);
        if is_there
            && reader.next_segment().map_err(fails)?
            && let Some(segment) = &mut reader.segment
        {
            segment.seek(SeekFrom::Start(from.offset)).map_err(fails)?;
        }
        Ok(reader)
    }

    fn over(directory: &Path, numbers: Vec<u64>) -> Self {
        Self { directory: directory.to_owned(), numbers: numbers.into_iter(), segment: None }
    }

    /// Goes to the next segment; `false` behind the last.
    fn next_segment(&mut self) -> io::Result<bool> {
        for number in self.numbers.by_ref() {
            match File::open(segment::path(&self.directory, number)) {
                Ok(file) => {
                    self.segment = Some(BufReader::new(file));
                    return Ok(true);
                }
                // Removed since they were listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(segment) = &mut self.segment {
                if let Some(line) = read_line(segment)? {
                    return Ok(Some(line));
                }
                self.segment = None;
            }
            if !self.next_segment()? {
                return Ok(None);
            }
        }
    }
}

impl Iterator for JournalReader {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.next_line();
        if line.is_err() {
            // Nothing behind a failure is read as if it followed what came before.
            self.segment = None;
            self.numbers = Vec::new().into_iter();
        }
        line.transpose()
    }
}

/// The next line that has its end.
fn read_line(segment: &mut BufReader<File>) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let most = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
    let length = segment.by_ref().take(most).read_until(b'\n', &mut line)?;
    if line.pop_if(|last| *last == b'\n').is_some() {
        return Ok(Some(line));
    }
    if length == LINE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a journal line is too long"));
    }
    Ok(None)
}

/// The segments of the journal in `directory`, oldest first: numbers and files. A directory that is
/// not there has none.
pub fn journal_segments(directory: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let numbers = match segment::list(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        listed => listed?,
    };
    Ok(numbers.into_iter().map(|number| (number, segment::path(directory, number))).collect())
}

/// The records of a request, as they stand in the journal: of the newest segment that has one.
pub fn find_request(directory: &Path, request_id: &Uuid) -> io::Result<Vec<Vec<u8>>> {
    for number in segment::list(directory)?.into_iter().rev() {
        let mut found = Vec::new();
        for line in JournalReader::over(directory, vec![number]) {
            let line = line?;
            // Parsed, not searched: an encryption context may hold the same words.
            if request_id_of(&line).is_some_and(|id| id == *request_id) {
                found.push(line);
            }
        }
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

fn request_id_of(line: &[u8]) -> Option<Uuid> {
    let record: Requested<'_> = serde_json::from_slice(line).ok()?;
    Uuid::parse_str(record.request_id?).ok()
}

/// A record of a request, as far as it matters here.
#[derive(serde::Deserialize)]
struct Requested<'a> {
    #[serde(rename = "requestID", borrow)]
    request_id: Option<&'a str>,
}

/// A record, as far as it matters here.
#[derive(serde::Deserialize)]
struct Identified<'a> {
    #[serde(rename = "eventID", borrow)]
    event_id: &'a str,
}

/// Which of `ids` are the `eventID` of a record in the newest segments, newest segment first.
pub(super) fn find_event_ids(directory: &Path, ids: &[Uuid]) -> io::Result<HashSet<Uuid>> {
    let wanted: HashSet<Uuid> = ids.iter().copied().collect();
    let mut found = HashSet::new();
    for number in recent_segments(directory)? {
        if found.len() == wanted.len() {
            break;
        }
        for line in JournalReader::over(directory, vec![number]) {
            // Parsed, not searched: an encryption context may hold the same words.
            found.extend(event_id_of(&line?).filter(|id| wanted.contains(id)));
        }
    }
    Ok(found)
}

/// What `take` makes of every line of the newest segments, oldest first.
pub(super) fn read_recent<T: Default>(directory: &Path, take: fn(&mut T, &[u8])) -> io::Result<T> {
    let mut numbers = recent_segments(directory)?;
    numbers.reverse();
    let mut taken = T::default();
    for line in JournalReader::over(directory, numbers) {
        take(&mut taken, &line?);
    }
    Ok(taken)
}

/// The numbers of the newest segments, newest first.
pub(super) fn recent_segments(directory: &Path) -> io::Result<Vec<u64>> {
    let mut newest: Option<SystemTime> = None;
    let mut recent = Vec::new();
    for number in segment::list(directory)?.into_iter().rev() {
        let written = segment::path(directory, number).metadata()?.modified()?;
        if written + RECENT < *newest.get_or_insert(written) {
            break;
        }
        recent.push(number);
    }
    Ok(recent)
}

fn event_id_of(line: &[u8]) -> Option<Uuid> {
    let record: Identified<'_> = serde_json::from_slice(line).ok()?;
    Uuid::parse_str(record.event_id).ok()
}
