//! UpdateRole: gives a role another description or longest session.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::{Int, Text};
use serde::{Deserialize, Serialize};

use super::action;
use super::conditions::Conditions;
use super::constraints::{self, RoleDescriptionType, RoleMaxSessionDurationType, RoleNameType};
use super::create_role::max_session_duration_s;
use super::role::modifiable;
use super::shape::record_text;

/// The operation.
pub(crate) enum UpdateRole {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    role_name: Text<'a, RoleNameType>,
    #[serde(borrow)]
    description: Option<Text<'a, RoleDescriptionType>>,
    max_session_duration: Option<Int<RoleMaxSessionDurationType>>,
}

#[derive(Serialize)]
pub(crate) struct Output {}

impl Operation for UpdateRole {
    const NAME: &'static str = "UpdateRole";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::UPDATE_ROLE;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let (proof, mut role) =
            modifiable::<action::UpdateRole>(cx, &input.role_name, Conditions::none()).await?;
        if let Some(description) = input.description {
            role.body.description = Some(description.into_string());
        }
        if input.max_session_duration.is_some() {
            role.body.max_session_duration_s = max_session_duration_s(input.max_session_duration)?;
        }
        role.stage(cx, &proof);
        Ok(Output {})
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("roleName", &self.role_name);
        record_text(to, "description", self.description.as_ref());
        if let Some(duration) = self.max_session_duration {
            to.integer("maxSessionDuration", duration.value());
        }
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
