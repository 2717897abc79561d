//! DeleteAccessKey: removes an access key.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::Write;
use serde::Deserialize;

use super::access_key::find_of;
use super::action;
use super::constraints::{self, AccessKeyIdType, ExistingUserNameType};
use super::shape::record_text;
use super::subject::authorize_subject;

/// The operation.
pub(crate) enum DeleteAccessKey {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    user_name: Option<Text<'a, ExistingUserNameType>>,
    #[serde(borrow)]
    access_key_id: Text<'a, AccessKeyIdType>,
}

impl Operation for DeleteAccessKey {
    const NAME: &'static str = "DeleteAccessKey";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DELETE_ACCESS_KEY;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let name = input.user_name.as_deref();
        let (proof, subject) = authorize_subject::<action::DeleteAccessKey>(cx, name).await?;
        let record = find_of(cx, &subject, &input.access_key_id).await?;
        cx.stage_in_account(&proof, [Write::DeleteCredential(record.access_key_id)]);
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "userName", self.user_name.as_ref());
        to.text("accessKeyId", &self.access_key_id);
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    #[tokio::test]
    async fn a_deleted_key_is_gone_for_good() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        let key = root.ok("CreateAccessKey", json!({ "UserName": "alice" })).await;
        let alice = root.signing_with(&key["AccessKey"]);
        alice.ok("GetCallerIdentity", json!({})).await;
        let id = key["AccessKey"]["AccessKeyId"].as_str().unwrap();
        let input = || json!({ "UserName": "alice", "AccessKeyId": id });
        root.ok("DeleteAccessKey", input()).await;
        let refused = alice.refused("GetCallerIdentity", json!({})).await;
        assert_eq!(refused.name, "InvalidClientTokenId");
        let message = format!("The Access Key with id {id} cannot be found.");
        let refused = root.refused("DeleteAccessKey", input()).await;
        assert_eq!(refused, Refused::new("NoSuchEntity", message));
    }
}
