//! HMAC (FIPS 198-1) with the key material of a KMS key.

use std::fmt;

use aws_lc_rs::hmac;
use keyward_model::KeySpec;

use crate::error::BadKeyMaterial;
use crate::secret::KeyMaterial;

/// The longest HMAC key that may be imported: 1024 bits.
const KEY_BYTES_MAX: usize = 128;

/// One version of an HMAC key's material, ready for use.
pub struct MacKey {
    spec: KeySpec,
    key: hmac::Key,
}

impl MacKey {
    /// Prepares material. It is at least as long as the hash, as generated keys are, and at most
    /// 128 bytes, as imported ones may be.
    pub fn load(spec: KeySpec, material: &KeyMaterial) -> Result<Self, BadKeyMaterial> {
        let algorithm = algorithm(spec).ok_or(BadKeyMaterial)?;
        if !(algorithm.tag_len()..=KEY_BYTES_MAX).contains(&material.len()) {
            return Err(BadKeyMaterial);
        }
        Ok(Self { spec, key: hmac::Key::new(algorithm, material.expose()) })
    }

    /// The whole tag of a message.
    pub fn mac(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.key, message).as_ref().to_vec()
    }

    /// Whether `mac` is the whole tag of the message, in time that does not depend on where they
    /// differ. A tag of another length is a wrong one.
    pub fn verify(&self, message: &[u8], mac: &[u8]) -> bool {
        hmac::verify(&self.key, message, mac).is_ok()
    }
}

fn algorithm(spec: KeySpec) -> Option<hmac::Algorithm> {
    match spec {
        KeySpec::Hmac224 => Some(hmac::HMAC_SHA224),
        KeySpec::Hmac256 => Some(hmac::HMAC_SHA256),
        KeySpec::Hmac384 => Some(hmac::HMAC_SHA384),
        KeySpec::Hmac512 => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MacKey({})", self.spec)
    }
}
