//! GetKeyRotationStatus: whether and when a key's material is replaced.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::{KeyId, KeyManager, Timestamp};
use keyward_shape::Text;
use keyward_store::{KeyRecord, Rotation};
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, KeyIdType};
use crate::rotation::require_no_key_store;

/// The operation.
pub(crate) enum GetKeyRotationStatus {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_rotation_enabled: bool,
    // WIRE: the bare id. Evidence: docs/WIRE.md, "Identifiers in replies".
    key_id: KeyId,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotation_period_in_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_rotation_date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_demand_rotation_start_date: Option<Timestamp>,
}

impl Operation for GetKeyRotationStatus {
    const NAME: &'static str = "GetKeyRotationStatus";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_KEY_ROTATION_STATUS;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize(target, action::GetKeyRotationStatus).await?;
        // WIRE: asymmetric, HMAC and imported keys are not refused.
        // Evidence: docs/WIRE.md, "Keys that do not rotate".
        require_no_key_store(&key)?;
        let is_to_be_deleted = key.require_not_pending_deletion().is_err();
        let rotation = if is_to_be_deleted { Rotation::default() } else { rotation(&key.record) };
        Ok(Output {
            key_rotation_enabled: rotation.period_days.is_some(),
            key_id: key.record.key.key_id,
            rotation_period_in_days: rotation.period_days,
            next_rotation_date: rotation.next_date,
            on_demand_rotation_start_date: rotation.on_demand_started,
        })
    }
}

/// The row of an AWS managed key of the first release says nothing of its rotation until the first
/// round of timed work.
fn rotation(record: &KeyRecord) -> Rotation {
    match record.manager {
        KeyManager::Aws if record.rotation.next_date.is_none() => {
            Rotation::of_aws_managed_key(record.created_at)
        }
        _ => record.rotation,
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_model::{KeySpec, KeyUsage, Origin};
    use keyward_store::Rotation;
    use keyward_testkit::{KeyRequest, Refused, TestApp, resource};
    use serde_json::{Value, json};

    fn request() -> KeyRequest {
        KeyRequest::new("GetKeyRotationStatus", json!({})).keys_only()
    }

    /// The status of a key that rotates, with the date of `status`.
    fn rotating(key: &str, days: u32, status: &Value) -> Value {
        json!({
            "KeyId": key,
            "KeyRotationEnabled": true,
            "RotationPeriodInDays": days,
            "NextRotationDate": status["NextRotationDate"],
        })
    }

    #[tokio::test]
    async fn a_key_that_does_not_rotate_shows_no_dates() {
        let app = TestApp::new().await;
        let root = app.root();
        for key in [
            root.create_key().await,
            root.create_key_of(KeySpec::EccNistP256, KeyUsage::SignVerify).await,
            root.create_key_of(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac).await,
            root.create_key_with(json!({ "Origin": "EXTERNAL" })).await,
        ] {
            let status = root.ok("GetKeyRotationStatus", json!({ "KeyId": key })).await;
            assert_eq!(status, json!({ "KeyId": key, "KeyRotationEnabled": false }));
        }
    }

    #[tokio::test]
    async fn a_key_that_rotates_shows_its_period_and_its_next_date() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let created = root.describe(&key).await["CreationDate"].as_f64().unwrap();
        root.ok("EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": 90 })).await;
        let status = root.ok("GetKeyRotationStatus", json!({ "KeyId": key })).await;
        let expected = rotating(&key, 90, &status);
        assert_eq!(status, expected);
        let next = status["NextRotationDate"].as_f64().unwrap();
        assert!((next - created - 90.0 * 86_400.0).abs() < 0.001);
        root.disable(&key).await;
        let status = root.ok("GetKeyRotationStatus", json!({ "KeyId": key })).await;
        assert_eq!(status, expected);
    }

    #[tokio::test]
    async fn a_key_to_be_deleted_does_not_rotate_until_that_is_cancelled() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        root.ok("EnableKeyRotation", json!({ "KeyId": key })).await;
        let before = root.ok("GetKeyRotationStatus", json!({ "KeyId": key })).await;
        root.schedule_deletion(&key).await;
        let status = root.ok("GetKeyRotationStatus", json!({ "KeyId": key })).await;
        assert_eq!(status, json!({ "KeyId": key, "KeyRotationEnabled": false }));
        root.ok("CancelKeyDeletion", json!({ "KeyId": key })).await;
        assert_eq!(root.ok("GetKeyRotationStatus", json!({ "KeyId": key })).await, before);
    }

    #[tokio::test]
    async fn an_aws_managed_key_rotates_every_year_from_its_creation() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.aws_managed_key().await;
        let created = root.describe(&key).await["CreationDate"].as_f64().unwrap();
        let status = root.ok("GetKeyRotationStatus", json!({ "KeyId": key })).await;
        assert_eq!(status, rotating(&key, 365, &status));
        let next = status["NextRotationDate"].as_f64().unwrap();
        assert!((next - created - 365.0 * 86_400.0).abs() < 0.001);
        // As the first release wrote it.
        app.alter_key(&key, |record| record.rotation = Rotation::default()).await;
        assert_eq!(root.ok("GetKeyRotationStatus", json!({ "KeyId": key })).await, status);
    }

    #[tokio::test]
    async fn a_key_in_a_custom_key_store_is_refused() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let arn = root.arn(&key).await;
        for origin in [Origin::AwsCloudHsm, Origin::ExternalKeyStore] {
            app.alter_key(&key, |record| record.origin = origin).await;
            let refused = root.refused("GetKeyRotationStatus", json!({ "KeyId": key })).await;
            let message =
                format!("{arn} origin is {origin} which is not valid for this operation.");
            assert_eq!(refused, Refused::new("UnsupportedOperationException", message));
        }
    }

    #[tokio::test]
    async fn a_key_is_named_by_id_or_arn() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_are_denied() {
        request().is_denied_elsewhere("kms:GetKeyRotationStatus").await;
    }

    #[tokio::test]
    async fn a_key_in_any_state_is_answered() {
        request().answers_by_state(&[]).await;
    }

    #[tokio::test]
    async fn the_record_shows_no_status() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let arn = root.arn(&key).await;
        root.ok("GetKeyRotationStatus", json!({ "KeyId": arn })).await;
        let expected = json!({
            "requestParameters": { "keyId": arn },
            "responseElements": Value::Null,
            "readOnly": true,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
    }
}
