//! Decapsulate: recovers the shared secret of an encapsulation.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decapsulate.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::EncapsulationAlgorithm;
use keyward_shape::{Blob, OneOf, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, CiphertextType, EncapsulationAlgorithmSpec, KeyIdType};
use crate::key_use::require_key_for;
use crate::shape::{GrantTokens, SecretOutput, record_dry_run};
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum Decapsulate {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    shared_secret_ciphertext_blob: Blob<CiphertextType>,
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
    encapsulation_algorithm: EncapsulationAlgorithm,
}

impl Operation for Decapsulate {
    const NAME: &'static str = "Decapsulate";
    const KIND: Kind = Kind::Cryptographic;
    const MODEL: &'static keyward_shape::Operation = &constraints::DECAPSULATE;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let algorithm = input.encapsulation_algorithm.into_inner();
        let target = cx.resolve(&input.key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let key = cx.authorize(target, action::Decapsulate).await?;
        require_key_for(&key, algorithm, Self::NAME)?;
        let ciphertext = input.shared_secret_ciphertext_blob.into_vec();
        let secret = cx.decapsulate(&key, ciphertext).await?;
        cx.end_dry_run(input.dry_run)?;
        Ok(Output {
            key_id: key.arn.clone(),
            shared_secret: SecretOutput(secret),
            encapsulation_algorithm: algorithm,
        })
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
    use keyward_testkit::{Client, KeyRequest, Refused, TestApp, UNUSABLE, blob, resource, unblob};
    use serde_json::{Value, json};

    async fn encapsulated(root: &Client, key: &str) -> Value {
        let input = json!({ "KeyId": key, "EncapsulationAlgorithm": "ML_KEM" });
        root.ok("Encapsulate", input).await
    }

    /// A sound request but for the key.
    async fn input(root: &Client, key: &str) -> Value {
        let mut made = encapsulated(root, key).await;
        json!({
            "EncapsulationAlgorithm": "ML_KEM",
            "SharedSecretCiphertextBlob": made["SharedSecretCiphertextBlob"].take(),
        })
    }

    fn request() -> KeyRequest {
        KeyRequest::new("Decapsulate", Value::Null)
            .of_kind(KeySpec::MlKem512, KeyUsage::EncapsulateDecapsulate)
            .prepared(|root, key| Box::pin(input(root, key)))
    }

    const SPECS: [(KeySpec, usize); 3] =
        [(KeySpec::MlKem512, 768), (KeySpec::MlKem768, 1088), (KeySpec::MlKem1024, 1568)];

    #[tokio::test]
    async fn a_defect_gives_another_secret_and_always_the_same() {
        let app = TestApp::new().await;
        let root = app.root();
        for (spec, bytes) in SPECS {
            let key = root.create_key_of(spec, KeyUsage::EncapsulateDecapsulate).await;
            let made = encapsulated(&root, &key).await;
            let mut input = json!({
                "KeyId": key,
                "EncapsulationAlgorithm": "ML_KEM",
                "SharedSecretCiphertextBlob": made["SharedSecretCiphertextBlob"],
            });
            let opened = root.ok("Decapsulate", input.clone()).await;
            let expected = json!({
                "KeyId": root.arn(&key).await,
                "SharedSecret": made["SharedSecret"],
                "EncapsulationAlgorithm": "ML_KEM",
            });
            assert_eq!(opened, expected);

            let mut altered = unblob(&made["SharedSecretCiphertextBlob"]);
            altered[bytes - 1] ^= 1;
            for ciphertext in [altered, vec![0; bytes], vec![0xff; bytes]] {
                input["SharedSecretCiphertextBlob"] = json!(blob(ciphertext));
                let rejected = root.ok("Decapsulate", input.clone()).await;
                assert_eq!(unblob(&rejected["SharedSecret"]).len(), 32);
                assert_ne!(rejected["SharedSecret"], made["SharedSecret"], "{spec}");
                assert_eq!(root.ok("Decapsulate", input.clone()).await, rejected);
            }
        }
    }

    #[tokio::test]
    async fn only_the_length_of_the_spec_is_taken() {
        let app = TestApp::new().await;
        let root = app.root();
        for (spec, bytes) in SPECS {
            let key = root.create_key_of(spec, KeyUsage::EncapsulateDecapsulate).await;
            for length in [1, 32, 767, 768, 769, 1087, 1088, 1089, 1567, 1568, 1569, 6144] {
                let input = json!({
                    "KeyId": key,
                    "EncapsulationAlgorithm": "ML_KEM",
                    "SharedSecretCiphertextBlob": blob(vec![7; length]),
                });
                let result = root.call("Decapsulate", input).await;
                let refused = Refused::silent("InvalidCiphertextException");
                let expected = (length != bytes).then_some(refused);
                assert_eq!(result.err(), expected, "{spec} {length}");
            }
        }
    }

    #[tokio::test]
    async fn another_keys_encapsulation_gives_another_secret() {
        let app = TestApp::new().await;
        let root = app.root();
        let one = root.create_key_of(KeySpec::MlKem768, KeyUsage::EncapsulateDecapsulate).await;
        let two = root.create_key_of(KeySpec::MlKem768, KeyUsage::EncapsulateDecapsulate).await;
        let made = encapsulated(&root, &one).await;
        let input = json!({
            "KeyId": two,
            "EncapsulationAlgorithm": "ML_KEM",
            "SharedSecretCiphertextBlob": made["SharedSecretCiphertextBlob"],
        });
        let opened = root.ok("Decapsulate", input).await;
        assert_ne!(opened["SharedSecret"], made["SharedSecret"]);
    }

    #[tokio::test]
    async fn a_key_is_named_in_any_form() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_and_aws_managed_keys_are_denied() {
        request().is_denied_elsewhere("kms:Decapsulate").await;
        request().is_denied_on_aws_managed_keys("kms:Decapsulate").await;
    }

    #[tokio::test]
    async fn a_key_in_an_unusable_state_is_refused() {
        request().answers_by_state(UNUSABLE).await;
    }

    #[tokio::test]
    async fn a_dry_run_tells_of_a_wrong_length_first() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::MlKem512, KeyUsage::EncapsulateDecapsulate).await;
        let mut input = input(&root, &key).await;
        (input["KeyId"], input["DryRun"]) = (json!(key), json!(true));
        let refused = root.refused("Decapsulate", input.clone()).await;
        assert_eq!(refused.name, "DryRunOperationException");
        input["SharedSecretCiphertextBlob"] = json!("AAAA");
        let refused = root.refused("Decapsulate", input.clone()).await;
        assert_eq!(refused, Refused::silent("InvalidCiphertextException"));
        input["GrantTokens"] = json!(["none"]);
        let refused = root.refused("Decapsulate", input).await;
        assert_eq!(refused.name, "InvalidGrantTokenException");
    }

    #[tokio::test]
    async fn the_record_shows_the_algorithm_and_neither_secret_nor_ciphertext() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::MlKem512, KeyUsage::EncapsulateDecapsulate).await;
        let arn = root.arn(&key).await;
        let mut input = input(&root, &key).await;
        input["KeyId"] = json!(key);
        root.ok("Decapsulate", input).await;
        let expected = json!({
            "requestParameters": { "keyId": key, "encapsulationAlgorithm": "ML_KEM" },
            "responseElements": null,
            "readOnly": true,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
    }
}
