//! GenerateDataKeyPair: makes a key pair, its private key in plaintext and sealed under a KMS key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPair.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::{EncryptionAlgorithm, KeyMaterialId, KeySpec};
use keyward_shape::{Base64, Context, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, KeyIdType};
use crate::data_key_pair::{KeyPairSpec, require_offered, require_wrapping_key, sealed_pair};
use crate::encryption::require_bounded;
use crate::recipient::{self, Addressed, RecipientInfo, addressed_bytes};
use crate::shape::{GrantTokens, SecretOutput, encryption_context, record_context, record_dry_run};
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum GenerateDataKeyPair {}

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
    recipient: Option<RecipientInfo>,
    dry_run: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    private_key_ciphertext_blob: Base64<Vec<u8>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key_plaintext: Option<SecretOutput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ciphertext_for_recipient: Option<Base64<Vec<u8>>>,
    public_key: Base64<Vec<u8>>,
    key_id: String,
    key_pair_spec: KeySpec,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_material_id: Option<KeyMaterialId>,
}

impl Operation for GenerateDataKeyPair {
    const NAME: &'static str = "GenerateDataKeyPair";
    const KIND: Kind = Kind::Cryptographic;
    const MODEL: &'static keyward_shape::Operation = &constraints::GENERATE_DATA_KEY_PAIR;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let spec = input.key_pair_spec.into_inner();
        cx.charge_for(spec)?;
        require_offered(cx, spec)?;
        let context = encryption_context(input.encryption_context);
        require_bounded(&context)?;
        let recipient = recipient::of_request(cx, input.recipient).await?;
        let target = cx.resolve(&input.key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let asked = action::GenerateDataKeyPair {
            algorithm: EncryptionAlgorithm::SymmetricDefault,
            context: &context,
            pair_spec: spec,
            recipient: recipient.as_ref(),
        };
        let key = cx.authorize(target, asked).await?;
        require_wrapping_key(&key, Self::NAME)?;
        let (pair, sealed) = sealed_pair(cx, &key, spec, &context, input.dry_run).await?;
        let Addressed { plaintext, ciphertext_for_recipient } =
            Addressed::new(pair.private_key, recipient.as_ref())?;
        Ok(Output {
            private_key_ciphertext_blob: Base64(sealed.ciphertext_blob),
            private_key_plaintext: plaintext,
            ciphertext_for_recipient,
            public_key: Base64(pair.public_key),
            key_id: key.arn.clone(),
            key_pair_spec: spec,
            key_material_id: sealed.material_id.filter(|_| recipient.is_none()),
        })
    }

    fn reply_bytes_max(output: &Output) -> usize {
        let sealed = output.private_key_ciphertext_blob.0.len();
        let addressed = addressed_bytes(
            output.private_key_plaintext.as_ref(),
            output.ciphertext_for_recipient.as_ref(),
        );
        512 + (sealed + addressed + output.public_key.0.len()) * 4 / 3
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
