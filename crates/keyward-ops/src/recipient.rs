//! `Recipient`: an attestation document to encrypt the reply for.

use keyward_engine::{ErrorCode, OpError};
use keyward_shape::{Blob, OneOf};
use serde::Deserialize;

use crate::constraints::{AttestationDocumentType, KeyEncryptionMechanism};

/// `RecipientInfo`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "read for its constraints; no document is accepted yet")]
pub(crate) struct RecipientInfo {
    key_encryption_algorithm: Option<OneOf<String, KeyEncryptionMechanism>>,
    attestation_document: Option<Blob<AttestationDocumentType>>,
}

/// Refuses a recipient: this server trusts no attestation root, so no document is valid.
pub(crate) fn refuse(recipient: Option<&RecipientInfo>) -> Result<(), OpError> {
    if recipient.is_none() {
        return Ok(());
    }
    Err(OpError::new(ErrorCode::Validation, "The attestation document is not valid."))
}
