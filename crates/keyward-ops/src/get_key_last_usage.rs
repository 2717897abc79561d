//! GetKeyLastUsage: which cryptographic operation last used a key, and when.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyLastUsage.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::{KeyId, RequestId, Timestamp};
use keyward_shape::Text;
use keyward_store::LastUseRecord;
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, KeyIdType};

/// The operation.
pub(crate) enum GetKeyLastUsage {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_id: KeyId,
    key_last_usage: KeyLastUsage,
    tracking_start_date: Timestamp,
    key_creation_date: Timestamp,
}

/// `KeyLastUsageData`: empty for a key that was never used.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct KeyLastUsage {
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud_trail_event_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_request_id: Option<RequestId>,
}

impl Operation for GetKeyLastUsage {
    const NAME: &'static str = "GetKeyLastUsage";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_KEY_LAST_USAGE;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize(target, action::GetKeyLastUsage).await?;
        let last = cx.engine().last_use(&key.record.key).await?;
        // A replica made again has its predecessor's ARN.
        let last = last.filter(|last| last.used_at.unix_s() >= key.record.created_at.unix_s());
        Ok(Output {
            key_id: key.record.key.key_id,
            key_last_usage: last.map_or_else(KeyLastUsage::default, KeyLastUsage::of),
            // Every use was noted since the key was made.
            tracking_start_date: key.record.created_at,
            key_creation_date: key.record.created_at,
        })
    }
}

impl KeyLastUsage {
    /// WIRE: in whole seconds, unlike every other date.
    /// Evidence: docs/WIRE.md, "Last usage".
    fn of(last: LastUseRecord) -> Self {
        let second = last.used_at.unix_s().saturating_mul(1000);
        Self {
            operation: Some(last.operation),
            timestamp: Some(Timestamp::from_unix_ms(second)),
            cloud_trail_event_id: Some(last.event_id.to_string()),
            kms_request_id: Some(last.request_id),
        }
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
    use std::time::Duration;

    use keyward_testkit::{KeyRequest, TestApp, resource};
    use serde_json::{Value, json};

    fn request() -> KeyRequest {
        KeyRequest::new("GetKeyLastUsage", json!({})).keys_only()
    }

    /// What the newest record says of the use it is about.
    fn use_on_record(app: &TestApp, operation: &str) -> Value {
        let record = app.last_record();
        assert_eq!(record["eventName"], operation);
        json!({
            "Operation": operation,
            "Timestamp": app.clock().now_s(),
            "CloudTrailEventId": record["eventID"],
            "KmsRequestId": record["requestID"],
        })
    }

    #[tokio::test]
    async fn a_key_never_used_has_an_empty_last_use() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let created = root.describe(&key).await["CreationDate"].clone();
        let expected = json!({
            "KeyId": key,
            "KeyLastUsage": {},
            "TrackingStartDate": created,
            "KeyCreationDate": created,
        });
        assert_eq!(root.ok("GetKeyLastUsage", json!({ "KeyId": key })).await, expected);
    }

    #[tokio::test]
    async fn the_last_successful_use_is_told_before_and_after_it_is_written() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let ciphertext = root.encrypt(&key, b"secret").await;
        app.clock().advance(Duration::from_secs(5));
        root.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
        let expected = use_on_record(&app, "Decrypt");
        // Neither counts: one is dry, one is refused.
        let dry = json!({ "CiphertextBlob": ciphertext, "DryRun": true });
        root.refused("Decrypt", dry).await;
        root.refused("Decrypt", json!({ "CiphertextBlob": "AAAA", "KeyId": key })).await;
        for _ in 0..2 {
            let reply = root.ok("GetKeyLastUsage", json!({ "KeyId": key })).await;
            assert_eq!(reply["KeyLastUsage"], expected);
            app.do_due_work().await;
        }
    }

    #[tokio::test]
    async fn the_time_of_the_use_is_that_of_its_record() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        app.clock().advance_at_every_look(Duration::from_secs(1));
        root.encrypt(&key, b"secret").await;
        app.clock().advance_at_every_look(Duration::ZERO);
        let record = app.last_record();
        let reply = root.ok("GetKeyLastUsage", json!({ "KeyId": key })).await;
        let time = record["eventTime"].as_str().unwrap();
        let [h, m, s] = [11, 14, 17].map(|at| time[at..at + 2].parse::<u32>().unwrap());
        let since_midnight_s = reply["KeyLastUsage"]["Timestamp"].as_f64().unwrap() % 86_400.0;
        let told_s = f64::from(h * 3600 + m * 60 + s);
        assert!((told_s - since_midnight_s).abs() < 1e-3, "{time}");
    }

    #[tokio::test]
    async fn re_encrypt_counts_for_both_keys() {
        let app = TestApp::new().await;
        let root = app.root();
        let (old, new) = (root.create_key().await, root.create_key().await);
        let ciphertext = root.encrypt(&old, b"secret").await;
        let input = json!({ "CiphertextBlob": ciphertext, "DestinationKeyId": new });
        root.ok("ReEncrypt", input).await;
        let expected = use_on_record(&app, "ReEncrypt");
        for key in [old, new] {
            let reply = root.ok("GetKeyLastUsage", json!({ "KeyId": key })).await;
            assert_eq!(reply["KeyLastUsage"], expected);
        }
    }

    #[tokio::test]
    async fn a_use_that_was_not_written_yet_outlives_the_process() {
        let app = TestApp::new().await;
        let key = app.root().create_key().await;
        app.root().encrypt(&key, b"secret").await;
        let expected = use_on_record(&app, "Encrypt");
        let app = app.restarted().await;
        app.engine().recover_last_uses().await.unwrap();
        let reply = app.root().ok("GetKeyLastUsage", json!({ "KeyId": key })).await;
        assert_eq!(reply["KeyLastUsage"], expected);
    }

    #[tokio::test]
    async fn a_key_is_asked_about_in_every_state() {
        request().answers_by_state(&[]).await;
    }

    #[tokio::test]
    async fn a_key_is_named_by_id_or_arn() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_are_denied() {
        request().is_denied_elsewhere("kms:GetKeyLastUsage").await;
    }

    #[tokio::test]
    async fn the_record_shows_nothing_of_the_use() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let arn = root.arn(&key).await;
        root.ok("GetKeyLastUsage", json!({ "KeyId": key })).await;
        let expected = json!({
            "requestParameters": { "keyId": key },
            "responseElements": null,
            "readOnly": true,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
    }
}
