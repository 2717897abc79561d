//! The newest of the events offered.

use std::collections::{BTreeMap, HashSet};

use keyward_audit::{Event, JournalPosition, without_operator_note};
use keyward_engine::{EventPage, EventPosition};
use keyward_model::Timestamp;
use uuid::Uuid;

use super::matches::Wanted;
use super::place::{Behind, Bookmark, Place, Standing};

const SECOND_MS: i64 = 1000;

/// A page in the making: of all events offered that are wanted, the newest, and one more, which
/// tells that there is a next page.
pub(super) struct Newest {
    pub(super) wanted: Wanted,
    /// Where reading begins, and what of it was read on earlier pages.
    pub(super) bookmark: Bookmark,
    limit: usize,
    records: BTreeMap<Place, Vec<u8>>,
    /// What of this log is in the tail of the journal: it may be in a file by now as well.
    in_tail: HashSet<Uuid>,
}

/// Where a record of a file stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct InFile {
    /// Where the lines begin that the file was made of.
    pub(super) from: Option<JournalPosition>,
    /// The record's place in the file.
    pub(super) index: usize,
    /// How it stands to where the last page ended.
    pub(super) standing: Standing,
}

impl Newest {
    pub(super) fn new(wanted: Wanted, bookmark: Bookmark, limit: usize) -> Self {
        let (records, in_tail) = (BTreeMap::new(), HashSet::new());
        Self { wanted, bookmark, limit, records, in_tail }
    }

    /// How many events make a page.
    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    /// Takes a line of the journal if it belongs on the page, as far as is known.
    pub(super) fn offer_line(&mut self, at: JournalPosition, line: &[u8]) {
        let Some(event) = Event::read(line) else { return };
        if !self.wanted.is_of_log(&event) {
            return;
        }
        self.in_tail.insert(event.id);
        let behind = self.wanted.behind;
        let standing = behind.map_or(Standing::Earlier, |it| it.standing_of_line(at));
        if self.wanted.takes(&event, standing) {
            let place = Place { time: event.time, line: Some(at), rank: 0, id: event.id };
            self.take(place, line);
        }
    }

    /// The same for a record of a file. One that was read in the journal already is not taken again.
    pub(super) fn offer_record(&mut self, event: &Event<'_>, at: InFile, record: &[u8]) {
        let is_wanted = self.wanted.is_of_log(event)
            && self.wanted.takes(event, at.standing)
            && !self.in_tail.contains(&event.id);
        if is_wanted {
            let index = u128::try_from(at.index).unwrap_or(u128::MAX);
            let rank = if at.from.is_some() { index } else { event.id.as_u128() };
            self.take(Place { time: event.time, line: at.from, rank, id: event.id }, record);
        }
    }

    fn take(&mut self, place: Place, record: &[u8]) {
        if self.is_full() && self.records.first_key_value().is_some_and(|(last, _)| place <= *last)
        {
            return;
        }
        self.records.entry(place).or_insert_with(|| without_operator_note(record));
        if self.records.len() > self.limit.saturating_add(1) {
            self.records.pop_first();
        }
    }

    /// Whether no event of this second or before it can come onto the page any more.
    pub(super) fn is_done_at(&self, time: Timestamp) -> bool {
        let last = self.records.first_key_value();
        self.is_found() || (self.is_full() && last.is_some_and(|(last, _)| time < last.time))
    }

    /// An id is one event's alone.
    pub(super) fn is_found(&self) -> bool {
        self.wanted.event_id.is_some() && !self.records.is_empty()
    }

    fn is_full(&self) -> bool {
        self.records.len() > self.limit
    }

    /// The page. Where not everything was read, only what is newer than `reached` is known to be
    /// complete.
    pub(super) fn into_page(mut self, reached: Option<Timestamp>) -> EventPage {
        let mut behind = None;
        if let Some(reached) = reached {
            let time = Timestamp::from_unix_ms(reached.unix_ms().saturating_add(SECOND_MS));
            let first = Place { time, line: None, rank: 0, id: Uuid::nil() };
            self.records = self.records.split_off(&first);
            behind = Some(Behind::Second(time));
        }
        if self.is_full() {
            self.records.pop_first();
            let last = self.records.first_key_value().map(|(last, _)| *last);
            behind = last.map(|Place { time, line, id, .. }| Behind::Event { time, line, id });
        }
        let next = behind.map(|it| Bookmark { behind: Some(it), ..self.bookmark });
        let next = next.map(|next| EventPosition(next.to_string()));
        EventPage { records: self.records.into_values().rev().collect(), next }
    }
}
