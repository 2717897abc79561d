//! ListUsers: the users of the account under a path.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::UserBody;
use serde::{Deserialize, Serialize};

use super::action;
use super::constraints::{self, PathPrefixType};
use super::entity_list::{authorize_list, page};
use super::paging::{Marker, MaxItems, PageRequest, record_page};
use super::shape::record_text;
use super::user::UserOutput;

/// The operation.
pub(crate) enum ListUsers {}

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
    users: Vec<UserOutput>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListUsers {
    const NAME: &'static str = "ListUsers";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_USERS;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        authorize_list::<action::ListUsers, UserBody>(cx, prefix).await?;
        let request = PageRequest::new(cx, (Self::NAME, prefix), &input.marker, input.max_items)?;
        let found = page::<UserBody>(cx, &request, prefix).await?;
        let is_truncated = found.is_truncated();
        let users = found.entries.iter().map(|user| UserOutput::listed(cx, user));
        Ok(Output { users: users.collect::<Result<_, _>>()?, is_truncated, marker: found.marker })
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
    use keyward_testkit::{Refused, TestApp};
    use serde_json::{Value, json};

    #[tokio::test]
    async fn users_are_listed_by_name_in_pages_and_under_a_path() {
        let app = TestApp::new().await;
        let root = app.root();
        for (name, path) in [("bob", "/a/"), ("Alice", "/a/b/"), ("carol", "/c/")] {
            root.ok("CreateUser", json!({ "UserName": name, "Path": path })).await;
        }
        let names = |reply: &Value| -> Vec<String> {
            let users = reply["Users"].as_array().unwrap().iter();
            users.map(|user| user["UserName"].as_str().unwrap().to_owned()).collect()
        };
        let all = root.ok("ListUsers", json!({})).await;
        assert_eq!(names(&all), ["admin", "Alice", "bob", "carol"]);
        assert_eq!(all["IsTruncated"], false);
        let under = root.ok("ListUsers", json!({ "PathPrefix": "/a/" })).await;
        assert_eq!(names(&under), ["Alice", "bob"]);

        let first = root.ok("ListUsers", json!({ "MaxItems": 3 })).await;
        assert_eq!((names(&first).len(), &first["IsTruncated"]), (3, &json!(true)));
        let marker = &first["Marker"];
        let rest = root.ok("ListUsers", json!({ "MaxItems": 3, "Marker": marker })).await;
        assert_eq!(names(&rest), ["carol"]);
        let elsewhere = root.refused("ListGroups", json!({ "Marker": marker })).await;
        assert_eq!(elsewhere, Refused::new("ValidationError", "Invalid Marker."));
    }
}
