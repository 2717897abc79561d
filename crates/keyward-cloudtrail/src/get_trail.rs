//! GetTrail: the one trail.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrail.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use serde::{Deserialize, Serialize};

use crate::shape::AnyText;
use crate::trail::Trail;
use crate::trail_name::TrailName;
use crate::{action, constraints};

/// The operation.
pub(crate) enum GetTrail {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    name: AnyText<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    trail: Trail,
}

impl Operation for GetTrail {
    const NAME: &'static str = "GetTrail";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_TRAIL;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let name = TrailName::read(cx, &input.name)?;
        cx.authorize_account(&name.arn, action::GetTrail).await?;
        Ok(Output { trail: name.find(cx)? })
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
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    use crate::testing;

    #[tokio::test]
    async fn the_trail_is_found_by_name_at_home_and_by_arn_everywhere() {
        let app = TestApp::new().await;
        let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/keyward";
        let there = app.root_in("eu-central-1");
        for (client, name) in [(app.root(), "keyward"), (app.root(), arn), (there.clone(), arn)] {
            let reply = client.ok("GetTrail", json!({ "Name": name })).await;
            assert_eq!(reply["Trail"]["TrailARN"], arn);
        }
        assert_eq!(app.last_record()["requestParameters"], json!({ "name": arn }));
        let refused = there.refused("GetTrail", json!({ "Name": "keyward" })).await;
        let message = "Unknown trail: arn:aws:cloudtrail:eu-central-1:111122223333:trail/keyward \
                       for the user: 111122223333";
        assert_eq!(refused, Refused::new("TrailNotFoundException", message));
    }

    #[tokio::test]
    async fn who_may_not_learns_not_whether_a_trail_exists() {
        let app = TestApp::new().await;
        let nobody = testing::user(&app, "nobody", &[]).await;
        let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/other";
        let refused = nobody.refused("GetTrail", json!({ "Name": "other" })).await;
        let message = format!(
            "User: arn:aws:iam::111122223333:user/nobody is not authorized to perform: \
             cloudtrail:GetTrail on resource: {arn} because no identity-based policy allows the \
             cloudtrail:GetTrail action"
        );
        assert_eq!(refused, Refused::new("AccessDeniedException", message));
    }
}
