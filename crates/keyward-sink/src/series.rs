//! What sinks count. docs/METRICS.md tells what each series means.
//!
//! A counter that is not there before its first step hides that step from whoever asks for its
//! increase, so each begins with its sink.

use metrics::{Counter, Gauge, counter, gauge};

const RECORDS: &str = "keyward_audit_sink_records_total";
const FAILURES: &str = "keyward_audit_sink_failures_total";
const GAPS: &str = "keyward_audit_sink_gaps_total";
const DEAD_LETTERS: &str = "keyward_audit_sink_dead_letters_total";
const DROPPED_DEAD_LETTERS: &str = "keyward_audit_sink_dropped_dead_letters_total";
const REJECTED_RECORDS: &str = "keyward_audit_sink_rejected_records_total";
const LAG_BYTES: &str = "keyward_audit_sink_lag_bytes";

/// Records that a receiver took.
pub(crate) fn records(sink: &'static str) -> Counter {
    counter!(RECORDS, "sink" => sink)
}

/// Bytes of the journal that a sink is not done with.
pub(crate) fn lag_bytes(sink: &'static str) -> Gauge {
    gauge!(LAG_BYTES, "sink" => sink)
}

/// Times that a sink came no further.
pub(crate) fn failures(sink: &'static str) -> Counter {
    counter!(FAILURES, "sink" => sink)
}

/// Times that records were gone before a sink took them.
pub(crate) fn gaps(sink: &'static str) -> Counter {
    counter!(GAPS, "sink" => sink)
}

/// Records that were put aside.
pub(crate) fn dead_letters(sink: &'static str) -> Counter {
    counter!(DEAD_LETTERS, "sink" => sink)
}

/// Dead letters that were removed because there were too many.
pub(crate) fn dropped_dead_letters() -> Counter {
    counter!(DROPPED_DEAD_LETTERS)
}

/// Records that a receiver took and did not keep.
pub(crate) fn rejected_records(sink: &'static str) -> Counter {
    counter!(REJECTED_RECORDS, "sink" => sink)
}

/// Begins what is counted of every sink.
pub(crate) fn begin(sink: &'static str) {
    for begun in [records, failures, gaps] {
        begun(sink).increment(0);
    }
    lag_bytes(sink).set(0.0);
}

/// Begins what is counted of a sink whose receiver can refuse a record.
pub(crate) fn begin_dead_letters(sink: &'static str) {
    dead_letters(sink).increment(0);
    dropped_dead_letters().increment(0);
}
