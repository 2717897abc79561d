//! EnableKeyRotation: has a key's material replaced at regular dates.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::{Int, Text};
use keyward_store::Rotation;
use serde::Deserialize;

use crate::action;
use crate::constraints::{self, KeyIdType, RotationPeriodInDaysType};
use crate::rotation::require_automatic;
use crate::shape::KeyChanged;

/// The operation.
pub(crate) enum EnableKeyRotation {}

/// The period when the request names none, whatever it was before.
///
/// WIRE: on a key that rotates already, too. Evidence: docs/WIRE.md, "Rotation periods".
const PERIOD_DAYS_DEFAULT: u32 = 365;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    rotation_period_in_days: Option<Int<RotationPeriodInDaysType>>,
}

impl Operation for EnableKeyRotation {
    const NAME: &'static str = "EnableKeyRotation";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::ENABLE_KEY_ROTATION;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        let period_days = input.period_days()?;
        let target = cx.resolve_key(&input.key_id).await?;
        let asked = action::EnableKeyRotation { period_days };
        let key = cx.authorize(target, asked).await?;
        require_automatic(&key)?;
        key.require_usable()?;
        let next_date = cx.now().plus_days(period_days);
        cx.stage_shared(&key, |_, member| {
            member.rotation = Rotation {
                period_days: Some(period_days),
                next_date: Some(next_date),
                ..member.rotation
            };
            Ok(Vec::new())
        })
        .await?;
        Ok(KeyChanged { key_arn: key.arn.clone() })
    }
}

impl Input<'_> {
    fn period_days(&self) -> Result<u32, OpError> {
        let Some(days) = self.rotation_period_in_days else { return Ok(PERIOD_DAYS_DEFAULT) };
        u32::try_from(days.value()).map_err(OpError::internal)
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        if let Some(days) = self.rotation_period_in_days {
            to.integer("rotationPeriodInDays", days.value());
        }
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{KeyRequest, Refused, TestApp, UNUSABLE, resource};
    use serde_json::{Value, json};

    fn request() -> KeyRequest {
        KeyRequest::new("EnableKeyRotation", json!({ "RotationPeriodInDays": 90 })).keys_only()
    }

    #[tokio::test]
    async fn a_period_has_90_to_2560_days_and_365_unless_chosen() {
        let app = TestApp::new().await;
        let root = app.root();
        for (sent, days) in [(Value::Null, 365), (json!(90), 90), (json!(2560), 2560)] {
            let key = root.create_key().await;
            let input = json!({ "KeyId": key, "RotationPeriodInDays": sent });
            root.ok("EnableKeyRotation", input).await;
            let status = root.ok("GetKeyRotationStatus", json!({ "KeyId": key })).await;
            assert_eq!(status["RotationPeriodInDays"], days);
        }
        for (days, rule) in
            [(89, "greater than or equal to 90"), (2561, "less than or equal to 2560")]
        {
            let input = json!({ "KeyId": "nonsense", "RotationPeriodInDays": days });
            let refused = root.refused("EnableKeyRotation", input).await;
            let clause = format!(
                "'{days}' at 'rotationPeriodInDays' failed to satisfy constraint: Member must have \
                 value {rule}"
            );
            assert_eq!(refused, Refused::constraint(&clause));
        }
    }

    #[tokio::test]
    async fn the_first_date_is_a_period_after_the_call_that_enabled_it() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let created = root.describe(&key).await["CreationDate"].as_f64().unwrap();
        let mut passed = 0;
        for (sent, days) in [(json!(100), 100), (json!(90), 90), (Value::Null, 365)] {
            app.clock().advance_days(10);
            passed += 10;
            let input = json!({ "KeyId": key, "RotationPeriodInDays": sent });
            root.ok("EnableKeyRotation", input).await;
            let status = root.ok("GetKeyRotationStatus", json!({ "KeyId": key })).await;
            let next = status["NextRotationDate"].as_f64().unwrap();
            assert!((next - created - f64::from(passed + days) * 86_400.0).abs() < 0.001);
            assert_eq!(status["RotationPeriodInDays"], days);
        }
    }

    #[tokio::test]
    async fn a_key_is_named_by_id_or_arn() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_and_aws_managed_keys_are_denied() {
        request().is_denied_elsewhere("kms:EnableKeyRotation").await;
        request().is_denied_on_aws_managed_keys("kms:EnableKeyRotation").await;
    }

    #[tokio::test]
    async fn a_key_in_an_unusable_state_is_refused() {
        request().answers_by_state(UNUSABLE).await;
    }

    #[tokio::test]
    async fn the_record_names_the_key_and_the_period_that_was_sent() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let arn = root.arn(&key).await;
        root.ok("EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": 180 })).await;
        let mut expected = json!({
            "requestParameters": { "keyId": key, "rotationPeriodInDays": 180 },
            "responseElements": { "keyId": arn },
            "readOnly": false,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
        root.ok("EnableKeyRotation", json!({ "KeyId": key })).await;
        expected["requestParameters"] = json!({ "keyId": key });
        assert_eq!(app.recorded(), expected);
    }
}
