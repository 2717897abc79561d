//! What each series means, in a sentence, for the page itself. docs/METRICS.md says it at length.

use metrics::{describe_counter, describe_gauge, describe_histogram};

use super::calls::{ACCESS_DENIED, CALL_COUNT, SUCCESSFUL_REQUEST, THROTTLED};
use super::delivered::{
    DATABASE_OLDER, DIGEST_FAILURES, DIGESTS, FAILURES, FILES, LAG_BYTES, LAG_SECONDS,
    LOOKUP_UNREADABLE, LOSSES, UNREADABLE,
};
use super::held::HELD;

const COUNTERS: &[(&str, &str)] = &[
    (SUCCESSFUL_REQUEST, "Successful cryptographic operations (AWS/KMS SuccessfulRequest)."),
    (CALL_COUNT, "Requests by request quota (AWS/Usage CallCount)."),
    (THROTTLED, "Requests refused because a request quota was used up."),
    (ACCESS_DENIED, "Requests refused because nothing allowed them."),
    ("keyward_requests_total", "Requests answered, by operation and error code."),
    ("keyward_authentication_failures_total", "Requests whose caller could not be told."),
    ("keyward_audit_records_total", "Records appended to the audit journal."),
    ("keyward_audit_bytes_total", "Bytes appended to the audit journal."),
    ("keyward_audit_refused_records_total", "Records the audit journal did not take."),
    (DIGEST_FAILURES, "Times that digests were not made; it is tried again."),
    (DIGESTS, "Digests of log files delivered."),
    (FAILURES, "Deliveries to log files that failed; each is tried again."),
    (FILES, "Log files delivered."),
    (LOOKUP_UNREADABLE, "Times that a lookup went without a log file."),
    (LOSSES, "Times that journal lines were gone before they were delivered."),
    (UNREADABLE, "Journal lines set aside because they are no records."),
    ("keyward_audit_sink_records_total", "Records that a sink's receiver has taken."),
    ("keyward_audit_sink_failures_total", "Times that a sink came no further; it tries again."),
    ("keyward_audit_sink_dead_letters_total", "Records put aside because a receiver refused them."),
    (
        "keyward_audit_sink_dropped_dead_letters_total",
        "Records put aside that were removed because there were too many.",
    ),
    ("keyward_audit_sink_rejected_records_total", "Records a receiver said it had not kept."),
    ("keyward_audit_sink_gaps_total", "Times that journal lines were gone before a sink had them."),
    (
        "keyward_audit_journal_altered_total",
        "Times that somebody else wrote to the newest journal segment, cut it or took it away.",
    ),
    ("keyward_audit_torn_lines_total", "Half lines mended when the audit journal was opened."),
];

const GAUGES: &[(&str, &str)] = &[
    ("keyward_audit_healthy", "1 while the audit journal takes records."),
    (DATABASE_OLDER, "1 once the files of the trail told of what the database does not know."),
    (LAG_BYTES, "Bytes of the journal that are not in log files."),
    (LAG_SECONDS, "How long the oldest record waits for a log file."),
    ("keyward_audit_sink_lag_bytes", "Bytes of the journal that a sink has not delivered."),
    (HELD, "1 for each who keeps the audit journal from taking records."),
    ("keyward_build_info", "Always 1; the label tells the version."),
    ("keyward_clock_leap", "1 while a leap of the clock waits for an operator's word."),
    ("keyward_connections", "Open connections."),
    ("keyward_requests_in_flight", "Requests being worked on."),
];

const HISTOGRAMS: &[(&str, &str)] = &[(
    "keyward_request_duration_seconds",
    "From a request's headers to its reply, the body included.",
)];

/// Tells the recorder.
pub(super) fn describe() {
    for (name, meaning) in COUNTERS {
        describe_counter!(*name, *meaning);
    }
    for (name, meaning) in GAUGES {
        describe_gauge!(*name, *meaning);
    }
    for (name, meaning) in HISTOGRAMS {
        describe_histogram!(*name, *meaning);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_has_one_row_in_the_documentation() {
        let page = include_str!("../../../../docs/METRICS.md");
        let names = COUNTERS.iter().chain(GAUGES).chain(HISTOGRAMS).map(|(name, _)| *name);
        for name in names.chain([super::super::expiry::UNTIL_EXPIRATION]) {
            let rows = page.matches(&format!("\n| `{name}` |")).count();
            assert_eq!(rows, 1, "{name}");
        }
    }
}
