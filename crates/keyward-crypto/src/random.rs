//! Randomness from AWS-LC's DRBG: key material, data keys, nonces, salts.
//!
//! Identifiers do not come from here; they come from the injected generator.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::{ModuleFailure, RandomError};
use crate::secret::{KeyMaterial, Plaintext, Secret, SigningSecret};

/// The longest key material made here: imported HMAC material ends at 128 bytes, PKCS#8 encodings
/// are made by the key generators.
pub const MATERIAL_BYTES_MAX: usize = 1024;

/// What `GenerateRandom` and `GenerateDataKey` may ask for at most.
pub const RANDOM_BYTES_MAX: usize = 1024;

/// Random bytes behind an access key's secret: 240 bits, 40 characters of base64 without padding.
const SIGNING_SECRET_RANDOM_BYTES: usize = 30;
const SIGNING_SECRET_CHARS: usize = 40;

impl KeyMaterial {
    /// Fresh key material of `len` bytes.
    pub fn generate(len: usize) -> Result<Self, RandomError> {
        bounded(len, MATERIAL_BYTES_MAX).map(Self::from)
    }
}

impl Plaintext {
    /// Fresh random bytes for a caller: a data key, or the answer to `GenerateRandom`.
    pub fn random(len: usize) -> Result<Self, RandomError> {
        bounded(len, RANDOM_BYTES_MAX).map(Self::from)
    }
}

impl SigningSecret {
    /// A fresh secret for an access key: 40 characters, as AWS issues them.
    pub fn generate() -> Result<Self, ModuleFailure> {
        let random = secret(SIGNING_SECRET_RANDOM_BYTES)?;
        let text = Secret::filled_by(SIGNING_SECRET_CHARS, |text| {
            STANDARD.encode_slice(random.expose(), text).map(drop).map_err(|_| ModuleFailure)
        })?;
        Ok(Self::from(text))
    }
}

/// Fills a buffer in place.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), ModuleFailure> {
    SystemRandom::new().fill(bytes).map_err(|_| ModuleFailure)
}

/// Random bytes that are not secret: nonces and salts.
pub(crate) fn public<const N: usize>() -> Result<[u8; N], ModuleFailure> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// A fresh secret of `len` bytes.
pub(crate) fn secret(len: usize) -> Result<Secret, ModuleFailure> {
    Secret::filled_by(len, fill)
}

fn bounded(len: usize, max: usize) -> Result<Secret, RandomError> {
    if len == 0 || len > max {
        return Err(RandomError::OutOfRange);
    }
    Ok(secret(len)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ_and_are_as_long_as_asked() {
        let (a, b) = (KeyMaterial::generate(32).unwrap(), KeyMaterial::generate(32).unwrap());
        assert_eq!((a.len(), b.len()), (32, 32));
        assert!(!a.ct_eq(&b));
        assert_ne!(public::<16>().unwrap(), public::<16>().unwrap());
    }

    #[test]
    fn random_bytes_are_bounded() {
        assert_eq!(Plaintext::random(0).unwrap_err(), RandomError::OutOfRange);
        assert_eq!(Plaintext::random(1025).unwrap_err(), RandomError::OutOfRange);
        assert_eq!(Plaintext::random(1024).unwrap().len(), 1024);
        assert_eq!(Plaintext::random(1).unwrap().len(), 1);
        assert_eq!(KeyMaterial::generate(0).unwrap_err(), RandomError::OutOfRange);
        assert_eq!(KeyMaterial::generate(1025).unwrap_err(), RandomError::OutOfRange);
    }

    #[test]
    fn a_signing_secret_is_forty_base64_characters() {
        let secret = SigningSecret::generate().unwrap();
        assert_eq!(secret.len(), 40);
        assert!(
            secret.expose().iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/'))
        );
        assert!(!secret.ct_eq(&SigningSecret::generate().unwrap()));
    }
}
