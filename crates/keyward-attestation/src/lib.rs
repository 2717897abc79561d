//! Attestation documents: what a Nitro Enclave or an instance with NitroTPM says about itself,
//! signed by hardware that a configured root vouches for.
//!
//! This crate owns the format (COSE_Sign1 over CBOR), its limits, and the trust roots. It decides
//! whether a document is genuine and says what stands in it; whether that is enough is policy's to
//! decide. It does no I/O and knows no clock, no policy and no request.
//!
//! The CBOR reader is our own and small: it borrows, allocates nothing, bounds everything, and
//! keeps the signed bytes as they came. Paths of certificates are `rustls-webpki`'s to judge; it
//! reads neither key usage nor a root's dates, so those are checked here first.

mod cbor;
mod chain;
mod cose;
mod document;
mod error;
mod public_key;
mod roots;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use keyward_model::Timestamp;

use crate::cose::Sign1;
use crate::document::Document;

pub use document::Kind;
pub use error::{InvalidDocument, InvalidRoots};
pub use roots::{ROOT_BYTES_MAX, ROOTS_MAX, TrustRoots};

/// The longest document that is looked at, as the API bounds it.
pub const DOCUMENT_BYTES_MAX: usize = 262_144;

/// What a verified document says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// The enclave's id (`i-…-enc…`) or the TPM's (`i-…-tpm…`).
    pub module_id: String,
    /// What kind of evidence it is: decides which condition keys the measurements fill.
    pub kind: Kind,
    /// The platform configuration registers: index 0 to 31, value 32, 48 or 64 bytes.
    pub pcrs: BTreeMap<u8, Vec<u8>>,
    /// Who alone may read the reply: an RSA key of 2048 to 4096 bits as DER SubjectPublicKeyInfo,
    /// exactly the bytes that were signed.
    pub public_key: Vec<u8>,
    /// When the document was made.
    pub timestamp: Timestamp,
}

/// Verifies a document that is to receive a secret at `now`.
///
/// The document may be at most `max_age` old. It may be as much ahead of `now`, since the clocks of
/// attester and service are not one; the dates of its certificate bound it further.
///
/// `user_data` and `nonce` are bounded and otherwise not looked at.
pub fn verify(
    document: &[u8],
    roots: &TrustRoots,
    now: Timestamp,
    max_age: Duration,
) -> Result<Attestation, InvalidDocument> {
    if document.len() > DOCUMENT_BYTES_MAX {
        return Err(InvalidDocument::TooLong);
    }
    let envelope = Sign1::parse(document)?;
    let document = Document::parse(envelope.payload)?;
    let signer = chain::verify(document.certificate, &document.cabundle, roots, now)?;
    envelope.verify(&signer)?;
    let key = document.public_key.ok_or(InvalidDocument::PublicKeyAbsent)?;
    public_key::check(key)?;
    if is_too_far(document.timestamp, now, max_age) {
        return Err(InvalidDocument::Stale);
    }
    Ok(Attestation {
        module_id: document.module_id.to_owned(),
        kind: document.kind,
        pcrs: document.pcrs.into_iter().map(|(index, pcr)| (index, pcr.to_vec())).collect(),
        public_key: key.to_vec(),
        timestamp: document.timestamp,
    })
}

fn is_too_far(timestamp: Timestamp, now: Timestamp, max_age: Duration) -> bool {
    u128::from(now.unix_ms().abs_diff(timestamp.unix_ms())) > max_age.as_millis()
}
