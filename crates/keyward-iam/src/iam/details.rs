//! Entities with all that they are allowed, in one reply.

use keyward_engine::{Cx, OpError};
use keyward_store::{GroupBody, RoleBody, UserBody};
use serde::Serialize;

use super::document::Escaped;
use super::entity::Entity;
use super::managed_policy::{ManagedPolicy, PolicyOutput};
use super::policy_holder::{AttachedPermissionsBoundary, AttachedPolicy, PolicyHolder};
use super::role::RoleLastUsed;
use super::tags::{self, TagOutput};
use super::trust_policy;
use crate::shape::Date;

/// An entity of the account.
pub(crate) enum Entry {
    Group(Box<Entity<GroupBody>>),
    Policy(Box<ManagedPolicy>),
    Role(Box<Entity<RoleBody>>),
    User(Box<Entity<UserBody>>),
}

/// An entity in the reply.
pub(crate) enum Detail {
    Group(GroupDetail),
    Policy(PolicyOutput),
    Role(RoleDetail),
    User(UserDetail),
}

impl Entry {
    /// All that is told of the entity.
    pub(crate) async fn detail(self, cx: &Cx) -> Result<Detail, OpError> {
        Ok(match self {
            Self::Group(group) => Detail::Group(GroupDetail::of(cx, &group)?),
            Self::Policy(policy) => Detail::Policy(PolicyOutput::detailed(cx, &policy).await?),
            Self::Role(role) => Detail::Role(RoleDetail::of(cx, &role).await?),
            Self::User(user) => Detail::User(UserDetail::of(cx, &user).await?),
        })
    }
}

/// `PolicyDetail`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyDetail {
    policy_name: String,
    policy_document: Escaped,
}

fn inline<B: PolicyHolder>(entity: &Entity<B>) -> Vec<PolicyDetail> {
    let detail = |(name, document): (&String, &String)| PolicyDetail {
        policy_name: name.clone(),
        policy_document: Escaped(document.clone()),
    };
    entity.body.inline().iter().map(detail).collect()
}

fn attached<B: PolicyHolder>(entity: &Entity<B>) -> Vec<AttachedPolicy> {
    entity.body.attached().iter().map(|arn| AttachedPolicy::of_arn(arn)).collect()
}

/// `UserDetail`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserDetail {
    path: String,
    user_name: String,
    user_id: String,
    arn: String,
    create_date: Date,
    user_policy_list: Vec<PolicyDetail>,
    group_list: Vec<String>,
    attached_managed_policies: Vec<AttachedPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary: Option<AttachedPermissionsBoundary>,
    tags: Vec<TagOutput>,
}

impl UserDetail {
    async fn of(cx: &Cx, user: &Entity<UserBody>) -> Result<Self, OpError> {
        let mut group_list = Vec::new();
        for id in &user.body.groups {
            let group = Entity::<GroupBody>::find_by_id(cx, id).await?;
            group_list.extend(group.map(|group| group.name));
        }
        let boundary = user.body.permissions_boundary.as_deref();
        Ok(Self {
            path: user.path.clone(),
            user_name: user.name.clone(),
            user_id: user.unique_id()?.to_string(),
            arn: user.arn(cx),
            create_date: Date(user.created_at),
            user_policy_list: inline(user),
            group_list,
            attached_managed_policies: attached(user),
            permissions_boundary: boundary.map(AttachedPermissionsBoundary::of_arn),
            tags: tags::shown(&user.body.tags).unwrap_or_default(),
        })
    }
}

/// `GroupDetail`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GroupDetail {
    path: String,
    group_name: String,
    group_id: String,
    arn: String,
    create_date: Date,
    group_policy_list: Vec<PolicyDetail>,
    attached_managed_policies: Vec<AttachedPolicy>,
}

impl GroupDetail {
    fn of(cx: &Cx, group: &Entity<GroupBody>) -> Result<Self, OpError> {
        Ok(Self {
            path: group.path.clone(),
            group_name: group.name.clone(),
            group_id: group.unique_id()?.to_string(),
            arn: group.arn(cx),
            create_date: Date(group.created_at),
            group_policy_list: inline(group),
            attached_managed_policies: attached(group),
        })
    }
}

/// `RoleDetail`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RoleDetail {
    path: String,
    role_name: String,
    role_id: String,
    arn: String,
    create_date: Date,
    assume_role_policy_document: Escaped,
    /// There are none.
    instance_profile_list: Vec<String>,
    role_policy_list: Vec<PolicyDetail>,
    attached_managed_policies: Vec<AttachedPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary: Option<AttachedPermissionsBoundary>,
    tags: Vec<TagOutput>,
    role_last_used: RoleLastUsed,
}

impl RoleDetail {
    async fn of(cx: &Cx, role: &Entity<RoleBody>) -> Result<Self, OpError> {
        let boundary = role.body.permissions_boundary.as_deref();
        Ok(Self {
            path: role.path.clone(),
            role_name: role.name.clone(),
            role_id: role.unique_id()?.to_string(),
            arn: role.arn(cx),
            create_date: Date(role.created_at),
            assume_role_policy_document: trust_policy::shown(cx, &role.body).await?,
            instance_profile_list: Vec::new(),
            role_policy_list: inline(role),
            attached_managed_policies: attached(role),
            permissions_boundary: boundary.map(AttachedPermissionsBoundary::of_arn),
            tags: tags::shown(&role.body.tags).unwrap_or_default(),
            role_last_used: RoleLastUsed::of(cx, role).await?,
        })
    }
}
