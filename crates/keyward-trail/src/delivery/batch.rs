//! Journal lines sorted into the files they go to.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use keyward_audit::{Event, without_operator_note};
use keyward_model::{LookupAttribute, Timestamp};
use keyward_store::Scope;
use uuid::Uuid;

use crate::index::{event_id_filter, lookup_values};

/// The lines of one batch.
#[derive(Default)]
pub(crate) struct Batch<'l> {
    /// What goes to each account's Region.
    pub(crate) groups: BTreeMap<Scope, Group>,
    /// Lines that are no records.
    pub(crate) unreadable: Vec<&'l [u8]>,
}

/// What goes into one file.
pub(crate) struct Group {
    content: Vec<u8>,
    ids: Vec<Uuid>,
    values: BTreeMap<LookupAttribute, HashSet<String>>,
    pub(crate) oldest: Timestamp,
    pub(crate) newest: Timestamp,
}

impl<'l> Batch<'l> {
    pub(crate) fn of(lines: impl Iterator<Item = &'l [u8]>) -> Self {
        let mut batch = Self::default();
        for line in lines {
            // What is delivered must be readable, so that is what is read.
            let record = without_operator_note(line);
            let filed = Event::read(&record).and_then(|event| Some((scope(&event)?, event)));
            match filed {
                Some((scope, event)) => {
                    let group = batch.groups.entry(scope);
                    group.or_insert_with(|| Group::new(event.time)).add(&event, &record);
                }
                None => batch.unreadable.push(line),
            }
        }
        batch
    }
}

/// Whose log gets the event, and of which Region.
pub(crate) fn scope(event: &Event<'_>) -> Option<Scope> {
    Some(Scope { account: event.account.parse().ok()?, region: event.region.parse().ok()? })
}

const START: &[u8] = b"{\"Records\":[";
const END: &[u8] = b"]}";

impl Group {
    fn new(time: Timestamp) -> Self {
        Self {
            content: START.to_vec(),
            ids: Vec::new(),
            values: BTreeMap::new(),
            oldest: time,
            newest: time,
        }
    }

    fn add(&mut self, event: &Event<'_>, record: &[u8]) {
        if !self.ids.is_empty() {
            self.content.push(b',');
        }
        self.content.extend_from_slice(record);
        self.ids.push(event.id);
        self.oldest = self.oldest.min(event.time);
        self.newest = self.newest.max(event.time);
        for (attribute, value) in lookup_values(event) {
            let known = self.values.entry(attribute).or_default();
            if !known.contains(value) {
                known.insert(value.to_owned());
            }
        }
    }

    /// The ids of the events.
    pub(crate) fn ids(&self) -> &[Uuid] {
        &self.ids
    }

    /// How many records there are.
    pub(crate) fn records(&self) -> u64 {
        u64::try_from(self.ids.len()).unwrap_or(u64::MAX)
    }

    /// A filter that holds the ids of all events.
    pub(crate) fn event_ids(&self) -> Vec<u8> {
        event_id_filter(&self.ids)
    }

    /// The distinct values, in a settled order, and the file's content.
    pub(crate) fn into_parts(self) -> (Vec<(LookupAttribute, String)>, Vec<u8>) {
        let sorted = |(attribute, values): (LookupAttribute, HashSet<String>)| {
            let values: BTreeSet<String> = values.into_iter().collect();
            values.into_iter().map(move |value| (attribute, value))
        };
        let mut content = self.content;
        content.extend_from_slice(END);
        (self.values.into_iter().flat_map(sorted).collect(), content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(account: &str, region: &str, n: u8, note: &str) -> String {
        format!(
            r#"{{"userIdentity":{{"type":"Root"}},"eventTime":"2026-03-04T10:15:{n:02}Z","eventSource":"kms.amazonaws.com","eventName":"Encrypt","awsRegion":"{region}","eventID":"6f3b2c1d-0000-4000-8000-0000000000{n:02}","recipientAccountId":"{account}"{note}}}"#
        )
    }

    #[test]
    fn lines_are_sorted_by_account_and_region_without_their_notes() {
        let noted = line("111122223333", "us-east-1", 2, r#","operatorNote":{"why":"x"}"#);
        let lines = [
            noted,
            line("111122223333", "us-east-1", 1, ""),
            line("111122223333", "eu-west-1", 3, ""),
            line("444455556666", "us-east-1", 4, ""),
        ];
        let batch = Batch::of(lines.iter().map(String::as_bytes));
        assert!(batch.unreadable.is_empty());
        assert_eq!(batch.groups.len(), 3);
        let scope = Scope {
            account: "111122223333".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
        };
        let group = batch.groups.into_iter().find(|(it, _)| *it == scope).unwrap().1;
        assert_eq!(group.records(), 2);
        assert!(group.oldest < group.newest);
        let (values, content) = group.into_parts();
        let bare = line("111122223333", "us-east-1", 2, "");
        let expected = format!("{{\"Records\":[{bare},{}]}}", lines[1]);
        assert_eq!(String::from_utf8(content).unwrap(), expected);
        let expected = [
            (LookupAttribute::EventName, "Encrypt".to_owned()),
            (LookupAttribute::Username, "root".to_owned()),
            (LookupAttribute::EventSource, "kms.amazonaws.com".to_owned()),
        ];
        assert_eq!(values, expected);
    }

    #[test]
    fn a_line_that_is_no_record_is_set_aside() {
        let odd_account = line("1", "us-east-1", 1, "");
        let odd_region = line("111122223333", "no region!", 1, "");
        let lines: [&[u8]; 6] =
            [b"{}", b"nonsense", b"\xff\xfe", b"", odd_account.as_bytes(), odd_region.as_bytes()];
        let batch = Batch::of(lines.into_iter());
        assert_eq!(batch.unreadable, lines);
        assert!(batch.groups.is_empty());
    }
}
