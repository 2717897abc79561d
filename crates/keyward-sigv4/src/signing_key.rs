//! The derived key that signs one day's requests to one service in one Region.

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::TERMINATOR;

const TAG_BYTES: usize = 32;

/// A signing key, prepared for HMAC. Worth keeping per (access key, date, Region, service).
///
/// AWS-LC wipes the prepared key when it is dropped; the steps of the derivation are wiped here.
pub struct SigningKey(hmac::Key);

impl SigningKey {
    /// Derives the key from an access key's secret and a credential scope. `date` is `yyyymmdd`.
    pub fn derive(secret: &[u8], date: &str, region: &str, service: &str) -> Self {
        // Sized up front: a buffer that grew would leave a copy of the secret behind.
        let mut prefixed = Zeroizing::new(Vec::with_capacity(4 + secret.len()));
        prefixed.extend_from_slice(b"AWS4");
        prefixed.extend_from_slice(secret);
        let mut key = hmac::Key::new(hmac::HMAC_SHA256, &prefixed);
        for step in [date, region, service, TERMINATOR] {
            let mut tag = Zeroizing::new([0; TAG_BYTES]);
            key = match hmac::sign_to_buffer(&key, step.as_bytes(), tag.as_mut_slice()) {
                Ok(tag) => hmac::Key::new(hmac::HMAC_SHA256, tag),
                // Going on with an unfilled tag would derive a key that anyone can derive.
                Err(_) => unreachable!("a SHA-256 tag fills its buffer exactly"),
            };
        }
        Self(key)
    }

    /// Whether `signature` is this key's over `message`, in time that does not depend on where
    /// they differ.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; TAG_BYTES]) -> bool {
        hmac::verify(&self.0, message, signature).is_ok()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> hmac::Tag {
        hmac::sign(&self.0, message)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Display};

    use static_assertions::assert_not_impl_any;

    use super::*;

    assert_not_impl_any!(SigningKey: Clone, Copy, Debug, Display, PartialEq);

    #[test]
    fn every_part_of_the_scope_changes_the_key() {
        let parts = ["secret", "20261018", "us-east-1", "kms"];
        let tag = |[secret, date, region, service]: [&str; 4]| {
            SigningKey::derive(secret.as_bytes(), date, region, service).sign(b"").as_ref().to_vec()
        };
        for index in 0..parts.len() {
            let mut other = parts;
            other[index] = "other";
            assert_ne!(tag(parts), tag(other), "{other:?}");
        }
        assert_eq!(tag(parts), tag(parts));
    }
}
