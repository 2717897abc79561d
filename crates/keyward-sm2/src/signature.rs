//! SM2DSA (GM/T 0003.2) with SM3 and the default identity. A signature is DER: r and s.

use sm2::dsa::signature::hazmat::{PrehashVerifier, RandomizedPrehashSigner};
use sm2::dsa::signature::{Error, RandomizedSigner, Verifier};
use sm2::dsa::{Signature, SigningKey};

use crate::key::{DEFAULT_ID, Sm2Key};
use crate::random::Source;

/// The longest signature there is.
pub const SIGNATURE_BYTES_MAX: usize = 72;

impl Sm2Key {
    /// Signs SM3(Z ‖ message), where Z hashes the default identity and the public key.
    ///
    /// The nonce is derived from the key, the digest and the random bytes together, so that a weak
    /// source does not give the key away.
    pub fn sign<E>(
        &self,
        message: &[u8],
        fill: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<Vec<u8>, E> {
        self.attempt(fill, |key, source| key.try_sign_with_rng(source, message))
    }

    /// Signs a digest that the caller made: SM3(Z ‖ message).
    pub fn sign_digest<E>(
        &self,
        digest: &[u8; 32],
        fill: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<Vec<u8>, E> {
        self.attempt(fill, |key, source| key.sign_prehash_with_rng(source, digest))
    }

    /// Whether `signature` is this key's for `message`. What is not DER is not a signature.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        parse(signature).is_some_and(|signature| self.verifying.verify(message, &signature).is_ok())
    }

    /// Whether `signature` is this key's for a digest that the caller made: SM3(Z ‖ message).
    pub fn verify_digest(&self, digest: &[u8; 32], signature: &[u8]) -> bool {
        parse(signature)
            .is_some_and(|signature| self.verifying.verify_prehash(digest, &signature).is_ok())
    }

    fn attempt<F: FnMut(&mut [u8]) -> Result<(), E>, E>(
        &self,
        fill: F,
        sign: impl Fn(&SigningKey, &mut Source<F, E>) -> Result<Signature, Error>,
    ) -> Result<Vec<u8>, E> {
        let mut source = Source::new(fill);
        loop {
            // Made anew each time: the library's type does not wipe itself when dropped.
            let signature =
                SigningKey::new(DEFAULT_ID, &self.secret).and_then(|key| sign(&key, &mut source));
            if let Ok(signature) = signature {
                return Ok(signature.to_der().to_vec());
            }
            if let Some(failure) = source.take_failure() {
                return Err(failure);
            }
            // r, s or r + k was zero, once in 2^255: the standard says to draw again.
        }
    }
}

fn parse(der: &[u8]) -> Option<Signature> {
    if der.len() > SIGNATURE_BYTES_MAX {
        return None;
    }
    Signature::from_der(der).ok()
}
