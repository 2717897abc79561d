//! Domain keys: the numbered keys that protect everything at rest.
//!
//! One is current and seals; the older ones only open, until everything under them has been sealed
//! again, every session made under them has ended, and they are retired. From each, SP 800-108 derives
//! four keys with labels of their own: for sealed values, for row tags, for paging markers and for
//! session tokens. No key is used for two things.
//!
//! A ring is immutable. Rotation and retirement make a new one; the owner replaces the old one in
//! a single step and persists the records. Rings are cheap to share. A node that meets a number it
//! does not know gets [`OpenError::UnknownDomainKey`] and loads the records again.
//!
//! [`OpenError::UnknownDomainKey`]: crate::OpenError::UnknownDomainKey

mod marker;
mod row;
mod sealed;
mod session;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::LessSafeKey;
use aws_lc_rs::hmac;

use crate::aead::{self, KEY_BYTES};
use crate::error::{ModuleFailure, RetireError, RotateError, UnwrapError};
use crate::kdf;
use crate::random;
use crate::seal::{Seal, WrappedDomainKey};
use crate::secret::Secret;

pub use marker::{MARKER_CHARS_MAX, MarkerScope};
pub use row::{ROW_TAG_BYTES, RowTag, row_tag_key_number};
pub use sealed::{Binding, sealed_key_number};
pub use session::{OpenedSession, SESSION_TOKEN_CHARS_MAX, SealedSession};

/// The most domain keys a ring holds. Each is retired within a rotation or two of being replaced.
pub const DOMAIN_KEYS_MAX: usize = 256;

const SEALING_LABEL: &str = "keyward/domain/seal/v1";
const ROW_LABEL: &str = "keyward/domain/row/v1";
const MARKER_LABEL: &str = "keyward/domain/marker/v1";
const SESSION_LABEL: &str = "keyward/domain/session/v1";
const FIRST_NUMBER: u32 = 1;

/// The ring of domain keys. A clone is another handle to the same keys.
#[derive(Clone)]
pub struct DomainKeys(Arc<Ring>);

struct Ring {
    current: Arc<DomainKey>,
    /// Without the current one.
    older: Vec<Arc<DomainKey>>,
}

/// What is derived from one domain key. The domain key itself is not kept.
struct DomainKey {
    number: u32,
    sealing: LessSafeKey,
    rows: hmac::Key,
    markers: hmac::Key,
    sessions: hmac::Key,
}

impl DomainKeys {
    /// A ring with a fresh domain key, number 1, and its record for the store.
    pub fn generate(seal: &Seal) -> Result<(Self, WrappedDomainKey), ModuleFailure> {
        let (key, record) = DomainKey::generate(seal, FIRST_NUMBER)?;
        Ok((Self::with(key, Vec::new()), record))
    }

    /// The ring from the store's records. The highest number is the current one.
    pub fn from_records(seal: &Seal, records: &[WrappedDomainKey]) -> Result<Self, UnwrapError> {
        if records.len() > DOMAIN_KEYS_MAX {
            return Err(UnwrapError::TooMany);
        }
        let mut keys = Vec::with_capacity(records.len());
        for record in records {
            let secret = seal.unwrap(record)?;
            keys.push(Arc::new(DomainKey::derive(record.number(), &secret)?));
        }
        keys.sort_by_key(|key| key.number);
        for (key, next) in keys.iter().zip(keys.iter().skip(1)) {
            if key.number == next.number {
                return Err(UnwrapError::Duplicate(key.number));
            }
        }
        let current = keys.pop().ok_or(UnwrapError::NoRecords)?;
        Ok(Self::with(current, keys))
    }

    /// A ring whose current key is fresh and has the next number, and its record for the store.
    /// Persist the record before the first use of the ring.
    pub fn rotate(&self, seal: &Seal) -> Result<(Self, WrappedDomainKey), RotateError> {
        if self.0.all().count() >= DOMAIN_KEYS_MAX {
            return Err(RotateError::Full);
        }
        let number = self.current_number().checked_add(1).ok_or(RotateError::Full)?;
        let (key, record) = DomainKey::generate(seal, number)?;
        Ok((Self::with(key, self.0.all().cloned().collect()), record))
    }

    /// A ring without an older key, once nothing is sealed or tagged under it any more.
    pub fn retire(&self, number: u32) -> Result<Self, RetireError> {
        if number == self.current_number() {
            return Err(RetireError::Current(number));
        }
        if !self.holds(number) {
            return Err(RetireError::UnknownDomainKey(number));
        }
        let older = self.0.older.iter().filter(|key| key.number != number).cloned().collect();
        Ok(Self::with(Arc::clone(&self.0.current), older))
    }

    /// The number of the key that seals.
    pub fn current_number(&self) -> u32 {
        self.0.current.number
    }

    /// Every number in the ring.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        self.0.all().map(|key| key.number)
    }

    /// Whether values and rows under this number can be opened and checked.
    pub fn holds(&self, number: u32) -> bool {
        self.find(number).is_some()
    }

    fn with(current: Arc<DomainKey>, older: Vec<Arc<DomainKey>>) -> Self {
        Self(Arc::new(Ring { current, older }))
    }

    fn current(&self) -> &DomainKey {
        &self.0.current
    }

    fn find(&self, number: u32) -> Option<&DomainKey> {
        self.0.all().find(|key| key.number == number).map(Arc::as_ref)
    }
}

impl Ring {
    /// The current key first: nearly every lookup is for it.
    fn all(&self) -> impl Iterator<Item = &Arc<DomainKey>> {
        std::iter::once(&self.current).chain(&self.older)
    }
}

impl DomainKey {
    fn generate(seal: &Seal, number: u32) -> Result<(Arc<Self>, WrappedDomainKey), ModuleFailure> {
        let secret = random::secret(KEY_BYTES)?;
        let record = seal.wrap(number, &secret)?;
        Ok((Arc::new(Self::derive(number, &secret)?), record))
    }

    fn derive(number: u32, secret: &Secret) -> Result<Self, ModuleFailure> {
        let root = kdf::prepare(secret.expose());
        let subkey = |label| kdf::derive(&root, label, &number.to_be_bytes());
        Ok(Self {
            number,
            sealing: aead::key(&*subkey(SEALING_LABEL)?)?,
            rows: kdf::prepare(subkey(ROW_LABEL)?.as_slice()),
            markers: kdf::prepare(subkey(MARKER_LABEL)?.as_slice()),
            sessions: kdf::prepare(subkey(SESSION_LABEL)?.as_slice()),
        })
    }
}

impl fmt::Debug for DomainKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DomainKeys(current {}, ", self.current_number())?;
        f.debug_list().entries(self.numbers()).finish()?;
        f.write_str(")")
    }
}
