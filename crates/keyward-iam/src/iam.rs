//! IAM: users, groups, roles, policies and what proves who somebody is.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html>

use keyward_engine::{Api, Protocol};

pub mod constraints;

mod access_key;
mod action;
mod authorize;
mod conditions;
mod document;
mod entity;
mod entity_list;
mod group;
mod login_profile;
mod mfa_device;
mod paging;
mod policy_holder;
mod rename;
mod shape;
mod subject;
mod tags;
mod user;

pub(crate) mod add_user_to_group;
pub(crate) mod attach_group_policy;
pub(crate) mod attach_user_policy;
pub(crate) mod create_access_key;
pub(crate) mod create_group;
pub(crate) mod create_user;
pub(crate) mod create_virtual_mfa_device;
pub(crate) mod deactivate_mfa_device;
pub(crate) mod delete_access_key;
pub(crate) mod delete_group;
pub(crate) mod delete_group_policy;
pub(crate) mod delete_login_profile;
pub(crate) mod delete_user;
pub(crate) mod delete_user_permissions_boundary;
pub(crate) mod delete_user_policy;
pub(crate) mod delete_virtual_mfa_device;
pub(crate) mod detach_group_policy;
pub(crate) mod detach_user_policy;
pub(crate) mod enable_mfa_device;
pub(crate) mod get_access_key_last_used;
pub(crate) mod get_group;
pub(crate) mod get_group_policy;
pub(crate) mod get_login_profile;
pub(crate) mod get_mfa_device;
pub(crate) mod get_user;
pub(crate) mod get_user_policy;
pub(crate) mod list_access_keys;
pub(crate) mod list_account_aliases;
pub(crate) mod list_attached_group_policies;
pub(crate) mod list_attached_user_policies;
pub(crate) mod list_group_policies;
pub(crate) mod list_groups;
pub(crate) mod list_groups_for_user;
pub(crate) mod list_mfa_device_tags;
pub(crate) mod list_mfa_devices;
pub(crate) mod list_service_specific_credentials;
pub(crate) mod list_signing_certificates;
pub(crate) mod list_ssh_public_keys;
pub(crate) mod list_user_policies;
pub(crate) mod list_user_tags;
pub(crate) mod list_users;
pub(crate) mod list_virtual_mfa_devices;
pub(crate) mod put_group_policy;
pub(crate) mod put_user_permissions_boundary;
pub(crate) mod put_user_policy;
pub(crate) mod remove_user_from_group;
pub(crate) mod resync_mfa_device;
pub(crate) mod tag_mfa_device;
pub(crate) mod tag_user;
pub(crate) mod untag_mfa_device;
pub(crate) mod untag_user;
pub(crate) mod update_access_key;
pub(crate) mod update_group;
pub(crate) mod update_user;

/// The service.
pub static API: Api = Api { event_source: "iam.amazonaws.com", protocol: Protocol::AwsQuery };
/// The version of the API.
pub const VERSION: &str = "2010-05-08";
/// The XML namespace of replies.
pub const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";
