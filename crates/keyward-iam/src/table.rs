//! Every operation offered, one line each.

use keyward_engine::{Authentication, Entry, Operation, query_entry};

use crate::iam::add_client_id_to_open_id_connect_provider::AddClientIDToOpenIDConnectProvider;
use crate::iam::add_user_to_group::AddUserToGroup;
use crate::iam::attach_group_policy::AttachGroupPolicy;
use crate::iam::attach_role_policy::AttachRolePolicy;
use crate::iam::attach_user_policy::AttachUserPolicy;
use crate::iam::create_access_key::CreateAccessKey;
use crate::iam::create_group::CreateGroup;
use crate::iam::create_open_id_connect_provider::CreateOpenIDConnectProvider;
use crate::iam::create_policy::CreatePolicy;
use crate::iam::create_policy_version::CreatePolicyVersion;
use crate::iam::create_role::CreateRole;
use crate::iam::create_service_linked_role::CreateServiceLinkedRole;
use crate::iam::create_user::CreateUser;
use crate::iam::create_virtual_mfa_device::CreateVirtualMFADevice;
use crate::iam::deactivate_mfa_device::DeactivateMFADevice;
use crate::iam::delete_access_key::DeleteAccessKey;
use crate::iam::delete_group::DeleteGroup;
use crate::iam::delete_group_policy::DeleteGroupPolicy;
use crate::iam::delete_login_profile::DeleteLoginProfile;
use crate::iam::delete_open_id_connect_provider::DeleteOpenIDConnectProvider;
use crate::iam::delete_policy::DeletePolicy;
use crate::iam::delete_policy_version::DeletePolicyVersion;
use crate::iam::delete_role::DeleteRole;
use crate::iam::delete_role_permissions_boundary::DeleteRolePermissionsBoundary;
use crate::iam::delete_role_policy::DeleteRolePolicy;
use crate::iam::delete_service_linked_role::DeleteServiceLinkedRole;
use crate::iam::delete_user::DeleteUser;
use crate::iam::delete_user_permissions_boundary::DeleteUserPermissionsBoundary;
use crate::iam::delete_user_policy::DeleteUserPolicy;
use crate::iam::delete_virtual_mfa_device::DeleteVirtualMFADevice;
use crate::iam::detach_group_policy::DetachGroupPolicy;
use crate::iam::detach_role_policy::DetachRolePolicy;
use crate::iam::detach_user_policy::DetachUserPolicy;
use crate::iam::enable_mfa_device::EnableMFADevice;
use crate::iam::get_access_key_last_used::GetAccessKeyLastUsed;
use crate::iam::get_account_authorization_details::GetAccountAuthorizationDetails;
use crate::iam::get_account_summary::GetAccountSummary;
use crate::iam::get_context_keys_for_custom_policy::GetContextKeysForCustomPolicy;
use crate::iam::get_context_keys_for_principal_policy::GetContextKeysForPrincipalPolicy;
use crate::iam::get_group::GetGroup;
use crate::iam::get_group_policy::GetGroupPolicy;
use crate::iam::get_login_profile::GetLoginProfile;
use crate::iam::get_mfa_device::GetMFADevice;
use crate::iam::get_open_id_connect_provider::GetOpenIDConnectProvider;
use crate::iam::get_policy::GetPolicy;
use crate::iam::get_policy_version::GetPolicyVersion;
use crate::iam::get_role::GetRole;
use crate::iam::get_role_policy::GetRolePolicy;
use crate::iam::get_service_linked_role_deletion_status::GetServiceLinkedRoleDeletionStatus;
use crate::iam::get_user::GetUser;
use crate::iam::get_user_policy::GetUserPolicy;
use crate::iam::list_access_keys::ListAccessKeys;
use crate::iam::list_account_aliases::ListAccountAliases;
use crate::iam::list_attached_group_policies::ListAttachedGroupPolicies;
use crate::iam::list_attached_role_policies::ListAttachedRolePolicies;
use crate::iam::list_attached_user_policies::ListAttachedUserPolicies;
use crate::iam::list_entities_for_policy::ListEntitiesForPolicy;
use crate::iam::list_group_policies::ListGroupPolicies;
use crate::iam::list_groups::ListGroups;
use crate::iam::list_groups_for_user::ListGroupsForUser;
use crate::iam::list_instance_profiles_for_role::ListInstanceProfilesForRole;
use crate::iam::list_mfa_device_tags::ListMFADeviceTags;
use crate::iam::list_mfa_devices::ListMFADevices;
use crate::iam::list_open_id_connect_provider_tags::ListOpenIDConnectProviderTags;
use crate::iam::list_open_id_connect_providers::ListOpenIDConnectProviders;
use crate::iam::list_policies::ListPolicies;
use crate::iam::list_policy_tags::ListPolicyTags;
use crate::iam::list_policy_versions::ListPolicyVersions;
use crate::iam::list_role_policies::ListRolePolicies;
use crate::iam::list_role_tags::ListRoleTags;
use crate::iam::list_roles::ListRoles;
use crate::iam::list_service_specific_credentials::ListServiceSpecificCredentials;
use crate::iam::list_signing_certificates::ListSigningCertificates;
use crate::iam::list_ssh_public_keys::ListSSHPublicKeys;
use crate::iam::list_user_policies::ListUserPolicies;
use crate::iam::list_user_tags::ListUserTags;
use crate::iam::list_users::ListUsers;
use crate::iam::list_virtual_mfa_devices::ListVirtualMFADevices;
use crate::iam::put_group_policy::PutGroupPolicy;
use crate::iam::put_role_permissions_boundary::PutRolePermissionsBoundary;
use crate::iam::put_role_policy::PutRolePolicy;
use crate::iam::put_user_permissions_boundary::PutUserPermissionsBoundary;
use crate::iam::put_user_policy::PutUserPolicy;
use crate::iam::remove_client_id_from_open_id_connect_provider::RemoveClientIDFromOpenIDConnectProvider;
use crate::iam::remove_user_from_group::RemoveUserFromGroup;
use crate::iam::resync_mfa_device::ResyncMFADevice;
use crate::iam::set_default_policy_version::SetDefaultPolicyVersion;
use crate::iam::simulate_custom_policy::SimulateCustomPolicy;
use crate::iam::simulate_principal_policy::SimulatePrincipalPolicy;
use crate::iam::tag_mfa_device::TagMFADevice;
use crate::iam::tag_open_id_connect_provider::TagOpenIDConnectProvider;
use crate::iam::tag_policy::TagPolicy;
use crate::iam::tag_role::TagRole;
use crate::iam::tag_user::TagUser;
use crate::iam::untag_mfa_device::UntagMFADevice;
use crate::iam::untag_open_id_connect_provider::UntagOpenIDConnectProvider;
use crate::iam::untag_policy::UntagPolicy;
use crate::iam::untag_role::UntagRole;
use crate::iam::untag_user::UntagUser;
use crate::iam::update_access_key::UpdateAccessKey;
use crate::iam::update_assume_role_policy::UpdateAssumeRolePolicy;
use crate::iam::update_group::UpdateGroup;
use crate::iam::update_open_id_connect_provider_thumbprint::UpdateOpenIDConnectProviderThumbprint;
use crate::iam::update_role::UpdateRole;
use crate::iam::update_role_description::UpdateRoleDescription;
use crate::iam::update_user::UpdateUser;
use crate::session_limits::OfIam;
use crate::sts::assume_role::AssumeRole;
use crate::sts::assume_role_with_web_identity::AssumeRoleWithWebIdentity;
use crate::sts::get_access_key_info::GetAccessKeyInfo;
use crate::sts::get_caller_identity::GetCallerIdentity;
use crate::sts::get_federation_token::GetFederationToken;
use crate::sts::get_session_token::GetSessionToken;
use crate::{iam, sts};

