//! The permissions the operations ask for.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>

use std::marker::PhantomData;

use keyward_engine::{Access, Account, Action, Authorized, Visit, reach};
use keyward_policy::ConditionKey;

use super::conditions::Conditions;

/// A permission, by its name.
pub(crate) trait Permission: Send + Sync + 'static {
    /// The name with its service prefix.
    const NAME: &'static str;
    /// What it lets its holder do.
    type Reach;
}

/// A permission that a request asks for, with all that policies may ask about the request.
pub(crate) struct Asked<'a, P> {
    conditions: Conditions<'a>,
    permission: PhantomData<P>,
}

/// Proof that the caller may do `P`.
pub(crate) type Proof<P> = Authorized<Asked<'static, P>, Account>;

impl<'a, P: Permission> Asked<'a, P> {
    /// Asks.
    pub(crate) const fn with(conditions: Conditions<'a>) -> Self {
        Self { conditions, permission: PhantomData }
    }
}

impl<P: Permission> Action for Asked<'_, P> {
    const NAME: &'static str = P::NAME;
    const ACCESS: Access = Access::Own;
    type Reach = P::Reach;
    type Proven = Asked<'static, P>;
}

impl<P: Permission> keyward_engine::Conditions for Asked<'_, P> {
    fn visit(&self, key: &ConditionKey, visit: &mut Visit<'_>) -> bool {
        self.conditions.visit(key, visit)
    }
}

/// Declares permissions: name, and what it lets its holder do.
macro_rules! actions {
    ($($name:ident $(as $wire:literal)?: $reach:ident;)+) => {$(
        #[doc = concat!("`", actions!(@name $name $($wire)?), "`")]
        #[derive(Debug)]
        pub(crate) enum $name {}

        impl Permission for $name {
            const NAME: &'static str = actions!(@name $name $($wire)?);
            type Reach = reach::$reach;
        }
    )+};
    (@name $name:ident) => { concat!("iam:", stringify!($name)) };
    (@name $name:ident $wire:literal) => { concat!("iam:", $wire) };
}

actions! {
    AddClientIdToOpenIdConnectProvider as "AddClientIDToOpenIDConnectProvider": Change;
    AddUserToGroup: Change;
    AttachGroupPolicy: Change;
    AttachRolePolicy: Change;
    AttachUserPolicy: Change;
    CreateAccessKey: Change;
    CreateGroup: Change;
    CreateOpenIdConnectProvider as "CreateOpenIDConnectProvider": Change;
    CreatePolicy: Change;
    CreatePolicyVersion: Change;
    CreateRole: Change;
    CreateServiceLinkedRole: Change;
    CreateUser: Change;
    CreateVirtualMfaDevice as "CreateVirtualMFADevice": Change;
    DeactivateMfaDevice as "DeactivateMFADevice": Change;
    DeleteAccessKey: Change;
    DeleteGroup: Change;
    DeleteGroupPolicy: Change;
    DeleteLoginProfile: Change;
    DeleteOpenIdConnectProvider as "DeleteOpenIDConnectProvider": Change;
    DeletePolicy: Change;
    DeletePolicyVersion: Change;
    DeleteRole: Change;
    DeleteRolePermissionsBoundary: Change;
    DeleteRolePolicy: Change;
    DeleteServiceLinkedRole: Change;
    DeleteUser: Change;
    DeleteUserPermissionsBoundary: Change;
    DeleteUserPolicy: Change;
    DeleteVirtualMfaDevice as "DeleteVirtualMFADevice": Change;
    DetachGroupPolicy: Change;
    DetachRolePolicy: Change;
    DetachUserPolicy: Change;
    EnableMfaDevice as "EnableMFADevice": Change;
    GetAccessKeyLastUsed: Look;
    GetAccountAuthorizationDetails: Look;
    GetAccountSummary: Look;
    GetContextKeysForCustomPolicy: Look;
    GetContextKeysForPrincipalPolicy: Look;
    GetGroup: Look;
    GetGroupPolicy: Look;
    GetLoginProfile: Look;
    GetMfaDevice as "GetMFADevice": Look;
    GetOpenIdConnectProvider as "GetOpenIDConnectProvider": Look;
    GetPolicy: Look;
    GetPolicyVersion: Look;
    GetRole: Look;
    GetRolePolicy: Look;
    GetServiceLinkedRoleDeletionStatus: Look;
    GetUser: Look;
    GetUserPolicy: Look;
    ListAccessKeys: Look;
    ListAccountAliases: Look;
    ListAttachedGroupPolicies: Look;
    ListAttachedRolePolicies: Look;
    ListAttachedUserPolicies: Look;
    ListEntitiesForPolicy: Look;
    ListGroupPolicies: Look;
    ListGroups: Look;
    ListGroupsForUser: Look;
    ListInstanceProfilesForRole: Look;
    ListMfaDeviceTags as "ListMFADeviceTags": Look;
    ListMfaDevices as "ListMFADevices": Look;
    ListOpenIdConnectProviderTags as "ListOpenIDConnectProviderTags": Look;
    ListOpenIdConnectProviders as "ListOpenIDConnectProviders": Look;
    ListPolicies: Look;
    ListPolicyTags: Look;
    ListPolicyVersions: Look;
    ListRolePolicies: Look;
    ListRoleTags: Look;
    ListRoles: Look;
    ListServiceSpecificCredentials: Look;
    ListSigningCertificates: Look;
    ListSshPublicKeys as "ListSSHPublicKeys": Look;
    ListUserPolicies: Look;
    ListUserTags: Look;
    ListUsers: Look;
    ListVirtualMfaDevices as "ListVirtualMFADevices": Look;
    PutGroupPolicy: Change;
    PutRolePermissionsBoundary: Change;
    PutRolePolicy: Change;
    PutUserPermissionsBoundary: Change;
    PutUserPolicy: Change;
    RemoveClientIdFromOpenIdConnectProvider as "RemoveClientIDFromOpenIDConnectProvider": Change;
    RemoveUserFromGroup: Change;
    ResyncMfaDevice as "ResyncMFADevice": Change;
    SetDefaultPolicyVersion: Change;
    SimulateCustomPolicy: Look;
    SimulatePrincipalPolicy: Look;
    TagMfaDevice as "TagMFADevice": Change;
    TagOpenIdConnectProvider as "TagOpenIDConnectProvider": Change;
    TagPolicy: Change;
    TagRole: Change;
    TagUser: Change;
    UntagMfaDevice as "UntagMFADevice": Change;
    UntagOpenIdConnectProvider as "UntagOpenIDConnectProvider": Change;
    UntagPolicy: Change;
    UntagRole: Change;
    UntagUser: Change;
    UpdateAccessKey: Change;
    UpdateAssumeRolePolicy: Change;
    UpdateGroup: Change;
    UpdateOpenIdConnectProviderThumbprint as "UpdateOpenIDConnectProviderThumbprint": Change;
    UpdateRole: Change;
    UpdateRoleDescription: Change;
    UpdateUser: Change;
}
