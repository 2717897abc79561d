//! CreateUser: makes a user.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::{EntityKind, Precondition, UserBody};
use serde::{Deserialize, Serialize};

use super::authorize::{Resource, authorize};
use super::conditions::Conditions;
use super::constraints::{self, ArnType, PathType, UserNameType};
use super::entity::{Entity, require_free};
use super::managed_policy::require_boundary;
use super::shape::record_text;
use super::tags::Tags;
use super::user::UserOutput;
use super::{action, tags};

/// The operation.
pub(crate) enum CreateUser {}

/// The most users an account has.
const USERS_MAX: u32 = 5000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    path: Option<Text<'a, PathType>>,
    #[serde(borrow)]
    user_name: Text<'a, UserNameType>,
    #[serde(borrow)]
    permissions_boundary: Option<Text<'a, ArnType>>,
    #[serde(borrow, default)]
    tags: Tags<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    user: UserOutput,
}

impl Operation for CreateUser {
    const NAME: &'static str = "CreateUser";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::CREATE_USER;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let tags = tags::sound(&input.tags)?;
        let (path, name) = (input.path.as_deref(), &*input.user_name);
        let boundary = input.permissions_boundary.as_deref();
        let resource = Resource::new(cx, EntityKind::User, path.unwrap_or("/"), name);
        let conditions = Conditions::none().with_request_tags(&tags).with_boundary(boundary);
        let proof = authorize::<action::CreateUser>(cx, &resource, conditions).await?;
        if !tags.is_empty() {
            authorize::<action::TagUser>(cx, &resource, conditions).await?;
        }
        require_free::<UserBody>(cx, name).await?;
        if let Some(boundary) = boundary {
            require_boundary(cx, boundary).await?;
        }
        let permissions_boundary = boundary.map(str::to_owned);
        let body = UserBody { tags, permissions_boundary, ..UserBody::default() };
        let user = Entity::new(cx, name, path, body);
        let output = UserOutput::whole(cx, &user)?;
        cx.require(Precondition::EntitiesBelow(user.account, EntityKind::User, USERS_MAX));
        user.stage(cx, &proof);
        Ok(Output { user: output })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "path", self.path.as_ref());
        to.text("userName", &self.user_name);
        record_text(to, "permissionsBoundary", self.permissions_boundary.as_ref());
        tags::record_sent(to, &self.tags);
    }
}

impl Recorded for Output {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.object("user", |to| self.user.record(to));
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    #[tokio::test]
    async fn a_user_has_an_arn_with_its_path_and_an_id_of_its_own() {
        let app = TestApp::new().await;
        let tags = json!([{ "Key": "Team", "Value": "a" }]);
        let input = json!({ "UserName": "Alice", "Path": "/a/b/", "Tags": tags });
        let reply = app.root().ok("CreateUser", input).await;
        let id = reply["User"]["UserId"].as_str().unwrap();
        assert!(id.starts_with("AIDA") && id.len() == 21, "{id}");
        let expected = json!({
            "Path": "/a/b/",
            "UserName": "Alice",
            "UserId": id,
            "Arn": "arn:aws:iam::111122223333:user/a/b/Alice",
            "CreateDate": reply["User"]["CreateDate"],
            "Tags": tags,
        });
        assert_eq!(reply, json!({ "User": expected }));
        assert_eq!(app.root().ok("GetUser", json!({ "UserName": "Alice" })).await, reply);
    }

    #[tokio::test]
    async fn names_differ_by_more_than_case() {
        let app = TestApp::new().await;
        app.root().ok("CreateUser", json!({ "UserName": "Alice" })).await;
        let refused = app.root().refused("CreateUser", json!({ "UserName": "aLICE" })).await;
        let message = "User with name aLICE already exists.";
        assert_eq!(refused, Refused::new("EntityAlreadyExists", message));
    }

    #[tokio::test]
    async fn a_permissions_boundary_is_a_policy_that_exists() {
        let app = TestApp::new().await;
        let boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        let input = json!({ "UserName": "alice", "PermissionsBoundary": boundary });
        let reply = app.root().ok("CreateUser", input).await;
        let expected = json!({
            "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
            "PermissionsBoundaryArn": boundary,
        });
        assert_eq!(reply["User"]["PermissionsBoundary"], expected);
        let absent = "arn:aws:iam::111122223333:policy/none";
        let input = json!({ "UserName": "bob", "PermissionsBoundary": absent });
        let refused = app.root().refused("CreateUser", input).await;
        let message = format!("Scope ARN: {absent} does not exist or is not attachable.");
        assert_eq!(refused, Refused::new("NoSuchEntity", message));
    }

    #[tokio::test]
    async fn tags_that_differ_only_by_case_are_refused() {
        let app = TestApp::new().await;
        let tags = json!([{ "Key": "a", "Value": "" }, { "Key": "A", "Value": "" }]);
        let input = json!({ "UserName": "alice", "Tags": tags });
        let refused = app.root().refused("CreateUser", input).await;
        let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
        assert_eq!(refused, Refused::new("InvalidInput", message));
    }

    #[tokio::test]
    async fn the_record_tells_of_the_user() {
        let app = TestApp::new().await;
        let reply = app.root().ok("CreateUser", json!({ "UserName": "alice" })).await;
        let recorded = app.recorded();
        assert_eq!(recorded["requestParameters"], json!({ "userName": "alice" }));
        let user = &recorded["responseElements"]["user"];
        assert_eq!(user["userId"], reply["User"]["UserId"]);
        assert_eq!(user["arn"], "arn:aws:iam::111122223333:user/alice");
        assert_eq!(recorded["readOnly"], false);
    }
}
