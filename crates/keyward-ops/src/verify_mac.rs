//! VerifyMac: checks the hash-based message authentication code of a message.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_VerifyMac.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::MacAlgorithm;
use keyward_shape::{Blob, OneOf, SecretBlob, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, CiphertextType, KeyIdType, MacAlgorithmSpec, PlaintextType};
use crate::key_use::require_key_for;
use crate::shape::{GrantTokens, record_dry_run};
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum VerifyMac {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    message: SecretBlob<PlaintextType>,
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    mac_algorithm: OneOf<MacAlgorithm, MacAlgorithmSpec>,
    mac: Blob<CiphertextType>,
    #[serde(borrow, default)]
    grant_tokens: GrantTokens<'a>,
    dry_run: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_id: String,
    mac_valid: bool,
    mac_algorithm: MacAlgorithm,
}

impl Operation for VerifyMac {
    const NAME: &'static str = "VerifyMac";
    const KIND: Kind = Kind::Cryptographic;
    const MODEL: &'static keyward_shape::Operation = &constraints::VERIFY_MAC;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let algorithm = input.mac_algorithm.into_inner();
        let target = cx.resolve(&input.key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let asked = action::VerifyMac { algorithm };
        let key = cx.authorize(target, asked).await?;
        require_key_for(&key, algorithm, Self::NAME)?;
        cx.verify_mac(&key, input.message.expose(), &input.mac)?;
        cx.end_dry_run(input.dry_run)?;
        Ok(Output {
            key_id: key.arn.clone(),
            // WIRE: never false; a code that does not match is an error.
            // Evidence: docs/WIRE.md, "Signatures and codes that do not match".
            mac_valid: true,
            mac_algorithm: algorithm,
        })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("macAlgorithm", self.mac_algorithm.as_str());
        to.text("keyId", &self.key_id);
        record_dry_run(to, self.dry_run);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_model::{KeySpec, KeyUsage};
    use keyward_testkit::{Client, KeyRequest, Refused, TestApp, UNUSABLE, blob, resource, unblob};
    use serde_json::{Value, json};

    /// A sound request but for the key.
    async fn input(root: &Client, key: &str) -> Value {
        let mut input = json!({ "Message": blob("message"), "MacAlgorithm": "HMAC_SHA_256" });
        let mut made = input.clone();
        made["KeyId"] = json!(key);
        input["Mac"] = root.ok("GenerateMac", made).await["Mac"].take();
        input
    }

    fn request() -> KeyRequest {
        KeyRequest::new("VerifyMac", Value::Null)
            .of_kind(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac)
            .prepared(|root, key| Box::pin(input(root, key)))
    }

    async fn app_and_input() -> (TestApp, Value) {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac).await;
        let mut input = input(&root, &key).await;
        input["KeyId"] = json!(key);
        (app, input)
    }

    #[tokio::test]
    async fn a_code_matches_its_message_whole_and_exact() {
        let (app, mut input) = app_and_input().await;
        let root = app.root();
        let expected = json!({
            "KeyId": root.arn(input["KeyId"].as_str().unwrap()).await,
            "MacValid": true,
            "MacAlgorithm": "HMAC_SHA_256",
        });
        assert_eq!(root.ok("VerifyMac", input.clone()).await, expected);
        let mac = unblob(&input["Mac"]);
        let mut altered = mac.clone();
        altered[31] ^= 1;
        let longer = [mac.as_slice(), &[0]].concat();
        for mac in [&altered, &mac[..31], &longer, &mac[..1], &[0; 6144]] {
            input["Mac"] = json!(blob(mac));
            let refused = root.refused("VerifyMac", input.clone()).await;
            assert_eq!(refused, Refused::silent("KMSInvalidMacException"));
        }
        (input["Mac"], input["Message"]) = (json!(blob(mac)), json!(blob("another message")));
        let refused = root.refused("VerifyMac", input).await;
        assert_eq!(refused, Refused::silent("KMSInvalidMacException"));
    }

    #[tokio::test]
    async fn a_code_has_1_to_6144_bytes() {
        let (app, mut input) = app_and_input().await;
        for (bytes, rule) in
            [(0, "greater than or equal to 1"), (6145, "less than or equal to 6144")]
        {
            input["Mac"] = json!(blob(vec![7; bytes]));
            let refused = app.root().refused("VerifyMac", input.clone()).await;
            let message = refused.message();
            assert!(message.contains("'mac' failed to satisfy constraint"), "{message}");
            assert!(message.ends_with(&format!("Member must have length {rule}")), "{message}");
        }
    }

    #[tokio::test]
    async fn a_key_is_named_in_any_form() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_and_aws_managed_keys_are_denied() {
        request().is_denied_elsewhere("kms:VerifyMac").await;
        request().is_denied_on_aws_managed_keys("kms:VerifyMac").await;
    }

    #[tokio::test]
    async fn a_key_in_an_unusable_state_is_refused() {
        request().answers_by_state(UNUSABLE).await;
    }

    #[tokio::test]
    async fn an_algorithm_of_another_spec_is_refused_before_the_code_is_compared() {
        let (app, mut input) = app_and_input().await;
        input["MacAlgorithm"] = json!("HMAC_SHA_384");
        let refused = app.root().refused("VerifyMac", input).await;
        let message = "Algorithm HMAC_SHA_384 is incompatible with key spec HMAC_256.";
        assert_eq!(refused, Refused::new("InvalidKeyUsageException", message));
    }

    #[tokio::test]
    async fn a_dry_run_tells_of_a_wrong_code_first() {
        let (app, mut input) = app_and_input().await;
        input["DryRun"] = json!(true);
        let refused = app.root().refused("VerifyMac", input.clone()).await;
        assert_eq!(refused.name, "DryRunOperationException");
        input["Message"] = json!(blob("another message"));
        let refused = app.root().refused("VerifyMac", input).await;
        assert_eq!(refused, Refused::silent("KMSInvalidMacException"));
    }

    #[tokio::test]
    async fn the_record_of_a_wrong_code_has_its_error_and_no_code() {
        let (app, mut input) = app_and_input().await;
        let root = app.root();
        let arn = root.arn(input["KeyId"].as_str().unwrap()).await;
        let mut expected = json!({
            "requestParameters": { "macAlgorithm": "HMAC_SHA_256", "keyId": input["KeyId"] },
            "responseElements": null,
            "readOnly": true,
            "resources": [resource(&arn)],
        });
        root.ok("VerifyMac", input.clone()).await;
        assert_eq!(app.recorded(), expected);
        input["Message"] = json!(blob("another message"));
        root.refused("VerifyMac", input).await;
        expected["errorCode"] = json!("KMSInvalidMacException");
        assert_eq!(app.recorded(), expected);
    }
}
