//! Audit records in CloudTrail's form and the journal they are appended to.
//!
//! This crate owns the form of a record (field order, names, sizes, what is cut) and the promise
//! behind an acknowledged append. It does not know which members an operation may show (each
//! shape says so itself, through [`Recorded`]), who decides a request, or what a reply looks like.

mod date;
mod event;
pub mod files;
mod journal;
mod json;
mod record;

pub use date::{iso_date, java_date, read_iso_date};
pub use event::{Event, EventResource};
pub use journal::{
    Alteration, Durability, FollowError, Hold, InvalidPosition, Journal, JournalCounts,
    JournalError, JournalFollower, JournalOptions, JournalPosition, JournalReader, Lines,
    OpenError, Repair, Segment, find_request, journal_segments,
};
pub use json::{Fragment, JsonObject, Recorded};
pub use record::{
    ApiCall, Client, Delivery, INTERNAL, InternalCall, KMS_EVENT_SOURCE, OperatorEvent, Outcome,
    RECORD_BYTES_MAX, Resource, ServiceEvent, TlsDetails, add_operator_note, operator_note,
    without_operator_note,
};