const fn iam_entry<O: Operation>() -> Entry {
    query_entry::<OfIam<O>>(&iam::API)
}

const fn sts_entry<O: Operation>() -> Entry {
    query_entry::<O>(&sts::API)
}

/// Every operation of IAM that is offered, in the order of names.
pub static IAM_OPERATIONS: &[Entry] = &[
    iam_entry::<AddClientIDToOpenIDConnectProvider>(),
    iam_entry::<AddUserToGroup>(),
    iam_entry::<AttachGroupPolicy>(),
    iam_entry::<AttachRolePolicy>(),
    iam_entry::<AttachUserPolicy>(),
    iam_entry::<CreateAccessKey>(),
    iam_entry::<CreateGroup>(),
    iam_entry::<CreateOpenIDConnectProvider>(),
    iam_entry::<CreatePolicy>(),
    iam_entry::<CreatePolicyVersion>(),
    iam_entry::<CreateRole>(),
    iam_entry::<CreateServiceLinkedRole>(),
    iam_entry::<CreateUser>(),
    iam_entry::<CreateVirtualMFADevice>(),
    iam_entry::<DeactivateMFADevice>(),
    iam_entry::<DeleteAccessKey>(),
    iam_entry::<DeleteGroup>(),
    iam_entry::<DeleteGroupPolicy>(),
    iam_entry::<DeleteLoginProfile>(),
    iam_entry::<DeleteOpenIDConnectProvider>(),
    iam_entry::<DeletePolicy>(),
    iam_entry::<DeletePolicyVersion>(),
    iam_entry::<DeleteRole>(),
    iam_entry::<DeleteRolePermissionsBoundary>(),
    iam_entry::<DeleteRolePolicy>(),
    iam_entry::<DeleteServiceLinkedRole>(),
    iam_entry::<DeleteUser>(),
    iam_entry::<DeleteUserPermissionsBoundary>(),
    iam_entry::<DeleteUserPolicy>(),
    iam_entry::<DeleteVirtualMFADevice>(),
    iam_entry::<DetachGroupPolicy>(),
    iam_entry::<DetachRolePolicy>(),
    iam_entry::<DetachUserPolicy>(),
    iam_entry::<EnableMFADevice>(),
    iam_entry::<GetAccessKeyLastUsed>(),
    iam_entry::<GetAccountAuthorizationDetails>(),
    iam_entry::<GetAccountSummary>(),
    iam_entry::<GetContextKeysForCustomPolicy>(),
    iam_entry::<GetContextKeysForPrincipalPolicy>(),
    iam_entry::<GetGroup>(),
    iam_entry::<GetGroupPolicy>(),
    iam_entry::<GetLoginProfile>(),
    iam_entry::<GetMFADevice>(),
    iam_entry::<GetOpenIDConnectProvider>(),
    iam_entry::<GetPolicy>(),
    iam_entry::<GetPolicyVersion>(),
    iam_entry::<GetRole>(),
    iam_entry::<GetRolePolicy>(),
    iam_entry::<GetServiceLinkedRoleDeletionStatus>(),
    iam_entry::<GetUser>(),
    iam_entry::<GetUserPolicy>(),
    iam_entry::<ListAccessKeys>(),
    iam_entry::<ListAccountAliases>(),
    iam_entry::<ListAttachedGroupPolicies>(),
    iam_entry::<ListAttachedRolePolicies>(),
    iam_entry::<ListAttachedUserPolicies>(),
    iam_entry::<ListEntitiesForPolicy>(),
    iam_entry::<ListGroupPolicies>(),
    iam_entry::<ListGroups>(),
    iam_entry::<ListGroupsForUser>(),
    iam_entry::<ListInstanceProfilesForRole>(),
    iam_entry::<ListMFADeviceTags>(),
    iam_entry::<ListMFADevices>(),
    iam_entry::<ListOpenIDConnectProviderTags>(),
    iam_entry::<ListOpenIDConnectProviders>(),
    iam_entry::<ListPolicies>(),
    iam_entry::<ListPolicyTags>(),
    iam_entry::<ListPolicyVersions>(),
    iam_entry::<ListRolePolicies>(),
    iam_entry::<ListRoleTags>(),
    iam_entry::<ListRoles>(),
    iam_entry::<ListSSHPublicKeys>(),
    iam_entry::<ListServiceSpecificCredentials>(),
    iam_entry::<ListSigningCertificates>(),
    iam_entry::<ListUserPolicies>(),
    iam_entry::<ListUserTags>(),
    iam_entry::<ListUsers>(),
    iam_entry::<ListVirtualMFADevices>(),
    iam_entry::<PutGroupPolicy>(),
    iam_entry::<PutRolePermissionsBoundary>(),
    iam_entry::<PutRolePolicy>(),
    iam_entry::<PutUserPermissionsBoundary>(),
    iam_entry::<PutUserPolicy>(),
    iam_entry::<RemoveClientIDFromOpenIDConnectProvider>(),
    iam_entry::<RemoveUserFromGroup>(),
    iam_entry::<ResyncMFADevice>(),
    iam_entry::<SetDefaultPolicyVersion>(),
    iam_entry::<SimulateCustomPolicy>(),
    iam_entry::<SimulatePrincipalPolicy>(),
    iam_entry::<TagMFADevice>(),
    iam_entry::<TagOpenIDConnectProvider>(),
    iam_entry::<TagPolicy>(),
    iam_entry::<TagRole>(),
    iam_entry::<TagUser>(),
    iam_entry::<UntagMFADevice>(),
    iam_entry::<UntagOpenIDConnectProvider>(),
    iam_entry::<UntagPolicy>(),
    iam_entry::<UntagRole>(),
    iam_entry::<UntagUser>(),
    iam_entry::<UpdateAccessKey>(),
    iam_entry::<UpdateAssumeRolePolicy>(),
    iam_entry::<UpdateGroup>(),
    iam_entry::<UpdateOpenIDConnectProviderThumbprint>(),
    iam_entry::<UpdateRole>(),
    iam_entry::<UpdateRoleDescription>(),
    iam_entry::<UpdateUser>(),
];

