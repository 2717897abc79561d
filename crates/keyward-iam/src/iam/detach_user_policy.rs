//! DetachUserPolicy: detaches a managed policy from a user.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachUserPolicy.html>

use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::UserBody;

use super::authorize::existing;
use super::conditions::Conditions;
use super::policy_holder::detach;
use super::shape::ManagedPolicyOfUser;
use super::{action, constraints};

/// The operation.
pub(crate) enum DetachUserPolicy {}

impl Operation for DetachUserPolicy {
    const NAME: &'static str = "DetachUserPolicy";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DETACH_USER_POLICY;
    type Input<'a> = ManagedPolicyOfUser<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: ManagedPolicyOfUser<'a>) -> Result<(), OpError> {
        let arn = &*input.policy_arn;
        let conditions = Conditions::none().with_policy_arn(arn).with_boundary_of_entity();
        let holder =
            existing::<action::DetachUserPolicy, UserBody>(cx, &input.user_name, conditions)
                .await?;
        detach(cx, holder, arn)
    }
}
