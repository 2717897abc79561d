//! Decrypt: opens a ciphertext that Encrypt, ReEncrypt or GenerateDataKey made.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{CiphertextHeader, Cx, Kind, OpError, Operation, Target, op_error};
use keyward_model::{EncryptionAlgorithm, KeyMaterialId};
use keyward_shape::{Base64, Blob, Context, List, OneOf, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{
    self, CiphertextType, DryRunModifierList, DryRunModifierType, EncryptionAlgorithmSpec,
    KeyIdType,
};
use crate::encryption::{invalid_ciphertext, require_bounded, require_no_context};
use crate::key_use::require_key_for;
use crate::recipient::{self, Addressed, RecipientInfo, addressed_bytes};
use crate::shape::{
    GrantTokens, SecretOutput, encryption_context, record_context, record_dry_run, record_text,
};
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum Decrypt {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    ciphertext_blob: Option<Blob<CiphertextType>>,
    #[serde(borrow, default)]
    encryption_context: Context<'a>,
    #[serde(borrow, default)]
    grant_tokens: GrantTokens<'a>,
    #[serde(borrow)]
    key_id: Option<Text<'a, KeyIdType>>,
    encryption_algorithm: Option<OneOf<EncryptionAlgorithm, EncryptionAlgorithmSpec>>,
    recipient: Option<RecipientInfo>,
    dry_run: Option<bool>,
    #[serde(default)]
    dry_run_modifiers: DryRunModifiers,
}

/// `DryRunModifiers`, whose one value is `IGNORE_CIPHERTEXT`.
pub(crate) type DryRunModifiers = List<OneOf<String, DryRunModifierType>, DryRunModifierList>;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    plaintext: Option<SecretOutput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ciphertext_for_recipient: Option<Base64<Vec<u8>>>,
    encryption_algorithm: EncryptionAlgorithm,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_material_id: Option<KeyMaterialId>,
}

impl Operation for Decrypt {
    const NAME: &'static str = "Decrypt";
    const KIND: Kind = Kind::Cryptographic;
    const MODEL: &'static keyward_shape::Operation = &constraints::DECRYPT;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let algorithm = input.algorithm();
        let source = Source {
            ciphertext_blob: input.ciphertext_blob.as_deref(),
            key_id: input.key_id.as_deref(),
            algorithm,
            ignores_ciphertext: ignores_ciphertext(input.dry_run, &input.dry_run_modifiers)?,
        };
        source.require_complete("ciphertextBlob", "KeyId")?;
        let context = encryption_context(input.encryption_context);
        require_bounded(&context)?;
        let recipient = recipient::of_request(cx, input.recipient).await?;
        let target = source.resolve(cx).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let asked = action::Decrypt { algorithm, context: &context, recipient: recipient.as_ref() };
        let key = cx.authorize(target, asked).await?;
        if source.ignores_ciphertext {
            cx.end_dry_run(input.dry_run)?;
        }
        require_key_for(&key, algorithm, Self::NAME)?;
        require_no_context(&context, algorithm)?;
        let ciphertext_blob = source.of_key(&key)?;
        let (plaintext, material_id) =
            cx.decrypt(&key, algorithm, ciphertext_blob, &context).await?;
        cx.note_material("keyMaterialId", material_id);
        cx.end_dry_run(input.dry_run)?;
        let Addressed { plaintext, ciphertext_for_recipient } =
            Addressed::new(plaintext, recipient.as_ref())?;
        Ok(Output {
            key_id: key.arn.clone(),
            plaintext,
            ciphertext_for_recipient,
            encryption_algorithm: algorithm,
            key_material_id: material_id.filter(|_| recipient.is_none()),
        })
    }

    fn reply_bytes_max(output: &Output) -> usize {
        let addressed =
            addressed_bytes(output.plaintext.as_ref(), output.ciphertext_for_recipient.as_ref());
        512 + addressed * 4 / 3
    }
}

/// A ciphertext and the key it is said to be of: the same for Decrypt and the source half of
/// ReEncrypt.
pub(crate) struct Source<'a> {
    pub(crate) ciphertext_blob: Option<&'a [u8]>,
    pub(crate) key_id: Option<&'a str>,
    pub(crate) algorithm: EncryptionAlgorithm,
    pub(crate) ignores_ciphertext: bool,
}

