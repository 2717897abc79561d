//! PutRolePermissionsBoundary: makes a managed policy the permissions boundary of a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePermissionsBoundary.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::Deserialize;

use super::action;
use super::conditions::Conditions;
use super::constraints::{self, ArnType, RoleNameType};
use super::managed_policy::require_boundary;
use super::role::modifiable;

/// The operation.
pub(crate) enum PutRolePermissionsBoundary {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    role_name: Text<'a, RoleNameType>,
    #[serde(borrow)]
    permissions_boundary: Text<'a, ArnType>,
}

impl Operation for PutRolePermissionsBoundary {
    const NAME: &'static str = "PutRolePermissionsBoundary";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::PUT_ROLE_PERMISSIONS_BOUNDARY;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let (name, boundary) = (&*input.role_name, &*input.permissions_boundary);
        let conditions = Conditions::none().with_boundary(Some(boundary));
        let (proof, mut role) =
            modifiable::<action::PutRolePermissionsBoundary>(cx, name, conditions).await?;
        require_boundary(cx, boundary).await?;
        role.body.permissions_boundary = Some(boundary.to_owned());
        role.stage(cx, &proof);
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("roleName", &self.role_name);
        to.text("permissionsBoundary", &self.permissions_boundary);
    }
}
