//! ScheduleKeyDeletion: starts a key's waiting period, at whose end it is deleted.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html>

use keyward_audit::{JsonObject, Recorded, java_date};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_model::{KeyState, Timestamp};
use keyward_shape::{Int, Text};
use keyward_store::{KeyRecord, Write};
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, KeyIdType, PendingWindowInDaysType};
use crate::multi_region::require_primary;

/// The operation.
pub(crate) enum ScheduleKeyDeletion {}

/// The waiting period when the request names none.
const WINDOW_DAYS_DEFAULT: i32 = 30;
/// The waiting periods the service takes.
///
/// WIRE: the model lets more through. Evidence: docs/WIRE.md, "Waiting period".
const WINDOW_DAYS: std::ops::RangeInclusive<i32> = 7..=30;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    pending_window_in_days: Option<Int<PendingWindowInDaysType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_date: Option<Timestamp>,
    key_state: KeyState,
    pending_window_in_days: u32,
}

impl Operation for ScheduleKeyDeletion {
    const NAME: &'static str = "ScheduleKeyDeletion";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::SCHEDULE_KEY_DELETION;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let window_days = input.window_days()?;
        let target = cx.resolve_key(&input.key_id).await?;
        let trailing_days = cx.trailing_days(&target).await?;
        let asked = action::ScheduleKeyDeletion { trailing_days, window_days };
        let key = cx.authorize(target, asked).await?;
        key.require_not_pending_deletion()?;
        if key.record.state == KeyState::Updating {
            return Err(key.wrong_state());
        }
        // The window of a primary key begins when its last replica is deleted.
        let has_replicas = require_primary(&key).is_ok_and(|set| !set.replicas.is_empty());
        let deletion_date = (!has_replicas).then(|| cx.now().plus_days(window_days));
        let record = KeyRecord {
            state: match deletion_date {
                Some(_) => KeyState::PendingDeletion,
                None => KeyState::PendingReplicaDeletion,
            },
            deletion_date,
            pending_window_days: Some(window_days),
            ..key.record.clone()
        };
        let key_state = record.state;
        cx.stage(&key, [Write::PutKey(Box::new(record))]);
        Ok(Output {
            key_id: key.arn.clone(),
            deletion_date,
            key_state,
            pending_window_in_days: window_days,
        })
    }
}

impl Input<'_> {
    fn window_days(&self) -> Result<u32, OpError> {
        let days = self.pending_window_in_days.map_or(WINDOW_DAYS_DEFAULT, |days| days.value());
        if !WINDOW_DAYS.contains(&days) {
            return Err(op_error!(Validation, "PendingWindowInDays must be between 7 and 30"));
        }
        u32::try_from(days).map_err(OpError::internal)
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        if let Some(days) = self.pending_window_in_days {
            to.integer("pendingWindowInDays", days.value());
        }
        to.text("keyId", &self.key_id);
    }
}

impl Recorded for Output {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        to.text("keyState", self.key_state.as_str());
        if let Some(date) = self.deletion_date {
            to.display("deletionDate", java_date(date));
        }
        to.integer("pendingWindowInDays", self.pending_window_in_days);
    }
}

#[cfg(test)]
mod tests {
    use keyward_model::KeyState;
    use keyward_testkit::{KeyRequest, Refused, TestApp, resource};
    use serde_json::{Value, json};

    fn request() -> KeyRequest {
        KeyRequest::new("ScheduleKeyDeletion", json!({ "PendingWindowInDays": 7 })).keys_only()
    }

    #[tokio::test]
    async fn the_waiting_period_is_7_to_30_days_and_30_unless_chosen() {
        let app = TestApp::new().await;
        let root = app.root();
        for (sent, days) in [(json!(7), 7), (json!(20), 20), (json!(30), 30), (Value::Null, 30)] {
            let key = root.create_key().await;
            let (arn, created) =
                (root.arn(&key).await, root.describe(&key).await["CreationDate"].as_f64());
            let input = json!({ "KeyId": key, "PendingWindowInDays": sent });
            let reply = root.ok("ScheduleKeyDeletion", input).await;
            let date = reply["DeletionDate"].as_f64().unwrap();
            assert!((date - created.unwrap() - f64::from(days) * 86_400.0).abs() < 0.001);
            let expected = json!({
                "KeyId": arn,
                "DeletionDate": reply["DeletionDate"],
                "KeyState": "PendingDeletion",
                "PendingWindowInDays": days,
            });
            assert_eq!(reply, expected);
            let metadata = root.describe(&key).await;
            assert_eq!(metadata["KeyState"], "PendingDeletion");
            assert_eq!(metadata["Enabled"], false);
            assert_eq!(metadata["DeletionDate"], reply["DeletionDate"]);
        }
    }

