//! GetTrailStatus: whether events are recorded, which they are, and how their delivery stands.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html>

use keyward_audit::{JsonObject, Recorded, iso_date};
use keyward_engine::{Cx, Kind, OpError, Operation, TrailStatus};
use keyward_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::shape::{AnyText, Date};
use crate::trail::history;
use crate::trail_name::TrailName;
use crate::{action, constraints};

/// The operation.
pub(crate) enum GetTrailStatus {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    name: AnyText<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    is_logging: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_delivery_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_delivery_time: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_digest_delivery_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_digest_delivery_time: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_logging_time: Option<Date>,
    latest_delivery_attempt_time: String,
    latest_delivery_attempt_succeeded: String,
    latest_notification_attempt_time: String,
    latest_notification_attempt_succeeded: String,
    time_logging_started: String,
    time_logging_stopped: String,
}

impl Operation for GetTrailStatus {
    const NAME: &'static str = "GetTrailStatus";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_TRAIL_STATUS;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let name = TrailName::read(cx, &input.name)?;
        cx.authorize_account(&name.arn, action::GetTrailStatus).await?;
        name.find(cx)?;
        let status = history(cx)?.status(&cx.caller().account, cx.region()).await;
        Ok(Output::of(status.map_err(OpError::internal)?))
    }
}

impl Output {
    /// The real service also writes its dates as texts, and leaves those empty that are none.
    fn of(status: TrailStatus) -> Self {
        let text =
            |at: Option<Timestamp>| at.map_or_else(String::new, |at| iso_date(at).to_string());
        Self {
            is_logging: true,
            latest_delivery_error: status.latest_delivery_error,
            latest_delivery_time: status.latest_delivery.map(Date),
            latest_digest_delivery_error: status.latest_digest_delivery_error,
            latest_digest_delivery_time: status.latest_digest_delivery.map(Date),
            start_logging_time: status.started.map(Date),
            latest_delivery_attempt_time: text(status.latest_attempt),
            latest_delivery_attempt_succeeded: text(status.latest_delivery),
            latest_notification_attempt_time: String::new(),
            latest_notification_attempt_succeeded: String::new(),
            time_logging_started: text(status.started),
            time_logging_stopped: String::new(),
        }
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("name", &self.name);
    }
}

impl Recorded for Output {
    fn record(&self, _to: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::TestApp;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn events_are_recorded_and_the_newest_delivery_is_told() {
        let app = TestApp::new().await;
        let root = app.root();
        let status = root.ok("GetTrailStatus", json!({ "Name": "keyward" })).await;
        assert_eq!(status["IsLogging"], true);
        assert_eq!(status.get("LatestDeliveryTime"), None);
        assert!(status["StartLoggingTime"].is_number());
        let delivered = app.deliver().await;
        let at = delivered.files.first().unwrap().delivered_at;
        let status = root.ok("GetTrailStatus", json!({ "Name": "keyward" })).await;
        assert_eq!(status["LatestDeliveryTime"], json!(Date(at)));
        assert_eq!(status["LatestDeliveryAttemptSucceeded"], iso_date(at).to_string());
    }

    #[test]
    fn a_date_is_written_as_number_and_as_text() {
        let status = TrailStatus {
            latest_delivery: Some(Timestamp::from_unix_ms(1_772_619_302_500)),
            latest_attempt: Some(Timestamp::from_unix_ms(1_772_619_303_500)),
            latest_digest_delivery_error: Some("InternalError".to_owned()),
            ..TrailStatus::default()
        };
        let output = serde_json::to_value(Output::of(status)).unwrap();
        let expected = serde_json::json!({
            "IsLogging": true,
            "LatestDeliveryTime": 1_772_619_302.5,
            "LatestDigestDeliveryError": "InternalError",
            "LatestDeliveryAttemptTime": "2026-03-04T10:15:03Z",
            "LatestDeliveryAttemptSucceeded": "2026-03-04T10:15:02Z",
            "LatestNotificationAttemptTime": "",
            "LatestNotificationAttemptSucceeded": "",
            "TimeLoggingStarted": "",
            "TimeLoggingStopped": "",
        });
        assert_eq!(output, expected);
    }
}
