//! GetUserPolicy: an inline policy of a user.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUserPolicy.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::UserBody;
use serde::Serialize;

use super::authorize::existing;
use super::conditions::Conditions;
use super::document::Escaped;
use super::policy_holder::find_inline;
use super::shape::InlinePolicyOfUser;
use super::{action, constraints};

/// The operation.
pub(crate) enum GetUserPolicy {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    user_name: String,
    policy_name: String,
    policy_document: Escaped,
}

impl Operation for GetUserPolicy {
    const NAME: &'static str = "GetUserPolicy";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_USER_POLICY;
    type Input<'a> = InlinePolicyOfUser<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: InlinePolicyOfUser<'a>) -> Result<Output, OpError> {
        let name = &*input.user_name;
        let (_, user) =
            existing::<action::GetUserPolicy, UserBody>(cx, name, Conditions::none()).await?;
        let policy_document = Escaped(find_inline(&user, &input.policy_name)?);
        let policy_name = input.policy_name.into_string();
        Ok(Output { user_name: user.name, policy_name, policy_document })
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
