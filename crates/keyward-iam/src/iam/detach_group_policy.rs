//! DetachGroupPolicy: detaches a managed policy from a group.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachGroupPolicy.html>

use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::GroupBody;

use super::authorize::existing;
use super::conditions::Conditions;
use super::policy_holder::detach;
use super::shape::ManagedPolicyOfGroup;
use super::{action, constraints};

/// The operation.
pub(crate) enum DetachGroupPolicy {}

impl Operation for DetachGroupPolicy {
    const NAME: &'static str = "DetachGroupPolicy";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DETACH_GROUP_POLICY;
    type Input<'a> = ManagedPolicyOfGroup<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: ManagedPolicyOfGroup<'a>) -> Result<(), OpError> {
        let arn = &*input.policy_arn;
        let conditions = Conditions::none().with_policy_arn(arn);
        let holder =
            existing::<action::DetachGroupPolicy, GroupBody>(cx, &input.group_name, conditions)
                .await?;
        detach(cx, holder, arn)
    }
}
