//! The lines that are in no file yet.
//!
//! Usually they are few, and a page is the newest of them and of the files together. Where delivery is
//! far behind they are read from their end in pieces, and each page is what was recorded last of what
//! earlier pages have left: no event is left out, however many there are.

use std::cmp::Reverse;
use std::io;
use std::path::{Path, PathBuf};

use keyward_audit::{Event, JournalPosition, journal_segments, without_operator_note};
use keyward_engine::{EventPage, EventPosition};

use super::matches::Wanted;
use super::newest::Newest;
use super::place::Standing;
use crate::search::BackwardLines;

/// Lines of the journal, from one place to another.
pub(super) struct Tail {
    directory: PathBuf,
    from: JournalPosition,
    to: JournalPosition,
}

/// Why the lines were not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum TailError {
    /// Segments were removed, so that what they held was delivered.
    #[error("a segment of the journal was removed while it was read")]
    Removed,
    /// The system refused.
    #[error("the journal cannot be read")]
    Unreadable(#[from] io::Error),
}

impl Tail {
    pub(super) fn new(directory: &Path, from: JournalPosition, to: JournalPosition) -> Self {
        Self { directory: directory.to_owned(), from, to }
    }

    /// How many bytes there are.
    pub(super) fn bytes(&self) -> io::Result<u64> {
        let mut bytes: u64 = 0;
        let is_within =
            |(number, _): &(u64, PathBuf)| (self.from.segment..=self.to.segment).contains(number);
        for (number, path) in journal_segments(&self.directory)?.into_iter().filter(is_within) {
            let start = if number == self.from.segment { self.from.offset } else { 0 };
            let end = match path.metadata() {
                _ if number == self.to.segment => self.to.offset,
                Ok(metadata) => metadata.len(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            bytes = bytes.saturating_add(end.saturating_sub(start));
        }
        Ok(bytes)
    }

    /// Offers every line.
    pub(super) fn offer(&self, newest: &mut Newest) -> Result<(), TailError> {
        self.each(|at, line| {
            newest.offer_line(at, line);
            !newest.is_found()
        })
    }

    /// The events recorded last, as many as make a page or as there are in so many bytes. Where they
    /// were read in the order of the journal they are returned in the order of time.
    pub(super) fn page(&self, newest: &Newest, bytes_max: u64) -> Result<EventPage, TailError> {
        let (wanted, limit) = (&newest.wanted, newest.limit());
        let mut next = newest.bookmark.clone();
        let (mut found, mut bytes) = (Vec::new(), 0_u64);
        self.each(|at, line| {
            next.before = at;
            bytes = bytes.saturating_add(u64::try_from(line.len()).unwrap_or(u64::MAX));
            if let Some(event) = of_log(line, wanted) {
                next.first_read = Some(event.id);
                if wanted.takes(&event, Standing::Earlier) {
                    found.push((event.time, at, without_operator_note(line)));
                }
            }
            found.len() < limit && bytes < bytes_max && !is_found(wanted, found.len())
        })?;
        let is_found = is_found(wanted, found.len());
        found.sort_unstable_by_key(|(time, at, _)| Reverse((*time, *at)));
        let records = found.into_iter().map(|(.., record)| record).collect();
        Ok(EventPage { records, next: (!is_found).then(|| EventPosition(next.to_string())) })
    }

    /// Gives out lines, newest first, as long as more are wanted.
    fn each(&self, mut take: impl FnMut(JournalPosition, &[u8]) -> bool) -> Result<(), TailError> {
        if self.from >= self.to {
            return Ok(());
        }
        let segments = journal_segments(&self.directory)?;
        if !segments.iter().any(|(number, _)| *number == self.from.segment) {
            return Err(TailError::Removed);
        }
        let mut lines = BackwardLines::over(segments, self.to)?;
        while let Some((at, line)) = lines.next().transpose()? {
            if at < self.from {
                break;
            }
            if !take(at, &line) {
                return Ok(());
            }
        }
        if lines.has_gap() { Err(TailError::Removed) } else { Ok(()) }
    }
}

fn of_log<'l>(line: &'l [u8], wanted: &Wanted) -> Option<Event<'l>> {
    Event::read(line).filter(|event| wanted.is_of_log(event))
}

/// An id is one event's alone.
const fn is_found(wanted: &Wanted, found: usize) -> bool {
    wanted.event_id.is_some() && found > 0
}
