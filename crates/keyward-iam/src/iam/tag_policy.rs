//! TagPolicy: adds tags to a managed policy, or gives new values to those it has.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagPolicy.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::Deserialize;

use super::conditions::Conditions;
use super::constraints::{self, ArnType};
use super::managed_policy::modifiable;
use super::tags::Tags;
use super::{action, tags};

/// The operation.
pub(crate) enum TagPolicy {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    policy_arn: Text<'a, ArnType>,
    #[serde(borrow)]
    tags: Tags<'a>,
}

impl Operation for TagPolicy {
    const NAME: &'static str = "TagPolicy";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::TAG_POLICY;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let tags = tags::sound(&input.tags)?;
        let conditions = Conditions::none().with_request_tags(&tags);
        let (proof, mut policy) =
            modifiable::<action::TagPolicy>(cx, &input.policy_arn, conditions).await?;
        tags::put(&mut policy.body.tags, tags)?;
        policy.stage(cx, &proof);
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("policyArn", &self.policy_arn);
        tags::record(to, &self.tags);
    }
}
