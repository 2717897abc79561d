//! DetachRolePolicy: detaches a managed policy from a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachRolePolicy.html>

use keyward_engine::{Cx, Kind, OpError, Operation};

use super::conditions::Conditions;
use super::policy_holder::detach;
use super::role::{AttachedToRole, modifiable};
use super::{action, constraints};

/// The operation.
pub(crate) enum DetachRolePolicy {}

impl Operation for DetachRolePolicy {
    const NAME: &'static str = "DetachRolePolicy";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DETACH_ROLE_POLICY;
    type Input<'a> = AttachedToRole<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: AttachedToRole<'a>) -> Result<(), OpError> {
        let arn = &*input.policy_arn;
        let conditions = Conditions::none().with_boundary_of_entity().with_policy_arn(arn);
        let found =
            modifiable::<action::DetachRolePolicy>(cx, &input.role_name, conditions).await?;
        detach(cx, found, arn)
    }
}
