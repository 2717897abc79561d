//! The symmetric ciphertext blob, version 1: what Encrypt and `GenerateDataKey` hand out.
//!
//! ```text
//! offset  bytes
//!      0      4  format: 01 'K' 'W', suite 01 (SP 800-108 counter KDF, AES-256-GCM)
//!      4      6  account, its twelve digits as a big-endian number
//!     10     17  key id: kind (0 UUID, 1 `mrk-`) and 16 bytes
//!     27     32  key material id
//!     59     16  derivation nonce, random
//!     75     12  IV, random
//!     87      n  ciphertext
//!   87+n     16  tag
//! ```
//!
//! A blob is 103 bytes longer than its plaintext. What precedes the IV is the header; header and
//! encryption context are the associated data: `header ‖ u32be(len) ‖ context`. The canonical
//! bytes of the context are an argument. The header names no Region, so a multi-Region key opens
//! it in each. It names the material by a hash, which [`SymmetricKey`] computes itself and compares
//! first: GCM alone lets a forger craft a blob that opens under two keys, this does not.
//!
//! Every blob has a key of its own, derived from material and header. The random derivation nonce
//! makes the key unique up to about 2⁶⁴ blobs per material, where two would share a key with an
//! even chance; those two would still need the same 96-bit IV. No count of messages is kept.

mod header;
#[cfg(test)]
mod tests;

use std::fmt;

use aws_lc_rs::hmac;
use keyward_model::KeyMaterialId;
use zeroize::Zeroizing;

use crate::aead::{self, NONCE_BYTES, TAG_BYTES};
use crate::canonical::push_prefixed;
use crate::error::{InvalidCiphertext, ModuleFailure, SealError};
use crate::kdf;
use crate::material_id;
use crate::random;
use crate::secret::{KeyMaterial, Plaintext};

use header::{DERIVATION_NONCE_BYTES, HEADER_BYTES, SCOPE_BYTES};
pub use header::{Header, KeyName};

/// What a blob is longer than its plaintext.
pub const BLOB_OVERHEAD_BYTES: usize = HEADER_BYTES + NONCE_BYTES + TAG_BYTES;

/// The longest blob the API carries (`CiphertextType`).
pub const BLOB_BYTES_MAX: usize = 6144;

/// The longest plaintext a blob can hold; the operations allow less.
pub const PLAINTEXT_BYTES_MAX: usize = BLOB_BYTES_MAX - BLOB_OVERHEAD_BYTES;

const LABEL: &str = "keyward/blob/v1";

/// One version of a symmetric key's material, loaded: it seals and opens blobs in its own name.
///
/// Built once and kept; AWS-LC wipes the prepared key when this is dropped.
pub struct SymmetricKey {
    /// The header up to the derivation nonce: format, account, key id, material id.
    scope: [u8; SCOPE_BYTES],
    material_id: KeyMaterialId,
    derivation: hmac::Key,
}

/// The random bytes of one blob.
struct Nonces {
    derivation: [u8; DERIVATION_NONCE_BYTES],
    iv: [u8; NONCE_BYTES],
}

impl SymmetricKey {
    /// Loads material as belonging to the key `name`.
    pub fn new(name: &KeyName, material: &KeyMaterial) -> Result<Self, SealError> {
        let material_id = material_id::compute(name.key_id(), material)?;
        let scope = header::scope(name, &material_id);
        Ok(Self { scope, material_id, derivation: kdf::prepare(material.expose()) })
    }

    /// The id of this material.
    pub fn material_id(&self) -> &KeyMaterialId {
        &self.material_id
    }

    /// Seals `plaintext` under `context`, the canonical bytes of the encryption context.
    pub fn seal(&self, context: &[u8], plaintext: &Plaintext) -> Result<Vec<u8>, SealError> {
        self.seal_with(&Nonces::draw()?, context, plaintext)
    }

