//! ListAccessKeys: the access keys of a user, or of the caller, without their secrets.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use serde::Serialize;

use super::access_key::{owner_name, status_word};
use super::paging::PageRequest;
use super::shape::PageOfUserOrCaller;
use super::subject::authorize_subject;
use super::{action, constraints};
use crate::shape::Date;

/// The operation.
pub(crate) enum ListAccessKeys {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    access_key_metadata: Vec<AccessKeyMetadata>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AccessKeyMetadata {
    user_name: String,
    access_key_id: String,
    status: &'static str,
    create_date: Date,
}

impl Operation for ListAccessKeys {
    const NAME: &'static str = "ListAccessKeys";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_ACCESS_KEYS;
    type Input<'a> = PageOfUserOrCaller<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: PageOfUserOrCaller<'a>) -> Result<Output, OpError> {
        let name = input.user_name.as_deref();
        let (_, subject) = authorize_subject::<action::ListAccessKeys>(cx, name).await?;
        let (owner, user_name) = (subject.owner()?, owner_name(&subject));
        let filter = owner.to_string();
        let request = PageRequest::new(cx, (Self::NAME, &filter), &input.marker, input.max_items)?;
        let account = cx.caller().account;
        let keys = cx.engine().store().credentials().list(&account, &owner).await;
        let mut keys = keys.map_err(OpError::internal)?;
        let position = |key: &AccessKeyMetadata| key.access_key_id.clone();
        keys.sort_unstable_by(|one, other| one.access_key_id.cmp(&other.access_key_id));
        let keys = keys.into_iter().map(|key| AccessKeyMetadata {
            user_name: user_name.to_owned(),
            access_key_id: key.access_key_id.to_string(),
            status: status_word(key.status),
            create_date: Date(key.created_at),
        });
        let page = request.page_of_all(cx, keys, position)?;
        let is_truncated = page.is_truncated();
        Ok(Output { access_key_metadata: page.entries, is_truncated, marker: page.marker })
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
    async fn the_keys_of_a_user_and_of_the_caller_are_told_apart() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        let key = root.ok("CreateAccessKey", json!({ "UserName": "alice" })).await;
        let listed = root.ok("ListAccessKeys", json!({ "UserName": "alice" })).await;
        let expected = json!([{
            "UserName": "alice",
            "AccessKeyId": key["AccessKey"]["AccessKeyId"],
            "Status": "Active",
            "CreateDate": key["AccessKey"]["CreateDate"],
        }]);
        assert_eq!(listed["AccessKeyMetadata"], expected);
        let own = root.ok("ListAccessKeys", json!({})).await;
        let id = root.caller().access_key_id.as_str();
        assert_eq!(own["AccessKeyMetadata"][0]["AccessKeyId"], id);
        assert_eq!(own["AccessKeyMetadata"].as_array().map(Vec::len), Some(1));
    }
}
