//! UntagUser: takes tags off a user.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagUser.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::UserBody;
use serde::Deserialize;

use super::authorize::existing;
use super::conditions::Conditions;
use super::constraints::{self, ExistingUserNameType};
use super::tags::TagKeys;
use super::{action, tags};

/// The operation.
pub(crate) enum UntagUser {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    user_name: Text<'a, ExistingUserNameType>,
    #[serde(borrow)]
    tag_keys: TagKeys<'a>,
}

impl Operation for UntagUser {
    const NAME: &'static str = "UntagUser";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::UNTAG_USER;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let keys = tags::sound_keys(&input.tag_keys)?;
        let conditions = Conditions::none().with_tag_keys(&keys);
        let (proof, mut user) =
            existing::<action::UntagUser, UserBody>(cx, &input.user_name, conditions).await?;
        tags::remove(&mut user.body.tags, &keys);
        user.stage(cx, &proof);
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("userName", &self.user_name);
        tags::record_keys(to, &self.tag_keys);
    }
}
