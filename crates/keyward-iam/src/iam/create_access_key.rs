//! CreateAccessKey: makes an access key for a user, or for the caller. Its secret is shown once.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_crypto::SigningSecret;
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::{CredentialStatus, Precondition, Write};
use serde::{Deserialize, Serialize, Serializer};

use super::access_key::{ACCESS_KEYS_MAX, owner_name, status_word};
use super::action;
use super::constraints::{self, ExistingUserNameType};
use super::shape::record_text;
use super::subject::authorize_subject;
use crate::shape::Date;

/// The operation.
pub(crate) enum CreateAccessKey {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    user_name: Option<Text<'a, ExistingUserNameType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    access_key: Created,
}

/// `AccessKey`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Created {
    user_name: String,
    access_key_id: String,
    status: &'static str,
    secret_access_key: ShownSecret,
    create_date: Date,
}

/// A secret access key that the API defines as output: the one place where it becomes text.
struct ShownSecret(SigningSecret);

impl Serialize for ShownSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Made of base64 characters, so always text.
        let text = std::str::from_utf8(self.0.expose()).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(text)
    }
}

impl Operation for CreateAccessKey {
    const NAME: &'static str = "CreateAccessKey";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::CREATE_ACCESS_KEY;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let name = input.user_name.as_deref();
        let (proof, subject) = authorize_subject::<action::CreateAccessKey>(cx, name).await?;
        let owner = subject.owner()?;
        subject.require_unchanged(cx);
        let account = cx.caller().account;
        cx.require(Precondition::CredentialsBelow(account, owner.clone(), ACCESS_KEYS_MAX));
        let (record, secret) = cx.new_access_key(&proof, owner)?;
        let access_key = Created {
            user_name: owner_name(&subject).to_owned(),
            access_key_id: record.access_key_id.to_string(),
            status: status_word(CredentialStatus::Active),
            secret_access_key: ShownSecret(secret),
            create_date: Date(record.created_at),
        };
        cx.stage_in_account(&proof, [Write::PutCredential(record)]);
        Ok(Output { access_key })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "userName", self.user_name.as_ref());
    }
}

/// Everything but the secret.
impl Recorded for Output {
    fn record(&self, to: &mut JsonObject<'_>) {
        let key = &self.access_key;
        to.object("accessKey", |to| {
            to.text("userName", &key.user_name);
            to.text("accessKeyId", &key.access_key_id);
            to.text("status", key.status);
            key.create_date.record(to, "createDate");
        });
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    #[tokio::test]
    async fn a_user_signs_with_its_access_key_and_policies_decide() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        let reply = root.ok("CreateAccessKey", json!({ "UserName": "alice" })).await;
        let key = &reply["AccessKey"];
        assert_eq!((&key["UserName"], &key["Status"]), (&json!("alice"), &json!("Active")));
        assert_eq!(key["SecretAccessKey"].as_str().unwrap().len(), 40);
        let alice = root.signing_with(key);
        let identity = alice.ok("GetCallerIdentity", json!({})).await;
        assert_eq!(identity["Arn"], "arn:aws:iam::111122223333:user/alice");

        assert_eq!(alice.refused("ListKeys", json!({})).await.name, "AccessDeniedException");
        let arn = "arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser";
        let attachment = json!({ "UserName": "alice", "PolicyArn": arn });
        root.ok("AttachUserPolicy", attachment.clone()).await;
        alice.ok("ListKeys", json!({})).await;
        root.ok("DetachUserPolicy", attachment).await;
        assert_eq!(alice.refused("ListKeys", json!({})).await.name, "AccessDeniedException");
    }

    #[tokio::test]
    async fn a_user_and_the_root_user_have_at_most_two() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        for (input, already) in [(json!({ "UserName": "alice" }), 0), (json!({}), 1)] {
            for _ in already..2 {
                root.ok("CreateAccessKey", input.clone()).await;
            }
            let message = "Cannot exceed quota for AccessKeysPerUser: 2";
            let refused = root.refused("CreateAccessKey", input).await;
            assert_eq!(refused, Refused::new("LimitExceeded", message));
        }
    }

    #[tokio::test]
    async fn the_record_shows_the_key_and_not_its_secret() {
        let app = TestApp::new().await;
        let reply = app.root().ok("CreateAccessKey", json!({})).await;
        let record = app.last_record();
        let shown = &record["responseElements"]["accessKey"];
        assert_eq!(shown["accessKeyId"], reply["AccessKey"]["AccessKeyId"]);
        assert_eq!(shown["status"], "Active");
        let secret = reply["AccessKey"]["SecretAccessKey"].as_str().unwrap();
        assert!(!record.to_string().contains(secret));
    }
}