/// Whether only permissions are to be checked.
pub(crate) fn ignores_ciphertext(
    dry_run: Option<bool>,
    modifiers: &DryRunModifiers,
) -> Result<bool, OpError> {
    if modifiers.is_empty() {
        return Ok(false);
    }
    if dry_run == Some(true) {
        return Ok(true);
    }
    Err(op_error!(Validation, "DryRunModifiers can only be specified when DryRun is true."))
}

impl<'a> Source<'a> {
    /// Refuses a request that lacks what its other members make necessary.
    pub(crate) fn require_complete(&self, blob: &str, key_id: &str) -> Result<(), OpError> {
        if self.ignores_ciphertext && self.key_id.is_none() {
            return Err(op_error!(
                Validation,
                "{key_id} must be specified when DryRunModifiers contains IGNORE_CIPHERTEXT."
            ));
        }
        if self.ciphertext_blob.is_none() && !self.ignores_ciphertext {
            return Err(op_error!(
                Validation,
                "1 validation error detected: Value null at '{blob}' failed to satisfy \
                 constraint: Member must not be null"
            ));
        }
        if self.key_id.is_none() && self.algorithm != EncryptionAlgorithm::SymmetricDefault {
            let algorithm = self.algorithm;
            return Err(op_error!(
                Validation,
                "{key_id} must be specified when the encryption algorithm is {algorithm}."
            ));
        }
        Ok(())
    }

    /// The key named by the request, else the one named by the ciphertext.
    pub(crate) async fn resolve(&self, cx: &mut Cx) -> Result<Target, OpError> {
        let is_symmetric = self.algorithm == EncryptionAlgorithm::SymmetricDefault;
        let is_foreign = |key_id: &&str| is_symmetric && self.is_foreign_id(cx, key_id);
        if let Some(key_id) = self.key_id.filter(|key_id| !is_foreign(key_id)) {
            return cx.resolve(key_id).await;
        }
        let header = self.header()?;
        cx.resolve_ciphertext(header.account, header.key_id).await
    }

    /// Whether the bare key id is that of another account's key, as the ciphertext tells: only here
    /// does an id reach beyond the caller's account.
    fn is_foreign_id(&self, cx: &Cx, key_id: &str) -> bool {
        self.header().is_ok_and(|header| {
            header.account != cx.caller().account && header.key_id.as_str() == key_id
        })
    }

    /// The ciphertext, if it is of this key; the key id in a symmetric one is compared before
    /// anything is opened.
    pub(crate) fn of_key(&self, key: &keyward_engine::Key) -> Result<&'a [u8], OpError> {
        if self.algorithm != EncryptionAlgorithm::SymmetricDefault {
            return self.ciphertext_blob.ok_or_else(invalid_ciphertext);
        }
        let header = self.header()?;
        let named = &key.record.key;
        if header.key_id != named.key_id || header.account != named.scope.account {
            return Err(op_error!(
                IncorrectKey,
                "The key ID in the request does not identify a CMK that can perform this operation."
            ));
        }
        self.ciphertext_blob.ok_or_else(invalid_ciphertext)
    }

    fn header(&self) -> Result<CiphertextHeader, OpError> {
        self.ciphertext_blob.and_then(CiphertextHeader::parse).ok_or_else(invalid_ciphertext)
    }
}

impl Input<'_> {
    fn algorithm(&self) -> EncryptionAlgorithm {
        self.encryption_algorithm.map_or(EncryptionAlgorithm::SymmetricDefault, OneOf::into_inner)
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("encryptionAlgorithm", self.algorithm().as_str());
        record_text(to, "keyId", self.key_id.as_ref());
        record_context(to, "encryptionContext", &self.encryption_context);
        record_dry_run(to, self.dry_run);
        record_modifiers(to, &self.dry_run_modifiers);
    }
}

/// Writes `dryRunModifiers` if any were sent.
pub(crate) fn record_modifiers(to: &mut JsonObject<'_>, modifiers: &DryRunModifiers) {
    if !modifiers.is_empty() {
        to.texts("dryRunModifiers", modifiers.iter().map(|modifier| modifier.as_str()));
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests;
