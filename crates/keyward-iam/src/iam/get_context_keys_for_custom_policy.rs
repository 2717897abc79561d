//! GetContextKeysForCustomPolicy: the condition keys that the policies of the request ask for.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::Deserialize;

use super::authorize::{Resource, authorize};
use super::conditions::Conditions;
use super::simulation::{ContextKeys, Documents, Source};
use super::{action, constraints};

/// The operation.
pub(crate) enum GetContextKeysForCustomPolicy {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    policy_input_list: Documents<'a>,
}

impl Operation for GetContextKeysForCustomPolicy {
    const NAME: &'static str = "GetContextKeysForCustomPolicy";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation =
        &constraints::GET_CONTEXT_KEYS_FOR_CUSTOM_POLICY;
    type Input<'a> = Input<'a>;
    type Output = ContextKeys;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<ContextKeys, OpError> {
        let (resource, conditions) = (Resource::any(), Conditions::none());
        authorize::<action::GetContextKeysForCustomPolicy>(cx, &resource, conditions).await?;
        let documents = input.policy_input_list.iter().map(Text::as_str);
        let sources = Source::list("PolicyInputList", documents)?;
        Ok(ContextKeys::of(&sources))
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.texts("policyInputList", self.policy_input_list.iter().map(Text::as_str));
    }
}
