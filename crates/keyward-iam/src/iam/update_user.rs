//! UpdateUser: gives a user another name or path. Its unique id stays, and with it its access keys,
//! groups and policies.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::UserBody;
use serde::Deserialize;

use super::action;
use super::constraints::{self, ExistingUserNameType, PathType, UserNameType};
use super::rename::{NewPlace, rename};
use super::shape::record_text;

/// The operation.
pub(crate) enum UpdateUser {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    user_name: Text<'a, ExistingUserNameType>,
    #[serde(borrow)]
    new_path: Option<Text<'a, PathType>>,
    #[serde(borrow)]
    new_user_name: Option<Text<'a, UserNameType>>,
}

impl Operation for UpdateUser {
    const NAME: &'static str = "UpdateUser";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::UPDATE_USER;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let new =
            NewPlace { path: input.new_path.as_deref(), name: input.new_user_name.as_deref() };
        rename::<action::UpdateUser, UserBody>(cx, &input.user_name, &new).await
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("userName", &self.user_name);
        record_text(to, "newPath", self.new_path.as_ref());
        record_text(to, "newUserName", self.new_user_name.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    #[tokio::test]
    async fn a_user_that_is_renamed_keeps_all_it_has() {
        let app = TestApp::new().await;
        let root = app.root();
        let before = root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        root.ok("CreateGroup", json!({ "GroupName": "devs" })).await;
        let member = json!({ "UserName": "alice", "GroupName": "devs" });
        root.ok("AddUserToGroup", member).await;
        let key = root.ok("CreateAccessKey", json!({ "UserName": "alice" })).await;
        let input = json!({ "UserName": "alice", "NewUserName": "bob", "NewPath": "/b/" });
        root.ok("UpdateUser", input).await;

        let after = root.ok("GetUser", json!({ "UserName": "bob" })).await;
        assert_eq!(after["User"]["UserId"], before["User"]["UserId"]);
        assert_eq!(after["User"]["Arn"], "arn:aws:iam::111122223333:user/b/bob");
        let group = root.ok("GetGroup", json!({ "GroupName": "devs" })).await;
        assert_eq!(group["Users"][0]["UserName"], "bob");
        let identity =
            root.signing_with(&key["AccessKey"]).ok("GetCallerIdentity", json!({})).await;
        assert_eq!(identity["Arn"], "arn:aws:iam::111122223333:user/b/bob");
        assert_eq!(
            root.refused("GetUser", json!({ "UserName": "alice" })).await.name,
            "NoSuchEntity"
        );
    }

    #[tokio::test]
    async fn a_name_that_is_taken_is_refused_and_another_spelling_of_its_own_is_not() {
        let app = TestApp::new().await;
        let root = app.root();
        for name in ["alice", "bob"] {
            root.ok("CreateUser", json!({ "UserName": name })).await;
        }
        let input = json!({ "UserName": "alice", "NewUserName": "BOB" });
        let message = "User with name BOB already exists.";
        let refused = root.refused("UpdateUser", input).await;
        assert_eq!(refused, Refused::new("EntityAlreadyExists", message));
        root.ok("UpdateUser", json!({ "UserName": "alice", "NewUserName": "Alice" })).await;
        let user = root.ok("GetUser", json!({ "UserName": "alice" })).await;
        assert_eq!(user["User"]["UserName"], "Alice");
    }
}
