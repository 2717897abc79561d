//! Encrypt: seals up to 4,096 bytes under a KMS key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_crypto::Plaintext;
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::EncryptionAlgorithm;
use keyward_shape::{Base64, Context, OneOf, SecretBlob, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, EncryptionAlgorithmSpec, KeyIdType, PlaintextType};
use crate::encryption::{require_bounded, require_no_context};
use crate::key_use::require_key_for;
use crate::shape::{GrantTokens, encryption_context, record_context, record_dry_run};
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum Encrypt {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    plaintext: SecretBlob<PlaintextType>,
    #[serde(borrow, default)]
    encryption_context: Context<'a>,
    #[serde(borrow, default)]
    grant_tokens: GrantTokens<'a>,
    encryption_algorithm: Option<OneOf<EncryptionAlgorithm, EncryptionAlgorithmSpec>>,
    dry_run: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    ciphertext_blob: Base64<Vec<u8>>,
    key_id: String,
    encryption_algorithm: EncryptionAlgorithm,
}

impl Operation for Encrypt {
    const NAME: &'static str = "Encrypt";
    const KIND: Kind = Kind::Cryptographic;
    const MODEL: &'static keyward_shape::Operation = &constraints::ENCRYPT;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let algorithm = input.algorithm();
        let context = encryption_context(input.encryption_context);
        require_bounded(&context)?;
        let target = cx.resolve(&input.key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let asked = action::Encrypt { algorithm, context: &context };
        let key = cx.authorize(target, asked).await?;
        require_key_for(&key, algorithm, Self::NAME)?;
        require_no_context(&context, algorithm)?;
        let plaintext = Plaintext::from(input.plaintext.into_zeroizing());
        let sealed = cx.encrypt(&key, algorithm, plaintext, &context).await?;
        cx.note_material("keyMaterialId", sealed.material_id);
        cx.end_dry_run(input.dry_run)?;
        Ok(Output {
            ciphertext_blob: Base64(sealed.ciphertext_blob),
            // WIRE: the ARN, even when the request named an alias.
            // Evidence: docs/WIRE.md, "Identifiers in replies".
            key_id: key.arn.clone(),
            encryption_algorithm: algorithm,
        })
    }

    fn reply_bytes_max(output: &Output) -> usize {
        512 + output.ciphertext_blob.0.len() * 4 / 3
    }
}

