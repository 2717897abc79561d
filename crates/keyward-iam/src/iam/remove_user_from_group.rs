//! RemoveUserFromGroup: takes a user out of a group.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveUserFromGroup.html>

use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_store::{GroupBody, UserBody};

use super::authorize::existing;
use super::conditions::Conditions;
use super::entity::{Entity, no_such};
use super::shape::UserAndGroup;
use super::{action, constraints};

/// The operation.
pub(crate) enum RemoveUserFromGroup {}

impl Operation for RemoveUserFromGroup {
    const NAME: &'static str = "RemoveUserFromGroup";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::REMOVE_USER_FROM_GROUP;
    type Input<'a> = UserAndGroup<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: UserAndGroup<'a>) -> Result<(), OpError> {
        let (name, user_name) = (&*input.group_name, &*input.user_name);
        let (proof, group) =
            existing::<action::RemoveUserFromGroup, GroupBody>(cx, name, Conditions::none())
                .await?;
        let user = Entity::<UserBody>::find(cx, user_name).await?;
        let mut user = user.ok_or_else(|| no_such::<UserBody>(user_name))?;
        let id = group.unique_id()?;
        let groups = &mut user.body.groups;
        let place = groups.iter().position(|group| *group == id);
        // WIRE: "IAM: groups".
        let place = place.ok_or_else(|| {
            op_error!(NoSuchEntity, "The user with name {user_name} is not in group {name}.")
        })?;
        groups.remove(place);
        user.stage(cx, &proof);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    #[tokio::test]
    async fn a_user_that_is_not_in_the_group_cannot_be_taken_out() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        root.ok("CreateGroup", json!({ "GroupName": "devs" })).await;
        let member = json!({ "UserName": "alice", "GroupName": "devs" });
        let refused = root.refused("RemoveUserFromGroup", member).await;
        let message = "The user with name alice is not in group devs.";
        assert_eq!(refused, Refused::new("NoSuchEntity", message));
    }
}
