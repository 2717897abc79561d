//! DeleteGroup: removes a group that nobody is in and that has no policies.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroup.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_shape::Text;
use keyward_store::{GroupBody, Precondition};
use serde::Deserialize;

use super::action;
use super::authorize::existing;
use super::conditions::Conditions;
use super::constraints::{self, GroupNameType};
use super::group::membership;
use super::policy_holder::PolicyHolder as _;

/// The operation.
pub(crate) enum DeleteGroup {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    group_name: Text<'a, GroupNameType>,
}

impl Operation for DeleteGroup {
    const NAME: &'static str = "DeleteGroup";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DELETE_GROUP;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let (proof, group) =
            existing::<action::DeleteGroup, GroupBody>(cx, &input.group_name, Conditions::none())
                .await?;
        let members = membership(&group)?;
        let count = cx.engine().store().entities().count_referrers(&members).await;
        if count.map_err(OpError::internal)? > 0 {
            return Err(op_error!(
                DeleteConflict,
                "Cannot delete entity, must remove users from group first."
            ));
        }
        group.body.require_no_policies()?;
        cx.require(Precondition::NotReferenced(members));
        group.stage_removal(cx, &proof);
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("groupName", &self.group_name);
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    #[tokio::test]
    async fn a_group_is_deleted_once_nobody_is_in_it_and_it_has_no_policies() {
        let app = TestApp::new().await;
        let root = app.root();
        let with = |member: &str, value: &str| json!({ "GroupName": "devs", member: value });
        let policy = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        root.ok("CreateGroup", json!({ "GroupName": "devs" })).await;
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        root.ok("AddUserToGroup", with("UserName", "alice")).await;
        root.ok("AttachGroupPolicy", with("PolicyArn", policy)).await;
        for (what, operation, input) in [
            ("remove users from group", "RemoveUserFromGroup", with("UserName", "alice")),
            ("detach all policies", "DetachGroupPolicy", with("PolicyArn", policy)),
        ] {
            let refused = root.refused("DeleteGroup", json!({ "GroupName": "devs" })).await;
            let message = format!("Cannot delete entity, must {what} first.");
            assert_eq!(refused, Refused::new("DeleteConflict", message));
            root.ok(operation, input).await;
        }
        root.ok("DeleteGroup", json!({ "GroupName": "devs" })).await;
        let listed = root.ok("ListGroups", json!({})).await;
        assert_eq!(listed["Groups"], json!([]));
    }
}
