//! Verify: checks a signature with the public key of an asymmetric KMS key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Verify.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::{MessageType, SigningAlgorithm};
use keyward_shape::{Blob, OneOf, SecretBlob, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, CiphertextType, KeyIdType, PlaintextType, SigningAlgorithmSpec};
use crate::key_use::require_key_for;
use crate::shape::{GrantTokens, record_dry_run};
use crate::signing::{record_message_type, signed_message};
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum Verify {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    message: SecretBlob<PlaintextType>,
    message_type: Option<OneOf<MessageType, constraints::MessageType>>,
    signature: Blob<CiphertextType>,
    signing_algorithm: OneOf<SigningAlgorithm, SigningAlgorithmSpec>,
    #[serde(borrow, default)]
    grant_tokens: GrantTokens<'a>,
    dry_run: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_id: String,
    signature_valid: bool,
    signing_algorithm: SigningAlgorithm,
}

impl Operation for Verify {
    const NAME: &'static str = "Verify";
    const KIND: Kind = Kind::Cryptographic;
    const MODEL: &'static keyward_shape::Operation = &constraints::VERIFY;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let algorithm = input.signing_algorithm.into_inner();
        let message_type = input.message_type.map_or(MessageType::Raw, OneOf::into_inner);
        let target = cx.resolve(&input.key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let asked = action::Verify { algorithm, message_type };
        let key = cx.authorize(target, asked).await?;
        require_key_for(&key, algorithm, Self::NAME)?;
        let message = signed_message(&key, algorithm, message_type, input.message)?;
        cx.verify(&key, algorithm, message, input.signature.into_vec()).await?;
        cx.end_dry_run(input.dry_run)?;
        Ok(Output {
            key_id: key.arn.clone(),
            // WIRE: never false; a signature that is not valid is an error.
            // Evidence: docs/WIRE.md, "Signatures and codes that do not match".
            signature_valid: true,
            signing_algorithm: algorithm,
        })
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
    use keyward_testkit::{Client, KeyRequest, Refused, TestApp, UNUSABLE, blob, resource, unblob};
    use serde_json::{Value, json};

    /// SHA-256 of `message`.
    const DIGEST: &str = "q1MKE+RZFJgrefm34/uplM/R8/si9xzqGvvwK0YMbR0=";

    /// A sound request but for the key.
    async fn input(root: &Client, key: &str) -> Value {
        let mut input = json!({ "Message": blob("message"), "SigningAlgorithm": "ECDSA_SHA_256" });
        let mut signed = input.clone();
        signed["KeyId"] = json!(key);
        input["Signature"] = root.ok("Sign", signed).await["Signature"].take();
        input
    }

    fn request() -> KeyRequest {
        KeyRequest::new("Verify", Value::Null)
            .of_kind(KeySpec::EccNistP256, KeyUsage::SignVerify)
            .prepared(|root, key| Box::pin(input(root, key)))
    }

    async fn app_and_input() -> (TestApp, Value) {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::EccNistP256, KeyUsage::SignVerify).await;
        let mut input = input(&root, &key).await;
        input["KeyId"] = json!(key);
        (app, input)
    }

    #[tokio::test]
    async fn a_signature_is_valid_for_its_message_or_the_digest_of_it() {
        let (app, mut input) = app_and_input().await;
        let root = app.root();
        let expected = json!({
            "KeyId": root.arn(input["KeyId"].as_str().unwrap()).await,
            "SignatureValid": true,
            "SigningAlgorithm": "ECDSA_SHA_256",
        });
        assert_eq!(root.ok("Verify", input.clone()).await, expected);
        (input["Message"], input["MessageType"]) = (json!(DIGEST), json!("DIGEST"));
        assert_eq!(root.ok("Verify", input.clone()).await, expected);
        input["MessageType"] = json!("RAW");
        let refused = root.refused("Verify", input).await;
        assert_eq!(refused, Refused::silent("KMSInvalidSignatureException"));
    }

    #[tokio::test]
    async fn a_signature_that_is_none_is_as_invalid_as_a_wrong_one() {
        let (app, mut input) = app_and_input().await;
        let root = app.root();
        let signature = unblob(&input["Signature"]);
        let mut altered = signature.clone();
        *altered.last_mut().unwrap() ^= 1;
        let longer = [signature.as_slice(), &[0]].concat();
        let shorter = &signature[..signature.len() - 1];
        // High s is as valid as low s, but zero is neither.
        let zero = [0x30, 6, 2, 1, 0, 2, 1, 0];
        for signature in [&altered, shorter, &longer, &zero, &[0; 1], &[7; 64], &[0x30; 6144]] {
            input["Signature"] = json!(blob(signature));
            let refused = root.refused("Verify", input.clone()).await;
            assert_eq!(refused, Refused::silent("KMSInvalidSignatureException"));
        }
        for (bytes, rule) in
            [(0, "greater than or equal to 1"), (6145, "less than or equal to 6144")]
        {
            input["Signature"] = json!(blob(vec![7; bytes]));
            let refused = root.refused("Verify", input.clone()).await;
            let message = refused.message();
            assert!(message.contains("'signature' failed to satisfy constraint"), "{message}");
            assert!(message.ends_with(&format!("Member must have length {rule}")), "{message}");
        }
    }

    #[tokio::test]
    async fn another_key_did_not_sign() {
        let (app, mut input) = app_and_input().await;
        let root = app.root();
        let other = root.create_key_of(KeySpec::EccNistP256, KeyUsage::SignVerify).await;
        input["KeyId"] = json!(other);
        let refused = root.refused("Verify", input).await;
        assert_eq!(refused, Refused::silent("KMSInvalidSignatureException"));
    }

    #[tokio::test]
    async fn a_key_is_named_in_any_form() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_and_aws_managed_keys_are_denied() {
        request().is_denied_elsewhere("kms:Verify").await;
        request().is_denied_on_aws_managed_keys("kms:Verify").await;
    }

    #[tokio::test]
    async fn a_key_in_an_unusable_state_is_refused() {
        request().answers_by_state(UNUSABLE).await;
    }

    #[tokio::test]
    async fn a_dry_run_tells_of_a_wrong_signature_first() {
        let (app, mut input) = app_and_input().await;
        let root = app.root();
        input["DryRun"] = json!(true);
        let refused = root.refused("Verify", input.clone()).await;
        assert_eq!(refused.name, "DryRunOperationException");
        input["Message"] = json!(blob("another message"));
        let refused = root.refused("Verify", input.clone()).await;
        assert_eq!(refused, Refused::silent("KMSInvalidSignatureException"));
        app.put_in_state(input["KeyId"].as_str().unwrap(), KeyState::Disabled).await;
        assert_eq!(root.refused("Verify", input).await.name, "DisabledException");
    }

    #[tokio::test]
    async fn the_record_of_a_wrong_signature_has_its_code_and_no_signature() {
        let (app, mut input) = app_and_input().await;
        let root = app.root();
        let arn = root.arn(input["KeyId"].as_str().unwrap()).await;
        input["MessageType"] = json!("RAW");
        let mut expected = json!({
            "requestParameters": {
                "messageType": "RAW",
                "keyId": input["KeyId"],
                "signingAlgorithm": "ECDSA_SHA_256",
            },
            "responseElements": null,
            "readOnly": true,
            "resources": [resource(&arn)],
        });
        root.ok("Verify", input.clone()).await;
        assert_eq!(app.recorded(), expected);
        input["Message"] = json!(blob("another message"));
        root.refused("Verify", input).await;
        expected["errorCode"] = json!("KMSInvalidSignatureException");
        assert_eq!(app.recorded(), expected);
    }
}
