//! What Encrypt, Decrypt and ReEncrypt check of a ciphertext and an encryption context.

use keyward_engine::{ErrorCode, OpError, op_error};
use keyward_model::{EncryptionAlgorithm, EncryptionContext};

/// Refuses an encryption context whose canonical form is too long.
pub(crate) fn require_bounded(context: &EncryptionContext<'_>) -> Result<(), OpError> {
    if context.canonical_bytes() <= EncryptionContext::CANONICAL_BYTES_MAX {
        return Ok(());
    }
    let limit = EncryptionContext::CANONICAL_BYTES_MAX;
    Err(op_error!(Validation, "The encryption context is larger than {limit} bytes."))
}

/// Refuses an encryption context for an algorithm that binds none.
pub(crate) fn require_no_context(
    context: &EncryptionContext<'_>,
    algorithm: EncryptionAlgorithm,
) -> Result<(), OpError> {
    if context.is_empty() || algorithm == EncryptionAlgorithm::SymmetricDefault {
        return Ok(());
    }
    // WIRE: the same words for both directions.
    // Evidence: docs/WIRE.md, "Encryption context of an asymmetric key".
    Err(OpError::new(
        ErrorCode::Validation,
        "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.",
    ))
}

/// The refusal of bytes that are no ciphertext of ours. It says nothing more.
pub(crate) const fn invalid_ciphertext() -> OpError {
    OpError::silent(ErrorCode::InvalidCiphertext)
}
