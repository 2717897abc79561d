//! The audit trail behind the journal: from acknowledged lines to log files, digests, answers to
//! lookups, and the proof that nothing is missing.
//!
//! Knows files, digests and the index. It does not know who may ask, nor what a record means beyond
//! the members it is filed under.

pub mod format;
