//! GenerateDataKeyWithoutPlaintext: makes a symmetric data key, sealed under a KMS key only.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyWithoutPlaintext.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::{EncryptionAlgorithm, KeyMaterialId};
use keyward_shape::{Base64, Context, Int, OneOf, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, DataKeySpec, KeyIdType, NumberOfBytesType};
use crate::data_key::{DataKeyLength, Length};
use crate::encryption::require_bounded;
use crate::key_use::require_key_for;
use crate::shape::{GrantTokens, encryption_context, record_context, record_dry_run};
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum GenerateDataKeyWithoutPlaintext {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    #[serde(borrow, default)]
    encryption_context: Context<'a>,
    number_of_bytes: Option<Int<NumberOfBytesType>>,
    key_spec: Option<OneOf<DataKeyLength, DataKeySpec>>,
    #[serde(borrow, default)]
    grant_tokens: GrantTokens<'a>,
    dry_run: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    ciphertext_blob: Base64<Vec<u8>>,
    key_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_material_id: Option<KeyMaterialId>,
}

impl Operation for GenerateDataKeyWithoutPlaintext {
    const NAME: &'static str = "GenerateDataKeyWithoutPlaintext";
    const KIND: Kind = Kind::Cryptographic;
    const MODEL: &'static keyward_shape::Operation =
        &constraints::GENERATE_DATA_KEY_WITHOUT_PLAINTEXT;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let bytes = input.length().bytes()?;
        let context = encryption_context(input.encryption_context);
        require_bounded(&context)?;
        let target = cx.resolve(&input.key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let asked = action::GenerateDataKeyWithoutPlaintext {
            algorithm: EncryptionAlgorithm::SymmetricDefault,
            context: &context,
        };
        let key = cx.authorize(target, asked).await?;
        require_key_for(&key, EncryptionAlgorithm::SymmetricDefault, Self::NAME)?;
        let plaintext = cx.data_key(&key, bytes)?;
        let sealed = cx.seal(&key, &plaintext, &context)?;
        cx.note_material("keyMaterialId", sealed.material_id);
        cx.end_dry_run(input.dry_run)?;
        Ok(Output {
            ciphertext_blob: Base64(sealed.ciphertext_blob),
            key_id: key.arn.clone(),
            key_material_id: sealed.material_id,
        })
    }

    fn reply_bytes_max(output: &Output) -> usize {
        512 + output.ciphertext_blob.0.len() * 4 / 3
    }
}

