//! Roles: how requests name them, and how replies show them.

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, OpError, op_error};
use keyward_shape::Text;
use keyward_store::{RoleBody, UsedPrincipal};
use serde::{Deserialize, Serialize};

use super::action::{Permission, Proof};
use super::authorize::existing;
use super::conditions::Conditions;
use super::constraints::{ArnType, PolicyNameType, RoleNameType};
use super::document::Escaped;
use super::entity::Entity;
use super::paging::{Marker, MaxItems, record_page};
use super::policy_holder::AttachedPermissionsBoundary;
use super::tags::{self, TagOutput};
use super::trust_policy;
use crate::shape::Date;

/// Decides whether the caller may change the role of this name, and finds it. A role that belongs to
/// a service is not changed by anyone.
pub(crate) async fn modifiable<P: Permission>(
    cx: &mut Cx,
    name: &str,
    conditions: Conditions<'_>,
) -> Result<(Proof<P>, Entity<RoleBody>), OpError> {
    let (proof, role) = existing::<P, RoleBody>(cx, name, conditions).await?;
    if role.body.is_service_linked {
        return Err(op_error!(
            UnmodifiableEntity,
            "Cannot perform the operation on the protected role '{}' - this role is only \
             modifiable by AWS",
            role.name
        ));
    }
    Ok((proof, role))
}

/// `Role`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RoleOutput {
    path: String,
    role_name: String,
    role_id: String,
    arn: String,
    create_date: Date,
    assume_role_policy_document: Escaped,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    max_session_duration: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary: Option<AttachedPermissionsBoundary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<TagOutput>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_last_used: Option<RoleLastUsed>,
}

/// `RoleLastUsed`; without members for a role that nobody has used.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RoleLastUsed {
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_date: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
}

impl RoleOutput {
    /// All that is told of a role.
    pub(crate) async fn whole(cx: &Cx, role: &Entity<RoleBody>) -> Result<Self, OpError> {
        Ok(Self {
            role_last_used: Some(RoleLastUsed::of(cx, role).await?),
            ..Self::made(cx, role).await?
        })
    }

    /// What is told of a role when it is made: all but its last use.
    pub(crate) async fn made(cx: &Cx, role: &Entity<RoleBody>) -> Result<Self, OpError> {
        let boundary = role.body.permissions_boundary.as_deref();
        Ok(Self {
            permissions_boundary: boundary.map(AttachedPermissionsBoundary::of_arn),
            tags: tags::shown(&role.body.tags),
            ..Self::listed(cx, role).await?
        })
    }

    /// What lists tell of a role: no tags, no permissions boundary, no last use.
    pub(crate) async fn listed(cx: &Cx, role: &Entity<RoleBody>) -> Result<Self, OpError> {
        Ok(Self {
            path: role.path.clone(),
            role_name: role.name.clone(),
            role_id: role.unique_id()?.to_string(),
            arn: role.arn(cx),
            create_date: Date(role.created_at),
            assume_role_policy_document: trust_policy::shown(cx, &role.body).await?,
            description: role.body.description.clone(),
            max_session_duration: role.body.max_session_duration_s,
            permissions_boundary: None,
            tags: None,
            role_last_used: None,
        })
    }
}

impl RoleLastUsed {
    /// The last use of a role.
    pub(crate) async fn of(cx: &Cx, role: &Entity<RoleBody>) -> Result<Self, OpError> {
        let used = UsedPrincipal::Role(role.unique_id()?);
        let found = cx.engine().principal_use(&used).await?;
        Ok(found.map_or_else(Self::default, |found| Self {
            last_used_date: Some(Date(found.used_at)),
            region: Some(found.region.to_string()),
        }))
    }
}

impl Recorded for RoleOutput {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("path", &self.path);
        to.text("roleName", &self.role_name);
        to.text("roleId", &self.role_id);
        to.text("arn", &self.arn);
        self.create_date.record(to, "createDate");
        to.display("assumeRolePolicyDocument", &self.assume_role_policy_document);
        if let Some(boundary) = &self.permissions_boundary {
            to.object("permissionsBoundary", |to| boundary.record(to));
        }
        if let Some(tags) = &self.tags {
            to.objects("tags", tags, |to, tag| tag.record(to));
        }
    }
}

/// A reply that holds a role.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OneRole {
    pub(crate) role: RoleOutput,
}

impl Recorded for OneRole {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.object("role", |to| self.role.record(to));
    }
}

/// A request that names a role and nothing else.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OfRole<'a> {
    #[serde(borrow)]
    pub(crate) role_name: Text<'a, RoleNameType>,
}

impl Recorded for OfRole<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("roleName", &self.role_name);
    }
}

/// A request for a list of what a role has.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PageOfRole<'a> {
    #[serde(borrow)]
    pub(crate) role_name: Text<'a, RoleNameType>,
    #[serde(borrow)]
    pub(crate) marker: Marker<'a>,
    pub(crate) max_items: MaxItems,
}

impl Recorded for PageOfRole<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("roleName", &self.role_name);
        record_page(to, &self.marker, self.max_items);
    }
}

/// A request about an inline policy of a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InlineOfRole<'a> {
    #[serde(borrow)]
    pub(crate) role_name: Text<'a, RoleNameType>,
    #[serde(borrow)]
    pub(crate) policy_name: Text<'a, PolicyNameType>,
}

impl Recorded for InlineOfRole<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("roleName", &self.role_name);
        to.text("policyName", &self.policy_name);
    }
}

/// A request about a managed policy and a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AttachedToRole<'a> {
    #[serde(borrow)]
    pub(crate) role_name: Text<'a, RoleNameType>,
    #[serde(borrow)]
    pub(crate) policy_arn: Text<'a, ArnType>,
}

impl Recorded for AttachedToRole<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("roleName", &self.role_name);
        to.text("policyArn", &self.policy_arn);
    }
}
