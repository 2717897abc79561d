//! The KMS: one file per operation, their table, and the shapes they share.
//!
//! How to add an operation:
//!
//! 1. Write `new_operation.rs`: one sentence, the link to its API page, the request and reply
//!    shapes, what the audit record may show, `run` with its checks in wire order, tests.
//! 2. Add `mod new_operation;` below.
//! 3. Add `entry::<NewOperation>()` to [`OPERATIONS`] in `table.rs`.
//! 4. Add its permission to `action.rs`.
//! 5. Add a line to `CHANGELOG.md`.
//! 6. Only if it needs them: a method in one store trait, an [`ErrorCode`](keyward_engine::ErrorCode).
//!
//! This crate knows no HTTP, no SQL, and not where a key's material lives.

pub mod constraints;

mod action;
mod alias_name;
mod cancel_key_deletion;
mod connect_custom_key_store;
mod create_alias;
mod create_custom_key_store;
mod create_grant;
mod create_key;
mod custom_key_store;
mod data_key;
mod data_key_pair;
mod decapsulate;
mod decrypt;
mod delete_alias;
mod delete_custom_key_store;
mod delete_imported_key_material;
mod derive_shared_secret;
mod describe_custom_key_stores;
mod describe_key;
mod disable_key;
mod disable_key_rotation;
mod disconnect_custom_key_store;
mod enable_key;
mod enable_key_rotation;
mod encapsulate;
mod encrypt;
mod encryption;
mod generate_data_key;
mod generate_data_key_pair;
mod generate_data_key_pair_without_plaintext;
mod generate_data_key_without_plaintext;
mod generate_mac;
mod generate_random;
mod get_key_last_usage;
mod get_key_policy;
mod get_key_rotation_status;
mod get_parameters_for_import;
mod get_public_key;
mod grant_id;
mod grant_list;
mod grant_principal;
mod grant_tokens;
mod import_key_material;
mod imported_material;
mod key_policy;
mod key_use;
mod list_aliases;
mod list_grants;
mod list_key_policies;
mod list_key_rotations;
mod list_keys;
mod list_resource_tags;
mod list_retirable_grants;
mod load_keys;
mod multi_region;
mod paging;
mod put_key_policy;
mod re_encrypt;
mod recipient;
mod replicate_key;
mod request_groups;
mod retire_grant;
mod revoke_grant;
mod rotate_key_on_demand;
mod rotation;
mod schedule_key_deletion;
mod shape;
mod sign;
mod signing;
mod table;
mod tag_resource;
mod tags;
mod untag_resource;
mod update_alias;
mod update_custom_key_store;
mod update_key_description;
mod update_primary_region;
mod verify;
mod verify_mac;

pub use load_keys::{LoadError, load_keys};
pub use request_groups::REQUEST_GROUPS;
pub use table::{OPERATIONS, find};
