//! The newest of the events offered.

use std::collections::BTreeMap;

use keyward_audit::{Event, without_operator_note};
use keyward_engine::{EventPage, EventPosition};
use keyward_model::Timestamp;
use uuid::Uuid;

use super::Place;
use super::matches::Wanted;

const SECOND_MS: i64 = 1000;

/// A page in the making: of all events offered that are wanted, the newest, and one more, which
/// tells that there is a next page.
pub(super) struct Newest {
    pub(super) wanted: Wanted,
    limit: usize,
    records: BTreeMap<Place, Vec<u8>>,
}

impl Newest {
    pub(super) const fn new(wanted: Wanted, limit: usize) -> Self {
        Self { wanted, limit, records: BTreeMap::new() }
    }

    /// Takes a record if it belongs on the page, as far as is known. What was taken before is not
    /// taken again.
    pub(super) fn offer(&mut self, record: &[u8]) {
        let Some(event) = Event::read(record) else { return };
        let Some(place) = self.wanted.place_of(&event) else { return };
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
        // An id is one event's alone.
        let is_found = self.wanted.event_id.is_some() && !self.records.is_empty();
        let last = self.records.first_key_value();
        is_found || (self.is_full() && last.is_some_and(|((last, _), _)| time < *last))
    }

    fn is_full(&self) -> bool {
        self.records.len() > self.limit
    }

    /// The page. Where not everything was read, only what is newer than `reached` is known to be
    /// complete.
    pub(super) fn into_page(mut self, reached: Option<Timestamp>) -> EventPage {
        let mut next = None;
        if let Some(reached) = reached {
            let first = Timestamp::from_unix_ms(reached.unix_ms().saturating_add(SECOND_MS));
            self.records = self.records.split_off(&(first, Uuid::nil()));
            next = Some(EventPosition { time: first, event_id: Uuid::nil() });
        }
        if self.is_full() {
            self.records.pop_first();
            let last = self.records.first_key_value();
            next = last.map(|((time, id), _)| EventPosition { time: *time, event_id: *id });
        }
        EventPage { records: self.records.into_values().rev().collect(), next }
    }
}
