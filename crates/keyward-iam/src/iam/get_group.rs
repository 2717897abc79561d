//! GetGroup: tells of a group and of the users in it.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetGroup.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::{GroupBody, UserBody};
use serde::Serialize;

use super::authorize::existing;
use super::conditions::Conditions;
use super::entity::Entity;
use super::group::{GroupOutput, after_user, membership};
use super::paging::{Page, PageRequest};
use super::shape::PageOfGroup;
use super::user::UserOutput;
use super::{action, constraints};

/// The operation.
pub(crate) enum GetGroup {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    group: GroupOutput,
    users: Vec<UserOutput>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for GetGroup {
    const NAME: &'static str = "GetGroup";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_GROUP;
    type Input<'a> = PageOfGroup<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: PageOfGroup<'a>) -> Result<Output, OpError> {
        let (_, group) =
            existing::<action::GetGroup, GroupBody>(cx, &input.group_name, Conditions::none())
                .await?;
        let filter = group.unique_id()?.to_string();
        let request = PageRequest::new(cx, (Self::NAME, &filter), &input.marker, input.max_items)?;
        let page = members(cx, &request, &group).await?;
        let is_truncated = page.is_truncated();
        let users = page.entries.iter().map(|user| UserOutput::listed(cx, user));
        let users = users.collect::<Result<_, _>>()?;
        let group = GroupOutput::of(cx, &group)?;
        Ok(Output { group, users, is_truncated, marker: page.marker })
    }
}

/// A page of the users in a group, by name. The users themselves say whether they are in it.
async fn members(
    cx: &Cx,
    request: &PageRequest<'_>,
    group: &Entity<GroupBody>,
) -> Result<Page<Entity<UserBody>>, OpError> {
    let after = request.after.clone().map(|name| after_user(group, name));
    let entities = cx.engine().store().entities();
    let target = membership(group)?;
    let names = entities.referrers(&target, after.as_ref(), request.read_max()).await;
    let page = request.page(cx, names.map_err(OpError::internal)?, |name| name.name.clone())?;
    let id = group.unique_id()?;
    let mut users = Vec::with_capacity(page.entries.len());
    for name in &page.entries {
        let user = Entity::<UserBody>::find(cx, &name.name).await?;
        users.extend(user.filter(|user| user.body.groups.contains(&id)));
    }
    Ok(Page { entries: users, marker: page.marker })
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::TestApp;
    use serde_json::json;

    #[tokio::test]
    async fn the_users_of_a_group_are_listed_in_pages() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateGroup", json!({ "GroupName": "devs" })).await;
        for name in ["bob", "Alice", "carol"] {
            root.ok("CreateUser", json!({ "UserName": name })).await;
            let member = json!({ "UserName": name, "GroupName": "devs" });
            root.ok("AddUserToGroup", member).await;
        }
        let mut names = Vec::new();
        let mut input = json!({ "GroupName": "devs", "MaxItems": 1 });
        loop {
            let page = root.ok("GetGroup", input.clone()).await;
            names.extend(page["Users"].as_array().unwrap().iter().map(|it| it["UserName"].clone()));
            let Some(marker) = page.get("Marker") else { break };
            input["Marker"] = marker.clone();
        }
        assert_eq!(names, ["Alice", "bob", "carol"]);
    }
}
