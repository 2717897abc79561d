//! GetAccessKeyInfo: the account an access key belongs to.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, ErrorCode, Kind, OpError, Operation};
use keyward_model::{AccessKeyId, AccountId};
use keyward_shape::Text;
use serde::{Deserialize, Serialize};

use super::constraints::{self, AccessKeyIdType};
use crate::action;
use crate::session_limits::require_may_look;

/// The operation.
pub(crate) enum GetAccessKeyInfo {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    access_key_id: Text<'a, AccessKeyIdType>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    account: AccountId,
}

impl Operation for GetAccessKeyInfo {
    const NAME: &'static str = "GetAccessKeyInfo";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_ACCESS_KEY_INFO;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        require_may_look(cx, "sts:GetAccessKeyInfo")?;
        cx.authorize_account("*", action::GetAccessKeyInfo).await?;
        let id: AccessKeyId = input.access_key_id.parse().map_err(|_| unknown())?;
        let found = cx.engine().store().credentials().find(&id).await;
        let credential = found.map_err(OpError::internal)?.ok_or_else(unknown)?;
        Ok(Output { account: credential.account })
    }
}

/// WIRE: ids of the real service hold their account, so there it is never looked up. The words are
/// ours.
fn unknown() -> OpError {
    OpError::new(ErrorCode::Validation, "The access key ID is not valid.")
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("accessKeyId", self.access_key_id.as_str());
    }
}

impl Recorded for Output {
    fn record(&self, _to: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{OTHER_ACCOUNT, Refused, TestApp};
    use serde_json::json;

    #[tokio::test]
    async fn any_account_learns_whose_a_key_is() {
        let app = TestApp::new().await;
        let other = app.other_account().await;
        let id = other.caller().access_key_id.as_str();
        let reply = app.root().ok("GetAccessKeyInfo", json!({ "AccessKeyId": id })).await;
        assert_eq!(reply, json!({ "Account": OTHER_ACCOUNT }));
        assert_eq!(app.recorded()["requestParameters"], json!({ "accessKeyId": id }));
    }

    #[tokio::test]
    async fn a_key_that_does_not_exist_has_no_account() {
        let app = TestApp::new().await;
        for id in ["AKIAAAAAAAAAAAAAAAAA", "akiaaaaaaaaaaaaaaaaa"] {
            let refused =
                app.root().refused("GetAccessKeyInfo", json!({ "AccessKeyId": id })).await;
            assert_eq!(refused, Refused::new("ValidationError", "The access key ID is not valid."));
        }
    }

    #[tokio::test]
    async fn limits_are_worded_as_everywhere() {
        let app = TestApp::new().await;
        let refused = app.root().refused("GetAccessKeyInfo", json!({ "AccessKeyId": "A" })).await;
        let clause = "'A' at 'accessKeyId' failed to satisfy constraint: Member must have length \
             greater than or equal to 16";
        let message = format!("1 validation error detected: Value {clause}");
        assert_eq!(refused, Refused::new("ValidationError", message));
    }
}
