//! GenerateDataKeyPairWithoutPlaintext: makes a key pair, its private key only sealed under a KMS key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPairWithoutPlaintext.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::{EncryptionAlgorithm, KeyMaterialId, KeySpec};
use keyward_shape::{Base64, Context, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, KeyIdType};
use crate::data_key_pair::{KeyPairSpec, require_offered, require_wrapping_key, sealed_pair};
use crate::encryption::require_bounded;
use crate::shape::{GrantTokens, encryption_context, record_context, record_dry_run};
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum GenerateDataKeyPairWithoutPlaintext {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow, default)]
    encryption_context: Context<'a>,
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    key_pair_spec: KeyPairSpec,
    #[serde(borrow, default)]
    grant_tokens: GrantTokens<'a>,
    dry_run: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    private_key_ciphertext_blob: Base64<Vec<u8>>,
    public_key: Base64<Vec<u8>>,
    key_id: String,
    key_pair_spec: KeySpec,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_material_id: Option<KeyMaterialId>,
}

impl Operation for GenerateDataKeyPairWithoutPlaintext {
    const NAME: &'static str = "GenerateDataKeyPairWithoutPlaintext";
    const KIND: Kind = Kind::Cryptographic;
    const MODEL: &'static keyward_shape::Operation =
        &constraints::GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let spec = input.key_pair_spec.into_inner();
        cx.charge_for(spec)?;
        require_offered(cx, spec)?;
        let context = encryption_context(input.encryption_context);
        require_bounded(&context)?;
        let target = cx.resolve(&input.key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let asked = action::GenerateDataKeyPairWithoutPlaintext {
            algorithm: EncryptionAlgorithm::SymmetricDefault,
            context: &context,
            pair_spec: spec,
        };
        let key = cx.authorize(target, asked).await?;
        require_wrapping_key(&key, Self::NAME)?;
        let (pair, sealed) = sealed_pair(cx, &key, spec, &context, input.dry_run).await?;
        Ok(Output {
            private_key_ciphertext_blob: Base64(sealed.ciphertext_blob),
            public_key: Base64(pair.public_key),
            key_id: key.arn.clone(),
            key_pair_spec: spec,
            key_material_id: sealed.material_id,
        })
    }

    fn reply_bytes_max(output: &Output) -> usize {
        let sealed = output.private_key_ciphertext_blob.0.len();
        512 + (sealed + output.public_key.0.len()) * 4 / 3
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyPairSpec", self.key_pair_spec.as_str());
        record_context(to, "encryptionContext", &self.encryption_context);
        to.text("keyId", &self.key_id);
        record_dry_run(to, self.dry_run);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests;
