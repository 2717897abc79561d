//! UntagRole: takes tags off a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagRole.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::RoleBody;
use serde::Deserialize;

use super::authorize::existing;
use super::conditions::Conditions;
use super::constraints::{self, RoleNameType};
use super::tags::TagKeys;
use super::{action, tags};

/// The operation.
pub(crate) enum UntagRole {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    role_name: Text<'a, RoleNameType>,
    #[serde(borrow)]
    tag_keys: TagKeys<'a>,
}

impl Operation for UntagRole {
    const NAME: &'static str = "UntagRole";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::UNTAG_ROLE;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let keys = tags::sound_keys(&input.tag_keys)?;
        let conditions = Conditions::none().with_tag_keys(&keys);
        let (proof, mut role) =
            existing::<action::UntagRole, RoleBody>(cx, &input.role_name, conditions).await?;
        tags::remove(&mut role.body.tags, &keys);
        role.stage(cx, &proof);
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("roleName", &self.role_name);
        tags::record_keys(to, &self.tag_keys);
    }
}