    #[tokio::test]
    async fn a_waiting_period_the_model_allows_and_the_service_does_not_is_refused_first() {
        let app = TestApp::new().await;
        let root = app.root();
        for days in [1, 6, 31, 365] {
            let input = json!({ "KeyId": "nonsense", "PendingWindowInDays": days });
            let refused = root.refused("ScheduleKeyDeletion", input).await;
            let message = "PendingWindowInDays must be between 7 and 30";
            assert_eq!(refused, Refused::new("ValidationException", message));
        }
        for (days, rule) in [(0, "greater than or equal to 1"), (366, "less than or equal to 365")]
        {
            let input = json!({ "KeyId": "nonsense", "PendingWindowInDays": days });
            let refused = root.refused("ScheduleKeyDeletion", input).await;
            let clause = format!(
                "'{days}' at 'pendingWindowInDays' failed to satisfy constraint: Member must have \
                 value {rule}"
            );
            assert_eq!(refused, Refused::constraint(&clause));
        }
        let input = json!({ "KeyId": "nonsense", "PendingWindowInDays": "7" });
        let refused = root.refused("ScheduleKeyDeletion", input).await;
        let message = "STRING_VALUE can not be converted to a Integer";
        assert_eq!(refused, Refused::new("SerializationException", message));
    }

    #[tokio::test]
    async fn a_primary_key_waits_for_its_replicas_before_its_waiting_period_begins() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_multi_region_key().await;
        root.replicate(&key, "eu-central-1").await;
        let input = json!({ "KeyId": key, "PendingWindowInDays": 7 });
        let reply = root.ok("ScheduleKeyDeletion", input).await;
        let arn = root.arn(&key).await;
        let expected = json!({
            "KeyId": arn,
            "KeyState": "PendingReplicaDeletion",
            "PendingWindowInDays": 7,
        });
        assert_eq!(reply, expected);
        let metadata = root.describe(&key).await;
        assert_eq!(metadata["KeyState"], "PendingReplicaDeletion");
        assert_eq!(metadata["PendingDeletionWindowInDays"], 7);
        assert_eq!(metadata.get("DeletionDate"), None);

        root.ok("CancelKeyDeletion", json!({ "KeyId": key })).await;
        let metadata = root.describe(&key).await;
        assert_eq!(metadata["KeyState"], "Disabled");
        assert_eq!(metadata.get("PendingDeletionWindowInDays"), None);

        let input = json!({ "KeyId": key, "PendingWindowInDays": 8 });
        root.ok("ScheduleKeyDeletion", input).await;
        let recorded = json!({
            "keyId": arn,
            "keyState": "PendingReplicaDeletion",
            "pendingWindowInDays": 8,
        });
        assert_eq!(app.recorded()["responseElements"], recorded);
    }

    #[tokio::test]
    async fn a_replica_is_scheduled_on_its_own_and_before_it_has_settled() {
        let app = TestApp::new().await;
        let (root, there) = (app.root(), app.root_in("eu-central-1"));
        let key = root.create_multi_region_key().await;
        let input = json!({ "KeyId": key, "ReplicaRegion": "eu-central-1" });
        root.ok("ReplicateKey", input).await;
        there.schedule_deletion(&key).await;
        app.settle().await;
        assert_eq!(there.describe(&key).await["KeyState"], "PendingDeletion");
        assert_eq!(root.describe(&key).await["KeyState"], "Enabled");
        there.ok("CancelKeyDeletion", json!({ "KeyId": key })).await;
        assert_eq!(there.describe(&key).await["KeyState"], "Disabled");
    }

    #[tokio::test]
    async fn a_key_is_named_by_id_or_arn() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_and_aws_managed_keys_are_denied() {
        request().is_denied_elsewhere("kms:ScheduleKeyDeletion").await;
        request().is_denied_on_aws_managed_keys("kms:ScheduleKeyDeletion").await;
    }

    #[tokio::test]
    async fn a_key_already_pending_deletion_or_updating_is_refused() {
        let is = |state, text| (state, "KMSInvalidStateException", text);
        let refused = [
            is(KeyState::PendingDeletion, "is pending deletion."),
            is(KeyState::PendingReplicaDeletion, "is pending replica deletion."),
            is(KeyState::Updating, "is updating."),
        ];
        request().answers_by_state(&refused).await;
    }

    #[tokio::test]
    async fn the_record_tells_when_the_key_will_be_deleted() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let arn = root.arn(&key).await;
        root.ok("ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
        let mut expected = json!({
            "requestParameters": { "keyId": key, "pendingWindowInDays": 7 },
            "responseElements": {
                "keyId": arn,
                "keyState": "PendingDeletion",
                "deletionDate": "Mar 11, 2026, 10:15:02 AM",
                "pendingWindowInDays": 7,
            },
            "readOnly": false,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);

        let refused = root.refused("ScheduleKeyDeletion", json!({ "KeyId": key })).await;
        expected["errorCode"] = json!("KMSInvalidStateException");
        expected["errorMessage"] = json!(refused.message());
        expected["requestParameters"] = json!({ "keyId": key });
        expected["responseElements"] = Value::Null;
        assert_eq!(app.recorded(), expected);
    }
}
