//! Every operation offered, one line each.

use keyward_engine::{Entry, Operation, json_entry};

use crate::API;
use crate::create_trail::CreateTrail;
use crate::delete_trail::DeleteTrail;
use crate::describe_trails::DescribeTrails;
use crate::get_event_selectors::GetEventSelectors;
use crate::get_trail::GetTrail;
use crate::get_trail_status::GetTrailStatus;
use crate::list_public_keys::ListPublicKeys;
use crate::list_trails::ListTrails;
use crate::lookup_events::LookupEvents;
use crate::put_event_selectors::PutEventSelectors;
use crate::start_logging::StartLogging;
use crate::stop_logging::StopLogging;
use crate::update_trail::UpdateTrail;

const fn entry<O: Operation>() -> Entry {
    json_entry::<O>(&API)
}

/// Every operation that is offered, in the order of names.
pub static OPERATIONS: &[Entry] = &[
    entry::<CreateTrail>(),
    entry::<DeleteTrail>(),
    entry::<DescribeTrails>(),
    entry::<GetEventSelectors>(),
    entry::<GetTrail>(),
    entry::<GetTrailStatus>(),
    entry::<ListPublicKeys>(),
    entry::<ListTrails>(),
    entry::<LookupEvents>(),
    entry::<PutEventSelectors>(),
    entry::<StartLogging>(),
    entry::<StopLogging>(),
    entry::<UpdateTrail>(),
];

/// The operation of this name.
pub fn find(name: &str) -> Option<&'static Entry> {
    let found = OPERATIONS.binary_search_by(|entry| entry.name.cmp(name)).ok();
    found.and_then(|at| OPERATIONS.get(at))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use keyward_engine::record_disagreements;
    use keyward_shape::disagreements;

    use super::*;
    use crate::constraints::tests::SAMPLES;

    #[test]
    fn every_request_has_the_members_of_the_model() {
        for entry in OPERATIONS {
            let written = (entry.input_members)().unwrap_or_default();
            let written: BTreeSet<_> = written.iter().copied().collect();
            let model: BTreeSet<_> =
                entry.model.input.members.iter().map(|member| member.name).collect();
            assert_eq!(written, model, "{}", entry.name);
        }
    }

    #[test]
    fn every_request_is_read_exactly_when_the_validator_finds_nothing() {
        for entry in OPERATIONS {
            let found = disagreements(entry.model.input, SAMPLES, entry.readings);
            assert_eq!(found, Vec::<String>::new(), "{}", entry.name);
        }
    }

    #[test]
    fn a_request_shows_the_same_whether_its_shape_or_its_model_is_asked() {
        let disagree = |entry: &'static Entry| {
            let found = record_disagreements(entry, SAMPLES);
            (!found.is_empty()).then_some((entry.name, found))
        };
        assert_eq!(OPERATIONS.iter().filter_map(disagree).collect::<Vec<_>>(), []);
    }

    #[test]
    fn an_entry_has_the_name_of_its_model_and_is_found_by_it() {
        assert!(OPERATIONS.is_sorted_by(|a, b| a.name < b.name));
        for entry in OPERATIONS {
            assert_eq!(entry.name, entry.model.name);
            assert!(find(entry.name).is_some_and(|found| std::ptr::eq(found, entry)));
        }
        assert!(find("lookupEvents").is_none());
    }
}
