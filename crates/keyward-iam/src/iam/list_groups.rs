//! ListGroups: the groups of the account under a path.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroups.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::GroupBody;
use serde::{Deserialize, Serialize};

use super::action;
use super::constraints::{self, PathPrefixType};
use super::entity_list::{authorize_list, page};
use super::group::GroupOutput;
use super::paging::{Marker, MaxItems, PageRequest, record_page};
use super::shape::record_text;

/// The operation.
pub(crate) enum ListGroups {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    path_prefix: Option<Text<'a, PathPrefixType>>,
    #[serde(borrow)]
    marker: Marker<'a>,
    max_items: MaxItems,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    groups: Vec<GroupOutput>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListGroups {
    const NAME: &'static str = "ListGroups";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_GROUPS;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        authorize_list::<action::ListGroups, GroupBody>(cx, prefix).await?;
        let request = PageRequest::new(cx, (Self::NAME, prefix), &input.marker, input.max_items)?;
        let found = page::<GroupBody>(cx, &request, prefix).await?;
        let is_truncated = found.is_truncated();
        let groups = found.entries.iter().map(|group| GroupOutput::of(cx, group));
        Ok(Output { groups: groups.collect::<Result<_, _>>()?, is_truncated, marker: found.marker })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "pathPrefix", self.path_prefix.as_ref());
        record_page(to, &self.marker, self.max_items);
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
    async fn groups_are_listed_under_a_path() {
        let app = TestApp::new().await;
        let root = app.root();
        for (name, path) in [("b", "/x/"), ("a", "/x/"), ("c", "/")] {
            root.ok("CreateGroup", json!({ "GroupName": name, "Path": path })).await;
        }
        let listed = root.ok("ListGroups", json!({ "PathPrefix": "/x" })).await;
        let names: Vec<_> =
            listed["Groups"].as_array().unwrap().iter().map(|it| it["GroupName"].clone()).collect();
        assert_eq!(names, ["a", "b"]);
    }
}
