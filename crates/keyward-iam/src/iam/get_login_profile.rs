//! GetLoginProfile: tells of the password of a user, who has none.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetLoginProfile.html>

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
pub(crate) enum GetLoginProfile {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    user_name: Option<Text<'a, UserNameType>>,
}

impl Operation for GetLoginProfile {
    const NAME: &'static str = "GetLoginProfile";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_LOGIN_PROFILE;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let name = input.user_name.as_deref();
        let (_, subject) = authorize_subject::<action::GetLoginProfile>(cx, name).await?;
        Err(no_login_profile(&subject))
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "userName", self.user_name.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    #[tokio::test]
    async fn nobody_has_a_password() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        let message = "Login Profile for User alice cannot be found.";
        for operation in ["GetLoginProfile", "DeleteLoginProfile"] {
            let refused = root.refused(operation, json!({ "UserName": "alice" })).await;
            assert_eq!(refused, Refused::new("NoSuchEntity", message), "{operation}");
        }
    }
}
