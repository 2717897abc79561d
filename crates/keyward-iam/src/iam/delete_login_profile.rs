//! DeleteLoginProfile: takes the password from a user, who has none.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteLoginProfile.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::Deserialize;

use super::action;
use super::constraints::{self, UserNameType};
use super::login_profile::no_login_profile;
use super::shape::record_text;
use super::subject::authorize_subject;

/// The operation.
pub(crate) enum DeleteLoginProfile {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    user_name: Option<Text<'a, UserNameType>>,
}

impl Operation for DeleteLoginProfile {
    const NAME: &'static str = "DeleteLoginProfile";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DELETE_LOGIN_PROFILE;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let name = input.user_name.as_deref();
        let (_, subject) = authorize_subject::<action::DeleteLoginProfile>(cx, name).await?;
        Err(no_login_profile(&subject))
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "userName", self.user_name.as_ref());
    }
}
