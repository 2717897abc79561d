//! GetGroupPolicy: an inline policy of a group.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetGroupPolicy.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::GroupBody;
use serde::Serialize;

use super::authorize::existing;
use super::conditions::Conditions;
use super::document::Escaped;
use super::policy_holder::find_inline;
use super::shape::InlinePolicyOfGroup;
use super::{action, constraints};

/// The operation.
pub(crate) enum GetGroupPolicy {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    group_name: String,
    policy_name: String,
    policy_document: Escaped,
}

impl Operation for GetGroupPolicy {
    const NAME: &'static str = "GetGroupPolicy";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_GROUP_POLICY;
    type Input<'a> = InlinePolicyOfGroup<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: InlinePolicyOfGroup<'a>) -> Result<Output, OpError> {
        let name = &*input.group_name;
        let (_, group) =
            existing::<action::GetGroupPolicy, GroupBody>(cx, name, Conditions::none()).await?;
        let policy_document = Escaped(find_inline(&group, &input.policy_name)?);
        let policy_name = input.policy_name.into_string();
        Ok(Output { group_name: group.name, policy_name, policy_document })
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
