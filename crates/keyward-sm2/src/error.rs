//! What can go wrong here: one value per kind of call, and none says why.

use thiserror::Error;

/// A ciphertext that does not decrypt, for whatever reason. There is deliberately one value.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the ciphertext is not valid")]
pub struct InvalidCiphertext;

/// Bytes that are no private key of this curve in the form asked for.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not an SM2 private key")]
pub struct InvalidKey;

/// Bytes that are no public key of this curve.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not an SM2 public key")]
pub struct InvalidPublicKey;

/// Why a plaintext was not encrypted. `E` is the error of the caller's source of randomness.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum EncryptError<E> {
    /// The plaintext is empty or too long.
    #[error("the plaintext is empty or too long")]
    PlaintextLength,
    /// The source of randomness failed.
    #[error("the source of randomness failed")]
    Random(E),
}
