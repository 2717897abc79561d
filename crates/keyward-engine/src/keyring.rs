//! The domain keys in use, replaceable while everything runs.

use std::sync::Arc;

use arc_swap::ArcSwap;
use keyward_crypto::DomainKeys;
use keyward_store::{RowAuthenticator, RowTag, StoreError};

/// The ring of domain keys that the whole process seals, opens and authenticates with.
pub struct KeyRing(ArcSwap<DomainKeys>);

impl KeyRing {
    /// Starts with these domain keys.
    pub fn new(keys: DomainKeys) -> Arc<Self> {
        Arc::new(Self(ArcSwap::from_pointee(keys)))
    }

    /// The domain keys at this moment.
    pub fn keys(&self) -> Arc<DomainKeys> {
        self.0.load_full()
    }

    /// Replaces the domain keys for everything that starts from now on.
    pub(crate) fn replace(&self, keys: DomainKeys) {
        self.0.store(Arc::new(keys));
    }
}

impl RowAuthenticator for KeyRing {
    fn tag(&self, row: &[u8]) -> Result<RowTag, StoreError> {
        self.0.load().tag_row(row).map_err(|_| StoreError::TagFailed)
    }

    fn check(&self, row: &[u8], tag: &[u8]) -> bool {
        self.0.load().check_row(row, tag)
    }

    fn sealed_under(&self, sealed: &[u8]) -> Option<u32> {
        keyward_crypto::sealed_key_number(sealed)
    }
}
