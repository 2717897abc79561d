//! DeleteUser: removes a user that has nothing any more.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html>

use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_store::{CredentialOwner, EntityRelation, EntityTarget, Precondition, UserBody};

use super::action;
use super::authorize::existing;
use super::conditions::Conditions;
use super::constraints;
use super::entity::Entity;
use super::policy_holder::PolicyHolder as _;
use super::shape::OfUser;

/// The operation.
pub(crate) enum DeleteUser {}

impl Operation for DeleteUser {
    const NAME: &'static str = "DeleteUser";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DELETE_USER;
    type Input<'a> = OfUser<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: OfUser<'a>) -> Result<(), OpError> {
        let (proof, user) =
            existing::<action::DeleteUser, UserBody>(cx, &input.user_name, Conditions::none())
                .await?;
        require_empty(cx, &user).await?;
        user.stage_removal(cx, &proof);
        Ok(())
    }
}

/// Refuses while the user has something, and makes the change depend on its having nothing.
async fn require_empty(cx: &mut Cx, user: &Entity<UserBody>) -> Result<(), OpError> {
    let (account, id) = (user.account, user.unique_id()?);
    let keys = cx.engine().store().credentials().of_user(&id).await.map_err(OpError::internal)?;
    if !keys.is_empty() {
        return Err(op_error!(
            DeleteConflict,
            "Cannot delete entity, must delete access keys first."
        ));
    }
    let devices = EntityTarget::new(account, EntityRelation::MfaUser, id.to_string());
    let count = cx.engine().store().entities().count_referrers(&devices).await;
    if count.map_err(OpError::internal)? > 0 {
        return Err(op_error!(
            DeleteConflict,
            "Cannot delete entity, must delete MFA device first."
        ));
    }
    if !user.body.groups.is_empty() {
        return Err(op_error!(
            DeleteConflict,
            "Cannot delete entity, must remove users from group first."
        ));
    }
    user.body.require_no_policies()?;
    cx.require(Precondition::CredentialsBelow(account, CredentialOwner::User(id), 1));
    cx.require(Precondition::NotReferenced(devices));
    Ok(())
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    #[tokio::test]
    async fn a_user_is_deleted_once_it_has_nothing() {
        let app = TestApp::new().await;
        let root = app.root();
        let alice = || json!({ "UserName": "alice" });
        let with = |member: &str, value: &str| json!({ "UserName": "alice", member: value });
        let policy = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        let document = r#"{"Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
        root.ok("CreateUser", alice()).await;
        root.ok("CreateGroup", json!({ "GroupName": "devs" })).await;
        let key = root.ok("CreateAccessKey", alice()).await;
        root.ok("AddUserToGroup", with("GroupName", "devs")).await;
        root.ok("AttachUserPolicy", with("PolicyArn", policy)).await;
        let inline = json!({ "UserName": "alice", "PolicyName": "p", "PolicyDocument": document });
        root.ok("PutUserPolicy", inline).await;

        let key_id = key["AccessKey"]["AccessKeyId"].as_str().unwrap();
        for (what, operation, input) in [
            ("delete access keys", "DeleteAccessKey", with("AccessKeyId", key_id)),
            ("remove users from group", "RemoveUserFromGroup", with("GroupName", "devs")),
            ("detach all policies", "DetachUserPolicy", with("PolicyArn", policy)),
            ("delete policies", "DeleteUserPolicy", with("PolicyName", "p")),
        ] {
            let refused = root.refused("DeleteUser", alice()).await;
            let message = format!("Cannot delete entity, must {what} first.");
            assert_eq!(refused, Refused::new("DeleteConflict", message));
            root.ok(operation, input).await;
        }
        root.ok("DeleteUser", alice()).await;
        assert_eq!(root.refused("DeleteUser", alice()).await.name, "NoSuchEntity");
    }

    #[tokio::test]
    async fn a_user_of_the_same_name_is_another_one() {
        let app = TestApp::new().await;
        let root = app.root();
        let input = || json!({ "UserName": "alice" });
        let first = root.ok("CreateUser", input()).await;
        root.ok("DeleteUser", input()).await;
        let second = root.ok("CreateUser", input()).await;
        assert_ne!(first["User"]["UserId"], second["User"]["UserId"]);
    }
}
