//! The key that a document asks to encrypt for.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::PublicEncryptingKey;

use crate::error::InvalidDocument;

/// Enclave SDKs make keys of 2048 bits; longer ones are theirs to choose, up to what KMS has.
const BITS_MAX: usize = 4096;

/// RSA of 2048 to 4096 bits, in the one encoding of DER: who gets the reply must not depend on how
/// leniently a parser reads.
pub(crate) fn check(spki: &[u8]) -> Result<(), InvalidDocument> {
    let is_sound = || {
        // AWS-LC refuses less than 2048 bits and even or tiny exponents.
        let key = PublicEncryptingKey::from_der(spki).ok()?;
        let der: PublicKeyX509Der<'_> = key.as_der().ok()?;
        Some(key.key_size_bits() <= BITS_MAX && der.as_ref() == spki)
    };
    if is_sound() == Some(true) { Ok(()) } else { Err(InvalidDocument::PublicKey) }
}
