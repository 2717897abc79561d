//! Every event there is, each once: those in log files, then those that are in the journal alone.
//!
//! Log files are read in the order of their delivery, a minute's at a time, so that memory is bounded
//! however long the history is. Batches are delivered in the journal's order, so of its lines the
//! delivered ones come first: where the newest files end is found from behind.

use std::collections::HashSet;
use std::error::Error;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use keyward_audit::{
    Event, JournalPosition, JournalReader, OpenError, operator_note, without_operator_note,
};
use keyward_model::Timestamp;
use uuid::Uuid;

use super::archive::{Archive, Day, Group, each_record};
use super::backwards::BackwardLines;
use super::filter::Filter;
use super::notes::Notes;
use crate::format::day_path;

/// So many bytes of matching records are put in order at a time. More come in a minute only where
/// thousands of requests are made in a second.
const CHUNK_BYTES: usize = 64 << 20;
/// How much later than another an event may be recorded and still be the older one. Requests last
/// seconds; what a crash kept from the journal is there when the next process starts.
const DISORDER_MS: i64 = 60 * 60 * 1000;
/// A file's name has the minute of its delivery.
const MINUTE_MS: i64 = 60 * 1000;

/// Where the trail is.
#[derive(Clone, Debug)]
pub struct Places {
    /// The journal's directory.
    pub journal: PathBuf,
    /// The directory of the delivered files.
    pub audit: PathBuf,
}

/// Which events come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The oldest.
    #[default]
    OldestFirst,
    /// The newest.
    NewestFirst,
}

/// An event that was looked for.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// The record as it is delivered.
    pub record: &'a [u8],
    /// What operators alone are told of it, while the journal has it and if it was asked for.
    pub note: Option<&'a [u8]>,
}

