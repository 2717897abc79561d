//! TagUser: adds tags to a user, or gives new values to those it has.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagUser.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::UserBody;
use serde::Deserialize;

use super::authorize::existing;
use super::conditions::Conditions;
use super::constraints::{self, ExistingUserNameType};
use super::tags::Tags;
use super::{action, tags};

/// The operation.
pub(crate) enum TagUser {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    user_name: Text<'a, ExistingUserNameType>,
    #[serde(borrow)]
    tags: Tags<'a>,
}

impl Operation for TagUser {
    const NAME: &'static str = "TagUser";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::TAG_USER;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let added = tags::sound(&input.tags)?;
        let conditions = Conditions::none().with_request_tags(&added);
        let (proof, mut user) =
            existing::<action::TagUser, UserBody>(cx, &input.user_name, conditions).await?;
        tags::put(&mut user.body.tags, added)?;
        user.stage(cx, &proof);
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("userName", &self.user_name);
        tags::record(to, &self.tags);
    }
}

#[cfg(test)]
mod tests {
    use keyward_store::UserBody;
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    #[tokio::test]
    async fn tags_are_added_replaced_and_taken_off_whatever_their_case() {
        let app = TestApp::new().await;
        let root = app.root();
        let tag = |key: &str, value: &str| json!({ "Key": key, "Value": value });
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        for tags in [json!([tag("Team", "a"), tag("Cost", "1")]), json!([tag("team", "b")])] {
            root.ok("TagUser", json!({ "UserName": "alice", "Tags": tags })).await;
        }
        let listed = root.ok("ListUserTags", json!({ "UserName": "alice" })).await;
        assert_eq!(listed["Tags"], json!([tag("Cost", "1"), tag("team", "b")]));
        root.ok("UntagUser", json!({ "UserName": "alice", "TagKeys": ["COST", "none"] })).await;
        let listed = root.ok("ListUserTags", json!({ "UserName": "alice" })).await;
        assert_eq!(listed["Tags"], json!([tag("team", "b")]));
    }

    #[tokio::test]
    async fn policies_decide_on_the_tags_of_the_request_and_of_the_user() {
        let app = TestApp::new().await;
        let root = app.root();
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
            "Action":"iam:TagUser","Resource":"*","Condition":{
                "StringEquals":{"aws:RequestTag/Team":"a","iam:ResourceTag/Owner":"boss"},
                "ForAllValues:StringEquals":{"aws:TagKeys":["Team"]}}}]}"#;
        let body = UserBody {
            inline_policies: [("p".to_owned(), document.to_owned())].into(),
            ..UserBody::default()
        };
        let boss = app.user("boss", body).await;
        let owned = json!([{ "Key": "Owner", "Value": "boss" }]);
        root.ok("CreateUser", json!({ "UserName": "alice", "Tags": owned })).await;
        root.ok("CreateUser", json!({ "UserName": "bob" })).await;
        let input = |user: &str, key: &str, value: &str| json!({ "UserName": user, "Tags": [{ "Key": key, "Value": value }] });
        boss.ok("TagUser", input("alice", "Team", "a")).await;
        for refused in
            [input("alice", "Team", "b"), input("alice", "Other", "a"), input("bob", "Team", "a")]
        {
            assert_eq!(boss.refused("TagUser", refused).await.name, "AccessDenied");
        }
    }

    #[tokio::test]
    async fn reserved_keys_are_refused() {
        let app = TestApp::new().await;
        let tags = json!([{ "Key": "aws:a", "Value": "" }]);
        let refused = app.root().refused("TagUser", json!({ "UserName": "x", "Tags": tags })).await;
        let message = "aws: prefixed tag key names are not allowed for external use.";
        assert_eq!(refused, Refused::new("InvalidInput", message));
    }
}
