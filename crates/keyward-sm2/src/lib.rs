//! SM2 (GM/T 0003, GB/T 32918) over bytes: keys and their encodings, signatures, public-key
//! encryption, key agreement.
//!
//! This crate owns how SM2 looks from outside: DER in, DER out, one error per kind of call. The
//! arithmetic is the `sm2` crate's. It knows no key store and no KMS type, and it has no randomness
//! of its own: every call that needs some takes a function that fills a buffer.
//!
//! AWS-LC has no SM2, so nothing here is inside a validated module.

mod agreement;
mod encoding;
mod encryption;
mod error;
mod key;
mod random;
mod signature;

pub use encryption::{CIPHERTEXT_BYTES_MAX, PLAINTEXT_BYTES_MAX};
pub use error::{EncryptError, InvalidCiphertext, InvalidKey, InvalidPublicKey};
pub use key::Sm2Key;
pub use signature::SIGNATURE_BYTES_MAX;
