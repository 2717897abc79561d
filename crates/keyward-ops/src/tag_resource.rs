//! TagResource: adds tags to a key, or gives new values to those it has.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_TagResource.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::Precondition;
use serde::Deserialize;

use crate::constraints::{self, KeyIdType};
use crate::shape::{KeyChanged, Tags};
use crate::{action, tags};

/// The operation.
pub(crate) enum TagResource {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    #[serde(borrow)]
    tags: Tags<'a>,
}

impl Operation for TagResource {
    const NAME: &'static str = "TagResource";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::TAG_RESOURCE;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        tags::check(&input.tags)?;
        let target = cx.resolve_key(&input.key_id).await?;
        let asked = action::TagResource { tags: tags::put(&input.tags) };
        let key = cx.authorize(target, asked).await?;
        key.require_not_pending_deletion()?;
        let quota = cx.engine().quotas().tags_per_key;
        cx.require(Precondition::TagsAtMost(key.record.key.clone(), quota));
        cx.stage(&key, tags::writes(&key.record.key, &input.tags));
        Ok(KeyChanged { key_arn: key.arn.clone() })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        tags::record(to, &self.tags);
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{KeyRequest, PENDING_DELETION, Refused, TestApp, resource};
    use serde_json::{Value, json};

    fn request() -> KeyRequest {
        KeyRequest::new("TagResource", json!({ "Tags": [tag("a", "b")] })).keys_only()
    }

    fn tag(tag_key: &str, tag_value: &str) -> Value {
        json!({ "TagKey": tag_key, "TagValue": tag_value })
    }

    #[tokio::test]
    async fn tags_are_added_and_get_new_values() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        for tags in [json!([tag("a", "1"), tag("b", "")]), json!([tag("a", "2"), tag("A", "3")])] {
            root.ok("TagResource", json!({ "KeyId": key, "Tags": tags })).await;
        }
        let listed = root.ok("ListResourceTags", json!({ "KeyId": key })).await;
        assert_eq!(listed["Tags"], json!([tag("A", "3"), tag("a", "2"), tag("b", "")]));
    }

    #[tokio::test]
    async fn the_longest_tags_and_all_allowed_characters_are_taken() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let tags = json!([tag(&"k".repeat(128), &"v".repeat(256)), tag("\u{e9} _.:/=+-@9", "aws")]);
        root.ok("TagResource", json!({ "KeyId": key, "Tags": tags })).await;
        root.ok("TagResource", json!({ "KeyId": key, "Tags": [] })).await;
        let listed = root.ok("ListResourceTags", json!({ "KeyId": key })).await;
        assert_eq!(listed["Tags"], tags);
    }

    #[tokio::test]
    async fn a_tag_set_that_breaks_a_rule_is_refused_before_the_key_is_looked_for() {
        let app = TestApp::new().await;
        let root = app.root();
        let reserved = "aws: prefixed tag key names are not allowed for external use.";
        let many: Vec<_> = (0..51).map(|number| tag(&number.to_string(), "")).collect();
        for (tags, message) in [
            (json!([tag("a", "1"), tag("a", "1")]), "Duplicate tag keys"),
            (json!(many), "Too many tags"),
            (json!([tag("aws:a", "1")]), reserved),
            (json!([tag("AWS:a", "1")]), reserved),
            (json!([tag("a", "Aws:1")]), reserved),
            (
                json!([tag("a!", "1")]),
                "Tags can only contain letters, numbers, white space and _ . : / = + - @",
            ),
        ] {
            let refused =
                root.refused("TagResource", json!({ "KeyId": "nonsense", "Tags": tags })).await;
            assert_eq!(refused, Refused::new("TagException", message));
        }
    }

    #[tokio::test]
    async fn a_tag_outside_the_limits_of_the_model_is_refused_at_its_place() {
        let app = TestApp::new().await;
        let root = app.root();
        let at = |place: &str, rule: &str| {
            Refused::constraint(&format!(
                "{place}' failed to satisfy constraint: Member must {rule}"
            ))
        };
        let long = "k".repeat(129);
        for (tags, refused) in [
            (Value::Null, at("null at 'tags", "not be null")),
            (
                json!([tag("", "")]),
                at("'' at 'tags.1.member.tagKey", "have length greater than or equal to 1"),
            ),
            (
                json!([tag("a", ""), tag(&long, "")]),
                at(
                    &format!("'{long}' at 'tags.2.member.tagKey"),
                    "have length less than or equal to 128",
                ),
            ),
            (json!([{ "TagKey": "a" }]), at("null at 'tags.1.member.tagValue", "not be null")),
            (
                json!({}),
                Refused::new(
                    "SerializationException",
                    "Start of structure or map found where not expected.",
                ),
            ),
        ] {
            let input = json!({ "KeyId": "k", "Tags": tags });
            assert_eq!(root.refused("TagResource", input).await, refused);
        }
    }

    #[tokio::test]
    async fn a_key_has_at_most_50_tags() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let tags: Vec<_> = (0..50).map(|number| tag(&number.to_string(), "")).collect();
        root.ok("TagResource", json!({ "KeyId": key, "Tags": tags })).await;
        root.ok("TagResource", json!({ "KeyId": key, "Tags": [tag("0", "new")] })).await;
        let input = json!({ "KeyId": key, "Tags": [tag("0", "newer"), tag("50", "")] });
        let refused = root.refused("TagResource", input).await;
        assert_eq!(refused.name, "LimitExceededException");
        let listed = root.ok("ListResourceTags", json!({ "KeyId": key })).await;
        assert_eq!(listed["Tags"].as_array().map(Vec::len), Some(50));
        assert_eq!(listed["Tags"][0], tag("0", "new"));
    }

    #[tokio::test]
    async fn a_key_is_named_by_id_or_arn() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_and_aws_managed_keys_are_denied() {
        request().is_denied_elsewhere("kms:TagResource").await;
        request().is_denied_on_aws_managed_keys("kms:TagResource").await;
    }

    #[tokio::test]
    async fn the_tags_of_a_key_pending_deletion_stay() {
        request().answers_by_state(PENDING_DELETION).await;
    }

    #[tokio::test]
    async fn the_record_holds_the_tags() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let arn = root.arn(&key).await;
        root.ok("TagResource", json!({ "KeyId": key, "Tags": [tag("a", "b")] })).await;
        let expected = json!({
            "requestParameters": { "keyId": key, "tags": [{ "tagKey": "a", "tagValue": "b" }] },
            "responseElements": { "keyId": arn },
            "readOnly": false,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
    }
}
