//! The notes for operators of events that are in files, which have none: the journal keeps its lines
//! for some days more.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use keyward_audit::{Event, JournalPosition, journal_segments, operator_note};
use uuid::Uuid;

use super::backwards::{BackwardLines, LINE_BYTES_MAX};
use super::filter::Filter;

/// Of so many events, the newest that match, notes are found again.
const EVENTS_MAX: usize = 1_000_000;

/// Where notes are. By default none is wanted.
#[derive(Default)]
pub(super) struct Notes {
    are_wanted: bool,
    places: HashMap<Uuid, JournalPosition>,
    segments: HashMap<u64, PathBuf>,
}

impl Notes {
    /// Looks for the notes of the events that match.
    pub(super) fn find(journal: &Path, filter: &Filter) -> io::Result<Self> {
        let mut places = HashMap::new();
        for line in BackwardLines::open(journal)? {
            let (at, line) = line?;
            if places.len() == EVENTS_MAX {
                break;
            }
            if operator_note(&line).is_some()
                && let Some(event) = filter.matching(&line)
            {
                places.insert(event.id, at);
            }
        }
        let segments = journal_segments(journal)?.into_iter().collect();
        Ok(Self { are_wanted: true, places, segments })
    }

    /// Whether notes are wanted at all.
    pub(super) const fn are_wanted(&self) -> bool {
        self.are_wanted
    }

    /// The note of a record, if it is found. That it is not is no failure: the journal forgets.
    pub(super) fn of(&self, record: &[u8]) -> Option<Vec<u8>> {
        if self.places.is_empty() {
            return None;
        }
        let id = Event::read(record)?.id;
        let at = self.places.get(&id)?;
        let line = read_line(self.segments.get(&at.segment)?, at.offset).ok()?;
        // Another line may stand there by now.
        let is_it = Event::read(&line).is_some_and(|event| event.id == id);
        operator_note(&line).filter(|_| is_it).map(<[u8]>::to_vec)
    }
}

fn read_line(segment: &Path, offset: u64) -> io::Result<Vec<u8>> {
    let mut file = BufReader::new(File::open(segment)?);
    file.seek(SeekFrom::Start(offset))?;
    let mut line = Vec::new();
    let bytes_max = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
    file.take(bytes_max).read_until(b'\n', &mut line)?;
    line.pop_if(|last| *last == b'\n');
    Ok(line)
}
