//! ListTrails: the one trail.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListTrails.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use serde::{Deserialize, Serialize};

use crate::shape::{AnyText, record_text};
use crate::trail::Trail;
use crate::{action, constraints};

/// The operation.
pub(crate) enum ListTrails {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    /// Reserved by the API, and without effect.
    #[serde(borrow)]
    next_token: Option<AnyText<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    trails: Vec<TrailInfo>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TrailInfo {
    #[serde(rename = "TrailARN")]
    arn: String,
    name: String,
    home_region: String,
}

impl Operation for ListTrails {
    const NAME: &'static str = "ListTrails";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_TRAILS;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, _input: Input<'a>) -> Result<Output, OpError> {
        cx.authorize_anywhere(action::ListTrails).await?;
        let Trail { arn, name, home_region, .. } = Trail::load(cx)?;
        Ok(Output { trails: vec![TrailInfo { arn, name, home_region }] })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "nextToken", self.next_token.as_ref());
    }
}

impl Recorded for Output {
    fn record(&self, _to: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{OTHER_ACCOUNT, TestApp};
    use serde_json::json;

    #[tokio::test]
    async fn every_account_has_the_trail_in_every_region() {
        let app = TestApp::new().await;
        let other = app.other_account().await;
        for (client, account) in [
            (app.root(), "111122223333"),
            (app.root_in("eu-central-1"), "111122223333"),
            (other, OTHER_ACCOUNT),
        ] {
            let expected = json!({ "Trails": [{
                "TrailARN": format!("arn:aws:cloudtrail:us-east-1:{account}:trail/keyward"),
                "Name": "keyward",
                "HomeRegion": "us-east-1",
            }] });
            assert_eq!(client.ok("ListTrails", json!({})).await, expected);
        }
    }
}
