//! DeleteRolePolicy: removes an inline policy of a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePolicy.html>

use keyward_engine::{Cx, Kind, OpError, Operation};

use super::conditions::Conditions;
use super::policy_holder::delete_inline;
use super::role::{InlineOfRole, modifiable};
use super::{action, constraints};

/// The operation.
pub(crate) enum DeleteRolePolicy {}

impl Operation for DeleteRolePolicy {
    const NAME: &'static str = "DeleteRolePolicy";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DELETE_ROLE_POLICY;
    type Input<'a> = InlineOfRole<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: InlineOfRole<'a>) -> Result<(), OpError> {
        let conditions = Conditions::none().with_boundary_of_entity();
        let found =
            modifiable::<action::DeleteRolePolicy>(cx, &input.role_name, conditions).await?;
        delete_inline(cx, found, &input.policy_name)
    }
}
