//! GetEventSelectors: all management events, whatever their source.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use serde::{Deserialize, Serialize};

use crate::shape::AnyText;
use crate::trail_name::TrailName;
use crate::{action, constraints};

/// The operation.
pub(crate) enum GetEventSelectors {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    trail_name: AnyText<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    #[serde(rename = "TrailARN")]
    arn: String,
    event_selectors: [EventSelector; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EventSelector {
    read_write_type: &'static str,
    include_management_events: bool,
    data_resources: [(); 0],
    exclude_management_event_sources: [(); 0],
}

/// What the trail takes.
const EVERYTHING: EventSelector = EventSelector {
    read_write_type: "All",
    include_management_events: true,
    data_resources: [],
    exclude_management_event_sources: [],
};

impl Operation for GetEventSelectors {
    const NAME: &'static str = "GetEventSelectors";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_EVENT_SELECTORS;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let name = TrailName::read(cx, &input.trail_name)?;
        cx.authorize_account(&name.arn, action::GetEventSelectors).await?;
        Ok(Output { arn: name.find(cx)?.arn, event_selectors: [EVERYTHING] })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("trailName", &self.trail_name);
    }
}

impl Recorded for Output {
    fn record(&self, _to: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::TestApp;
    use serde_json::json;

    #[tokio::test]
    async fn every_event_is_selected() {
        let app = TestApp::new().await;
        let reply = app.root().ok("GetEventSelectors", json!({ "TrailName": "keyward" })).await;
        let expected = json!({
            "TrailARN": "arn:aws:cloudtrail:us-east-1:111122223333:trail/keyward",
            "EventSelectors": [{
                "ReadWriteType": "All",
                "IncludeManagementEvents": true,
                "DataResources": [],
                "ExcludeManagementEventSources": [],
            }],
        });
        assert_eq!(reply, expected);
    }
}
