//! A value sealed at rest, version 1.
//!
//! ```text
//! offset  bytes
//!      0      1  version 01
//!      1      4  domain key number, big-endian
//!      5     12  nonce, random
//!     17      n  ciphertext
//!   17+n     16  tag
//! ```
//!
//! The associated data is `version ‖ number ‖ table ‖ row ‖ column`, the last three with their
//! lengths, so a value opens only where it was sealed.
//!
//! Nonces are random and have 96 bits: SP 800-38D, 8.3 allows 2³² values per domain key. At a
//! thousand seals a second that is seven weeks; rotate on a schedule shorter than the load allows.

use crate::aead::{self, NONCE_BYTES, TAG_BYTES};
use crate::canonical::push_prefixed;
use crate::domain::{DomainKey, DomainKeys};
use crate::error::{ModuleFailure, OpenError, SealError};
use crate::random;
use crate::secret::Secret;

const VERSION: u8 = 1;
const NUMBER_BYTES: usize = 4;
const PREFIX_BYTES: usize = 1 + NUMBER_BYTES + NONCE_BYTES;
/// Nothing kept at rest is near this; it bounds what a damaged store can make us allocate.
const SEALED_BYTES_MAX: usize = 1 << 20;

/// Where a sealed value lives. It opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// The table.
    pub table: &'a str,
    /// The row's primary key, in bytes that tell rows apart.
    pub row: &'a [u8],
    /// The column.
    pub column: &'a str,
}

impl DomainKeys {
    /// Seals a secret for one place under the current domain key.
    pub fn seal(
        &self,
        binding: &Binding<'_>,
        value: &impl AsRef<Secret>,
    ) -> Result<Vec<u8>, SealError> {
        self.current().seal_with(random::public()?, binding, value.as_ref())
    }

    /// Opens what was sealed for this place under any domain key of the ring.
    pub fn open(&self, binding: &Binding<'_>, sealed: &[u8]) -> Result<Secret, OpenError> {
        let (number, rest) = split(sealed).ok_or(OpenError::Malformed)?;
        let (nonce, rest) = rest.split_first_chunk().ok_or(OpenError::Malformed)?;
        let len = rest.len().checked_sub(TAG_BYTES).ok_or(OpenError::Malformed)?;
        let key = self.find(number).ok_or(OpenError::UnknownDomainKey(number))?;
        let associated = associated(number, binding).map_err(|_| OpenError::Malformed)?;
        Secret::filled_by(len, |out| aead::open(&key.sealing, *nonce, &associated, rest, out))
            .map_err(|aead::NotAuthentic| OpenError::NotAuthentic)
    }
}

impl DomainKey {
    /// The nonce is a parameter for the known answers only.
    pub(super) fn seal_with(
        &self,
        nonce: [u8; NONCE_BYTES],
        binding: &Binding<'_>,
        value: &Secret,
    ) -> Result<Vec<u8>, SealError> {
        let len = PREFIX_BYTES + value.len() + TAG_BYTES;
        if len > SEALED_BYTES_MAX {
            return Err(SealError::TooLong);
        }
        let associated = associated(self.number, binding)?;
        let mut sealed = Vec::with_capacity(len);
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.number.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.resize(len, 0);
        let (_, out) = sealed.split_at_mut_checked(PREFIX_BYTES).ok_or(ModuleFailure)?;
        aead::seal(&self.sealing, nonce, &associated, value.expose(), out)?;
        Ok(sealed)
    }
}

/// The domain key a value is sealed under, to find what is left to seal again after a rotation.
pub fn sealed_key_number(sealed: &[u8]) -> Option<u32> {
    split(sealed).map(|(number, _)| number)
}

fn split(sealed: &[u8]) -> Option<(u32, &[u8])> {
    if sealed.len() > SEALED_BYTES_MAX {
        return None;
    }
    let rest = sealed.strip_prefix(&[VERSION])?;
    let (number, rest) = rest.split_first_chunk::<NUMBER_BYTES>()?;
    Some((u32::from_be_bytes(*number), rest))
}

fn associated(number: u32, binding: &Binding<'_>) -> Result<Vec<u8>, SealError> {
    let Binding { table, row, column } = binding;
    let mut out = Vec::with_capacity(17 + table.len() + row.len() + column.len());
    out.push(VERSION);
    out.extend_from_slice(&number.to_be_bytes());
    push_prefixed(&mut out, table.as_bytes())?;
    push_prefixed(&mut out, row)?;
    push_prefixed(&mut out, column.as_bytes())?;
    Ok(out)
}
