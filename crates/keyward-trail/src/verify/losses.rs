//! What the trail says of itself: that records were lost or altered before they were delivered.

use std::borrow::Cow;

use keyward_audit::read_iso_date;
use keyward_model::Timestamp;
use serde::Deserialize;

/// The records that tell it. The program writes them on its own account.
const EVENTS: [&str; 4] =
    ["AuditDatabaseOlder", "AuditJournalAltered", "AuditLinesUnreadable", "AuditRecordsLost"];
const SOURCE: &str = "keyward";
/// What a file holds that has any such record.
const TRACE: &str = r#""eventSource":"keyward""#;

/// A log file, as far as it matters here.
#[derive(Deserialize)]
struct Content<'c> {
    #[serde(rename = "Records", borrow)]
    records: Vec<Record<'c>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'c> {
    #[serde(borrow)]
    event_name: Cow<'c, str>,
    #[serde(borrow)]
    event_source: Cow<'c, str>,
    #[serde(borrow)]
    event_time: Cow<'c, str>,
    #[serde(borrow)]
    user_identity: Identity<'c>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'c> {
    #[serde(borrow)]
    invoked_by: Option<Cow<'c, str>>,
}

/// The names and times of such records in a log file. Few files hold any, and few are parsed.
pub(super) fn losses(content: &[u8]) -> Vec<(&'static str, Timestamp)> {
    let text = str::from_utf8(content).ok().filter(|text| text.contains(TRACE));
    let content = text.and_then(|text| serde_json::from_str::<Content<'_>>(text).ok());
    let records = content.into_iter().flat_map(|content| content.records);
    let own = records.filter(|record| {
        record.event_source == SOURCE && record.user_identity.invoked_by.as_deref() == Some(SOURCE)
    });
    own.filter_map(|record| {
        let name = EVENTS.into_iter().find(|name| *name == record.event_name)?;
        Some((name, read_iso_date(&record.event_time)?))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(source: &str, by: &str, name: &str) -> String {
        format!(
            r#"{{"userIdentity":{{"accountId":"111122223333","invokedBy":"{by}"}},"eventTime":"2026-03-04T10:15:00Z","eventSource":"{source}","eventName":"{name}"}}"#
        )
    }

    #[test]
    fn only_what_the_program_says_of_the_trail_is_a_loss() {
        let records = [
            record("keyward", "keyward", "AuditRecordsLost"),
            record("keyward", "uid 0", "AuditRecordsLost"),
            record("keyward", "keyward", "CreateAccount"),
            record("kms.amazonaws.com", "keyward", "AuditRecordsLost"),
            record("keyward", "keyward", "AuditJournalAltered"),
        ];
        let found = losses(format!(r#"{{"Records":[{}]}}"#, records.join(",")).as_bytes());
        let names: Vec<_> = found.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["AuditRecordsLost", "AuditJournalAltered"]);
        assert_eq!(losses(br#"{"Records":[]}"#), []);
        assert_eq!(losses(br#"{"Records":[{"eventSource":"keyward""#), []);
    }
}
