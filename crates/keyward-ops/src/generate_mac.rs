//! GenerateMac: computes the hash-based message authentication code of a message.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateMac.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::MacAlgorithm;
use keyward_shape::{Base64, OneOf, SecretBlob, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, KeyIdType, MacAlgorithmSpec, PlaintextType};
use crate::key_use::require_key_for;
use crate::shape::{GrantTokens, record_dry_run};
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum GenerateMac {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    message: SecretBlob<PlaintextType>,
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    mac_algorithm: OneOf<MacAlgorithm, MacAlgorithmSpec>,
    #[serde(borrow, default)]
    grant_tokens: GrantTokens<'a>,
    dry_run: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    mac: Base64<Vec<u8>>,
    mac_algorithm: MacAlgorithm,
    key_id: String,
}

impl Operation for GenerateMac {
    const NAME: &'static str = "GenerateMac";
    const KIND: Kind = Kind::Cryptographic;
    const MODEL: &'static keyward_shape::Operation = &constraints::GENERATE_MAC;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let algorithm = input.mac_algorithm.into_inner();
        let target = cx.resolve(&input.key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let asked = action::GenerateMac { algorithm };
        let key = cx.authorize(target, asked).await?;
        require_key_for(&key, algorithm, Self::NAME)?;
        let mac = cx.mac(&key, input.message.expose())?;
        cx.end_dry_run(input.dry_run)?;
        Ok(Output { mac: Base64(mac), mac_algorithm: algorithm, key_id: key.arn.clone() })
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
    use keyward_testkit::{KeyRequest, Refused, TestApp, UNUSABLE, blob, resource, unblob};
    use serde_json::json;

    fn request() -> KeyRequest {
        let input = json!({ "Message": blob("message"), "MacAlgorithm": "HMAC_SHA_384" });
        KeyRequest::new("GenerateMac", input).of_kind(KeySpec::Hmac384, KeyUsage::GenerateVerifyMac)
    }

    #[tokio::test]
    async fn a_code_is_whole_and_every_spec_has_one_algorithm() {
        let app = TestApp::new().await;
        let root = app.root();
        let algorithms = [
            ("HMAC_SHA_224", KeySpec::Hmac224, 28),
            ("HMAC_SHA_256", KeySpec::Hmac256, 32),
            ("HMAC_SHA_384", KeySpec::Hmac384, 48),
            ("HMAC_SHA_512", KeySpec::Hmac512, 64),
        ];
        for (_, spec, _) in algorithms {
            let key = root.create_key_of(spec, KeyUsage::GenerateVerifyMac).await;
            for (algorithm, of, len) in algorithms {
                let input =
                    json!({ "KeyId": key, "Message": blob("message"), "MacAlgorithm": algorithm });
                let result = root.call("GenerateMac", input.clone()).await;
                if of != spec {
                    let message =
                        format!("Algorithm {algorithm} is incompatible with key spec {spec}.");
                    assert_eq!(result, Err(Refused::new("InvalidKeyUsageException", message)));
                    continue;
                }
                let mut reply = result.unwrap();
                assert_eq!(unblob(&reply["Mac"]).len(), len);
                assert_eq!(root.ok("GenerateMac", input).await, reply, "it is the same again");
                reply["Mac"].take();
                let arn = root.arn(&key).await;
                let expected = json!({ "KeyId": arn, "Mac": null, "MacAlgorithm": algorithm });
                assert_eq!(reply, expected);
            }
        }
    }

    #[tokio::test]
    async fn a_message_has_1_to_4096_bytes_and_is_never_shown() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac).await;
        let with = |length| {
            let message = blob(vec![7; length]);
            json!({ "KeyId": key, "Message": message, "MacAlgorithm": "HMAC_SHA_256" })
        };
        root.ok("GenerateMac", with(4096)).await;
        for (length, rule) in
            [(0, "greater than or equal to 1"), (4097, "less than or equal to 4096")]
        {
            let clause = format!(
                "at 'message' failed to satisfy constraint: Member must have length {rule}"
            );
            let refused = root.refused("GenerateMac", with(length)).await;
            assert_eq!(refused, Refused::constraint(&clause));
        }
    }

    #[tokio::test]
    async fn a_key_is_named_in_any_form() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_and_aws_managed_keys_are_denied() {
        request().is_denied_elsewhere("kms:GenerateMac").await;
        request().is_denied_on_aws_managed_keys("kms:GenerateMac").await;
    }

    #[tokio::test]
    async fn a_key_in_an_unusable_state_is_refused() {
        request().answers_by_state(UNUSABLE).await;
    }

    #[tokio::test]
    async fn a_dry_run_checks_everything_and_shows_no_code() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac).await;
        let mut input = json!({
            "KeyId": key,
            "Message": blob("message"),
            "MacAlgorithm": "HMAC_SHA_256",
            "DryRun": true,
        });
        let refused = root.refused("GenerateMac", input.clone()).await;
        assert_eq!(refused.name, "DryRunOperationException");
        input["MacAlgorithm"] = json!("HMAC_SHA_512");
        let refused = root.refused("GenerateMac", input).await;
        assert_eq!(refused.name, "InvalidKeyUsageException");
    }

    #[tokio::test]
    async fn a_grant_token_that_is_not_valid_is_refused() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac).await;
        let input = json!({
            "KeyId": key,
            "Message": "AAAA",
            "MacAlgorithm": "HMAC_SHA_256",
            "GrantTokens": ["none"],
        });
        assert_eq!(root.refused("GenerateMac", input).await.name, "InvalidGrantTokenException");
    }

    #[tokio::test]
    async fn the_record_shows_neither_message_nor_code() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::Hmac224, KeyUsage::GenerateVerifyMac).await;
        let arn = root.arn(&key).await;
        let input =
            json!({ "KeyId": key, "Message": blob("message"), "MacAlgorithm": "HMAC_SHA_224" });
        root.ok("GenerateMac", input).await;
        let expected = json!({
            "requestParameters": { "macAlgorithm": "HMAC_SHA_224", "keyId": key },
            "responseElements": null,
            "readOnly": true,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
    }
}
