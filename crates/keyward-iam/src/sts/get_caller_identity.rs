//! GetCallerIdentity: who signed the request. Needs no permission, and no policy can deny it.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::AccountId;
use serde::{Deserialize, Serialize};

use super::constraints;

/// The operation.
pub(crate) enum GetCallerIdentity {}

#[derive(Deserialize)]
pub(crate) struct Input {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    user_id: String,
    account: AccountId,
    arn: String,
}

impl Operation for GetCallerIdentity {
    const NAME: &'static str = "GetCallerIdentity";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_CALLER_IDENTITY;
    type Input<'a> = Input;
    type Output = Output;

    async fn run(cx: &mut Cx, _input: Input) -> Result<Output, OpError> {
        let caller = cx.caller();
        Ok(Output { user_id: caller.user_id(), account: caller.account, arn: caller.arn() })
    }
}

impl Recorded for Input {
    fn record(&self, _to: &mut JsonObject<'_>) {}
}

impl Recorded for Output {
    fn record(&self, _to: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::TestApp;
    use serde_json::{Value, json};

    #[tokio::test]
    async fn the_caller_is_told_who_it_is() {
        let app = TestApp::new().await;
        let reply = app.root().ok("GetCallerIdentity", json!({})).await;
        let expected = json!({
            "UserId": "111122223333",
            "Account": "111122223333",
            "Arn": "arn:aws:iam::111122223333:root",
        });
        assert_eq!(reply, expected);
    }

    #[tokio::test]
    async fn the_record_is_one_of_sts_in_the_region_it_was_signed_for() {
        let app = TestApp::new().await;
        app.root_in("eu-central-1").ok("GetCallerIdentity", json!({})).await;
        let record = app.last_record();
        assert_eq!(record["eventSource"], "sts.amazonaws.com");
        assert_eq!(record["eventName"], "GetCallerIdentity");
        assert_eq!(record["awsRegion"], "eu-central-1");
        assert_eq!(record["readOnly"], true);
        assert_eq!(record["requestParameters"], Value::Null);
        assert_eq!(record["responseElements"], Value::Null);
    }
}
