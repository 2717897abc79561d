//! The few calls of AWS-LC that its safe crate, aws-lc-rs, does not offer, as safe functions over
//! bytes: Ed25519ph, ML-DSA over an externally computed mu, ML-KEM keys from their seed, SHAKE256.
//!
//! This is the only crate with unsafe code. It owns the pointers and what makes each call sound;
//! it knows nothing of keys' roles, of stored formats or of the service. Whatever aws-lc-rs
//! offers is called there, not here. `aws-lc-sys` promises no stable interface, so its version is
//! pinned to the one that aws-lc-rs uses: both then link the same library.

mod ed25519ph;
mod ml_dsa;
mod ml_kem;
mod pkey;
mod shake;

pub use ed25519ph::{Ed25519phKey, verify_ed25519ph};
pub use ml_dsa::{MU_BYTES, MlDsaKey};
pub use ml_kem::expand_ml_kem;
pub use shake::shake256;

/// AWS-LC did not do what it was asked: the encoding is not one of the expected kind, a length
/// does not fit, or there was no memory.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("AWS-LC refused the call")]
pub struct Failure;

impl Failure {
    /// AWS-LC's convention: 1 is success, everything else is not.
    fn unless_one(returned: std::ffi::c_int) -> Result<(), Self> {
        if returned == 1 { Ok(()) } else { Err(Self) }
    }
}
