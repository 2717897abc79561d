//! CreateRole: makes a role that those may assume whom its trust policy names.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::{Int, Text};
use keyward_store::{EntityKind, Precondition, RoleBody};
use serde::Deserialize;

use super::authorize::{Resource, authorize};
use super::conditions::Conditions;
use super::constraints::{
    self, ArnType, PathType, PolicyDocumentType, RoleDescriptionType, RoleMaxSessionDurationType,
    RoleNameType,
};
use super::entity::{Entity, require_free};
use super::managed_policy::require_boundary;
use super::role::{OneRole, RoleOutput};
use super::shape::record_text;
use super::tags::Tags;
use super::{action, tags, trust_policy};

/// The operation.
pub(crate) enum CreateRole {}

/// The most roles an account has.
const ROLES_MAX: u32 = 1000;

/// How long a session lasts at most when the request does not say.
const MAX_SESSION_DURATION_DEFAULT_S: u32 = 3600;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    path: Option<Text<'a, PathType>>,
    #[serde(borrow)]
    role_name: Text<'a, RoleNameType>,
    #[serde(borrow)]
    assume_role_policy_document: Text<'a, PolicyDocumentType>,
    #[serde(borrow)]
    description: Option<Text<'a, RoleDescriptionType>>,
    max_session_duration: Option<Int<RoleMaxSessionDurationType>>,
    #[serde(borrow)]
    permissions_boundary: Option<Text<'a, ArnType>>,
    #[serde(borrow, default)]
    tags: Tags<'a>,
}

impl Operation for CreateRole {
    const NAME: &'static str = "CreateRole";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::CREATE_ROLE;
    type Input<'a> = Input<'a>;
    type Output = OneRole;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<OneRole, OpError> {
        let tags = tags::sound(&input.tags)?;
        let (path, name) = (input.path.as_deref(), &*input.role_name);
        let boundary = input.permissions_boundary.as_deref();
        let resource = Resource::new(cx, EntityKind::Role, path.unwrap_or("/"), name);
        let conditions = Conditions::none().with_request_tags(&tags).with_boundary(boundary);
        let proof = authorize::<action::CreateRole>(cx, &resource, conditions).await?;
        if !tags.is_empty() {
            authorize::<action::TagRole>(cx, &resource, conditions).await?;
        }
        let trust_bindings = trust_policy::check(cx, &input.assume_role_policy_document).await?;
        require_free::<RoleBody>(cx, name).await?;
        if let Some(boundary) = boundary {
            require_boundary(cx, boundary).await?;
        }
        let body = RoleBody {
            assume_role_policy_document: input.assume_role_policy_document.to_string(),
            trust_bindings,
            description: input.description.map(Text::into_string),
            max_session_duration_s: max_session_duration_s(input.max_session_duration)?,
            tags,
            permissions_boundary: boundary.map(str::to_owned),
            ..RoleBody::default()
        };
        let role = Entity::new(cx, name, path, body);
        let output = OneRole { role: RoleOutput::made(cx, &role).await? };
        cx.require(Precondition::EntitiesBelow(role.account, EntityKind::Role, ROLES_MAX));
        role.stage(cx, &proof);
        Ok(output)
    }
}

/// The longest session that a request asks for.
pub(crate) fn max_session_duration_s(
    sent: Option<Int<RoleMaxSessionDurationType>>,
) -> Result<u32, OpError> {
    sent.map_or(Ok(MAX_SESSION_DURATION_DEFAULT_S), |sent| u32::try_from(sent.value()))
        .map_err(OpError::internal)
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "path", self.path.as_ref());
        to.text("roleName", &self.role_name);
        to.text("assumeRolePolicyDocument", &self.assume_role_policy_document);
        record_text(to, "description", self.description.as_ref());
        if let Some(duration) = self.max_session_duration {
            to.integer("maxSessionDuration", duration.value());
        }
        record_text(to, "permissionsBoundary", self.permissions_boundary.as_ref());
        tags::record_sent(to, &self.tags);
    }
}

#[cfg(test)]
mod tests;
