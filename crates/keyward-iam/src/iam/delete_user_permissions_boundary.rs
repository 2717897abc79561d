//! DeleteUserPermissionsBoundary: takes the permissions boundary off a user.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPermissionsBoundary.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_shape::Text;
use keyward_store::UserBody;
use serde::Deserialize;

use super::action;
use super::authorize::existing;
use super::conditions::Conditions;
use super::constraints::{self, UserNameType};

/// The operation.
pub(crate) enum DeleteUserPermissionsBoundary {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    user_name: Text<'a, UserNameType>,
}

impl Operation for DeleteUserPermissionsBoundary {
    const NAME: &'static str = "DeleteUserPermissionsBoundary";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DELETE_USER_PERMISSIONS_BOUNDARY;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let name = &*input.user_name;
        let conditions = Conditions::none().with_boundary_of_entity();
        let (proof, mut user) =
            existing::<action::DeleteUserPermissionsBoundary, UserBody>(cx, name, conditions)
                .await?;
        if user.body.permissions_boundary.take().is_none() {
            // WIRE: "IAM: permissions boundaries".
            return Err(op_error!(
                NoSuchEntity,
                "Permissions boundary for user {} cannot be found.",
                user.name
            ));
        }
        user.stage(cx, &proof);
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("userName", &self.user_name);
    }
}
