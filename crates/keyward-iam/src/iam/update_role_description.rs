//! UpdateRoleDescription: gives a role another description.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRoleDescription.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::Deserialize;

use super::action;
use super::conditions::Conditions;
use super::constraints::{self, RoleDescriptionType, RoleNameType};
use super::role::{OneRole, RoleOutput, modifiable};

/// The operation.
pub(crate) enum UpdateRoleDescription {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    role_name: Text<'a, RoleNameType>,
    #[serde(borrow)]
    description: Text<'a, RoleDescriptionType>,
}

impl Operation for UpdateRoleDescription {
    const NAME: &'static str = "UpdateRoleDescription";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::UPDATE_ROLE_DESCRIPTION;
    type Input<'a> = Input<'a>;
    type Output = OneRole;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<OneRole, OpError> {
        let conditions = Conditions::none();
        let (proof, mut role) =
            modifiable::<action::UpdateRoleDescription>(cx, &input.role_name, conditions).await?;
        role.body.description = Some(input.description.into_string());
        let output = OneRole { role: RoleOutput::made(cx, &role).await? };
        role.stage(cx, &proof);
        Ok(output)
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("roleName", &self.role_name);
        to.text("description", &self.description);
    }
}