impl Input<'_> {
    const fn length(&self) -> Length {
        Length { key_spec: self.key_spec, number_of_bytes: self.number_of_bytes }
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        self.length().record(to);
        record_context(to, "encryptionContext", &self.encryption_context);
        record_dry_run(to, self.dry_run);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_model::{KeySpec, KeyState, KeyUsage};
    use keyward_testkit::{KeyRequest, Refused, TestApp, UNUSABLE, resource, unblob};
    use serde_json::json;

    fn request() -> KeyRequest {
        KeyRequest::new("GenerateDataKeyWithoutPlaintext", json!({ "KeySpec": "AES_256" }))
    }

    #[tokio::test]
    async fn the_ciphertext_alone_is_answered_and_opens_to_a_key_of_the_length_asked_for() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let metadata = root.describe(&key).await;
        for (member, sent, bytes) in [
            ("KeySpec", json!("AES_128"), 16),
            ("KeySpec", json!("AES_256"), 32),
            ("NumberOfBytes", json!(1024), 1024),
        ] {
            let input = json!({ "KeyId": key, member: sent });
            let reply = root.ok("GenerateDataKeyWithoutPlaintext", input).await;
            let expected = json!({
                "CiphertextBlob": reply["CiphertextBlob"],
                "KeyId": metadata["Arn"],
                "KeyMaterialId": metadata["CurrentKeyMaterialId"],
            });
            assert_eq!(reply, expected);
            let input = json!({ "CiphertextBlob": reply["CiphertextBlob"] });
            assert_eq!(unblob(&root.ok("Decrypt", input).await["Plaintext"]).len(), bytes);
        }
    }

    #[tokio::test]
    async fn exactly_one_length_is_given_before_the_key_is_looked_for() {
        let app = TestApp::new().await;
        for input in [
            json!({ "KeyId": "nonsense" }),
            json!({ "KeyId": "nonsense", "KeySpec": "AES_256", "NumberOfBytes": 32 }),
        ] {
            let refused = app.root().refused("GenerateDataKeyWithoutPlaintext", input).await;
            let message = "Please specify either number of bytes or key spec.";
            assert_eq!(refused, Refused::new("ValidationException", message));
        }
    }

    #[tokio::test]
    async fn a_length_outside_its_limits_is_refused() {
        let app = TestApp::new().await;
        let root = app.root();
        let at = "failed to satisfy constraint: Member must";
        for (member, sent, clause) in [
            (
                "NumberOfBytes",
                json!(0),
                format!("'0' at 'numberOfBytes' {at} have value greater than or equal to 1"),
            ),
            (
                "NumberOfBytes",
                json!(1025),
                format!("'1025' at 'numberOfBytes' {at} have value less than or equal to 1024"),
            ),
            (
                "KeySpec",
                json!("RSA_2048"),
                format!("'RSA_2048' at 'keySpec' {at} satisfy enum value set: [AES_256, AES_128]"),
            ),
        ] {
            let refused = root
                .refused("GenerateDataKeyWithoutPlaintext", json!({ "KeyId": "k", member: sent }))
                .await;
            let expected = Refused::constraint(&clause);
            assert_eq!(refused.name, expected.name);
            assert!(refused.message().starts_with(expected.message()), "{refused:?}");
        }
    }

    #[tokio::test]
    async fn a_key_is_named_in_any_form() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_and_aws_managed_keys_are_denied() {
        request().is_denied_elsewhere("kms:GenerateDataKeyWithoutPlaintext").await;
        request().is_denied_on_aws_managed_keys("kms:GenerateDataKeyWithoutPlaintext").await;
    }

    #[tokio::test]
    async fn a_key_in_an_unusable_state_is_refused() {
        request().answers_by_state(UNUSABLE).await;
    }

    #[tokio::test]
    async fn only_symmetric_encryption_keys_wrap_data_keys() {
        let app = TestApp::new().await;
        let root = app.root();
        let input = |key: &str| json!({ "KeyId": key, "KeySpec": "AES_256" });
        let key = root.create_key_of(KeySpec::Rsa4096, KeyUsage::EncryptDecrypt).await;
        let refused = root.refused("GenerateDataKeyWithoutPlaintext", input(&key)).await;
        let message = "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_4096.";
        assert_eq!(refused, Refused::new("InvalidKeyUsageException", message));
        let key = root.create_key_of(KeySpec::Rsa4096, KeyUsage::SignVerify).await;
        let arn = root.arn(&key).await;
        let refused = root.refused("GenerateDataKeyWithoutPlaintext", input(&key)).await;
        let message = format!(
            "{arn} key usage is SIGN_VERIFY which is not valid for GenerateDataKeyWithoutPlaintext."
        );
        assert_eq!(refused, Refused::new("InvalidKeyUsageException", message));
        app.put_in_state(&key, KeyState::Disabled).await;
        assert_eq!(
            root.refused("GenerateDataKeyWithoutPlaintext", input(&key)).await.name,
            "DisabledException"
        );
    }

    #[tokio::test]
    async fn a_dry_run_hands_out_no_key() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let input = json!({ "KeyId": key, "KeySpec": "AES_256", "DryRun": true });
        let refused = root.refused("GenerateDataKeyWithoutPlaintext", input).await;
        assert_eq!(refused.name, "DryRunOperationException");
        let input = json!({ "KeyId": "alias/none", "KeySpec": "AES_256", "DryRun": true });
        assert_eq!(
            root.refused("GenerateDataKeyWithoutPlaintext", input).await.name,
            "NotFoundException"
        );
    }

    #[tokio::test]
    async fn contexts_and_grant_tokens_are_checked() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        for (member, sent, name) in [
            ("EncryptionContext", json!({ "a": "v".repeat(8192) }), "ValidationException"),
            ("EncryptionContext", json!({ "a": [] }), "SerializationException"),
            ("GrantTokens", json!(["none"]), "InvalidGrantTokenException"),
        ] {
            let input = json!({ "KeyId": key, "KeySpec": "AES_256", member: sent });
            assert_eq!(
                root.refused("GenerateDataKeyWithoutPlaintext", input).await.name,
                name,
                "{member}"
            );
        }
    }

    #[tokio::test]
    async fn the_record_shows_length_context_and_material_but_no_key() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key().await;
        let metadata = root.describe(&key).await;
        for (member, sent) in [("KeySpec", json!("AES_128")), ("NumberOfBytes", json!(64))] {
            let input = json!({ "KeyId": key, member: sent, "EncryptionContext": { "a": "b" } });
            root.ok("GenerateDataKeyWithoutPlaintext", input).await;
            let name = format!("{}{}", member[..1].to_lowercase(), &member[1..]);
            let expected = json!({
                "requestParameters": { "keyId": key, name: sent, "encryptionContext": { "a": "b" } },
                "responseElements": null,
                "additionalEventData": { "keyMaterialId": metadata["CurrentKeyMaterialId"] },
                "readOnly": true,
                "resources": [resource(metadata["Arn"].as_str().unwrap())],
            });
            assert_eq!(app.recorded(), expected);
        }
    }
}
