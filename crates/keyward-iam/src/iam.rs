//! IAM: users, groups, roles, policies and what proves who somebody is.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html>

use keyward_engine::{Api, Protocol};

pub mod constraints;

pub(crate) mod add_client_id_to_open_id_connect_provider;
pub(crate) mod add_user_to_group;
pub(crate) mod attach_group_policy;
pub(crate) mod attach_role_policy;
pub(crate) mod attach_user_policy;
pub(crate) mod create_access_key;
pub(crate) mod create_group;
pub(crate) mod create_open_id_connect_provider;
pub(crate) mod create_policy;
pub(crate) mod create_policy_version;
pub(crate) mod create_role;
pub(crate) mod create_service_linked_role;
pub(crate) mod create_user;
pub(crate) mod create_virtual_mfa_device;
pub(crate) mod deactivate_mfa_device;
pub(crate) mod delete_access_key;
pub(crate) mod delete_group;
pub(crate) mod delete_group_policy;
pub(crate) mod delete_login_profile;
pub(crate) mod delete_open_id_connect_provider;
pub(crate) mod delete_policy;
pub(crate) mod delete_policy_version;
pub(crate) mod delete_role;
pub(crate) mod delete_role_permissions_boundary;
pub(crate) mod delete_role_policy;
pub(crate) mod delete_service_linked_role;
pub(crate) mod delete_user;
pub(crate) mod delete_user_permissions_boundary;
pub(crate) mod delete_user_policy;
pub(crate) mod delete_virtual_mfa_device;
pub(crate) mod detach_group_policy;
pub(crate) mod detach_role_policy;
pub(crate) mod detach_user_policy;
pub(crate) mod enable_mfa_device;
pub(crate) mod get_access_key_last_used;
pub(crate) mod get_account_authorization_details;
pub(crate) mod get_account_summary;
pub(crate) mod get_context_keys_for_custom_policy;
pub(crate) mod get_context_keys_for_principal_policy;
pub(crate) mod get_group;
pub(crate) mod get_group_policy;
pub(crate) mod get_login_profile;
pub(crate) mod get_mfa_device;
pub(crate) mod get_open_id_connect_provider;
pub(crate) mod get_policy;
pub(crate) mod get_policy_version;
pub(crate) mod get_role;
pub(crate) mod get_role_policy;
pub(crate) mod get_service_linked_role_deletion_status;
pub(crate) mod get_user;
pub(crate) mod get_user_policy;
pub(crate) mod list_access_keys;
pub(crate) mod list_account_aliases;
pub(crate) mod list_attached_group_policies;
pub(crate) mod list_attached_role_policies;
pub(crate) mod list_attached_user_policies;
pub(crate) mod list_entities_for_policy;
pub(crate) mod list_group_policies;
pub(crate) mod list_groups;
pub(crate) mod list_groups_for_user;
pub(crate) mod list_instance_profiles_for_role;
pub(crate) mod list_mfa_device_tags;
pub(crate) mod list_mfa_devices;
pub(crate) mod list_open_id_connect_provider_tags;
pub(crate) mod list_open_id_connect_providers;
pub(crate) mod list_policies;
pub(crate) mod list_policy_tags;
pub(crate) mod list_policy_versions;
pub(crate) mod list_role_policies;
pub(crate) mod list_role_tags;
pub(crate) mod list_roles;
pub(crate) mod list_service_specific_credentials;
pub(crate) mod list_signing_certificates;
pub(crate) mod list_ssh_public_keys;
pub(crate) mod list_user_policies;
pub(crate) mod list_user_tags;
pub(crate) mod list_users;
pub(crate) mod list_virtual_mfa_devices;
pub(crate) mod put_group_policy;
pub(crate) mod put_role_permissions_boundary;
pub(crate) mod put_role_policy;
pub(crate) mod put_user_permissions_boundary;
pub(crate) mod put_user_policy;
pub(crate) mod remove_client_id_from_open_id_connect_provider;
pub(crate) mod remove_user_from_group;
pub(crate) mod resync_mfa_device;
pub(crate) mod set_default_policy_version;
pub(crate) mod simulate_custom_policy;
pub(crate) mod simulate_principal_policy;
pub(crate) mod tag_mfa_device;
pub(crate) mod tag_open_id_connect_provider;
pub(crate) mod tag_policy;
pub(crate) mod tag_role;
pub(crate) mod tag_user;
pub(crate) mod untag_mfa_device;
pub(crate) mod untag_open_id_connect_provider;
pub(crate) mod untag_policy;
pub(crate) mod untag_role;
pub(crate) mod untag_user;
pub(crate) mod update_access_key;
pub(crate) mod update_assume_role_policy;
pub(crate) mod update_group;
pub(crate) mod update_open_id_connect_provider_thumbprint;
pub(crate) mod update_role;
pub(crate) mod update_role_description;
pub(crate) mod update_user;

mod access_key;
mod action;
mod authorize;
mod conditions;
mod details;
mod document;
mod entity;
mod entity_list;
mod group;
mod login_profile;
mod managed_policy;
mod mfa_device;
mod oidc_provider;
mod paging;
mod policy_holder;
mod rename;
mod role;
#[cfg(test)]
mod role_samples;
mod service_linked_role;
mod shape;
mod simulation;
mod subject;
mod tags;
#[cfg(test)]
mod testing;
mod trust_policy;
mod user;

/// The service.
pub static API: Api = Api {
    event_source: "iam.amazonaws.com",
    protocol: Protocol::AwsQuery,
    hidden: &[
        "AuthenticationCode1",
        "AuthenticationCode2",
        // Of simulations a record says no more than whose policies they are about.
        "CallerArn",
        "ContextEntries",
        "OrderedOrganizationPolicyInputList",
        "PermissionsBoundaryPolicyInputList",
        "PolicyExclusionList",
        "ResourceHandlingOption",
        "ResourceOwner",
        "ResourcePolicy",
    ],
    renamed: &[],
};
/// The version of the API.
pub const VERSION: &str = "2010-05-08";
/// The XML namespace of replies.
pub const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";
