//! Secrets, the key hierarchy, seals, the formats of everything sealed, and the keys of every spec.
//!
//! ```text
//! root key (a `Seal`: file, passphrase)
//!   └ wraps domain keys (`DomainKeys`: numbered, one current, older ones open only)
//!       └ seal values at rest and session tokens, tag rows, authenticate paging markers
//!           └ key material (`KeyMaterial`)
//!               ├ `SymmetricKey`: one derived AES-256-GCM key per ciphertext blob
//!               ├ `AsymmetricKey`: signatures, encryption, agreement, encapsulation
//!               └ `MacKey`
//! ```
//!
//! This crate owns the bytes of every sealed format, the stored encoding of every kind of key, and
//! every secret type. Imported material comes in through a [`WrappingKey`]. It knows no
//! storage, no network, no file and no clock: contents of files and rows come in and go out as
//! bytes.
//! It is the only crate that asks AWS-LC for randomness; key material, nonces and salts never
//! come from an argument.
//!
//! Every format begins with a version. Any version ever written stays readable; the files under
//! `vectors/ciphertext` and `vectors/sealed` hold one sample of each and are never rewritten.

mod aead;
mod asn1;
mod asymmetric;
mod canonical;
mod cms;
mod digest;
mod domain;
mod envelope;
mod error;
#[cfg(test)]
mod golden;
mod grant_token;
mod import;
mod import_token;
mod kdf;
mod mac;
mod material_id;
mod random;
mod seal;
mod secret;
mod totp;
#[cfg(test)]
mod vectors;
mod verifying;

pub use asymmetric::{AsymmetricKey, DataKeyPair, Message, encrypt_bytes_max};
pub use cms::enveloped_for;
pub use digest::{SHA256_BYTES, sha256};
pub use domain::{
    Binding, DOMAIN_KEYS_MAX, DomainKeys, MARKER_CHARS_MAX, MarkerScope, OpenedSession,
    ROW_TAG_BYTES, RowTag, SESSION_TOKEN_CHARS_MAX, SealedSession, row_tag_key_number,
    sealed_key_number,
};
pub use envelope::{
    BLOB_BYTES_MAX, BLOB_OVERHEAD_BYTES, Header, KeyName, PLAINTEXT_BYTES_MAX, SymmetricKey,
};
pub use error::{
    BadKeyMaterial, EncryptError, EnvelopeError, GenerateKeyError, ImportError, InvalidCiphertext,
    InvalidPublicKey, InvalidSignature, ModuleFailure, OpenError, RandomError, RetireError,
    RootKeyFileError, RotateError, SealError, SignError, UnwrapError,
};
pub use grant_token::{
    GRANT_NAME_BYTES_MAX, GRANT_TOKEN_CHARS_MAX, new_grant_token, read_grant_token,
};
pub use import::{WrappingKey, wrapping_is_offered};
pub use import_token::ImportToken;
pub use mac::MacKey;
pub use random::{MATERIAL_BYTES_MAX, RANDOM_BYTES_MAX};
pub use seal::{
    PassphraseParameters, RootKeyFile, Seal, SealId, SealKind, WRAPPED_DOMAIN_KEY_BYTES_MAX,
    WrappedDomainKey,
};
pub use secret::{KeyMaterial, MfaSeed, Passphrase, Plaintext, Secret, SigningSecret};
pub use totp::{MFA_CODE_CHARS, MFA_STEP_S};
pub use verifying::RsaVerifyingKey;
