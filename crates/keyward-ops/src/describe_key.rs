//! DescribeKey: what there is to know about a key but its material.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, ErrorCode, KeyMetadata, Kind, OpError, Operation};
use keyward_model::{AliasName, KeyRef};
use keyward_policy::find_aws_managed_service;
use keyward_shape::Text;
use serde::{Deserialize, Serialize};

use crate::constraints::{self, KeyIdType};
use crate::shape::GrantTokens;
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum DescribeKey {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    #[serde(borrow, default)]
    grant_tokens: GrantTokens<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_metadata: KeyMetadata,
}

impl Operation for DescribeKey {
    const NAME: &'static str = "DescribeKey";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::DESCRIBE_KEY;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let target = match cx.resolve(&input.key_id).await {
            Err(absent) if absent.code == ErrorCode::NotFound => {
                return describe_predefined(cx, &input, absent).await;
            }
            resolved => resolved?,
        };
        // WIRE: the model of DescribeKey does not know this refusal.
        // Evidence: docs/WIRE.md, "Errors beside the model".
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let key = cx.authorize(target, action::DescribeKey).await?;
        Ok(Output { key_metadata: KeyMetadata::of(cx.engine(), &key) })
    }

    fn reply_bytes_max(_: &Output) -> usize {
        4096
    }
}

/// Describing the predefined alias of a known service makes its AWS managed key appear.
async fn describe_predefined(
    cx: &mut Cx,
    input: &Input<'_>,
    absent: OpError,
) -> Result<Output, OpError> {
    let Some(alias) = own_alias(cx, &input.key_id) else { return Err(absent) };
    let service = alias.reserved_for().and_then(find_aws_managed_service);
    let Some(service) = service else { return Err(absent) };
    grant_tokens::require_valid(cx, &input.grant_tokens).await?;
    let account = cx.authorize_account("*", action::CreateAwsManagedKey).await?;
    let record = cx.stage_aws_managed_key(&account, alias, service).await?;
    let key_metadata = KeyMetadata::of_new(cx.engine(), &record);
    cx.note_new_key(cx.engine().key_arn(&record.key));
    Ok(Output { key_metadata })
}

/// The alias of the caller's account and Region that the request names.
fn own_alias(cx: &Cx, named: &str) -> Option<AliasName> {
    match named.parse().ok()? {
        KeyRef::Alias(name) => Some(name),
        KeyRef::AliasArn(arn) => {
            let own = cx.alias_arn(arn.name.clone());
            (arn == own).then_some(arn.name)
        }
        KeyRef::Arn(_) | KeyRef::Id(_) => None,
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{KeyRequest, Refused, TestApp, resource};
    use serde_json::json;

    fn request() -> KeyRequest {
        KeyRequest::new("DescribeKey", json!({}))
    }

    #[tokio::test]
    async fn a_key_is_described_in_every_state() {
        request().answers_by_state(&[]).await;
    }

    #[tokio::test]
    async fn the_metadata_names_the_key_never_the_alias() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let by_id = root.describe(&key).await;
        root.create_alias("alias/app", &key).await;
        assert_eq!(root.describe("alias/app").await, by_id);
        assert_eq!(by_id["KeyId"], key.as_str());
        assert_eq!(by_id["Arn"], format!("arn:aws:kms:us-east-1:111122223333:key/{key}"));
    }

    #[tokio::test]
    async fn a_key_is_named_in_any_form() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_are_denied() {
        request().is_denied_elsewhere("kms:DescribeKey").await;
    }

    #[tokio::test]
    async fn describing_the_alias_of_a_service_makes_its_key_once() {
        let app = TestApp::new().await;
        let root = app.root();
        let made = root.describe("alias/aws/s3").await;
        assert_eq!(made["KeyManager"], "AWS");
        assert_eq!(made["KeyState"], "Enabled");
        assert_eq!(made["KeySpec"], "SYMMETRIC_DEFAULT");
        let arn = "arn:aws:kms:us-east-1:111122223333:alias/aws/s3";
        assert_eq!(root.describe(arn).await, made);
        assert_eq!(root.describe(made["KeyId"].as_str().unwrap()).await, made);
        let keys = root.ok("ListKeys", json!({})).await;
        assert_eq!(keys["Keys"].as_array().map(Vec::len), Some(1));
        let by_arn = "arn:aws:kms:us-east-1:111122223333:alias/aws/ebs";
        assert_eq!(root.describe(by_arn).await["KeyManager"], "AWS");
    }

    #[tokio::test]
    async fn no_key_is_made_for_an_alias_of_no_service_or_of_elsewhere() {
        let app = TestApp::new().await;
        let root = app.root();
        for (named, message) in [
            (
                "alias/aws/none",
                "Alias arn:aws:kms:us-east-1:111122223333:alias/aws/none is not found.",
            ),
            ("alias/aws/", "Alias arn:aws:kms:us-east-1:111122223333:alias/aws/ is not found."),
            ("arn:aws:kms:eu-central-1:111122223333:alias/aws/s3", "Invalid arn eu-central-1"),
            ("arn:aws-cn:kms:us-east-1:111122223333:alias/aws/s3", "Invalid arn us-east-1"),
        ] {
            let refused = root.refused("DescribeKey", json!({ "KeyId": named })).await;
            assert_eq!(refused, Refused::new("NotFoundException", message));
        }
        let keys = root.ok("ListKeys", json!({})).await;
        assert_eq!(keys["Keys"], json!([]));
    }

    #[tokio::test]
    async fn a_grant_token_that_is_not_valid_is_refused() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        for named in [key.as_str(), "alias/aws/s3"] {
            let input = json!({ "KeyId": named, "GrantTokens": ["none"] });
            let refused = root.refused("DescribeKey", input).await;
            assert_eq!(refused.name, "InvalidGrantTokenException");
        }
        let input = json!({ "KeyId": key, "GrantTokens": vec!["t"; 11] });
        let refused = root.refused("DescribeKey", input).await;
        assert!(refused.message().ends_with("Member must have length less than or equal to 10"));
        root.ok("DescribeKey", json!({ "KeyId": key, "GrantTokens": [] })).await;
    }

    #[tokio::test]
    async fn the_record_shows_no_metadata() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let arn = root.arn(&key).await;
        root.create_alias("alias/app", &key).await;
        root.describe("alias/app").await;
        let expected = json!({
            "requestParameters": { "keyId": "alias/app" },
            "responseElements": null,
            "readOnly": true,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
        let refused = root.refused("DescribeKey", json!({ "KeyId": "alias/none" })).await;
        let expected = json!({
            "errorCode": "NotFoundException",
            "errorMessage": refused.message(),
            "requestParameters": { "keyId": "alias/none" },
            "responseElements": null,
            "readOnly": true,
        });
        assert_eq!(app.recorded(), expected);
    }
}
