//! A wrapped domain key, version 1: what the store keeps as opaque bytes.
//!
//! ```text
//! bytes
//!     5  'KWDK', version 01
//!     1  kind of seal: 1 file, 2 passphrase
//!     1  length of the parameters: 0 for a file, 28 for a passphrase
//!     n  parameters: memory in KiB, passes, lanes (32 bits each, big-endian), salt (16 bytes)
//!    16  seal id
//!     4  domain key number, big-endian
//!    12  nonce
//!    48  AES-256-GCM of the domain key, with its tag
//! ```
//!
//! Everything before the nonce is associated data.

use crate::aead::{KEY_BYTES, NONCE_BYTES, TAG_BYTES};
use crate::error::UnwrapError;
use crate::seal::passphrase::PARAMETERS_BYTES;
use crate::seal::{PassphraseParameters, SealId, SealKind};

/// The longest record; anything longer is refused before it is read.
pub const WRAPPED_DOMAIN_KEY_BYTES_MAX: usize =
    7 + PARAMETERS_BYTES + SealId::BYTES + 4 + NONCE_BYTES + WRAPPED_BYTES;

pub(super) const WRAPPED_BYTES: usize = KEY_BYTES + TAG_BYTES;

const FORMAT: [u8; 5] = *b"KWDK\x01";
const KIND_FILE: u8 = 1;
const KIND_PASSPHRASE: u8 = 2;

/// A domain key under a seal, with all that is needed to know which. Not secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedDomainKey {
    pub(super) kind: SealKind,
    pub(super) seal_id: SealId,
    pub(super) number: u32,
    pub(super) nonce: [u8; NONCE_BYTES],
    pub(super) wrapped: [u8; WRAPPED_BYTES],
}

impl WrappedDomainKey {
    /// The bytes for the store.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.associated();
        out.extend_from_slice(&self.nonce);
        out.extend_from_slice(&self.wrapped);
        out
    }

    /// Reads the store's bytes. Nothing is proven until a seal unwraps the record.
    pub fn parse(bytes: &[u8]) -> Result<Self, UnwrapError> {
        Self::read(bytes).ok_or(UnwrapError::Malformed)
    }

    /// The number of the domain key.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The kind of seal that opens this, with its parameters.
    pub fn kind(&self) -> &SealKind {
        &self.kind
    }

    /// The seal that opens this.
    pub fn seal_id(&self) -> &SealId {
        &self.seal_id
    }

    /// Everything before the nonce.
    pub(super) fn associated(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(WRAPPED_DOMAIN_KEY_BYTES_MAX);
        out.extend_from_slice(&FORMAT);
        match &self.kind {
            SealKind::File => out.extend_from_slice(&[KIND_FILE, 0]),
            SealKind::Passphrase(parameters) => {
                out.extend_from_slice(&[KIND_PASSPHRASE, 28]);
                out.extend_from_slice(&parameters.encode());
            }
        }
        out.extend_from_slice(&self.seal_id.0);
        out.extend_from_slice(&self.number.to_be_bytes());
        out
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > WRAPPED_DOMAIN_KEY_BYTES_MAX {
            return None;
        }
        let rest = bytes.strip_prefix(FORMAT.as_slice())?;
        let (kind, rest) = rest.split_first()?;
        let (len, rest) = rest.split_first()?;
        let (parameters, rest) = rest.split_at_checked(usize::from(*len))?;
        let kind = match (*kind, parameters) {
            (KIND_FILE, []) => SealKind::File,
            (KIND_PASSPHRASE, _) => SealKind::Passphrase(PassphraseParameters::parse(parameters)?),
            _ => return None,
        };
        let (seal_id, rest) = rest.split_first_chunk()?;
        let (number, rest) = rest.split_first_chunk()?;
        let (nonce, wrapped) = rest.split_first_chunk()?;
        Some(Self {
            kind,
            seal_id: SealId(*seal_id),
            number: u32::from_be_bytes(*number),
            nonce: *nonce,
            wrapped: wrapped.try_into().ok()?,
        })
    }
}
