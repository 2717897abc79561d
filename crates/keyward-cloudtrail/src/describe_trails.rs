//! DescribeTrails: the one trail, if it is asked for.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::{List, Text};
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, TrailNameList};
use crate::shape::{AnyText, record_flag};
use crate::trail::Trail;
use crate::trail_name::TrailName;

/// The operation.
pub(crate) enum DescribeTrails {}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    trail_name_list: Option<List<AnyText<'a>, TrailNameList>>,
    include_shadow_trails: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    trail_list: Vec<Trail>,
}

impl Operation for DescribeTrails {
    const NAME: &'static str = "DescribeTrails";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::DESCRIBE_TRAILS;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        cx.authorize_anywhere(action::DescribeTrails).await?;
        let names = input.trail_name_list.map(List::into_vec).unwrap_or_default();
        let wanted =
            names.iter().map(|name| TrailName::read(cx, name)).collect::<Result<Vec<_>, _>>()?;
        let trail = Trail::load(cx)?;
        let is_shown = if wanted.is_empty() {
            trail.is_at_home(cx) || input.include_shadow_trails != Some(false)
        } else {
            wanted.iter().any(|name| name.arn == trail.arn)
        };
        Ok(Output { trail_list: is_shown.then_some(trail).into_iter().collect() })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        if let Some(names) = &self.trail_name_list {
            to.texts("trailNameList", names.iter().map(Text::as_str));
        }
        record_flag(to, "includeShadowTrails", self.include_shadow_trails);
    }
}

impl Recorded for Output {
    fn record(&self, _to: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::{Value, json};

    const ARN: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/keyward";

    fn trail() -> Value {
        json!({
            "Name": "keyward",
            "S3BucketName": "keyward-audit",
            "IncludeGlobalServiceEvents": true,
            "IsMultiRegionTrail": true,
            "HomeRegion": "us-east-1",
            "TrailARN": ARN,
            "LogFileValidationEnabled": true,
            "HasCustomEventSelectors": false,
            "HasInsightSelectors": false,
            "IsOrganizationTrail": false,
        })
    }

    #[tokio::test]
    async fn there_is_one_trail_and_it_takes_everything() {
        let app = TestApp::new().await;
        let root = app.root();
        let expected = json!({ "trailList": [trail()] });
        assert_eq!(root.ok("DescribeTrails", json!({})).await, expected);
        let record = app.last_record();
        assert_eq!(record["eventSource"], "cloudtrail.amazonaws.com");
        assert_eq!(record["readOnly"], true);
        assert_eq!(record["requestParameters"], Value::Null);
        for name in ["keyward", ARN] {
            let reply = root.ok("DescribeTrails", json!({ "trailNameList": [name] })).await;
            assert_eq!(reply, expected, "{name}");
        }
        let input = json!({ "trailNameList": ["other"], "includeShadowTrails": true });
        let reply = root.ok("DescribeTrails", input.clone()).await;
        assert_eq!(reply, json!({ "trailList": [] }));
        assert_eq!(app.last_record()["requestParameters"], input);
    }

    #[tokio::test]
    async fn in_other_regions_it_is_a_shadow() {
        let app = TestApp::new().await;
        let there = app.root_in("eu-central-1");
        let shown = json!({ "trailList": [trail()] });
        assert_eq!(there.ok("DescribeTrails", json!({})).await, shown);
        for (input, expected) in [
            (json!({ "includeShadowTrails": false }), json!({ "trailList": [] })),
            (json!({ "trailNameList": ["keyward"] }), json!({ "trailList": [] })),
            (json!({ "trailNameList": [ARN], "includeShadowTrails": false }), shown),
        ] {
            assert_eq!(there.ok("DescribeTrails", input.clone()).await, expected, "{input}");
        }
    }

    #[tokio::test]
    async fn a_name_that_none_could_have_is_refused() {
        let app = TestApp::new().await;
        for (name, error, message) in [
            ("a", "InvalidTrailNameException", "The trail name is not valid."),
            ("arn:aws:s3:::b", "CloudTrailARNInvalidException", "The trail ARN is not valid."),
        ] {
            let input = json!({ "trailNameList": [name] });
            let refused = app.root().refused("DescribeTrails", input).await;
            assert_eq!(refused, Refused::new(error, message));
        }
    }
}
