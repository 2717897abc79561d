//! What an operator decides about delivery.

use std::time::Duration;

use crate::layout::TrailLayout;

/// What an operator decides about delivery.
#[derive(Clone, Debug)]
pub struct DeliveryOptions {
    /// Where the files go.
    pub layout: TrailLayout,
    /// How long a record waits at most for others to share its file.
    pub file_age: Duration,
    /// A file whose content would grow beyond this is closed first.
    pub file_bytes_max: usize,
    /// How far back lookups reach.
    pub history_days: u32,
    /// How long log files and digests are kept; 0 is for ever.
    pub files_days: u32,
    /// How long segments of the journal are kept once they are delivered and read.
    pub journal_days: u32,
    /// The other readers, by the names of their cursors, whom segments are kept for until they have
    /// read them. A cursor of nobody who reads any more keeps none.
    pub readers: Vec<String>,
    /// How long a key signs digests.
    pub signing_key_days: u32,
}

impl DeliveryOptions {
    /// What is done unless an operator decides otherwise.
    pub const fn new(layout: TrailLayout) -> Self {
        Self {
            layout,
            file_age: Duration::from_mins(5),
            file_bytes_max: 16 << 20,
            history_days: 90,
            files_days: 0,
            journal_days: 7,
            readers: Vec::new(),
            signing_key_days: 365,
        }
    }
}
