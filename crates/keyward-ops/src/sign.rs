//! Sign: signs a message, or its digest, with an asymmetric KMS key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::{MessageType, SigningAlgorithm};
use keyward_shape::{Base64, OneOf, SecretBlob, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, KeyIdType, PlaintextType, SigningAlgorithmSpec};
use crate::key_use::require_key_for;
use crate::shape::{GrantTokens, record_dry_run};
use crate::signing::{record_message_type, signed_message};
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum Sign {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    message: SecretBlob<PlaintextType>,
    message_type: Option<OneOf<MessageType, constraints::MessageType>>,
    #[serde(borrow, default)]
    grant_tokens: GrantTokens<'a>,
    signing_algorithm: OneOf<SigningAlgorithm, SigningAlgorithmSpec>,
    dry_run: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_id: String,
    signature: Base64<Vec<u8>>,
    signing_algorithm: SigningAlgorithm,
}

impl Operation for Sign {
    const NAME: &'static str = "Sign";
    const KIND: Kind = Kind::Cryptographic;
    const MODEL: &'static keyward_shape::Operation = &constraints::SIGN;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let algorithm = input.signing_algorithm.into_inner();
        let message_type = input.message_type.map_or(MessageType::Raw, OneOf::into_inner);
        let target = cx.resolve(&input.key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let asked = action::Sign { algorithm, message_type };
        let key = cx.authorize(target, asked).await?;
        require_key_for(&key, algorithm, Self::NAME)?;
        let message = signed_message(&key, algorithm, message_type, input.message)?;
        let signature = cx.sign(&key, algorithm, message).await?;
        cx.end_dry_run(input.dry_run)?;
        Ok(Output {
            key_id: key.arn.clone(),
            signature: Base64(signature),
            signing_algorithm: algorithm,
        })
    }

    fn reply_bytes_max(output: &Output) -> usize {
        512 + output.signature.0.len() * 4 / 3
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_message_type(to, self.message_type);
        to.text("keyId", &self.key_id);
        to.text("signingAlgorithm", self.signing_algorithm.as_str());
        record_dry_run(to, self.dry_run);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_model::{KeySpec, KeyState, KeyUsage};
    use keyward_testkit::{KeyRequest, Refused, TestApp, UNUSABLE, blob, resource, unblob};
    use serde_json::json;

    fn request() -> KeyRequest {
        let input = json!({ "Message": blob("message"), "SigningAlgorithm": "ECDSA_SHA_256" });
        KeyRequest::new("Sign", input).of_kind(KeySpec::EccNistP256, KeyUsage::SignVerify)
    }

    #[tokio::test]
    async fn a_signature_is_one_of_the_message_under_the_keys_arn() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::EccNistP384, KeyUsage::SignVerify).await;
        let input = json!({
            "KeyId": key,
            "Message": blob("message"),
            "SigningAlgorithm": "ECDSA_SHA_384",
        });
        let mut signed = root.ok("Sign", input.clone()).await;
        let expected = json!({
            "KeyId": root.arn(&key).await,
            "Signature": signed["Signature"],
            "SigningAlgorithm": "ECDSA_SHA_384",
        });
        assert_eq!(signed, expected);
        assert_eq!(unblob(&signed["Signature"])[0], 0x30, "a DER sequence");

