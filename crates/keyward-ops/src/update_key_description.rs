//! UpdateKeyDescription: replaces the description of a key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateKeyDescription.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::{KeyRecord, Write};
use serde::Deserialize;

use crate::action;
use crate::constraints::{self, DescriptionType, KeyIdType};
use crate::shape::KeyChanged;

/// The operation.
pub(crate) enum UpdateKeyDescription {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    #[serde(borrow)]
    description: Text<'a, DescriptionType>,
}

impl Operation for UpdateKeyDescription {
    const NAME: &'static str = "UpdateKeyDescription";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::UPDATE_KEY_DESCRIPTION;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize(target, action::UpdateKeyDescription).await?;
        key.require_not_pending_deletion()?;
        let record = KeyRecord { description: input.description.to_string(), ..key.record.clone() };
        cx.stage(&key, [Write::PutKey(Box::new(record))]);
        Ok(KeyChanged { key_arn: key.arn.clone() })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        to.text("description", &self.description);
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{KeyRequest, PENDING_DELETION, Refused, TestApp, resource};
    use serde_json::json;

    fn request() -> KeyRequest {
        KeyRequest::new("UpdateKeyDescription", json!({ "Description": "new" })).keys_only()
    }

    #[tokio::test]
    async fn the_description_is_replaced_and_may_be_empty() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_with(json!({ "Description": "old" })).await;
        for description in ["new, with \u{e9} and \"quotes\"", "", &"\u{e9}".repeat(8192)] {
            let input = json!({ "KeyId": key, "Description": description });
            root.ok("UpdateKeyDescription", input).await;
            assert_eq!(root.describe(&key).await["Description"], description);
        }
    }

    #[tokio::test]
    async fn a_description_is_there_and_not_too_long() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let at = "at 'description' failed to satisfy constraint: Member must";
        let refused = root.refused("UpdateKeyDescription", json!({ "KeyId": key })).await;
        assert_eq!(refused, Refused::constraint(&format!("null {at} not be null")));
        let input = json!({ "KeyId": key, "Description": "d".repeat(8193) });
        let refused = root.refused("UpdateKeyDescription", input).await;
        let cut = "d".repeat(1000);
        let clause = format!("'{cut}...' {at} have length less than or equal to 8192");
        assert_eq!(refused, Refused::constraint(&clause));
    }

    #[tokio::test]
    async fn a_key_is_named_by_id_or_arn() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_and_aws_managed_keys_are_denied() {
        request().is_denied_elsewhere("kms:UpdateKeyDescription").await;
        request().is_denied_on_aws_managed_keys("kms:UpdateKeyDescription").await;
    }

    #[tokio::test]
    async fn the_description_of_a_key_pending_deletion_stays() {
        request().answers_by_state(PENDING_DELETION).await;
    }

    #[tokio::test]
    async fn the_record_holds_the_description() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let arn = root.arn(&key).await;
        root.ok("UpdateKeyDescription", json!({ "KeyId": arn, "Description": "new" })).await;
        let expected = json!({
            "requestParameters": { "keyId": arn, "description": "new" },
            "responseElements": { "keyId": arn },
            "readOnly": false,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
    }
}
