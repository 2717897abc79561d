//! CancelKeyDeletion: ends a key's waiting period and leaves the key disabled, or waiting for its
//! import as before.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_model::{KeyState, Origin};
use keyward_shape::Text;
use keyward_store::{KeyRecord, Write};
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, KeyIdType};

/// The operation.
pub(crate) enum CancelKeyDeletion {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_id: String,
}

impl Operation for CancelKeyDeletion {
    const NAME: &'static str = "CancelKeyDeletion";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::CANCEL_KEY_DELETION;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize(target, action::CancelKeyDeletion).await?;
        if key.require_not_pending_deletion().is_ok() {
            return Err(op_error!(KmsInvalidState, "{} is not pending deletion.", key.arn));
        }
        let waits_for_import = key.record.origin == Origin::External && key.lacks_material();
        let record = KeyRecord {
            state: if waits_for_import { KeyState::PendingImport } else { KeyState::Disabled },
            deletion_date: None,
            pending_window_days: None,
            ..key.record.clone()
        };
        cx.stage(&key, [Write::PutKey(Box::new(record))]);
        Ok(Output { key_id: key.arn.clone() })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
    }
}

impl Recorded for Output {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
    }
}

#[cfg(test)]
mod tests {
    use keyward_model::{KeyState, Origin};
    use keyward_testkit::{KeyRequest, TestApp, resource};
    use serde_json::json;

    fn request() -> KeyRequest {
        KeyRequest::new("CancelKeyDeletion", json!({})).keys_only().prepared(|root, key| {
            Box::pin(async move {
                let _ = root.call("ScheduleKeyDeletion", json!({ "KeyId": key })).await;
                json!({})
            })
        })
    }

    #[tokio::test]
    async fn a_key_whose_deletion_is_cancelled_is_disabled_and_can_be_enabled() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let arn = root.arn(&key).await;
        root.schedule_deletion(&key).await;
        let reply = root.ok("CancelKeyDeletion", json!({ "KeyId": key })).await;
        assert_eq!(reply, json!({ "KeyId": arn }));
        let metadata = root.describe(&key).await;
        assert_eq!(
            (&metadata["KeyState"], &metadata["Enabled"]),
            (&json!("Disabled"), &json!(false))
        );
        assert_eq!(metadata.get("DeletionDate"), None);
        root.ok("EnableKey", json!({ "KeyId": key })).await;
        root.encrypt(&key, b"again").await;
    }

    #[tokio::test]
    async fn a_key_that_still_lacks_its_material_waits_for_its_import_again() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        app.put_in_state(&key, KeyState::PendingDeletion).await;
        app.alter_key(&key, |record| {
            record.origin = Origin::External;
            record.current_material = None;
        })
        .await;
        root.ok("CancelKeyDeletion", json!({ "KeyId": key })).await;
        assert_eq!(root.describe(&key).await["KeyState"], "PendingImport");
    }

    #[tokio::test]
    async fn a_key_is_named_by_id_or_arn() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_and_aws_managed_keys_are_denied() {
        request().is_denied_elsewhere("kms:CancelKeyDeletion").await;
        request().is_denied_on_aws_managed_keys("kms:CancelKeyDeletion").await;
    }

    #[tokio::test]
    async fn only_a_key_pending_deletion_has_one_to_cancel() {
        let is_not = |state| (state, "KMSInvalidStateException", "is not pending deletion.");
        let others = [
            KeyState::Creating,
            KeyState::Disabled,
            KeyState::Enabled,
            KeyState::PendingImport,
            KeyState::Unavailable,
            KeyState::Updating,
        ];
        request().answers_by_state(&others.map(is_not)).await;
    }

    #[tokio::test]
    async fn the_record_names_the_key() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let arn = root.arn(&key).await;
        root.schedule_deletion(&key).await;
        root.ok("CancelKeyDeletion", json!({ "KeyId": key })).await;
        let expected = json!({
            "requestParameters": { "keyId": key },
            "responseElements": { "keyId": arn },
            "readOnly": false,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
    }
}
