//! Which events a query is about.

use keyward_audit::Event;
use keyward_engine::EventQuery;
use keyward_model::{LookupAttribute, Timestamp};
use keyward_store::TrailFilter;
use uuid::Uuid;

use super::{Place, place};
use crate::index::lookup_values;

/// The last instant that is spoken of.
const NEVER: Timestamp = Timestamp::from_unix_ms(i64::MAX);

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    account: String,
    region: String,
    attribute: Option<(LookupAttribute, String)>,
    /// The id, if it is asked for by its id.
    pub(super) event_id: Option<Uuid>,
    from: Timestamp,
    /// The last second in which there can be one.
    pub(super) to: Timestamp,
    before: Option<Place>,
}

impl Wanted {
    /// What is asked for of the events since `oldest`; `None` if there can be none.
    pub(super) fn of(query: &EventQuery, oldest: Timestamp) -> Option<Self> {
        let event_id = match &query.attribute {
            // An id is written in one way. Whatever else is asked for is no id.
            Some((LookupAttribute::EventId, text)) => {
                Some(text.parse::<Uuid>().ok().filter(|id| id.to_string() == *text)?)
            }
            _ => None,
        };
        let to = query.to.unwrap_or(NEVER).min(query.after.as_ref().map_or(NEVER, last_second));
        let wanted = Self {
            account: query.account.as_str().to_owned(),
            region: query.region.as_str().to_owned(),
            attribute: query.attribute.clone().filter(|_| event_id.is_none()),
            event_id,
            from: query.from.map_or(oldest, |from| from.max(oldest)),
            to,
            before: query.after.as_ref().map(place),
        };
        (wanted.from <= wanted.to).then_some(wanted)
    }

    /// The place of an event that is wanted.
    pub(super) fn place_of(&self, event: &Event<'_>) -> Option<Place> {
        let place = (event.time, event.id);
        let is_wanted = event.account == self.account
            && event.region == self.region
            && (self.from..=self.to).contains(&event.time)
            && self.before.is_none_or(|before| place < before)
            && self.event_id.is_none_or(|id| id == event.id)
            && self
                .attribute
                .as_ref()
                .is_none_or(|(key, value)| lookup_values(event).contains(&(*key, value.as_str())));
        is_wanted.then_some(place)
    }

    /// Which files may hold some.
    pub(super) fn filter(&self) -> TrailFilter {
        TrailFilter {
            attribute: self.attribute.clone(),
            from: Some(self.from),
            to: (self.to < NEVER).then_some(self.to),
        }
    }
}

/// The last second of which events stand behind a place.
fn last_second(position: &keyward_engine::EventPosition) -> Timestamp {
    if position.event_id.is_nil() { second_before(position.time) } else { position.time }
}

const fn second_before(time: Timestamp) -> Timestamp {
    Timestamp::from_unix_ms(time.unix_ms().saturating_sub(1000))
}
