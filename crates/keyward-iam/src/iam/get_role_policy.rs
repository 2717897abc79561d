//! GetRolePolicy: an inline policy of a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::RoleBody;
use serde::Serialize;

use super::authorize::existing;
use super::conditions::Conditions;
use super::document::Escaped;
use super::policy_holder::find_inline;
use super::role::InlineOfRole;
use super::{action, constraints};

/// The operation.
pub(crate) enum GetRolePolicy {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    role_name: String,
    policy_name: String,
    policy_document: Escaped,
}

impl Operation for GetRolePolicy {
    const NAME: &'static str = "GetRolePolicy";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_ROLE_POLICY;
    type Input<'a> = InlineOfRole<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: InlineOfRole<'a>) -> Result<Output, OpError> {
        let (name, conditions) = (&*input.role_name, Conditions::none());
        let (_, role) = existing::<action::GetRolePolicy, RoleBody>(cx, name, conditions).await?;
        let document = find_inline(&role, &input.policy_name)?;
        Ok(Output {
            role_name: role.name,
            policy_name: input.policy_name.into_string(),
            policy_document: Escaped(document),
        })
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
