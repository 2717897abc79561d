//! The audit trail behind the journal: from acknowledged lines to log files, digests, answers to
//! lookups, and the proof that nothing is missing.
//!
//! Knows files, digests and the index. It does not know who may ask, nor what a record means beyond
//! the members it is filed under.

mod cursors;
mod delivery;
pub mod format;
mod index;
mod layout;
mod lookup;
pub mod search;
pub mod verify;

pub use cursors::{Cursors, DELIVERY};
pub use delivery::{
    Delivered, Delivery, DeliveryCounts, DeliveryError, DeliveryOptions, DeliveryStatus,
    DeliveryStopped, DeliveryTask, DigestEnd, NotDelivered, public_key,
};
pub use index::{VALUE_BYTES_MAX, event_id_filter, lookup_values, may_hold_event_id};
pub use layout::{Bucket, NotABucket, TrailLayout};
pub use lookup::{History, LookupLimits};