impl Input<'_> {
    fn algorithm(&self) -> EncryptionAlgorithm {
        self.encryption_algorithm.map_or(EncryptionAlgorithm::SymmetricDefault, OneOf::into_inner)
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_context(to, "encryptionContext", &self.encryption_context);
        to.text("keyId", &self.key_id);
        to.text("encryptionAlgorithm", self.algorithm().as_str());
        record_dry_run(to, self.dry_run);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_model::{KeySpec, KeyState, KeyUsage};
    use keyward_testkit::{KeyRequest, Refused, TestApp, UNUSABLE, blob, resource};
    use serde_json::json;

    fn request() -> KeyRequest {
        KeyRequest::new("Encrypt", json!({ "Plaintext": blob("secret") }))
    }

    #[tokio::test]
    async fn a_sealed_plaintext_opens_again_under_the_same_context_only() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let context = json!({ "Tenant": "blue", "n": 10103.0 });
        let input = json!({
            "KeyId": key,
            "Plaintext": blob("attack at dawn"),
            "EncryptionContext": context,
        });
        let sealed = root.ok("Encrypt", input).await;
        let ciphertext = &sealed["CiphertextBlob"];
        let expected = json!({
            "CiphertextBlob": ciphertext,
            "KeyId": root.arn(&key).await,
            "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        });
        assert_eq!(sealed, expected);

        let input = json!({ "CiphertextBlob": ciphertext, "EncryptionContext": context });
        let opened = root.ok("Decrypt", input).await;
        assert_eq!(opened["Plaintext"], blob("attack at dawn"));
        let refused = root.refused("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
        assert_eq!(refused, Refused::silent("InvalidCiphertextException"));
    }

    #[tokio::test]
    async fn the_same_plaintext_never_makes_the_same_ciphertext() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        assert_ne!(root.encrypt(&key, b"secret").await, root.encrypt(&key, b"secret").await);
    }

    #[tokio::test]
    async fn a_plaintext_has_1_to_4096_bytes_and_is_never_shown() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        for bytes in [1, 4096] {
            root.encrypt(&key, &vec![b'p'; bytes]).await;
        }
        for (bytes, rule) in
            [(0, "greater than or equal to 1"), (4097, "less than or equal to 4096")]
        {
            let input = json!({ "KeyId": key, "Plaintext": blob(vec![b'p'; bytes]) });
            let refused = root.refused("Encrypt", input).await;
            let clause = format!(
                "at 'plaintext' failed to satisfy constraint: Member must have length {rule}"
            );
            assert_eq!(refused, Refused::constraint(&clause));
        }
        let refused =
            root.refused("Encrypt", json!({ "KeyId": key, "Plaintext": "no base64!" })).await;
        assert_eq!(refused, Refused::silent("SerializationException"));
    }

    #[tokio::test]
    async fn a_context_is_a_bounded_map_of_text() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let with =
            |context| json!({ "KeyId": key, "Plaintext": "AAAA", "EncryptionContext": context });
        let refused = root.refused("Encrypt", with(json!({ "a": "v".repeat(8192) }))).await;
        assert_eq!(refused.name, "ValidationException");
        let refused = root.refused("Encrypt", with(json!({ "a": {} }))).await;
        assert_eq!(refused.name, "SerializationException");
        root.ok("Encrypt", with(json!({ "": "", "b": true }))).await;
        root.ok("Encrypt", with(json!({ "a": "v".repeat(8000) }))).await;
    }

    #[tokio::test]
    async fn a_key_is_named_in_any_form() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_and_aws_managed_keys_are_denied() {
        request().is_denied_elsewhere("kms:Encrypt").await;
        request().is_denied_on_aws_managed_keys("kms:Encrypt").await;
    }

    #[tokio::test]
    async fn a_key_in_an_unusable_state_is_refused() {
        request().answers_by_state(UNUSABLE).await;
    }

    #[tokio::test]
    async fn state_comes_before_usage_and_usage_before_algorithm() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let mut input = json!({
            "KeyId": key,
            "Plaintext": "AAAA",
            "EncryptionAlgorithm": "RSAES_OAEP_SHA_256",
        });
        let refused = root.refused("Encrypt", input.clone()).await;
        let message =
            "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.";
        assert_eq!(refused, Refused::new("InvalidKeyUsageException", message));

        let key = root.create_key_of(KeySpec::EccNistP256, KeyUsage::SignVerify).await;
        let arn = root.arn(&key).await;
        input["KeyId"] = json!(key);
        let refused = root.refused("Encrypt", input.clone()).await;
        let message = format!("{arn} key usage is SIGN_VERIFY which is not valid for Encrypt.");
        assert_eq!(refused, Refused::new("InvalidKeyUsageException", message));

        app.put_in_state(&key, KeyState::Disabled).await;
        let refused = root.refused("Encrypt", input).await;
        assert_eq!(refused.name, "DisabledException");
    }

    #[tokio::test]
    async fn a_grant_token_that_is_not_valid_is_refused_once_the_key_is_found() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        for (named, name) in
            [("alias/none", "NotFoundException"), (&key, "InvalidGrantTokenException")]
        {
            let input = json!({ "KeyId": named, "Plaintext": "AAAA", "GrantTokens": ["none"] });
            assert_eq!(root.refused("Encrypt", input).await.name, name);
        }
    }

    #[tokio::test]
    async fn a_dry_run_checks_everything_and_seals_nothing() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let arn = root.arn(&key).await;
        let input = json!({ "KeyId": key, "Plaintext": "AAAA", "DryRun": true });
        let message = "The request would have succeeded, but the DryRun option is set.";
        let refused = root.refused("Encrypt", input.clone()).await;
        assert_eq!(refused, Refused::new("DryRunOperationException", message));
        let material = root.describe(&key).await["CurrentKeyMaterialId"].clone();
        root.refused("Encrypt", input.clone()).await;
        let expected = json!({
            "errorCode": "DryRunOperationException",
            "errorMessage": message,
            "requestParameters": {
                "keyId": key,
                "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
                "dryRun": true,
            },
            "responseElements": null,
            "additionalEventData": { "keyMaterialId": material },
            "readOnly": true,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
        root.disable(&key).await;
        assert_eq!(root.refused("Encrypt", input).await.name, "DisabledException");
    }

    #[tokio::test]
    async fn the_record_shows_the_context_and_the_material_but_no_plaintext() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let metadata = root.describe(&key).await;
        root.create_alias("alias/app", &key).await;
        let input = json!({
            "KeyId": "alias/app",
            "Plaintext": blob("secret"),
            "EncryptionContext": { "Tenant": "blue" },
        });
        root.ok("Encrypt", input).await;
        let expected = json!({
            "requestParameters": {
                "keyId": "alias/app",
                "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
                "encryptionContext": { "Tenant": "blue" },
            },
            "responseElements": null,
            "additionalEventData": { "keyMaterialId": metadata["CurrentKeyMaterialId"] },
            "readOnly": true,
            "resources": [resource(metadata["Arn"].as_str().unwrap())],
        });
        assert_eq!(app.recorded(), expected);
    }
}
