//! UpdateAccessKey: makes an access key active or inactive.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html>

use std::str::FromStr;

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_shape::{OneOf, Text};
use keyward_store::{CredentialStatus, Precondition, Write};
use serde::Deserialize;

use super::access_key::{find_of, status_word};
use super::action;
use super::constraints::{self, AccessKeyIdType, ExistingUserNameType, StatusType};
use super::shape::record_text;
use super::subject::authorize_subject;

/// The operation.
pub(crate) enum UpdateAccessKey {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    user_name: Option<Text<'a, ExistingUserNameType>>,
    #[serde(borrow)]
    access_key_id: Text<'a, AccessKeyIdType>,
    status: OneOf<Status, StatusType>,
}

/// `Status`, with what only the service itself may set.
#[derive(Clone, Copy)]
enum Status {
    Expired,
    Set(CredentialStatus),
}

impl FromStr for Status {
    type Err = keyward_model::UnknownValue;

    fn from_str(word: &str) -> Result<Self, keyward_model::UnknownValue> {
        match word {
            "Active" => Ok(Self::Set(CredentialStatus::Active)),
            "Inactive" => Ok(Self::Set(CredentialStatus::Inactive)),
            "Expired" => Ok(Self::Expired),
            _ => Err(keyward_model::UnknownValue),
        }
    }
}

impl Operation for UpdateAccessKey {
    const NAME: &'static str = "UpdateAccessKey";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::UPDATE_ACCESS_KEY;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        // WIRE: "IAM: access keys".
        let Status::Set(status) = *input.status else {
            return Err(op_error!(Validation, "The status Expired cannot be set."));
        };
        let name = input.user_name.as_deref();
        let (proof, subject) = authorize_subject::<action::UpdateAccessKey>(cx, name).await?;
        let record = find_of(cx, &subject, &input.access_key_id).await?;
        subject.require_unchanged(cx);
        if record.status != status {
            // One that is deleted meanwhile must not come back.
            cx.require(Precondition::CredentialPresent(record.access_key_id.clone()));
            let record = keyward_store::CredentialRecord { status, ..record };
            cx.stage_in_account(&proof, [Write::PutCredential(record)]);
        }
        Ok(())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "userName", self.user_name.as_ref());
        to.text("accessKeyId", &self.access_key_id);
        let word = match *self.status {
            Status::Expired => "Expired",
            Status::Set(status) => status_word(status),
        };
        to.text("status", word);
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    #[tokio::test]
    async fn an_inactive_key_does_not_sign_until_it_is_active_again() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        let key = root.ok("CreateAccessKey", json!({ "UserName": "alice" })).await;
        let alice = root.signing_with(&key["AccessKey"]);
        let id = &key["AccessKey"]["AccessKeyId"];
        let set =
            |status: &str| json!({ "UserName": "alice", "AccessKeyId": id, "Status": status });
        alice.ok("GetCallerIdentity", json!({})).await;
        root.ok("UpdateAccessKey", set("Inactive")).await;
        let refused = alice.refused("GetCallerIdentity", json!({})).await;
        assert_eq!(refused.name, "InvalidClientTokenId");
        root.ok("UpdateAccessKey", set("Active")).await;
        alice.ok("GetCallerIdentity", json!({})).await;
        assert_eq!(root.refused("UpdateAccessKey", set("Expired")).await.name, "ValidationError");
    }

    #[tokio::test]
    async fn a_key_of_another_user_is_not_found() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        let id = root.caller().access_key_id.as_str();
        let input = json!({ "UserName": "alice", "AccessKeyId": id, "Status": "Inactive" });
        let message = format!("The Access Key with id {id} cannot be found.");
        let refused = root.refused("UpdateAccessKey", input).await;
        assert_eq!(refused, Refused::new("NoSuchEntity", message));
    }
}
