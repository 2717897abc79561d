//! Which events a query is about.

use keyward_audit::Event;
use keyward_engine::EventQuery;
use keyward_model::{LookupAttribute, Timestamp};
use keyward_store::TrailFilter;
use uuid::Uuid;

use super::place::{Behind, Standing};
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
    /// Where the page before this one ended.
    pub(super) behind: Option<Behind>,
}

impl Wanted {
    /// What is asked for of the events since `oldest`; `None` if there can be none.
    pub(super) fn of(
        query: &EventQuery,
        behind: Option<Behind>,
        oldest: Timestamp,
    ) -> Option<Self> {
        let event_id = match &query.attribute {
            // An id is written in one way. Whatever else is asked for is no id.
            Some((LookupAttribute::EventId, text)) => {
                Some(text.parse::<Uuid>().ok().filter(|id| id.to_string() == *text)?)
            }
            _ => None,
        };
        let last = behind.map_or(NEVER, Behind::last_second);
        let wanted = Self {
            account: query.account.as_str().to_owned(),
            region: query.region.as_str().to_owned(),
            attribute: query.attribute.clone().filter(|_| event_id.is_none()),
            event_id,
            from: query.from.map_or(oldest, |from| from.max(oldest)),
            to: query.to.unwrap_or(NEVER).min(last),
            behind,
        };
        (wanted.from <= wanted.to).then_some(wanted)
    }

    /// Whether the event is in the log that is read.
    pub(super) fn is_of_log(&self, event: &Event<'_>) -> bool {
        event.account == self.account && event.region == self.region
    }

    /// Whether an event of this log is asked for, that stands so to where the last page ended.
    pub(super) fn takes(&self, event: &Event<'_>, standing: Standing) -> bool {
        (self.from..=self.to).contains(&event.time)
            && self.behind.is_none_or(|behind| behind.is_before(event, standing))
            && self.event_id.is_none_or(|id| id == event.id)
            && self
                .attribute
                .as_ref()
                .is_none_or(|(key, value)| lookup_values(event).contains(&(*key, value.as_str())))
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
