//! DeleteUserPolicy: removes an inline policy of a user.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPolicy.html>

use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::UserBody;

use super::authorize::existing;
use super::conditions::Conditions;
use super::policy_holder::delete_inline;
use super::shape::InlinePolicyOfUser;
use super::{action, constraints};

/// The operation.
pub(crate) enum DeleteUserPolicy {}

impl Operation for DeleteUserPolicy {
    const NAME: &'static str = "DeleteUserPolicy";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DELETE_USER_POLICY;
    type Input<'a> = InlinePolicyOfUser<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: InlinePolicyOfUser<'a>) -> Result<(), OpError> {
        let conditions = Conditions::none().with_boundary_of_entity();
        let holder =
            existing::<action::DeleteUserPolicy, UserBody>(cx, &input.user_name, conditions)
                .await?;
        delete_inline(cx, holder, &input.policy_name)
    }
}
