//! UpdateGroup: gives a group another name or path. Its unique id stays, and with it its users and
//! policies.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateGroup.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::GroupBody;
use serde::Deserialize;

use super::action;
use super::constraints::{self, GroupNameType, PathType};
use super::rename::{NewPlace, rename};
use super::shape::record_text;

/// The operation.
pub(crate) enum UpdateGroup {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    group_name: Text<'a, GroupNameType>,
    #[serde(borrow)]
    new_path: Option<Text<'a, PathType>>,
    #[serde(borrow)]
    new_group_name: Option<Text<'a, GroupNameType>>,
}

impl Operation for UpdateGroup {
    const NAME: &'static str = "UpdateGroup";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::UPDATE_GROUP;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let new =
            NewPlace { path: input.new_path.as_deref(), name: input.new_group_name.as_deref() };
        rename::<action::UpdateGroup, GroupBody>(cx, &input.group_name, &new).await
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("groupName", &self.group_name);
        record_text(to, "newPath", self.new_path.as_ref());
        record_text(to, "newGroupName", self.new_group_name.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    #[tokio::test]
    async fn a_group_that_is_renamed_keeps_its_users() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateGroup", json!({ "GroupName": "devs" })).await;
        root.ok("CreateGroup", json!({ "GroupName": "ops" })).await;
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        root.ok("AddUserToGroup", json!({ "UserName": "alice", "GroupName": "devs" })).await;
        let taken = json!({ "GroupName": "devs", "NewGroupName": "Ops" });
        let message = "Group with name Ops already exists.";
        let refused = root.refused("UpdateGroup", taken).await;
        assert_eq!(refused, Refused::new("EntityAlreadyExists", message));
        root.ok("UpdateGroup", json!({ "GroupName": "devs", "NewGroupName": "team" })).await;
        let group = root.ok("GetGroup", json!({ "GroupName": "team" })).await;
        assert_eq!(group["Users"][0]["UserName"], "alice");
        let groups = root.ok("ListGroupsForUser", json!({ "UserName": "alice" })).await;
        assert_eq!(groups["Groups"][0]["GroupName"], "team");
    }
}
