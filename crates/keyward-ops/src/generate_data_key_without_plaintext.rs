//! GenerateDataKeyWithoutPlaintext: makes a symmetric data key, sealed under a KMS key only.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyWithoutPlaintext.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::KeyMaterialId;
use keyward_shape::{Base64, Context, Int, OneOf, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, DataKeySpec, KeyIdType, NumberOfBytesType};
use crate::data_key::{DataKeyLength, Length, require_wrapping_key};
use crate::encryption::require_bounded;
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
    key_material_id: KeyMaterialId,
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
        grant_tokens::require_valid(&input.grant_tokens)?;
        let key = cx.authorize::<action::GenerateDataKeyWithoutPlaintext>(target).await?;
        require_wrapping_key(&key, Self::NAME)?;
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
