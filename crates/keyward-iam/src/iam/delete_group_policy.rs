//! DeleteGroupPolicy: removes an inline policy of a group.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroupPolicy.html>

use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::GroupBody;

use super::authorize::existing;
use super::conditions::Conditions;
use super::policy_holder::delete_inline;
use super::shape::InlinePolicyOfGroup;
use super::{action, constraints};

/// The operation.
pub(crate) enum DeleteGroupPolicy {}

impl Operation for DeleteGroupPolicy {
    const NAME: &'static str = "DeleteGroupPolicy";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DELETE_GROUP_POLICY;
    type Input<'a> = InlinePolicyOfGroup<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: InlinePolicyOfGroup<'a>) -> Result<(), OpError> {
        let conditions = Conditions::none();
        let holder =
            existing::<action::DeleteGroupPolicy, GroupBody>(cx, &input.group_name, conditions)
                .await?;
        delete_inline(cx, holder, &input.policy_name)
    }
}
