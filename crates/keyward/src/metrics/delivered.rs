//! What delivery to log files did, and how far it is behind the journal.

use keyward_engine::Engine;
use keyward_trail::DeliveryStatus;
use metrics::{counter, gauge};

pub(super) const DATABASE_OLDER: &str = "keyward_audit_database_older";
pub(super) const DIGEST_FAILURES: &str = "keyward_audit_digest_failures_total";
pub(super) const DIGESTS: &str = "keyward_audit_digests_total";
pub(super) const FAILURES: &str = "keyward_audit_delivery_failures_total";
pub(super) const FILES: &str = "keyward_audit_files_total";
pub(super) const LAG_BYTES: &str = "keyward_audit_delivery_lag_bytes";
pub(super) const LAG_SECONDS: &str = "keyward_audit_delivery_lag_seconds";
pub(super) const LOOKUP_UNREADABLE: &str = "keyward_audit_lookup_unreadable_files_total";
pub(super) const LOSSES: &str = "keyward_audit_losses_total";
pub(super) const UNREADABLE: &str = "keyward_audit_unreadable_lines_total";

pub(super) fn show(engine: &Engine, status: &DeliveryStatus) {
    let counts = status.counts();
    counter!(FILES).absolute(counts.files);
    counter!(DIGESTS).absolute(counts.digests);
    counter!(DIGEST_FAILURES).absolute(counts.digest_failures);
    counter!(FAILURES).absolute(counts.failures);
    counter!(UNREADABLE).absolute(counts.unreadable_lines);
    counter!(LOSSES).absolute(counts.losses);
    counter!(LOOKUP_UNREADABLE).absolute(counts.lookup_unreadable_files);
    gauge!(DATABASE_OLDER).set(f64::from(u8::from(status.is_database_older())));
    let bytes = status.lag_bytes(engine.journal());
    gauge!(LAG_BYTES).set(precise(bytes));
    let now = engine.machine_clock().now();
    let waited = status.waiting_since().map_or(0, |since| now.unix_s() - since.unix_s());
    gauge!(LAG_SECONDS).set(precise(u64::try_from(waited).unwrap_or_default()));
}

/// Exact up to 4 GiB, and then no more.
fn precise(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
