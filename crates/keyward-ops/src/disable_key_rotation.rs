//! DisableKeyRotation: has a key keep its material from now on.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKeyRotation.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::Rotation;
use serde::Deserialize;

use crate::action;
use crate::constraints::{self, KeyIdType};
use crate::rotation::require_automatic;
use crate::shape::KeyChanged;

/// The operation.
pub(crate) enum DisableKeyRotation {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
}

impl Operation for DisableKeyRotation {
    const NAME: &'static str = "DisableKeyRotation";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DISABLE_KEY_ROTATION;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize(target, action::DisableKeyRotation).await?;
        require_automatic(&key)?;
        key.require_usable()?;
        if key.record.rotation.period_days.is_some() {
            // An on-demand rotation under way goes on.
            cx.stage_shared(&key, |_, member| {
                member.rotation =
                    Rotation { period_days: None, next_date: None, ..member.rotation };
                Ok(Vec::new())
            })
            .await?;
        }
        Ok(KeyChanged { key_arn: key.arn.clone() })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{KeyRequest, TestApp, UNUSABLE, resource};
    use serde_json::json;

    fn request() -> KeyRequest {
        KeyRequest::new("DisableKeyRotation", json!({})).keys_only()
    }

    #[tokio::test]
    async fn a_key_that_rotates_no_longer_keeps_its_material() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let before = root.describe(&key).await;
        root.ok("EnableKeyRotation", json!({ "KeyId": key })).await;
        root.ok("DisableKeyRotation", json!({ "KeyId": key })).await;
        let status = root.ok("GetKeyRotationStatus", json!({ "KeyId": key })).await;
        assert_eq!(status, json!({ "KeyId": key, "KeyRotationEnabled": false }));
        app.clock().advance_days(3000);
        app.do_due_work().await;
        assert_eq!(root.describe(&key).await, before);
    }

    #[tokio::test]
    async fn what_was_replaced_before_still_opens() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let ciphertext = root.encrypt(&key, b"secret").await;
        root.ok("EnableKeyRotation", json!({ "KeyId": key })).await;
        app.clock().advance_days(365);
        app.do_due_work().await;
        root.ok("DisableKeyRotation", json!({ "KeyId": key })).await;
        root.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
    }

    #[tokio::test]
    async fn disabling_what_is_not_enabled_works() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        for _ in 0..2 {
            root.ok("DisableKeyRotation", json!({ "KeyId": key })).await;
        }
    }

    #[tokio::test]
    async fn a_key_is_named_by_id_or_arn() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_and_aws_managed_keys_are_denied() {
        request().is_denied_elsewhere("kms:DisableKeyRotation").await;
        request().is_denied_on_aws_managed_keys("kms:DisableKeyRotation").await;
    }

    #[tokio::test]
    async fn a_key_in_an_unusable_state_is_refused() {
        request().answers_by_state(UNUSABLE).await;
    }

    #[tokio::test]
    async fn the_record_names_the_key_whether_or_not_anything_changed() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let arn = root.arn(&key).await;
        root.ok("EnableKeyRotation", json!({ "KeyId": key })).await;
        let expected = json!({
            "requestParameters": { "keyId": key },
            "responseElements": { "keyId": arn },
            "readOnly": false,
            "resources": [resource(&arn)],
        });
        for _ in 0..2 {
            root.ok("DisableKeyRotation", json!({ "KeyId": key })).await;
            assert_eq!(app.recorded(), expected);
        }
    }
}
