//! The embedded backend: SQLite, WAL, full sync, one writer.
//!
//! One thread owns the connection that writes. It takes every change that waits, runs each in a
//! savepoint of one transaction, commits once and answers each caller with its own verdict. Reads
//! run beside it on a few read-only connections. Every row that decides is authenticated when it is
//! read and tagged when it is written; this crate holds the code, not the key.
//!
//! One file per aggregate, named as in `keyward-store`, with its SQL beside the function that runs
//! it. It knows no policy, no cryptography and no operation.

mod accounts;
mod aliases;
mod change;
mod columns;
mod credentials;
mod database;
mod deployment;
mod domain_keys;
mod entities;
mod fault;
mod grants;
mod import_wrapping_keys;
mod key_counts;
mod keys;
mod last_uses;
mod materials;
mod migrate;
mod outbox;
mod policies;
mod principal_uses;
mod readers;
mod references;
mod resealing;
mod services;
mod sql;
mod store;
mod tags;
mod trail;
mod writer;

pub use database::Database;
pub use fault::OpenError;
pub use store::SqliteStore;
