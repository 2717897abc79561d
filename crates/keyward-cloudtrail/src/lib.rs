//! CloudTrail, as far as a key service needs it: one file per operation and their table.
//!
//! Everything that is done is recorded, in one trail that nobody can switch off: what asks about
//! trails gets fixed and truthful answers, and what would change one is refused.
//!
//! How to add an operation:
//!
//! 1. Name it in `constraints.overrides.toml` and run `cargo xtask model`.
//! 2. Write `new_operation.rs`: one sentence, the link to its API page, shapes, what the audit
//!    record may show, `run` with its checks in wire order, tests.
//! 3. Add `mod new_operation;` below and its entry to `table.rs`.
//! 4. Add its permission to `action.rs` and a line to `CHANGELOG.md`.
//!
//! This crate knows no HTTP, no files and no SQL.

pub mod constraints;

mod action;
mod create_trail;
mod delete_trail;
mod describe_trails;
mod get_event_selectors;
mod get_trail;
mod get_trail_status;
mod list_public_keys;
mod list_trails;
mod lookup_events;
mod put_event_selectors;
mod shape;
mod start_logging;
mod stop_logging;
mod table;
#[cfg(test)]
mod testing;
mod trail;
mod trail_name;
mod update_trail;

use keyward_engine::{Api, Protocol, Rate, RequestGroup};

pub use table::{OPERATIONS, find};

/// The service.
pub static API: Api = Api {
    event_source: "cloudtrail.amazonaws.com",
    protocol: Protocol::AwsJson,
    hidden: &[],
    renamed: &[],
};

/// What stands before an operation's name in `X-Amz-Target`.
pub const TARGET_PREFIX: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.";

// WIRE: SDKs whose clients are made from the Smithy model send the service's bare name.
/// The same as newer clients write it.
pub const TARGET_PREFIX_SHORT: &str = "CloudTrail_20131101.";

/// The request quotas of the service.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>
pub static REQUEST_GROUPS: &[RequestGroup] = &[RequestGroup {
    name: "LookupEvents",
    rate: Rate::per_second(2),
    regional: &[],
    operations: &["LookupEvents"],
    specs: &[],
    resource: "LookupEvents",
}];
