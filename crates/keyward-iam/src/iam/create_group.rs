//! CreateGroup: makes a group.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateGroup.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::{EntityKind, GroupBody, Precondition};
use serde::{Deserialize, Serialize};

use super::action;
use super::authorize::{Resource, authorize};
use super::conditions::Conditions;
use super::constraints::{self, GroupNameType, PathType};
use super::entity::{Entity, require_free};
use super::group::GroupOutput;
use super::shape::record_text;

/// The operation.
pub(crate) enum CreateGroup {}

/// The most groups an account has.
const GROUPS_MAX: u32 = 300;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    path: Option<Text<'a, PathType>>,
    #[serde(borrow)]
    group_name: Text<'a, GroupNameType>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    group: GroupOutput,
}

impl Operation for CreateGroup {
    const NAME: &'static str = "CreateGroup";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::CREATE_GROUP;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let (path, name) = (input.path.as_deref(), &*input.group_name);
        let resource = Resource::new(cx, EntityKind::Group, path.unwrap_or("/"), name);
        let proof = authorize::<action::CreateGroup>(cx, &resource, Conditions::none()).await?;
        require_free::<GroupBody>(cx, name).await?;
        let group = Entity::new(cx, name, path, GroupBody::default());
        let output = GroupOutput::of(cx, &group)?;
        cx.require(Precondition::EntitiesBelow(group.account, EntityKind::Group, GROUPS_MAX));
        group.stage(cx, &proof);
        Ok(Output { group: output })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "path", self.path.as_ref());
        to.text("groupName", &self.group_name);
    }
}

impl Recorded for Output {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.object("group", |to| self.group.record(to));
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    #[tokio::test]
    async fn a_group_has_an_arn_with_its_path_and_a_name_of_its_own() {
        let app = TestApp::new().await;
        let root = app.root();
        let reply = root.ok("CreateGroup", json!({ "GroupName": "Devs", "Path": "/a/" })).await;
        assert_eq!(reply["Group"]["Arn"], "arn:aws:iam::111122223333:group/a/Devs");
        assert!(reply["Group"]["GroupId"].as_str().unwrap().starts_with("AGPA"));
        let refused = root.refused("CreateGroup", json!({ "GroupName": "devs" })).await;
        let message = "Group with name devs already exists.";
        assert_eq!(refused, Refused::new("EntityAlreadyExists", message));
        // A user may be called the same.
        root.ok("CreateUser", json!({ "UserName": "devs" })).await;
    }
}
