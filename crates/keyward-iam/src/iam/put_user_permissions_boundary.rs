//! PutUserPermissionsBoundary: makes a managed policy the permissions boundary of a user.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPermissionsBoundary.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::UserBody;
use serde::Deserialize;

use super::action;
use super::authorize::existing;
use super::conditions::Conditions;
use super::constraints::{self, ArnType, UserNameType};
use super::managed_policy::require_boundary;

/// The operation.
pub(crate) enum PutUserPermissionsBoundary {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    user_name: Text<'a, UserNameType>,
    #[serde(borrow)]
    permissions_boundary: Text<'a, ArnType>,
}

impl Operation for PutUserPermissionsBoundary {
    const NAME: &'static str = "PutUserPermissionsBoundary";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::PUT_USER_PERMISSIONS_BOUNDARY;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let (name, boundary) = (&*input.user_name, &*input.permissions_boundary);
        let conditions = Conditions::none().with_boundary(Some(boundary));
        let (proof, mut user) =
            existing::<action::PutUserPermissionsBoundary, UserBody>(cx, name, conditions).await?;
        require_boundary(cx, boundary).await?;
        user.body.permissions_boundary = Some(boundary.to_owned());
        user.stage(cx, &proof);
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("userName", &self.user_name);
        to.text("permissionsBoundary", &self.permissions_boundary);
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    #[tokio::test]
    async fn a_boundary_limits_what_a_user_may_do() {
        let app = TestApp::new().await;
        let root = app.root();
        let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
        let boundary = "arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser";
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        let attachment = json!({ "UserName": "alice", "PolicyArn": administrator });
        root.ok("AttachUserPolicy", attachment).await;
        let key = root.ok("CreateAccessKey", json!({ "UserName": "alice" })).await;
        let alice = root.signing_with(&key["AccessKey"]);
        alice.ok("CreateGroup", json!({ "GroupName": "a" })).await;
        let input = json!({ "UserName": "alice", "PermissionsBoundary": boundary });
        root.ok("PutUserPermissionsBoundary", input).await;
        let refused = alice.refused("CreateGroup", json!({ "GroupName": "b" })).await;
        let message = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: \
                       iam:CreateGroup on resource: arn:aws:iam::111122223333:group/b because no \
                       permissions boundary allows the iam:CreateGroup action";
        assert_eq!(refused, Refused::new("AccessDenied", message));
        root.ok("DeleteUserPermissionsBoundary", json!({ "UserName": "alice" })).await;
        alice.ok("CreateGroup", json!({ "GroupName": "b" })).await;
        let again = root.refused("DeleteUserPermissionsBoundary", json!({ "UserName": "alice" }));
        assert_eq!(again.await.name, "NoSuchEntity");
    }
}
