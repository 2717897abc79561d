//! AddUserToGroup: puts a user into a group. One that is in it already stays in it.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddUserToGroup.html>

use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_store::{GroupBody, UserBody};

use super::authorize::existing;
use super::conditions::Conditions;
use super::entity::{Entity, no_such};
use super::shape::UserAndGroup;
use super::{action, constraints};

/// The operation.
pub(crate) enum AddUserToGroup {}

/// The most groups a user is in.
const GROUPS_PER_USER_MAX: usize = 10;

impl Operation for AddUserToGroup {
    const NAME: &'static str = "AddUserToGroup";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::ADD_USER_TO_GROUP;
    type Input<'a> = UserAndGroup<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: UserAndGroup<'a>) -> Result<(), OpError> {
        let name = &*input.group_name;
        let (proof, group) =
            existing::<action::AddUserToGroup, GroupBody>(cx, name, Conditions::none()).await?;
        let user = Entity::<UserBody>::find(cx, &input.user_name).await?;
        let mut user = user.ok_or_else(|| no_such::<UserBody>(&input.user_name))?;
        let (id, groups) = (group.unique_id()?, &mut user.body.groups);
        if groups.contains(&id) {
            return Ok(());
        }
        if groups.len() >= GROUPS_PER_USER_MAX {
            return Err(op_error!(
                LimitExceeded,
                "Cannot exceed quota for GroupsPerUser: {GROUPS_PER_USER_MAX}"
            ));
        }
        groups.push(id);
        group.require_unchanged(cx);
        user.stage(cx, &proof);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    #[tokio::test]
    async fn the_policies_of_a_group_are_its_users() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        root.ok("CreateGroup", json!({ "GroupName": "devs" })).await;
        let policy = "arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser";
        let attachment = json!({ "GroupName": "devs", "PolicyArn": policy });
        root.ok("AttachGroupPolicy", attachment).await;
        let key = root.ok("CreateAccessKey", json!({ "UserName": "alice" })).await;
        let alice = root.signing_with(&key["AccessKey"]);
        let member = || json!({ "UserName": "alice", "GroupName": "devs" });
        assert_eq!(alice.refused("ListKeys", json!({})).await.name, "AccessDeniedException");
        root.ok("AddUserToGroup", member()).await;
        root.ok("AddUserToGroup", member()).await;
        alice.ok("ListKeys", json!({})).await;
        root.ok("RemoveUserFromGroup", member()).await;
        assert_eq!(alice.refused("ListKeys", json!({})).await.name, "AccessDeniedException");
    }

    #[tokio::test]
    async fn a_user_is_in_at_most_ten_groups() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        for number in 0..=10 {
            let group = format!("g{number}");
            root.ok("CreateGroup", json!({ "GroupName": group })).await;
            let member = json!({ "UserName": "alice", "GroupName": group });
            if number < 10 {
                root.ok("AddUserToGroup", member).await;
            } else {
                let message = "Cannot exceed quota for GroupsPerUser: 10";
                let refused = root.refused("AddUserToGroup", member).await;
                assert_eq!(refused, Refused::new("LimitExceeded", message));
            }
        }
    }

    #[tokio::test]
    async fn a_user_that_is_not_there_is_named() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateGroup", json!({ "GroupName": "devs" })).await;
        let member = json!({ "UserName": "ghost", "GroupName": "devs" });
        let message = "The user with name ghost cannot be found.";
        for operation in ["AddUserToGroup", "RemoveUserFromGroup"] {
            let refused = root.refused(operation, member.clone()).await;
            assert_eq!(refused, Refused::new("NoSuchEntity", message), "{operation}");
        }
    }
}
