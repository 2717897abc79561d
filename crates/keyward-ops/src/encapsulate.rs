//! Encapsulate: makes a shared secret and its encapsulation to the public key of a KMS key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encapsulate.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::EncapsulationAlgorithm;
use keyward_shape::{Base64, OneOf, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, EncapsulationAlgorithmSpec, KeyIdType};
use crate::key_use::require_key_for;
use crate::shape::{GrantTokens, SecretOutput, record_dry_run};
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum Encapsulate {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    encapsulation_algorithm: OneOf<EncapsulationAlgorithm, EncapsulationAlgorithmSpec>,
    #[serde(borrow, default)]
    grant_tokens: GrantTokens<'a>,
    dry_run: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_id: String,
    shared_secret: SecretOutput,
    shared_secret_ciphertext_blob: Base64<Vec<u8>>,
    encapsulation_algorithm: EncapsulationAlgorithm,
}

impl Operation for Encapsulate {
    const NAME: &'static str = "Encapsulate";
    const KIND: Kind = Kind::Cryptographic;
    const MODEL: &'static keyward_shape::Operation = &constraints::ENCAPSULATE;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let algorithm = input.encapsulation_algorithm.into_inner();
        let target = cx.resolve(&input.key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let key = cx.authorize(target, action::Encapsulate).await?;
        require_key_for(&key, algorithm, Self::NAME)?;
        let (ciphertext, secret) = cx.encapsulate(&key).await?;
        cx.end_dry_run(input.dry_run)?;
        Ok(Output {
            key_id: key.arn.clone(),
            shared_secret: SecretOutput(secret),
            shared_secret_ciphertext_blob: Base64(ciphertext),
            encapsulation_algorithm: algorithm,
        })
    }

    fn reply_bytes_max(output: &Output) -> usize {
        512 + output.shared_secret_ciphertext_blob.0.len() * 4 / 3
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        to.text("encapsulationAlgorithm", self.encapsulation_algorithm.as_str());
        record_dry_run(to, self.dry_run);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_model::{KeySpec, KeyUsage};
    use keyward_testkit::{KeyRequest, TestApp, UNUSABLE, resource, unblob};
    use serde_json::json;

    fn request() -> KeyRequest {
        KeyRequest::new("Encapsulate", json!({ "EncapsulationAlgorithm": "ML_KEM" }))
            .of_kind(KeySpec::MlKem768, KeyUsage::EncapsulateDecapsulate)
    }

    #[tokio::test]
    async fn a_secret_has_32_bytes_and_its_encapsulation_the_length_of_the_spec() {
        let app = TestApp::new().await;
        let root = app.root();
        for (spec, bytes) in
            [(KeySpec::MlKem512, 768), (KeySpec::MlKem768, 1088), (KeySpec::MlKem1024, 1568)]
        {
            let key = root.create_key_of(spec, KeyUsage::EncapsulateDecapsulate).await;
            let input = json!({ "KeyId": key, "EncapsulationAlgorithm": "ML_KEM" });
            let mut made = root.ok("Encapsulate", input.clone()).await;
            let ciphertext = made["SharedSecretCiphertextBlob"].take();
            assert_eq!(unblob(&ciphertext).len(), bytes, "{spec}");
            let secret = made["SharedSecret"].take();
            assert_eq!(unblob(&secret).len(), 32);
            let expected = json!({
                "KeyId": root.arn(&key).await,
                "SharedSecret": null,
                "SharedSecretCiphertextBlob": null,
                "EncapsulationAlgorithm": "ML_KEM",
            });
            assert_eq!(made, expected);

            let again = root.ok("Encapsulate", input.clone()).await;
            assert_ne!(again["SharedSecret"], secret, "every call makes another secret");
            let mut opened = input;
            opened["SharedSecretCiphertextBlob"] = ciphertext;
            assert_eq!(root.ok("Decapsulate", opened).await["SharedSecret"], secret);
        }
    }

    #[tokio::test]
    async fn a_key_is_named_in_any_form() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_and_aws_managed_keys_are_denied() {
        request().is_denied_elsewhere("kms:Encapsulate").await;
        request().is_denied_on_aws_managed_keys("kms:Encapsulate").await;
    }

    #[tokio::test]
    async fn a_key_in_an_unusable_state_is_refused() {
        request().answers_by_state(UNUSABLE).await;
    }

    #[tokio::test]
    async fn a_dry_run_makes_nothing_and_its_record_shows_the_algorithm() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::MlKem512, KeyUsage::EncapsulateDecapsulate).await;
        let arn = root.arn(&key).await;
        let mut input = json!({ "KeyId": key, "EncapsulationAlgorithm": "ML_KEM" });
        root.ok("Encapsulate", input.clone()).await;
        let mut expected = json!({
            "requestParameters": { "keyId": key, "encapsulationAlgorithm": "ML_KEM" },
            "responseElements": null,
            "readOnly": true,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);

        input["DryRun"] = json!(true);
        let refused = root.refused("Encapsulate", input.clone()).await;
        assert_eq!(refused.name, "DryRunOperationException");
        expected["requestParameters"]["dryRun"] = json!(true);
        expected["errorCode"] = json!(refused.name);
        expected["errorMessage"] = json!(refused.message());
        assert_eq!(app.recorded(), expected);
        input["GrantTokens"] = json!(["none"]);
        let refused = root.refused("Encapsulate", input).await;
        assert_eq!(refused.name, "InvalidGrantTokenException");
    }
}
