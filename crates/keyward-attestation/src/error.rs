//! Why a document or a set of roots was refused: words for the operator's log.
//!
//! A client is told one sentence whatever the reason.

use thiserror::Error;

/// Why a document proves nothing.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum InvalidDocument {
    /// Signed with something else than ES384, or the protected header says more than that.
    #[error("the document is not signed with ES384 alone")]
    Algorithm,
    /// A certificate is no X.509 v3 certificate, or may not be used for its place in the chain.
    #[error("a certificate of the document cannot serve its purpose")]
    Certificate,
    /// The certificates do not lead from the root to the signer.
    #[error("the certificates do not form a chain to the root")]
    Chain,
    /// A field is absent, given twice, of another type, or out of its bounds.
    #[error("the field `{0}` of the document is absent or not valid")]
    Field(&'static str),
    /// Not CBOR, not COSE_Sign1, or not within the limits of either.
    #[error("the document is not a bounded COSE_Sign1 structure")]
    Malformed,
    /// A certificate of the chain is expired, or its time has not come.
    #[error("a certificate of the document is not valid at this time")]
    NotCurrent,
    /// `public_key` is no RSA key of 2048 to 4096 bits in DER.
    #[error("the public key of the document is not an RSA key of 2048 to 4096 bits")]
    PublicKey,
    /// There is no `public_key`, so nobody to encrypt for.
    #[error("the document holds no public key")]
    PublicKeyAbsent,
    /// The signature is not the signer's over these bytes.
    #[error("the signature of the document does not verify")]
    Signature,
    /// Older than allowed, or as far ahead.
    #[error("the document is too old or from the future")]
    Stale,
    /// Longer than any document may be.
    #[error("the document is too long")]
    TooLong,
    /// The first certificate of the bundle is no configured root.
    #[error("the root of the document is not a configured trust root")]
    UntrustedRoot,
}

/// Why a text does not hold trust roots.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum InvalidRoots {
    /// No PEM section with a certificate.
    #[error("there is no certificate")]
    Empty,
    /// A PEM section is damaged.
    #[error("the text is not valid PEM")]
    NotPem,
    /// A certificate is no CA that may sign certificates.
    #[error("certificate number `{0}` is not a certificate authority's")]
    NotARoot(usize),
    /// A certificate is longer than a document can carry.
    #[error("certificate number `{0}` is too long for an attestation document")]
    TooLong(usize),
    /// More than [`crate::ROOTS_MAX`] certificates.
    #[error("there are too many certificates")]
    TooMany,
}
