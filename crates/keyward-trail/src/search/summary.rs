//! An event in a few words.

use keyward_audit::Event;
use keyward_model::Timestamp;

use super::details::{Details, Identity};

/// What a line about an event says. Texts are as recorded: who prints them takes care of what a
/// terminal would obey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// `eventTime`.
    pub time: Timestamp,
    /// The account whose log it stands in.
    pub account: String,
    /// `awsRegion`.
    pub region: String,
    /// `eventName`.
    pub event: String,
    /// Who did it: `user/dana`, `assumed-role/reader/job-12`, `root`, a service, or whoever the record
    /// names. A caller of another account is named with it.
    pub who: String,
    /// What it was about: `key/…`, `alias/…`, or what the request named; empty if nothing.
    pub what: String,
    /// The error's code, if it failed.
    pub error: Option<String>,
    /// `requestID`.
    pub request_id: Option<String>,
}

impl Summary {
    /// Sums a record up; `None` if it is none.
    pub fn read(record: &[u8]) -> Option<Self> {
        let event = Event::read(record)?;
        let details = Details::read(record)?;
        Some(Self {
            time: event.time,
            who: who(&details.user_identity, &event.account),
            what: what(&event, &details),
            account: event.account.into_owned(),
            region: event.region.into_owned(),
            event: event.name.into_owned(),
            error: details.error_code.map(Into::into),
            request_id: details.request_id.map(Into::into),
        })
    }
}

fn who(caller: &Identity<'_>, account: &str) -> String {
    if let Some(arn) = &caller.arn {
        return within(arn, account);
    }
    let name = [&caller.user_name, &caller.principal_id, &caller.invoked_by];
    let name = name.into_iter().flatten().next().map(AsRef::as_ref).unwrap_or_default();
    match caller.account_id.as_deref() {
        Some(of) if of != account => format!("{of}:{name}"),
        _ => name.to_owned(),
    }
}

fn what(event: &Event<'_>, details: &Details<'_>) -> String {
    let resources: Vec<_> = event
        .resources
        .iter()
        .filter_map(|resource| resource.arn.as_deref())
        .map(|arn| within(arn, &event.account))
        .collect();
    if resources.is_empty() {
        return details.first_named().map(Into::into).unwrap_or_default();
    }
    resources.join(",")
}

/// What an ARN names, seen from an account: without it if it is this one.
fn within(arn: &str, account: &str) -> String {
    let mut parts = arn.splitn(6, ':').skip(4);
    match (parts.next(), parts.next()) {
        (Some(of), Some(name)) if of == account => name.to_owned(),
        (Some(of), Some(name)) => format!("{of}:{name}"),
        _ => arn.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{KEY, record};
    use super::*;

    #[test]
    fn an_event_is_summed_up() {
        let denied = record(1, r#""errorCode":"AccessDenied","#);
        let summary = Summary::read(&denied).unwrap();
        assert_eq!(summary.who, "user/ops/dana");
        assert_eq!(summary.what, format!("key/{KEY}"));
        assert_eq!(summary.error.as_deref(), Some("AccessDenied"));
        assert_eq!(summary.request_id.as_deref(), Some("5b1e8a50-0000-4000-8000-000000000001"));
        assert_eq!(Summary::read(b"{}"), None);
    }

    #[test]
    fn others_are_named_with_their_account() {
        let arn = "arn:aws:sts::444455556666:assumed-role/reader/job";
        assert_eq!(within(arn, "444455556666"), "assumed-role/reader/job");
        assert_eq!(within(arn, "111122223333"), "444455556666:assumed-role/reader/job");
        assert_eq!(within("uid 1000", "111122223333"), "uid 1000");
    }
}
