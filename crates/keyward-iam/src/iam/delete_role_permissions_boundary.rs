//! DeleteRolePermissionsBoundary: takes the permissions boundary off a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePermissionsBoundary.html>

use keyward_engine::{Cx, Kind, OpError, Operation, op_error};

use super::conditions::Conditions;
use super::role::{OfRole, modifiable};
use super::{action, constraints};

/// The operation.
pub(crate) enum DeleteRolePermissionsBoundary {}

impl Operation for DeleteRolePermissionsBoundary {
    const NAME: &'static str = "DeleteRolePermissionsBoundary";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DELETE_ROLE_PERMISSIONS_BOUNDARY;
    type Input<'a> = OfRole<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: OfRole<'a>) -> Result<(), OpError> {
        let conditions = Conditions::none().with_boundary_of_entity();
        let (proof, mut role) =
            modifiable::<action::DeleteRolePermissionsBoundary>(cx, &input.role_name, conditions)
                .await?;
        if role.body.permissions_boundary.take().is_none() {
            // WIRE: "IAM: permissions boundaries".
            return Err(op_error!(
                NoSuchEntity,
                "Permissions boundary for role {} cannot be found.",
                role.name
            ));
        }
        role.stage(cx, &proof);
        Ok(())
    }
}
