//! UntagResource: takes tags from a key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_UntagResource.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, RequestTags};
use keyward_shape::{List, Text};
use keyward_store::Write;
use serde::Deserialize;

use crate::constraints::{self, KeyIdType, TagKeyList, TagKeyType};
use crate::shape::KeyChanged;
use crate::{action, tags};

/// The operation.
pub(crate) enum UntagResource {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    #[serde(borrow)]
    tag_keys: List<Text<'a, TagKeyType>, TagKeyList>,
}

impl Operation for UntagResource {
    const NAME: &'static str = "UntagResource";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::UNTAG_RESOURCE;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        tags::check_keys(&input.tag_keys)?;
        let target = cx.resolve_key(&input.key_id).await?;
        let asked = action::UntagResource {
            tags: RequestTags::removed(input.tag_keys.iter().map(Text::as_str)),
        };
        let key = cx.authorize(target, asked).await?;
        key.require_not_pending_deletion()?;
        let scoped = &key.record.key;
        let write = |tag_key: &Text<'_, _>| Write::DeleteTag(scoped.clone(), tag_key.to_string());
        let writes: Vec<_> = input.tag_keys.iter().map(write).collect();
        cx.stage(&key, writes);
        Ok(KeyChanged { key_arn: key.arn.clone() })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        to.texts("tagKeys", self.tag_keys.iter().map(Text::as_str));
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{KeyRequest, PENDING_DELETION, Refused, TestApp, resource};
    use serde_json::{Value, json};

    fn request() -> KeyRequest {
        KeyRequest::new("UntagResource", json!({ "TagKeys": ["a"] })).keys_only()
    }

    #[tokio::test]
    async fn tags_are_removed_and_those_that_are_not_there_ignored() {
        let app = TestApp::new().await;
        let root = app.root();
        let tag = |tag_key| json!({ "TagKey": tag_key, "TagValue": "v" });
        let key = root.create_key_with(json!({ "Tags": [tag("a"), tag("A"), tag("b")] })).await;
        for _ in 0..2 {
            let input = json!({ "KeyId": key, "TagKeys": ["a", "b", "b", "none"] });
            root.ok("UntagResource", input).await;
            let listed = root.ok("ListResourceTags", json!({ "KeyId": key })).await;
            assert_eq!(listed["Tags"], json!([tag("A")]));
        }
        root.ok("UntagResource", json!({ "KeyId": key, "TagKeys": [] })).await;
    }

    #[tokio::test]
    async fn tag_keys_that_break_a_rule_are_refused_before_the_key_is_looked_for() {
        let app = TestApp::new().await;
        let root = app.root();
        let input = json!({ "KeyId": "nonsense", "TagKeys": ["aws:a"] });
        let refused = root.refused("UntagResource", input).await;
        let message = "aws: prefixed tag key names are not allowed for external use.";
        assert_eq!(refused, Refused::new("TagException", message));
        let many: Vec<_> = (0..51).map(|number| number.to_string()).collect();
        let input = json!({ "KeyId": "nonsense", "TagKeys": many });
        let refused = root.refused("UntagResource", input).await;
        assert_eq!(refused, Refused::new("TagException", "Too many tags"));
        let null = "null at 'tagKeys' failed to satisfy constraint: Member must not be null";
        let refused = root.refused("UntagResource", json!({ "KeyId": "k" })).await;
        assert_eq!(refused, Refused::constraint(null));
        for (tag_keys, name) in [
            (json!([""]), "ValidationException"),
            (json!(["k".repeat(129)]), "ValidationException"),
            (json!("a"), "SerializationException"),
            (json!([1]), "SerializationException"),
        ] {
            let refused =
                root.refused("UntagResource", json!({ "KeyId": "k", "TagKeys": tag_keys })).await;
            assert_eq!(refused.name, name);
        }
    }

    #[tokio::test]
    async fn a_key_is_named_by_id_or_arn() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_and_aws_managed_keys_are_denied() {
        request().is_denied_elsewhere("kms:UntagResource").await;
        request().is_denied_on_aws_managed_keys("kms:UntagResource").await;
    }

    #[tokio::test]
    async fn the_tags_of_a_key_pending_deletion_stay() {
        request().answers_by_state(PENDING_DELETION).await;
    }

    #[tokio::test]
    async fn the_record_holds_the_tag_keys() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let arn = root.arn(&key).await;
        root.ok("UntagResource", json!({ "KeyId": key, "TagKeys": ["a", "b"] })).await;
        let mut expected = json!({
            "requestParameters": { "keyId": key, "tagKeys": ["a", "b"] },
            "responseElements": { "keyId": arn },
            "readOnly": false,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
        root.schedule_deletion(&key).await;
        let refused =
            root.refused("UntagResource", json!({ "KeyId": key, "TagKeys": ["a", "b"] })).await;
        expected["errorCode"] = json!("KMSInvalidStateException");
        expected["errorMessage"] = json!(refused.message());
        expected["responseElements"] = Value::Null;
        assert_eq!(app.recorded(), expected);
    }
}
