//! UntagPolicy: takes tags off a managed policy.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagPolicy.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::Deserialize;

use super::conditions::Conditions;
use super::constraints::{self, ArnType};
use super::managed_policy::modifiable;
use super::tags::TagKeys;
use super::{action, tags};

/// The operation.
pub(crate) enum UntagPolicy {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    policy_arn: Text<'a, ArnType>,
    #[serde(borrow)]
    tag_keys: TagKeys<'a>,
}

impl Operation for UntagPolicy {
    const NAME: &'static str = "UntagPolicy";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::UNTAG_POLICY;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let keys = tags::sound_keys(&input.tag_keys)?;
        let conditions = Conditions::none().with_tag_keys(&keys);
        let (proof, mut policy) =
            modifiable::<action::UntagPolicy>(cx, &input.policy_arn, conditions).await?;
        tags::remove(&mut policy.body.tags, &keys);
        policy.stage(cx, &proof);
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("policyArn", &self.policy_arn);
        tags::record_keys(to, &self.tag_keys);
    }
}
