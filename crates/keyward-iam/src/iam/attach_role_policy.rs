//! AttachRolePolicy: attaches a managed policy to a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html>

use keyward_engine::{Cx, Kind, OpError, Operation};

use super::conditions::Conditions;
use super::policy_holder::attach;
use super::role::{AttachedToRole, modifiable};
use super::{action, constraints};

/// The operation.
pub(crate) enum AttachRolePolicy {}

impl Operation for AttachRolePolicy {
    const NAME: &'static str = "AttachRolePolicy";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::ATTACH_ROLE_POLICY;
    type Input<'a> = AttachedToRole<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: AttachedToRole<'a>) -> Result<(), OpError> {
        let arn = &*input.policy_arn;
        let conditions = Conditions::none().with_boundary_of_entity().with_policy_arn(arn);
        let found =
            modifiable::<action::AttachRolePolicy>(cx, &input.role_name, conditions).await?;
        attach(cx, found, arn).await
    }
}

#[cfg(test)]
mod tests;