/// Every operation of STS that is offered, in the order of names.
pub static STS_OPERATIONS: &[Entry] = &[
    sts_entry::<AssumeRole>(),
    Entry {
        authentication: Authentication::NoneAndTheOperationIdentifiesItsCaller,
        ..sts_entry::<AssumeRoleWithWebIdentity>()
    },
    sts_entry::<GetAccessKeyInfo>(),
    sts_entry::<GetCallerIdentity>(),
    sts_entry::<GetFederationToken>(),
    sts_entry::<GetSessionToken>(),
];

/// The operation of this name. No name is one of both services.
pub fn find(name: &str) -> Option<&'static Entry> {
    let find_in = |table: &'static [Entry]| {
        let found = table.binary_search_by(|entry| entry.name.cmp(name)).ok();
        found.and_then(|at| table.get(at))
    };
    find_in(IAM_OPERATIONS).or_else(|| find_in(STS_OPERATIONS))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use keyward_engine::record_disagreements;
    use keyward_shape::disagreements;

    use super::*;

    fn tables() -> impl Iterator<Item = (&'static Entry, &'static [&'static str])> {
        let iam = IAM_OPERATIONS.iter().map(|entry| (entry, iam::constraints::tests::SAMPLES));
        let sts = STS_OPERATIONS.iter().map(|entry| (entry, sts::constraints::tests::SAMPLES));
        iam.chain(sts)
    }

    #[test]
    fn every_request_has_the_members_of_the_model() {
        for (entry, _) in tables() {
            let written = (entry.input_members)().unwrap_or_default();
            let written: BTreeSet<_> = written.iter().copied().collect();
            let model: BTreeSet<_> =
                entry.model.input.members.iter().map(|member| member.name).collect();
            assert_eq!(written, model, "{}", entry.name);
        }
    }

    /// Among the bodies tried is every word of every enum.
    #[test]
    fn every_request_is_read_exactly_when_the_validator_finds_nothing() {
        for (entry, samples) in tables() {
            let found = disagreements(entry.model.input, samples, entry.readings);
            assert_eq!(found, Vec::<String>::new(), "{}", entry.name);
        }
    }

    #[test]
    fn a_request_shows_the_same_whether_its_shape_or_its_model_is_asked() {
        let disagree = |(entry, samples): (&'static Entry, _)| {
            let found = record_disagreements(entry, samples);
            (!found.is_empty()).then_some((entry.name, found))
        };
        assert_eq!(tables().filter_map(disagree).collect::<Vec<_>>(), []);
    }

    #[test]
    fn an_entry_has_the_name_of_its_model_and_is_found_by_it() {
        for table in [IAM_OPERATIONS, STS_OPERATIONS] {
            assert!(table.is_sorted_by(|a, b| a.name < b.name));
        }
        for (entry, _) in tables() {
            assert_eq!(entry.name, entry.model.name);
            assert!(find(entry.name).is_some_and(|found| std::ptr::eq(found, entry)));
        }
        assert!(find("getCallerIdentity").is_none());
    }
}
