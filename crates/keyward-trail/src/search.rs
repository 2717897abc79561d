//! Reads the trail for people, from outside the process that writes it: the journal's lines as they
//! come, and every event there is, in files and in the journal.
//!
//! Works on the files alone, also beside a running server: nothing is locked, and nothing is opened that
//! needs a key. What it finds is as true as the files are; whether they are is for
//! `keyward audit verify` to say. It does not know how events are printed.

mod archive;
mod backwards;
mod details;
mod filter;
mod history;
mod notes;
#[cfg(test)]
mod samples;
mod summary;
mod tail;

pub use backwards::BackwardLines;
pub use filter::{Filter, OutcomeFilter};
pub use history::{Found, Order, Places, SearchError, Taker, search};
pub use summary::Summary;
pub use tail::JournalTail;