/// Why there is nothing to search.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The journal cannot be opened.
    #[error("the journal cannot be opened")]
    Journal(#[from] OpenError),
    /// The system refused.
    #[error("the trail cannot be read")]
    Unreadable(#[from] io::Error),
}

/// Whoever takes what is found.
pub trait Taker {
    /// Takes an event, and says whether more are wanted.
    fn take(&mut self, found: Found<'_>) -> ControlFlow<()>;

    /// Is told of a file that could not be read. The search goes on without it.
    fn miss(&mut self, file: &Path, error: &dyn Error);
}

/// Finds every event that matches, in order of time as far as the trail is: what was recorded late may
/// come later. With `explains` the notes for operators are looked up as well.
pub fn search(
    places: &Places,
    filter: &Filter,
    (order, explains): (Order, bool),
    taker: &mut impl Taker,
) -> Result<(), SearchError> {
    let all = Archive::open(&places.audit, &Filter::default())?;
    let delivered = Delivered::find(&all, &places.journal)?;
    let archive = Archive::open(&places.audit, filter)?;
    let notes = if explains { Notes::find(&places.journal, filter)? } else { Notes::default() };
    let mut search = Search { places, filter, archive, delivered, notes, taker };
    let outcome = match order {
        Order::OldestFirst => search.oldest_first(),
        Order::NewestFirst => search.newest_first(),
    };
    match outcome {
        Ok(()) | Err(Stop::Enough) => Ok(()),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// What was delivered when the search began. What is delivered meanwhile is still in the journal.
#[derive(Default)]
struct Delivered {
    /// The files of the newest minute.
    newest: Option<Group>,
    /// The events of the three newest minutes.
    events: HashSet<Uuid>,
    /// The oldest line in the journal that one of the two newest minutes has: all before it are
    /// delivered, and of those behind it `events` tells. `None` if nothing says so.
    start: Option<JournalPosition>,
}

impl Delivered {
    fn find(archive: &Archive, journal: &Path) -> Result<Self, SearchError> {
        let groups = archive.newest_groups(3)?;
        let mut delivered = Self { newest: groups.first().cloned(), ..Self::default() };
        let mut sought = HashSet::new();
        for (place, group) in groups.iter().enumerate() {
            let events = events_of(group);
            // Of the newest batch some files may not be in place yet, so the one before it has to tell;
            // and each may have been delivered over the turn of a minute.
            if place < 2 {
                sought.extend(&events);
            }
            delivered.events.extend(events);
        }
        if groups.len() > 1 {
            delivered.start = first_of(sought, journal)?;
        }
        Ok(delivered)
    }

    /// Whether a group was there, but for the newest one.
    fn is_before_newest(&self, group: &Group) -> bool {
        self.newest.as_ref().is_some_and(|newest| group.delivered_at < newest.delivered_at)
    }
}

/// The ids of the events in a group, of the files that can be read.
fn events_of(group: &Group) -> HashSet<Uuid> {
    let mut events = HashSet::new();
    for file in &group.files {
        // What cannot be read is told of when the file's turn comes.
        let _ = each_record(file, |record| {
            events.extend(Event::read(record).map(|event| event.id));
        });
    }
    events
}

/// Where the oldest of these events stands in the journal, searched from behind.
fn first_of(
    mut events: HashSet<Uuid>,
    journal: &Path,
) -> Result<Option<JournalPosition>, SearchError> {
    let mut first = None;
    for line in BackwardLines::open(journal)? {
        if events.is_empty() {
            break;
        }
        let (at, line) = line?;
        if Event::read(&line).is_some_and(|event| events.remove(&event.id)) {
            first = Some(at);
        }
    }
    Ok(first)
}

/// Why a step of a search was the last.
enum Stop {
    /// Nothing more is wanted.
    Enough,
    Failed(SearchError),
}

impl<E: Into<SearchError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// A search under way.
struct Search<'s, T> {
    places: &'s Places,
    filter: &'s Filter,
    archive: Archive,
    delivered: Delivered,
    notes: Notes,
    taker: &'s mut T,
}

impl<T: Taker> Search<'_, T> {
    fn oldest_first(&mut self) -> Result<(), Stop> {
        for day in self.days()? {
            for group in self.archive.groups(&day)? {
                if !self.is_wanted(&group) {
                    continue;
                }
                let oldest = self.group(&group, Order::OldestFirst)?;
                if self.is_beyond(oldest) {
                    return Ok(());
                }
            }
        }
        if let Some(newest) = self.delivered.newest.clone() {
            self.group(&newest, Order::OldestFirst)?;
        }
        self.journal_forward()
    }

    fn newest_first(&mut self) -> Result<(), Stop> {
        self.journal_backward()?;
        if let Some(newest) = self.delivered.newest.clone() {
            self.group(&newest, Order::NewestFirst)?;
        }
        for day in self.days()?.into_iter().rev() {
            for group in self.archive.groups(&day)?.into_iter().rev() {
                if self.is_wanted(&group) {
                    self.group(&group, Order::NewestFirst)?;
                }
            }
        }
        Ok(())
    }

    /// The days that may have what is wanted.
    fn days(&self) -> Result<Vec<Day>, Stop> {
        let mut days = self.archive.days()?;
        if let Some(since) = self.filter.since {
            days.retain(|day| *day >= day_path(since));
        }
        let Some(until) = self.filter.until else { return Ok(days.into_iter().collect()) };
        let mut wanted = Vec::new();
        for day in days {
            // A day that begins with what is too new has nothing else.
            if day > day_path(until) && self.is_beyond(self.oldest_of(&day)?) {
                break;
            }
            wanted.push(day);
        }
        Ok(wanted)
    }

    /// The oldest event of the first files of a day.
    fn oldest_of(&self, day: &str) -> Result<Option<Timestamp>, Stop> {
        let Some(group) = self.archive.groups(day)?.into_iter().next() else { return Ok(None) };
        let mut oldest = None;
        for file in &group.files {
            let _ = each_record(file, |record| {
                let time = Event::read(record).map(|event| event.time);
                oldest = earlier(oldest, time);
            });
        }
        Ok(oldest)
    }

    fn is_wanted(&self, group: &Group) -> bool {
        let end_ms = group.delivered_at.unix_ms().saturating_add(MINUTE_MS);
        self.delivered.is_before_newest(group)
            && self.filter.since.is_none_or(|since| since.unix_ms() < end_ms)
    }

    /// Whether events from this one on are too new, and so is all that was recorded after them.
    fn is_beyond(&self, oldest: Option<Timestamp>) -> bool {
        let end = self.filter.until.map(|until| until.unix_ms().saturating_add(DISORDER_MS));
        oldest.zip(end).is_some_and(|(oldest, end)| oldest.unix_ms() > end)
    }

    /// Gives out the matching records of a group in order; the time of its oldest record, matching or
    /// not.
    fn group(&mut self, group: &Group, order: Order) -> Result<Option<Timestamp>, Stop> {
        let filter = self.filter;
        let mut oldest = None;
        let mut chunk = Chunk::default();
        for file in &group.files {
            let read = each_record(file, |record| {
                let Some(event) = Event::read(record) else { return };
                oldest = earlier(oldest, Some(event.time));
                if filter.matches(&event, record) {
                    chunk.add(event.time, record);
                }
            });
            if let Err(error) = read {
                self.taker.miss(file, &error);
            }
            if chunk.bytes >= CHUNK_BYTES {
                self.give_chunk(&mut chunk, order)?;
            }
        }
        self.give_chunk(&mut chunk, order)?;
        Ok(oldest)
    }

    fn give_chunk(&mut self, chunk: &mut Chunk, order: Order) -> Result<(), Stop> {
        for record in chunk.take(order) {
            let note = self.notes.of(&record);
            self.give(&record, note.as_deref())?;
        }
        Ok(())
    }

    /// Lines that are in no file, oldest first.
    fn journal_forward(&mut self) -> Result<(), Stop> {
        // Files may lie somewhere without their journal.
        if !self.places.journal.is_dir() {
            return Ok(());
        }
        let from = self.delivered.start.unwrap_or_default();
        for line in JournalReader::open_at(&self.places.journal, from)? {
            self.give_line(&line?)?;
        }
        Ok(())
    }

    /// The same, newest first.
    fn journal_backward(&mut self) -> Result<(), Stop> {
        let from = self.delivered.start.unwrap_or_default();
        for line in BackwardLines::open(&self.places.journal)? {
            let (at, line) = line?;
            if at < from {
                break;
            }
            self.give_line(&line)?;
        }
        Ok(())
    }

    fn give_line(&mut self, line: &[u8]) -> Result<(), Stop> {
        match self.filter.matching(line) {
            Some(event) if !self.delivered.events.contains(&event.id) => {
                let note = operator_note(line).filter(|_| self.notes.are_wanted());
                self.give(&without_operator_note(line), note)
            }
            _ => Ok(()),
        }
    }

    fn give(&mut self, record: &[u8], note: Option<&[u8]>) -> Result<(), Stop> {
        match self.taker.take(Found { record, note }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Enough),
        }
    }
}

/// Matching records, to be put in order.
#[derive(Default)]
struct Chunk {
    records: Vec<(Timestamp, Vec<u8>)>,
    bytes: usize,
}

impl Chunk {
    fn add(&mut self, time: Timestamp, record: &[u8]) {
        self.records.push((time, record.to_vec()));
        self.bytes += record.len();
    }

    /// Empties it.
    fn take(&mut self, order: Order) -> impl Iterator<Item = Vec<u8>> {
        self.bytes = 0;
        let mut records = std::mem::take(&mut self.records);
        // Stable: what has the same second stays as it was delivered.
        records.sort_by_key(|(time, _)| *time);
        if order == Order::NewestFirst {
            records.reverse();
        }
        records.into_iter().map(|(_, record)| record)
    }
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    a.into_iter().chain(b).min()
}

#[cfg(test)]
mod tests;
