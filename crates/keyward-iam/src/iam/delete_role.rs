//! DeleteRole: removes a role that has nothing any more.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html>

use keyward_engine::{Cx, Kind, OpError, Operation};

use super::conditions::Conditions;
use super::policy_holder::PolicyHolder as _;
use super::role::{OfRole, modifiable};
use super::{action, constraints};

/// The operation.
pub(crate) enum DeleteRole {}

impl Operation for DeleteRole {
    const NAME: &'static str = "DeleteRole";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DELETE_ROLE;
    type Input<'a> = OfRole<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: OfRole<'a>) -> Result<(), OpError> {
        let (proof, role) =
            modifiable::<action::DeleteRole>(cx, &input.role_name, Conditions::none()).await?;
        role.body.require_no_policies()?;
        role.stage_removal(cx, &proof);
        Ok(())
    }
}
