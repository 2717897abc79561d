//! ReEncrypt: opens a ciphertext and seals it anew, under another key or another context, without
//! showing the plaintext.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::{EncryptionAlgorithm, KeyMaterialId};
use keyward_shape::{Base64, Blob, Context, OneOf, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, CiphertextType, EncryptionAlgorithmSpec, KeyIdType};
use crate::decrypt::{DryRunModifiers, Source, ignores_ciphertext, record_modifiers};
use crate::encryption::{require_bounded, require_no_context};
use crate::key_use::require_key_for;
use crate::shape::{GrantTokens, encryption_context, record_context, record_dry_run, record_text};
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum ReEncrypt {}

type Algorithm = OneOf<EncryptionAlgorithm, EncryptionAlgorithmSpec>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    ciphertext_blob: Option<Blob<CiphertextType>>,
    #[serde(borrow, default)]
    source_encryption_context: Context<'a>,
    #[serde(borrow)]
    source_key_id: Option<Text<'a, KeyIdType>>,
    #[serde(borrow)]
    destination_key_id: Text<'a, KeyIdType>,
    #[serde(borrow, default)]
    destination_encryption_context: Context<'a>,
    source_encryption_algorithm: Option<Algorithm>,
    destination_encryption_algorithm: Option<Algorithm>,
    #[serde(borrow, default)]
    grant_tokens: GrantTokens<'a>,
    dry_run: Option<bool>,
    #[serde(default)]
    dry_run_modifiers: DryRunModifiers,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    ciphertext_blob: Base64<Vec<u8>>,
    source_key_id: String,
    key_id: String,
    source_encryption_algorithm: EncryptionAlgorithm,
    destination_encryption_algorithm: EncryptionAlgorithm,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_key_material_id: Option<KeyMaterialId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_key_material_id: Option<KeyMaterialId>,
}

impl Operation for ReEncrypt {
    const NAME: &'static str = "ReEncrypt";
    const KIND: Kind = Kind::Cryptographic;
    const MODEL: &'static keyward_shape::Operation = &constraints::RE_ENCRYPT;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let (from, to) = input.algorithms();
        let source = Source {
            ciphertext_blob: input.ciphertext_blob.as_deref(),
            key_id: input.source_key_id.as_deref(),
            algorithm: from,
            ignores_ciphertext: ignores_ciphertext(input.dry_run, &input.dry_run_modifiers)?,
        };
        source.require_complete("ciphertextBlob", "SourceKeyId")?;
        let source_context = encryption_context(input.source_encryption_context);
        let destination_context = encryption_context(input.destination_encryption_context);
        require_bounded(&source_context)?;
        require_bounded(&destination_context)?;
        let source_target = source.resolve(cx).await?;
        let destination_target = cx.resolve(&input.destination_key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let is_same_key = source_target.is_same_as(&destination_target);
        let asked =
            action::ReEncryptFrom { algorithm: from, context: &source_context, is_same_key };
        let old = cx.authorize(source_target, asked).await?;
        let asked =
            action::ReEncryptTo { algorithm: to, context: &destination_context, is_same_key };
        let new = cx.authorize(destination_target, asked).await?;
        cx.note_keys(&old, &new);
        if source.ignores_ciphertext {
            cx.end_dry_run(input.dry_run)?;
        }
        require_key_for(&old, from, Self::NAME)?;
        require_key_for(&new, to, Self::NAME)?;
        require_no_context(&source_context, from)?;
        require_no_context(&destination_context, to)?;
        let ciphertext_blob = source.of_key(&old)?;
        let (plaintext, source_material) =
            cx.decrypt(&old, from, ciphertext_blob, &source_context).await?;
        let sealed = cx.encrypt(&new, to, plaintext, &destination_context).await?;
        cx.note_material("sourceKeyMaterialId", source_material);
        cx.note_material("destinationKeyMaterialId", sealed.material_id);
        cx.end_dry_run(input.dry_run)?;
        Ok(Output {
            ciphertext_blob: Base64(sealed.ciphertext_blob),
            source_key_id: old.arn.clone(),
            key_id: new.arn.clone(),
            source_encryption_algorithm: from,
            destination_encryption_algorithm: to,
            source_key_material_id: source_material,
            destination_key_material_id: sealed.material_id,
        })
    }

    fn reply_bytes_max(output: &Output) -> usize {
        1024 + output.ciphertext_blob.0.len() * 4 / 3
    }
}

impl Input<'_> {
    /// The algorithms of the source and the destination.
    fn algorithms(&self) -> (EncryptionAlgorithm, EncryptionAlgorithm) {
        let or_default = |algorithm: Option<Algorithm>| {
            algorithm.map_or(EncryptionAlgorithm::SymmetricDefault, OneOf::into_inner)
        };
        (
            or_default(self.source_encryption_algorithm),
            or_default(self.destination_encryption_algorithm),
        )
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        let (source, destination) = self.algorithms();
        to.text("sourceEncryptionAlgorithm", source.as_str());
        record_context(to, "sourceEncryptionContext", &self.source_encryption_context);
        record_text(to, "sourceKeyId", self.source_key_id.as_ref());
        to.text("destinationKeyId", &self.destination_key_id);
        to.text("destinationEncryptionAlgorithm", destination.as_str());
        record_context(to, "destinationEncryptionContext", &self.destination_encryption_context);
        record_dry_run(to, self.dry_run);
        record_modifiers(to, &self.dry_run_modifiers);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests;