    /// Opens a blob of this key and this material sealed under the same context.
    pub fn open(&self, blob: &[u8], context: &[u8]) -> Result<Plaintext, InvalidCiphertext> {
        if blob.len() > BLOB_BYTES_MAX {
            return Err(InvalidCiphertext);
        }
        let (header, rest) = blob.split_first_chunk::<HEADER_BYTES>().ok_or(InvalidCiphertext)?;
        let (iv, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(InvalidCiphertext)?;
        let len = sealed.len().checked_sub(TAG_BYTES).ok_or(InvalidCiphertext)?;
        // Public bytes: the header is compared before any secret is used.
        if !header.starts_with(&self.scope) {
            return Err(InvalidCiphertext);
        }

        // The associated data is built behind the plaintext, in the same allocation.
        let mut buffer = Zeroizing::new(Vec::with_capacity(len + associated_len(context)));
        buffer.resize(len, 0);
        push_associated(&mut buffer, header, context).map_err(|_| InvalidCiphertext)?;
        let (plaintext, associated) = buffer.split_at_mut_checked(len).ok_or(InvalidCiphertext)?;

        let key = self.message_key(header).map_err(|_| InvalidCiphertext)?;
        aead::open(&key, *iv, associated, sealed, plaintext).map_err(|_| InvalidCiphertext)?;
        buffer.truncate(len);
        Ok(Plaintext::from(buffer))
    }

    /// The nonces are a parameter for the known answers only.
    fn seal_with(
        &self,
        nonces: &Nonces,
        context: &[u8],
        plaintext: &Plaintext,
    ) -> Result<Vec<u8>, SealError> {
        if plaintext.len() > PLAINTEXT_BYTES_MAX {
            return Err(SealError::TooLong);
        }
        let header = header::with_nonce(&self.scope, &nonces.derivation);
        let len = plaintext.len() + BLOB_OVERHEAD_BYTES;

        // The associated data is built behind the blob, in the same allocation, and cut off.
        let mut blob = Vec::with_capacity(len + associated_len(context));
        blob.extend_from_slice(&header);
        blob.extend_from_slice(&nonces.iv);
        blob.resize(len, 0);
        push_associated(&mut blob, &header, context)?;
        let (sealed, associated) = blob.split_at_mut_checked(len).ok_or(ModuleFailure)?;
        let (_, out) =
            sealed.split_at_mut_checked(HEADER_BYTES + NONCE_BYTES).ok_or(ModuleFailure)?;

        let key = self.message_key(&header)?;
        aead::seal(&key, nonces.iv, associated, plaintext.expose(), out)?;
        blob.truncate(len);
        Ok(blob)
    }

    /// The key of one blob. The whole header goes in, so a key serves one header only.
    fn message_key(
        &self,
        header: &[u8; HEADER_BYTES],
    ) -> Result<aws_lc_rs::aead::LessSafeKey, ModuleFailure> {
        aead::key(&*kdf::derive(&self.derivation, LABEL, header)?)
    }
}

impl Nonces {
    /// One call for both: the generator's cost is per call, a third of a whole seal.
    fn draw() -> Result<Self, ModuleFailure> {
        let random: [u8; DERIVATION_NONCE_BYTES + NONCE_BYTES] = random::public()?;
        let (derivation, iv) =
            random.split_first_chunk::<DERIVATION_NONCE_BYTES>().ok_or(ModuleFailure)?;
        Ok(Self { derivation: *derivation, iv: iv.try_into().map_err(|_| ModuleFailure)? })
    }
}

impl fmt::Debug for SymmetricKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SymmetricKey({})", self.material_id)
    }
}

fn associated_len(context: &[u8]) -> usize {
    HEADER_BYTES.saturating_add(4).saturating_add(context.len())
}

fn push_associated(
    out: &mut Vec<u8>,
    header: &[u8; HEADER_BYTES],
    context: &[u8],
) -> Result<(), SealError> {
    out.extend_from_slice(header);
    push_prefixed(out, context)
}
