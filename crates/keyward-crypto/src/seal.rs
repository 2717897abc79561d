//! Seals: what stands at the top of the key hierarchy and wraps domain keys.
//!
//! A seal is a root key of 256 bits, from a file or from a passphrase. From it SP 800-108 derives
//! the wrapping key and, with another label, the seal's id: a key-check value that stands in every
//! record, so that a database opened with the wrong root key is told from a damaged one.

mod file;
mod passphrase;
mod record;
#[cfg(test)]
mod tests;

use std::fmt;

use aws_lc_rs::aead::LessSafeKey;

use crate::aead::{self, KEY_BYTES, NONCE_BYTES};
use crate::error::{ModuleFailure, UnwrapError};
use crate::kdf;
use crate::random;
use crate::secret::{Passphrase, Secret};

pub use file::RootKeyFile;
pub use passphrase::PassphraseParameters;
pub use record::{WRAPPED_DOMAIN_KEY_BYTES_MAX, WrappedDomainKey};

const WRAP_LABEL: &str = "keyward/root/wrap/v1";
const CHECK_LABEL: &str = "keyward/root/check/v1";

/// Where a root key comes from, with what is needed to derive it again. Not secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealKind {
    /// A root key file.
    File,
    /// A passphrase, through Argon2id.
    Passphrase(PassphraseParameters),
}

/// The key-check value of a root key: the first 128 bits of a key derived for nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SealId([u8; Self::BYTES]);

/// A root key, ready to wrap and unwrap domain keys.
pub struct Seal {
    kind: SealKind,
    id: SealId,
    wrapping: LessSafeKey,
}

impl Seal {
    /// The seal whose root key is in a file.
    pub fn from_root_key_file(file: &RootKeyFile) -> Result<Self, ModuleFailure> {
        Self::new(SealKind::File, file.root_key())
    }

    /// The seal whose root key is derived from a passphrase. Takes about a second and the
    /// memory the parameters say: call it off the async threads. For an existing database the
    /// parameters are those of its records ([`WrappedDomainKey::kind`]).
    pub fn from_passphrase(
        passphrase: &Passphrase,
        parameters: &PassphraseParameters,
    ) -> Result<Self, ModuleFailure> {
        Self::new(SealKind::Passphrase(*parameters), &parameters.derive(passphrase)?)
    }

    /// What kind of seal this is.
    pub fn kind(&self) -> &SealKind {
        &self.kind
    }

    /// Which root key this is, without saying anything about it.
    pub fn id(&self) -> &SealId {
        &self.id
    }

    /// Wraps the same domain key under another seal: the step of rotating the root key.
    pub fn rewrap(
        &self,
        record: &WrappedDomainKey,
        new: &Self,
    ) -> Result<WrappedDomainKey, UnwrapError> {
        Ok(new.wrap(record.number(), &self.unwrap(record)?)?)
    }

    pub(crate) fn wrap(
        &self,
        number: u32,
        domain_key: &Secret,
    ) -> Result<WrappedDomainKey, ModuleFailure> {
        self.wrap_with(random::public()?, number, domain_key)
    }

    pub(crate) fn unwrap(&self, record: &WrappedDomainKey) -> Result<Secret, UnwrapError> {
        if record.kind != self.kind {
            return Err(UnwrapError::WrongKind);
        }
        if record.seal_id != self.id {
            return Err(match self.kind {
                SealKind::File => UnwrapError::WrongRootKey,
                SealKind::Passphrase(_) => UnwrapError::WrongPassphrase,
            });
        }
        let associated = record.associated();
        Secret::filled_by(KEY_BYTES, |out| {
            aead::open(&self.wrapping, record.nonce, &associated, &record.wrapped, out)
        })
        .map_err(|aead::NotAuthentic| UnwrapError::NotAuthentic(record.number))
    }

    /// The nonce is a parameter for the known answers only. A root key wraps one domain key per
    /// rotation, far below the 2³² that random nonces allow.
    fn wrap_with(
        &self,
        nonce: [u8; NONCE_BYTES],
        number: u32,
        domain_key: &Secret,
    ) -> Result<WrappedDomainKey, ModuleFailure> {
        let mut record = WrappedDomainKey {
            kind: self.kind,
            seal_id: self.id,
            number,
            nonce,
            wrapped: [0; record::WRAPPED_BYTES],
        };
        let associated = record.associated();
        let out = record.wrapped.as_mut_slice();
        aead::seal(&self.wrapping, nonce, &associated, domain_key.expose(), out)?;
        Ok(record)
    }

    fn new(kind: SealKind, root_key: &Secret) -> Result<Self, ModuleFailure> {
        let root = kdf::prepare(root_key.expose());
        let check = kdf::derive(&root, CHECK_LABEL, &[])?;
        let id = SealId(*check.first_chunk().ok_or(ModuleFailure)?);
        let wrapping = aead::key(&*kdf::derive(&root, WRAP_LABEL, &[])?)?;
        Ok(Self { kind, id, wrapping })
    }
}

impl SealId {
    const BYTES: usize = 16;
}

impl fmt::Display for SealId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SealId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealId({self})")
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seal({:?}, {})", self.kind, self.id)
    }
}
