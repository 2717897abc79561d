//! Row authentication with keys anyone can make: the tests' domain keys.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_lc_rs::hmac;

use crate::{RowAuthenticator, RowTag, StoreError};

/// Domain keys whose bytes follow from their number. Real HMACs, no secret.
pub struct NumberedKeys {
    current: AtomicU32,
}

/// A value sealed under the domain key of this number, as far as a store can tell.
pub fn sealed(number: u32, value: &str) -> Vec<u8> {
    [&number.to_be_bytes()[..], value.as_bytes()].concat()
}

impl NumberedKeys {
    /// Keys of which the one with this number is current.
    pub fn new(current: u32) -> Self {
        Self { current: AtomicU32::new(current) }
    }

    /// The number of the current key.
    pub fn current(&self) -> u32 {
        self.current.load(Ordering::SeqCst)
    }

    /// Makes the next key the current one.
    pub fn rotate(&self) {
        self.current.fetch_add(1, Ordering::SeqCst);
    }
}

impl RowAuthenticator for NumberedKeys {
    fn tag(&self, row: &[u8]) -> Result<RowTag, StoreError> {
        let number = self.current().to_be_bytes();
        let mut tag = [0; 36];
        let (head, mac) = tag.split_at_mut(number.len());
        head.copy_from_slice(&number);
        mac.copy_from_slice(hmac::sign(&key(number), row).as_ref());
        Ok(tag)
    }

    fn check(&self, row: &[u8], tag: &[u8]) -> bool {
        tag.split_first_chunk()
            .is_some_and(|(number, mac)| hmac::verify(&key(*number), row, mac).is_ok())
    }

    fn sealed_under(&self, sealed: &[u8]) -> Option<u32> {
        sealed.first_chunk().map(|number| u32::from_be_bytes(*number))
    }
}

fn key(number: [u8; 4]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &[b"rows of the tests".as_slice(), &number].concat())
}
