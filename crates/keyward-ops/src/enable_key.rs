//! EnableKey: lets a disabled key be used again.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKey.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::KeyState;
use keyward_shape::Text;
use keyward_store::{KeyRecord, Write};
use serde::Deserialize;

use crate::action;
use crate::constraints::{self, KeyIdType};
use crate::shape::KeyChanged;

/// The operation.
pub(crate) enum EnableKey {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
}

impl Operation for EnableKey {
    const NAME: &'static str = "EnableKey";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::ENABLE_KEY;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize(target, action::EnableKey).await?;
        match key.record.state {
            KeyState::Enabled => {}
            KeyState::Disabled => {
                let record = KeyRecord { state: KeyState::Enabled, ..key.record.clone() };
                cx.stage(&key, [Write::PutKey(Box::new(record))]);
            }
            _ => return Err(key.wrong_state()),
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
    use keyward_model::KeyState;
    use keyward_testkit::{KeyRequest, TestApp, resource};
    use serde_json::json;

    fn request() -> KeyRequest {
        KeyRequest::new("EnableKey", json!({})).keys_only()
    }

    #[tokio::test]
    async fn an_enabled_key_can_be_used_at_once() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        root.disable(&key).await;
        root.ok("EnableKey", json!({ "KeyId": key })).await;
        let metadata = root.describe(&key).await;
        assert_eq!(
            (&metadata["KeyState"], &metadata["Enabled"]),
            (&json!("Enabled"), &json!(true))
        );
        root.encrypt(&key, b"secret").await;
    }

    #[tokio::test]
    async fn enabling_twice_works() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        root.ok("EnableKey", json!({ "KeyId": key })).await;
        assert_eq!(root.describe(&key).await["KeyState"], "Enabled");
    }

    #[tokio::test]
    async fn a_key_is_named_by_id_or_arn() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_and_aws_managed_keys_are_denied() {
        request().is_denied_elsewhere("kms:EnableKey").await;
        request().is_denied_on_aws_managed_keys("kms:EnableKey").await;
    }

    #[tokio::test]
    async fn a_key_in_any_other_state_is_refused() {
        let is = |state, text| (state, "KMSInvalidStateException", text);
        let refused = [
            is(KeyState::Creating, "is creating."),
            is(KeyState::PendingDeletion, "is pending deletion."),
            is(KeyState::PendingImport, "is pending import."),
            is(KeyState::PendingReplicaDeletion, "is pending replica deletion."),
            // Could succeed with effect once its store is back; there are no key stores yet.
            is(KeyState::Unavailable, "is unavailable."),
            is(KeyState::Updating, "is updating."),
        ];
        request().answers_by_state(&refused).await;
    }

    #[tokio::test]
    async fn the_record_names_the_key_whether_or_not_anything_changed() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let arn = root.arn(&key).await;
        root.disable(&key).await;
        let expected = json!({
            "requestParameters": { "keyId": key },
            "responseElements": { "keyId": arn },
            "readOnly": false,
            "resources": [resource(&arn)],
        });
        for _ in 0..2 {
            root.ok("EnableKey", json!({ "KeyId": key })).await;
            assert_eq!(app.recorded(), expected);
        }
    }
}
