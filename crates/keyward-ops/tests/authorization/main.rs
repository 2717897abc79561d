//! Who may do what: every operation, under every kind of policy, and every condition key.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a reply or a table without its members is a failed test"
)]

mod conditions;
mod foreign;
mod grants;
mod kinds;
mod organization;
mod principals;
mod requests;
mod tables;
mod world;
