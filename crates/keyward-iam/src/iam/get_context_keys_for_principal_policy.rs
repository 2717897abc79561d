//! GetContextKeysForPrincipalPolicy: the condition keys that the policies of a user, group or role ask for.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForPrincipalPolicy.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::Deserialize;

use super::action;
use super::constraints::{self, ArnType};
use super::simulation::{ContextKeys, Documents, Exclusions, PrincipalPolicies, Source};

/// The operation.
pub(crate) enum GetContextKeysForPrincipalPolicy {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    policy_source_arn: Text<'a, ArnType>,
    #[serde(borrow, default)]
    policy_input_list: Documents<'a>,
}

impl Operation for GetContextKeysForPrincipalPolicy {
    const NAME: &'static str = "GetContextKeysForPrincipalPolicy";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation =
        &constraints::GET_CONTEXT_KEYS_FOR_PRINCIPAL_POLICY;
    type Input<'a> = Input<'a>;
    type Output = ContextKeys;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<ContextKeys, OpError> {
        let found = PrincipalPolicies::load::<action::GetContextKeysForPrincipalPolicy>(
            cx,
            &input.policy_source_arn,
            &Exclusions::default(),
        )
        .await?;
        let documents = input.policy_input_list.iter().map(Text::as_str);
        let mut sources = found.identity;
        sources.extend(Source::list("PolicyInputList", documents)?);
        Ok(ContextKeys::of(&sources))
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("policySourceArn", &self.policy_source_arn);
        to.texts("policyInputList", self.policy_input_list.iter().map(Text::as_str));
    }
}
