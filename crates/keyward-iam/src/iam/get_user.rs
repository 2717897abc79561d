//! GetUser: tells of a user, or of the caller.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::{Deserialize, Serialize};

use super::action;
use super::constraints::{self, ExistingUserNameType};
use super::shape::record_text;
use super::subject::{Subject, authorize_subject};
use super::user::UserOutput;

/// The operation.
pub(crate) enum GetUser {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    user_name: Option<Text<'a, ExistingUserNameType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    user: UserOutput,
}

impl Operation for GetUser {
    const NAME: &'static str = "GetUser";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_USER;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let name = input.user_name.as_deref();
        let (_, subject) = authorize_subject::<action::GetUser>(cx, name).await?;
        let user = match subject {
            Subject::Root => UserOutput::root(cx).await?,
            Subject::User(user) => UserOutput::whole(cx, &user)?,
        };
        Ok(Output { user })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "userName", self.user_name.as_ref());
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::TestApp;
    use serde_json::json;

    #[tokio::test]
    async fn who_names_no_user_is_told_of_itself() {
        let app = TestApp::new().await;
        let root = app.root();
        let reply = root.ok("GetUser", json!({})).await;
        assert_eq!(reply["User"]["Arn"], "arn:aws:iam::111122223333:root");
        assert_eq!(reply["User"]["UserId"], "111122223333");

        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
            "Action":"iam:GetUser","Resource":"arn:aws:iam::*:user/${aws:username}"}]}"#;
        let policy =
            json!({ "UserName": "alice", "PolicyName": "self", "PolicyDocument": document });
        root.ok("PutUserPolicy", policy).await;
        let key = root.ok("CreateAccessKey", json!({ "UserName": "alice" })).await;
        let alice = root.signing_with(&key["AccessKey"]);
        let reply = alice.ok("GetUser", json!({})).await;
        assert_eq!(reply["User"]["UserName"], "alice");
        let refused = alice.refused("GetUser", json!({ "UserName": "bob" })).await;
        assert_eq!(refused.name, "AccessDenied");
    }
}
