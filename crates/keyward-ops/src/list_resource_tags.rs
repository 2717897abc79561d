//! ListResourceTags: the tags of a key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListResourceTags.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::{Int, Text};
use keyward_store::TagRecord;
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, KeyIdType, ListResourceTagsLimit, MarkerType};
use crate::paging::{page_limit, record_page};
use crate::tags::TagOutput;

/// The operation.
pub(crate) enum ListResourceTags {}

const LIMIT_DEFAULT: u32 = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    limit: Option<Int<ListResourceTagsLimit>>,
    #[serde(borrow)]
    marker: Option<Text<'a, MarkerType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    tags: Vec<TagOutput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    truncated: bool,
}

impl Operation for ListResourceTags {
    const NAME: &'static str = "ListResourceTags";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_RESOURCE_TAGS;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let after = cx.position(Self::NAME, &input.key_id, input.marker.as_deref())?;
        let limit = page_limit(input.limit.map(|limit| limit.value()), LIMIT_DEFAULT)?;
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize(target, action::ListResourceTags).await?;
        let tags = cx.engine().store().tags();
        let found = tags.list(&key.record.key, after.as_deref(), limit + 1).await;
        let found = found.map_err(OpError::internal)?;
        let position = |tag: &TagRecord| tag.tag_key.clone();
        let page = cx.page(Self::NAME, &input.key_id, (found, limit), position)?;
        let truncated = page.next_marker.is_some();
        let tags = page.entries.into_iter().map(TagOutput::from).collect();
        Ok(Output { tags, next_marker: page.next_marker, truncated })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        record_page(to, self.limit.map(|limit| limit.value()), self.marker.as_ref());
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Client, KeyRequest, Refused, TestApp, resource};
    use serde_json::{Value, json};

    fn request() -> KeyRequest {
        KeyRequest::new("ListResourceTags", json!({})).keys_only()
    }

    fn tag_keys(page: &Value) -> Vec<&str> {
        let tags = page["Tags"].as_array().unwrap();
        tags.iter().map(|tag| tag["TagKey"].as_str().unwrap()).collect()
    }

    async fn tagged_key(root: &Client, tag_keys: &[&str]) -> String {
        let tag = |tag_key: &&str| json!({ "TagKey": tag_key, "TagValue": "v" });
        let tags: Vec<_> = tag_keys.iter().map(tag).collect();
        root.create_key_with(json!({ "Tags": tags })).await
    }

    #[tokio::test]
    async fn tags_are_listed_in_the_order_of_their_keys() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = tagged_key(&root, &["b", "A", "a"]).await;
        let reply = root.ok("ListResourceTags", json!({ "KeyId": key })).await;
        let tag = |tag_key| json!({ "TagKey": tag_key, "TagValue": "v" });
        assert_eq!(reply, json!({ "Tags": [tag("A"), tag("a"), tag("b")], "Truncated": false }));
        let none = root.create_key().await;
        let reply = root.ok("ListResourceTags", json!({ "KeyId": none })).await;
        assert_eq!(reply, json!({ "Tags": [], "Truncated": false }));
    }

    #[tokio::test]
    async fn pages_go_on_where_the_last_one_ended_though_tags_come_and_go() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = tagged_key(&root, &["1", "2", "3", "4"]).await;
        let first = root.ok("ListResourceTags", json!({ "KeyId": key, "Limit": 2 })).await;
        assert_eq!((tag_keys(&first), &first["Truncated"]), (vec!["1", "2"], &json!(true)));
        root.ok("UntagResource", json!({ "KeyId": key, "TagKeys": ["2"] })).await;
        let input = json!({ "KeyId": key, "Limit": 2, "Marker": first["NextMarker"] });
        let last = root.ok("ListResourceTags", input).await;
        assert_eq!((tag_keys(&last), &last["Truncated"]), (vec!["3", "4"], &json!(false)));
        assert_eq!(last.get("NextMarker"), None);
    }

    #[tokio::test]
    async fn a_page_has_1_to_50_tags() {
        let app = TestApp::new().await;
        let root = app.root();
        let names: Vec<_> = (0..50).map(|number| format!("{number:02}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let key = tagged_key(&root, &names).await;
        for limit in [Value::Null, json!(50)] {
            let page = root.ok("ListResourceTags", json!({ "KeyId": key, "Limit": limit })).await;
            assert_eq!((tag_keys(&page), &page["Truncated"]), (names.clone(), &json!(false)));
        }
        for (limit, rule) in [(0, "greater than or equal to 1"), (51, "less than or equal to 50")] {
            let refused =
                root.refused("ListResourceTags", json!({ "KeyId": key, "Limit": limit })).await;
            let clause = format!(
                "'{limit}' at 'limit' failed to satisfy constraint: Member must have value {rule}"
            );
            assert_eq!(refused, Refused::constraint(&clause));
        }
    }

    #[tokio::test]
    async fn a_marker_of_another_key_or_operation_is_refused() {
        let app = TestApp::new().await;
        let root = app.root();
        let (key, other) = (tagged_key(&root, &["a", "b"]).await, root.create_key().await);
        let of_key = root.ok("ListResourceTags", json!({ "KeyId": key, "Limit": 1 })).await;
        let of_keys = root.ok("ListKeys", json!({ "Limit": 1 })).await;
        for (named, marker) in [(&other, &of_key), (&key, &of_keys)] {
            let marker = marker["NextMarker"].as_str().unwrap();
            let refused =
                root.refused("ListResourceTags", json!({ "KeyId": named, "Marker": marker })).await;
            let message = format!("Could not deserialize marker '{marker}'");
            assert_eq!(refused, Refused::new("InvalidMarkerException", message));
        }
    }

    #[tokio::test]
    async fn a_key_is_named_by_id_or_arn() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_are_denied() {
        request().is_denied_elsewhere("kms:ListResourceTags").await;
    }

    #[tokio::test]
    async fn tags_are_listed_in_every_state_and_for_aws_managed_keys() {
        request().answers_by_state(&[]).await;
        let app = TestApp::new().await;
        let managed = app.root().aws_managed_key().await;
        let reply = app.root().ok("ListResourceTags", json!({ "KeyId": managed })).await;
        assert_eq!(tag_keys(&reply), [""; 0]);
    }

    #[tokio::test]
    async fn the_record_shows_no_tags() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = tagged_key(&root, &["a", "b"]).await;
        let arn = root.arn(&key).await;
        let page = root.ok("ListResourceTags", json!({ "KeyId": key, "Limit": 1 })).await;
        let input = json!({ "KeyId": key, "Marker": page["NextMarker"] });
        root.ok("ListResourceTags", input).await;
        let expected = json!({
            "requestParameters": { "keyId": key, "marker": page["NextMarker"] },
            "responseElements": null,
            "readOnly": true,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
    }
}