        let mut verified = input;
        verified["Signature"] = signed["Signature"].take();
        root.ok("Verify", verified).await;
    }

    #[tokio::test]
    async fn a_message_has_1_to_4096_bytes_and_is_never_shown() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::EccNistP256, KeyUsage::SignVerify).await;
        let with = |message: &[u8]| {
            json!({
                "KeyId": key,
                "Message": blob(message),
                "SigningAlgorithm": "ECDSA_SHA_256",
            })
        };
        root.ok("Sign", with(&[7; 4096])).await;
        root.ok("Sign", with(&[7])).await;
        for (length, rule) in
            [(0, "greater than or equal to 1"), (4097, "less than or equal to 4096")]
        {
            let clause = format!(
                "at 'message' failed to satisfy constraint: Member must have length {rule}"
            );
            let refused = root.refused("Sign", with(&vec![7; length])).await;
            assert_eq!(refused, Refused::constraint(&clause));
        }
    }

    #[tokio::test]
    async fn an_algorithm_must_be_named() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::EccNistP256, KeyUsage::SignVerify).await;
        let refused = root.refused("Sign", json!({ "KeyId": key, "Message": "AAAA" })).await;
        let clause =
            "null at 'signingAlgorithm' failed to satisfy constraint: Member must not be null";
        assert_eq!(refused, Refused::constraint(clause));
    }

    #[tokio::test]
    async fn a_key_is_named_in_any_form() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_and_aws_managed_keys_are_denied() {
        request().is_denied_elsewhere("kms:Sign").await;
        request().is_denied_on_aws_managed_keys("kms:Sign").await;
    }

    #[tokio::test]
    async fn a_key_in_an_unusable_state_is_refused() {
        request().answers_by_state(UNUSABLE).await;
    }

    #[tokio::test]
    async fn state_usage_algorithm_and_message_are_checked_in_this_order() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::Rsa2048, KeyUsage::EncryptDecrypt).await;
        let arn = root.arn(&key).await;
        let with = |key: &str, algorithm: &str, message_type: &str| {
            json!({
                "KeyId": key,
                "Message": blob("message"),
                "MessageType": message_type,
                "SigningAlgorithm": algorithm,
            })
        };
        let refused = root.refused("Sign", with(&key, "ECDSA_SHA_256", "DIGEST")).await;
        let message = format!("{arn} key usage is ENCRYPT_DECRYPT which is not valid for Sign.");
        assert_eq!(refused, Refused::new("InvalidKeyUsageException", message));
        root.disable(&key).await;
        let refused = root.refused("Sign", with(&key, "ECDSA_SHA_256", "DIGEST")).await;
        assert_eq!(refused.name, "DisabledException");

        let key = root.create_key_of(KeySpec::MlDsa44, KeyUsage::SignVerify).await;
        let refused = root.refused("Sign", with(&key, "ECDSA_SHA_256", "DIGEST")).await;
        let message = "Algorithm ECDSA_SHA_256 is incompatible with key spec ML_DSA_44.";
        assert_eq!(refused, Refused::new("InvalidKeyUsageException", message));
        let refused = root.refused("Sign", with(&key, "ML_DSA_SHAKE_256", "DIGEST")).await;
        let message = "Message type DIGEST is incompatible with key spec ML_DSA_44.";
        assert_eq!(refused, Refused::new("ValidationException", message));
    }

    #[tokio::test]
    async fn a_grant_token_that_is_not_valid_is_refused() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::EccNistP256, KeyUsage::SignVerify).await;
        let input = json!({
            "KeyId": key,
            "Message": "AAAA",
            "SigningAlgorithm": "ECDSA_SHA_256",
            "GrantTokens": ["none"],
        });
        assert_eq!(root.refused("Sign", input).await.name, "InvalidGrantTokenException");
    }

    #[tokio::test]
    async fn a_dry_run_checks_everything_and_shows_no_signature() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::EccNistP256, KeyUsage::SignVerify).await;
        let arn = root.arn(&key).await;
        let mut input = json!({
            "KeyId": key,
            "Message": blob("message"),
            "SigningAlgorithm": "ECDSA_SHA_256",
            "DryRun": true,
        });
        let message = "The request would have succeeded, but the DryRun option is set.";
        let refused = root.refused("Sign", input.clone()).await;
        assert_eq!(refused, Refused::new("DryRunOperationException", message));
        let expected = json!({
            "errorCode": "DryRunOperationException",
            "errorMessage": message,
            "requestParameters": {
                "keyId": key,
                "signingAlgorithm": "ECDSA_SHA_256",
                "dryRun": true,
            },
            "responseElements": null,
            "readOnly": true,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
        input["MessageType"] = json!("DIGEST");
        assert_eq!(root.refused("Sign", input.clone()).await.name, "ValidationException");
        app.put_in_state(&key, KeyState::Disabled).await;
        assert_eq!(root.refused("Sign", input).await.name, "DisabledException");
    }

    #[tokio::test]
    async fn the_record_shows_the_message_type_if_it_was_sent_and_no_message() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::EccNistEdwards25519, KeyUsage::SignVerify).await;
        let input = json!({
            "KeyId": key,
            "Message": blob("message"),
            "MessageType": "RAW",
            "SigningAlgorithm": "ED25519_SHA_512",
        });
        let arn = root.arn(&key).await;
        root.ok("Sign", input).await;
        let expected = json!({
            "requestParameters": {
                "messageType": "RAW",
                "keyId": key,
                "signingAlgorithm": "ED25519_SHA_512",
            },
            "responseElements": null,
            "readOnly": true,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
    }
}
