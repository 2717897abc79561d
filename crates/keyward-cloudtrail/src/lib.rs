//! CloudTrail, as far as a key service needs it: one file per operation and their table.
//!
//! This crate knows no HTTP, no files and no SQL.
