//! StopLogging: refused, because everything is recorded here.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StopLogging.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use serde::Deserialize;

use crate::shape::AnyText;
use crate::trail_name::TrailName;
use crate::{action, constraints};

/// The operation.
pub(crate) enum StopLogging {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    name: AnyText<'a>,
}

impl Operation for StopLogging {
    const NAME: &'static str = "StopLogging";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::STOP_LOGGING;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let name = TrailName::read(cx, &input.name)?;
        cx.authorize_account(&name.arn, action::StopLogging).await?;
        Err(name.refuse_change(cx))
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("name", &self.name);
    }
}

#[cfg(test)]
mod tests {
    use keyward_engine::NewServiceKind;
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    use crate::testing;

    #[tokio::test]
    async fn nothing_that_changes_a_trail_is_done_and_every_attempt_is_recorded() {
        let app = TestApp::new().await;
        let root = app.root();
        let selector = json!({ "ReadWriteType": "WriteOnly", "IncludeManagementEvents": false });
        let fields = json!([{ "Field": "eventSource", "NotEquals": ["kms.amazonaws.com"] }]);
        let permitted = "Everything is recorded here. The trail cannot be changed.";
        for (operation, input) in [
            ("DeleteTrail", json!({ "Name": "keyward" })),
            ("StartLogging", json!({ "Name": "keyward" })),
            ("StopLogging", json!({ "Name": "keyward" })),
            ("UpdateTrail", json!({ "Name": "keyward", "S3BucketName": "b", "KmsKeyId": "k" })),
            ("PutEventSelectors", json!({ "TrailName": "keyward", "EventSelectors": [selector] })),
            (
                "PutEventSelectors",
                json!({
                    "TrailName": "keyward",
                    "AdvancedEventSelectors": [{ "Name": "n", "FieldSelectors": fields }],
                }),
            ),
        ] {
            let refused = root.refused(operation, input).await;
            assert_eq!(refused, Refused::new("OperationNotPermittedException", permitted));
            let record = app.last_record();
            assert_eq!(record["eventName"], operation);
            assert_eq!(record["errorCode"], "OperationNotPermittedException");
            assert_eq!(record["readOnly"], false);
            assert!(record["requestParameters"].is_object());
        }
        let tags = json!([{ "Key": "k", "Value": "v" }]);
        let input = json!({ "Name": "mine", "S3BucketName": "b", "TagsList": tags });
        let refused = root.refused("CreateTrail", input).await;
        let message = "There is one trail here, and everything is recorded in it.";
        assert_eq!(refused, Refused::new("UnsupportedOperationException", message));
        let expected = json!({
            "name": "mine", "s3BucketName": "b", "tagsList": [{ "key": "k", "value": "v" }],
        });
        assert_eq!(app.last_record()["requestParameters"], expected);
    }

    #[tokio::test]
    async fn who_may_not_stop_logging_is_told_nothing_else() {
        let app = TestApp::new().await;
        let nobody = testing::user(&app, "nobody", &["cloudtrail:Get*"]).await;
        for name in ["keyward", "other"] {
            let refused = nobody.refused("StopLogging", json!({ "Name": name })).await;
            let message = format!(
                "User: arn:aws:iam::111122223333:user/nobody is not authorized to perform: \
                 cloudtrail:StopLogging on resource: \
                 arn:aws:cloudtrail:us-east-1:111122223333:trail/{name} because no \
                 identity-based policy allows the cloudtrail:StopLogging action"
            );
            assert_eq!(refused, Refused::new("AccessDeniedException", message));
        }
    }

    #[tokio::test]
    async fn services_have_no_say_in_trails_and_see_no_events() {
        let app = TestApp::new().await;
        let as_itself = NewServiceKind::AsItself { source_arn: None, source_account: None };
        for (name, kind) in [
            ("s3", as_itself),
            ("backup", NewServiceKind::OnBehalf { role: None }),
            ("logs", NewServiceKind::Owned),
        ] {
            let service = app.service(name, kind).await;
            for (operation, input) in [
                ("LookupEvents", json!({})),
                ("DescribeTrails", json!({})),
                ("ListPublicKeys", json!({})),
                ("StopLogging", json!({ "Name": "keyward" })),
            ] {
                let refused = service.refused(operation, input).await;
                assert_eq!(refused.name, "AccessDeniedException", "{name} {operation}");
            }
        }
    }
}
