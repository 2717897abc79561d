//! What can go wrong here: one small enum per kind of call.
//!
//! None of these says why a tag did not match; the caller decides what a failure means to a client.

use thiserror::Error;

/// The cryptographic module refused a call that cannot fail on valid input: no randomness, no
/// memory, or a failed self-test. Nothing was produced.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the cryptographic module failed")]
pub struct ModuleFailure;

/// A ciphertext blob that does not open, for whatever reason. There is deliberately one value.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the ciphertext is not valid")]
pub struct InvalidCiphertext;

/// Key material that is not what its spec asks for, or not in its stored encoding.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not key material of this spec")]
pub struct BadKeyMaterial;

/// A signature that does not verify, for whatever reason.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the signature is not valid")]
pub struct InvalidSignature;

/// A peer's public key that is not one of the curve asked for.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not a public key on this curve")]
pub struct InvalidPublicKey;

/// Why no key was made.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum GenerateKeyError {
    /// The cryptographic module failed.
    #[error(transparent)]
    Module(#[from] ModuleFailure),
    /// No such key is made here.
    #[error("no key of this spec is made here")]
    NotOffered,
}

/// Why nothing was signed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SignError {
    /// The cryptographic module failed.
    #[error(transparent)]
    Module(#[from] ModuleFailure),
    /// Algorithm and message do not fit the key or each other: callers have checked.
    #[error("the algorithm or the message does not fit the key")]
    NotApplicable,
}

/// Why nothing was encrypted.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum EncryptError {
    /// The cryptographic module failed.
    #[error(transparent)]
    Module(#[from] ModuleFailure),
    /// The algorithm does not fit the key: callers have checked.
    #[error("the algorithm does not fit the key")]
    NotApplicable,
    /// Longer than key and algorithm can take.
    #[error("the plaintext is too long")]
    TooLong,
}

/// Why wrapped key material was not imported.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ImportError {
    /// It does not unwrap: another wrapping key or algorithm, or altered.
    #[error("the wrapped key material does not unwrap")]
    Ciphertext,
    /// It unwraps to something that is not material of the spec.
    #[error("the key material does not fit the key")]
    Material,
}

/// Why random bytes were not made.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum RandomError {
    /// The cryptographic module failed.
    #[error(transparent)]
    Module(#[from] ModuleFailure),
    /// The length is zero or above the bound for its role.
    #[error("the length is out of range")]
    OutOfRange,
}

/// Why nothing was made for the recipient of an attestation document.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum EnvelopeError {
    /// The recipient's key is no RSA key that is offered.
    #[error("the key of the recipient is not a usable RSA key")]
    InvalidPublicKey,
    /// The cryptographic module failed.
    #[error(transparent)]
    Module(#[from] ModuleFailure),
}

/// Why a value was not sealed or a marker not made.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SealError {
    /// The cryptographic module failed.
    #[error(transparent)]
    Module(#[from] ModuleFailure),
    /// The value, or something it is bound to, exceeds what the format can carry.
    #[error("the value is too long to seal")]
    TooLong,
}

/// Why a value sealed at rest did not open.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum OpenError {
    /// Too short, too long, or of a version this program does not know.
    #[error("not a sealed value of a known version")]
    Malformed,
    /// Altered, or moved from another table, row or column.
    #[error("the sealed value is not authentic in this place")]
    NotAuthentic,
    /// Sealed under a domain key that is not loaded: load the ring again, then it is retired.
    #[error("domain key `{0}` is not loaded")]
    UnknownDomainKey(u32),
}

/// Why wrapped domain keys did not open.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum UnwrapError {
    /// Two records carry the same number.
    #[error("two records carry domain key number `{0}`")]
    Duplicate(u32),
    /// Not a record of a known version, or its parameters are out of bounds.
    #[error("not a wrapped domain key of a known version")]
    Malformed,
    /// The cryptographic module failed, or there was no memory for the passphrase function.
    #[error(transparent)]
    Module(#[from] ModuleFailure),
    /// There is nothing to unwrap.
    #[error("no wrapped domain key")]
    NoRecords,
    /// The root key is the right one; the record was altered.
    #[error("the wrapped domain key `{0}` is damaged")]
    NotAuthentic(u32),
    /// More records than `DOMAIN_KEYS_MAX`.
    #[error("too many wrapped domain keys")]
    TooMany,
    /// The record was sealed by another kind of seal, or under other passphrase parameters.
    #[error("sealed by another kind of seal")]
    WrongKind,
    /// The passphrase is not the one these domain keys were sealed with.
    #[error("the passphrase is not the one that sealed this database")]
    WrongPassphrase,
    /// The root key is not the one these domain keys were sealed with.
    #[error("the root key is not the one that sealed this database")]
    WrongRootKey,
}

/// Why the ring was not given a new domain key.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum RotateError {
    /// The ring holds as many as it can, or numbers have run out: retire older ones first.
    #[error("the ring of domain keys is full")]
    Full,
    /// The cryptographic module failed.
    #[error(transparent)]
    Module(#[from] ModuleFailure),
}

/// Why a domain key was not retired.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum RetireError {
    /// The current domain key is never retired: rotate first.
    #[error("domain key `{0}` is current")]
    Current(u32),
    /// No domain key has this number.
    #[error("domain key `{0}` is not loaded")]
    UnknownDomainKey(u32),
}

/// Why the content of a root key file was refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum RootKeyFileError {
    /// Truncated or altered: the checksum does not match. Not the same as a wrong root key.
    #[error("the root key file is damaged or truncated")]
    Damaged,
    /// The file is something else.
    #[error("not a root key file")]
    NotARootKeyFile,
    /// A root key file of a version this program does not know.
    #[error("unknown version of root key file")]
    UnknownVersion,
}
