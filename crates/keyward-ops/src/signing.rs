//! What Sign and Verify share: which message goes with which algorithm.

use keyward_audit::JsonObject;
use keyward_engine::{Key, OpError, SignedMessage, op_error};
use keyward_model::{MessageType, SigningAlgorithm};
use keyward_shape::{OneOf, SecretBlob};

use crate::constraints::{self, PlaintextType};

/// The length of an `EXTERNAL_MU` message (FIPS 204, algorithm 7, step 6).
const MU_BYTES: usize = 64;

/// The message of a request, if key and algorithm take its type and length. The algorithm is known
/// to be one of the key's.
pub(crate) fn signed_message(
    key: &Key,
    algorithm: SigningAlgorithm,
    message_type: MessageType,
    message: SecretBlob<PlaintextType>,
) -> Result<SignedMessage, OpError> {
    require_type(key, algorithm, message_type)?;
    require_length(algorithm, message_type, message.expose().len())?;
    Ok(SignedMessage { message_type, message: message.into_zeroizing() })
}

/// ML-DSA keys take no digest and no other key takes `EXTERNAL_MU`. Of the two algorithms of
/// Ed25519, one takes `RAW` and the other `DIGEST`.
fn require_type(
    key: &Key,
    algorithm: SigningAlgorithm,
    message_type: MessageType,
) -> Result<(), OpError> {
    use MessageType::{Digest, ExternalMu, Raw};
    use SigningAlgorithm::{Ed25519PhSha512, Ed25519Sha512, MlDsaShake256};
    let spec = key.record.spec;
    match (algorithm, message_type) {
        // WIRE: whichever of the two decides is the one that is named.
        // Evidence: docs/WIRE.md, "Message types".
        (Ed25519Sha512, Digest) | (Ed25519PhSha512, Raw) => Err(op_error!(
            Validation,
            "Message type {message_type} is incompatible with algorithm {algorithm}."
        )),
        (MlDsaShake256, Raw | ExternalMu) | (_, Raw) => Ok(()),
        (MlDsaShake256, Digest) | (_, ExternalMu) => Err(op_error!(
            Validation,
            "Message type {message_type} is incompatible with key spec {spec}."
        )),
        (_, Digest) => Ok(()),
    }
}

fn require_length(
    algorithm: SigningAlgorithm,
    message_type: MessageType,
    len: usize,
) -> Result<(), OpError> {
    match message_type {
        MessageType::Digest if algorithm.digest_bytes() != Some(len) => {
            Err(op_error!(Validation, "Digest is invalid length for algorithm {algorithm}."))
        }
        // WIRE: chosen after the words for digests.
        // Evidence: docs/WIRE.md, "Message types".
        MessageType::ExternalMu if len != MU_BYTES => {
            Err(op_error!(Validation, "External mu is invalid length for algorithm {algorithm}."))
        }
        _ => Ok(()),
    }
}

/// Writes `messageType` if it was sent.
pub(crate) fn record_message_type(
    to: &mut JsonObject<'_>,
    message_type: Option<OneOf<MessageType, constraints::MessageType>>,
) {
    if let Some(message_type) = message_type {
        to.text("messageType", message_type.as_str());
    }
}
