//! TagRole: adds tags to a role, or gives new values to those it has.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagRole.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::RoleBody;
use serde::Deserialize;

use super::authorize::existing;
use super::conditions::Conditions;
use super::constraints::{self, RoleNameType};
use super::tags::Tags;
use super::{action, tags};

/// The operation.
pub(crate) enum TagRole {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    role_name: Text<'a, RoleNameType>,
    #[serde(borrow)]
    tags: Tags<'a>,
}

impl Operation for TagRole {
    const NAME: &'static str = "TagRole";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::TAG_ROLE;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let tags = tags::sound(&input.tags)?;
        let conditions = Conditions::none().with_request_tags(&tags);
        let (proof, mut role) =
            existing::<action::TagRole, RoleBody>(cx, &input.role_name, conditions).await?;
        tags::put(&mut role.body.tags, tags)?;
        role.stage(cx, &proof);
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("roleName", &self.role_name);
        tags::record(to, &self.tags);
    }
}

#[cfg(test)]
mod tests;
