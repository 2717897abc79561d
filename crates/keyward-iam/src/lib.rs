//! IAM and STS: one file per operation, their tables, and the shapes they share.
//!
//! How to add an operation:
//!
//! 1. Write `iam/new_operation.rs` or `sts/new_operation.rs`: one sentence, the link to its API
//!    page, the request and reply shapes, what the audit record may show, `run` with its checks in
//!    wire order, tests. Requests are read and refused by the generated table as in `keyward-ops`;
//!    a reply is a struct whose members become XML elements, dates are `shape::Date`.
//! 2. Add `mod new_operation;` to `iam.rs` or `sts.rs`.
//! 3. Add `iam_entry::<NewOperation>()` or `sts_entry::<NewOperation>()` to the table in
//!    `table.rs`, and take its name from the list in `tests/model.rs`. One that takes no signature
//!    is an [`unsigned_query_entry`](keyward_engine::unsigned_query_entry), and calls
//!    [`Cx::identify`](keyward_engine::Cx::identify) before it does anything for anybody.
//! 4. Add its permission to `iam/action.rs` or `action.rs`.
//! 5. Add a line to `CHANGELOG.md`.
//! 6. Only if it needs them: a method in one store trait, an [`ErrorCode`](keyward_engine::ErrorCode).
//!
//! This crate knows no HTTP, no XML and no SQL.

pub mod iam;
pub mod sts;

mod action;
#[cfg(test)]
mod constraint_tests;
mod session_limits;
mod shape;
mod table;

pub use table::{IAM_OPERATIONS, STS_OPERATIONS, find};
