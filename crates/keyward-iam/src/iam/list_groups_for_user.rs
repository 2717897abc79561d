//! ListGroupsForUser: the groups a user is in.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroupsForUser.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::{GroupBody, UserBody};
use serde::Serialize;

use super::authorize::existing;
use super::conditions::Conditions;
use super::entity::Entity;
use super::group::GroupOutput;
use super::paging::PageRequest;
use super::shape::PageOfUser;
use super::{action, constraints};

/// The operation.
pub(crate) enum ListGroupsForUser {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    groups: Vec<GroupOutput>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListGroupsForUser {
    const NAME: &'static str = "ListGroupsForUser";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_GROUPS_FOR_USER;
    type Input<'a> = PageOfUser<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: PageOfUser<'a>) -> Result<Output, OpError> {
        let name = &*input.user_name;
        let (_, user) =
            existing::<action::ListGroupsForUser, UserBody>(cx, name, Conditions::none()).await?;
        let filter = user.unique_id()?.to_string();
        let request = PageRequest::new(cx, (Self::NAME, &filter), &input.marker, input.max_items)?;
        let mut groups = Vec::with_capacity(user.body.groups.len());
        for id in &user.body.groups {
            groups.extend(Entity::<GroupBody>::find_by_id(cx, id).await?);
        }
        let position = |group: &Entity<GroupBody>| group.name.to_ascii_lowercase();
        groups.sort_unstable_by_key(position);
        let page = request.page_of_all(cx, groups, position)?;
        let is_truncated = page.is_truncated();
        let groups = page.entries.iter().map(|group| GroupOutput::of(cx, group));
        Ok(Output { groups: groups.collect::<Result<_, _>>()?, is_truncated, marker: page.marker })
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::TestApp;
    use serde_json::json;

    #[tokio::test]
    async fn the_groups_of_a_user_are_listed_by_name() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        for name in ["b", "C", "a"] {
            root.ok("CreateGroup", json!({ "GroupName": name })).await;
            root.ok("AddUserToGroup", json!({ "UserName": "alice", "GroupName": name })).await;
        }
        let input = json!({ "UserName": "alice", "MaxItems": 2 });
        let first = root.ok("ListGroupsForUser", input).await;
        assert_eq!(
            (&first["Groups"][0]["GroupName"], &first["IsTruncated"]),
            (&json!("a"), &json!(true))
        );
        let input = json!({ "UserName": "alice", "Marker": first["Marker"] });
        let rest = root.ok("ListGroupsForUser", input).await;
        assert_eq!(rest["Groups"][0]["GroupName"], "C");
        assert_eq!(rest["Groups"].as_array().map(Vec::len), Some(1));
    }
}
