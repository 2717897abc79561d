//! Who keeps the journal from taking records.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use keyward_audit::{Hold, Journal};
use metrics::gauge;

pub(super) const HELD: &str = "keyward_audit_held";

/// Who holds the journal when it cannot be written.
const DISK: &str = "disk";

/// All who ever held the journal, and those who are shown even if they never did: a series that
/// was there stays.
static KNOWN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// 1 for each who keeps the journal from taking records now, 0 for all others.
pub(super) fn show(journal: &Journal) {
    let disk = (!journal.is_writable()).then(|| DISK.to_owned());
    let held = journal.holds().into_iter().map(|hold| hold.to_string());
    let now: BTreeSet<_> = disk.into_iter().chain(held).collect();
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.extend([DISK.to_owned(), Hold::Delivery.to_string()]);
    known.extend(now.iter().cloned());
    for by in known.iter() {
        let is_held = u8::from(now.contains(by));
        gauge!(HELD, "by" => by.clone()).set(f64::from(is_held));
    }
}
