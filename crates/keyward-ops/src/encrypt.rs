//! Encrypt: seals up to 4,096 bytes under a KMS key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_crypto::Plaintext;
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::EncryptionAlgorithm;
use keyward_shape::{Base64, Context, OneOf, SecretBlob, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, EncryptionAlgorithmSpec, KeyIdType, PlaintextType};
use crate::encryption::{require_bounded, require_encryption_key};
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
        grant_tokens::require_valid(&input.grant_tokens)?;
        let key = cx.authorize::<action::Encrypt>(target).await?;
        require_encryption_key(&key, algorithm, Self::NAME)?;
        let sealed = cx.seal(&key, &Plaintext::from(input.plaintext.into_zeroizing()), &context)?;
        cx.note_material("keyMaterialId", sealed.material_id);
        cx.end_dry_run(input.dry_run)?;
        Ok(Output {
            ciphertext_blob: Base64(sealed.ciphertext_blob),
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
    use keyward_testkit::{TestApp, blob};
    use serde_json::json;

    #[tokio::test]
    async fn a_sealed_plaintext_opens_again_under_the_same_context_only() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let context = json!({ "Tenant": "blue", "n": 10103.0 });
        let input = json!({ "KeyId": key, "Plaintext": blob("attack at dawn"), "EncryptionContext": context });
        let sealed = root.call("Encrypt", input).await.unwrap();
        assert_eq!(sealed["KeyId"], root.arn(&key).await);

        let ciphertext = &sealed["CiphertextBlob"];
        let input = json!({ "CiphertextBlob": ciphertext, "EncryptionContext": context });
        let opened = root.call("Decrypt", input).await.unwrap();
        assert_eq!(opened["Plaintext"], blob("attack at dawn"));

        let refused =
            root.call("Decrypt", json!({ "CiphertextBlob": ciphertext })).await.unwrap_err();
        assert_eq!((refused.name.as_str(), refused.message), ("InvalidCiphertextException", None));
        assert_eq!(app.last_record()["errorCode"], "InvalidCiphertextException");
    }
}
