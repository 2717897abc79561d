//! `Recipient`: an attestation document to encrypt the reply for.

use keyward_crypto::Plaintext;
use keyward_engine::{Cx, OpError, Recipient, op_error};
use keyward_shape::{Base64, Blob, OneOf};
use serde::Deserialize;

use crate::constraints::{AttestationDocumentType, KeyEncryptionMechanism};
use crate::shape::SecretOutput;

/// `RecipientInfo`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RecipientInfo {
    #[serde(rename = "KeyEncryptionAlgorithm")]
    _key_encryption_algorithm: Option<OneOf<String, KeyEncryptionMechanism>>,
    attestation_document: Option<Blob<AttestationDocumentType>>,
}

/// The recipient that a request asks for, proven.
///
/// It is the last check that needs no key: before the key is looked for, because who asks is what
/// policies decide on, and after every cheaper one, because it takes some signatures. Whoever gets
/// here has authenticated.
pub(crate) async fn of_request(
    cx: &mut Cx,
    recipient: Option<RecipientInfo>,
) -> Result<Option<Recipient>, OpError> {
    let Some(recipient) = recipient else { return Ok(None) };
    // WIRE: the model requires neither member; without an algorithm there is still only one.
    // Evidence: docs/WIRE.md, "Recipient".
    let document = recipient.attestation_document.ok_or_else(|| {
        op_error!(
            Validation,
            "1 validation error detected: Value null at 'recipient.attestationDocument' failed to \
             satisfy constraint: Member must not be null"
        )
    })?;
    cx.attested(document.into_vec()).await.map(Some)
}

/// A secret on its way out: for the caller to read, or for the recipient alone.
pub(crate) struct Addressed {
    pub(crate) plaintext: Option<SecretOutput>,
    pub(crate) ciphertext_for_recipient: Option<Base64<Vec<u8>>>,
}

impl Addressed {
    pub(crate) fn new(
        plaintext: Plaintext,
        recipient: Option<&Recipient>,
    ) -> Result<Self, OpError> {
        let Some(recipient) = recipient else {
            let plaintext = Some(SecretOutput(plaintext));
            return Ok(Self { plaintext, ciphertext_for_recipient: None });
        };
        let envelope = recipient.envelope(&plaintext)?;
        Ok(Self { plaintext: None, ciphertext_for_recipient: Some(Base64(envelope)) })
    }
}

/// How many bytes of a reply are addressed, before they are base64.
pub(crate) fn addressed_bytes(
    plaintext: Option<&SecretOutput>,
    ciphertext_for_recipient: Option<&Base64<Vec<u8>>>,
) -> usize {
    plaintext.map_or(0, |plaintext| plaintext.0.len())
        + ciphertext_for_recipient.map_or(0, |ciphertext| ciphertext.0.len())
}
