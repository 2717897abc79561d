//! The certificates of a document: from a configured root to the signer.

use std::time::Duration;

use keyward_model::Timestamp;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage as ExtendedKeyUsage, anchor_from_trusted_cert};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

use crate::error::InvalidDocument;
use crate::roots::TrustRoots;

/// A root and the six CAs below it that `rustls-webpki` follows at most. AWS sends a root and three.
pub(crate) const BUNDLE_CERTIFICATES_MAX: usize = 7;

/// Follows the bundle, root first, down to the signer's certificate. Returns the signer's public
/// key: a point of its curve.
pub(crate) fn verify(
    certificate: &[u8],
    bundle: &[&[u8]],
    roots: &TrustRoots,
    now: Timestamp,
) -> Result<Vec<u8>, InvalidDocument> {
    let (root, intermediates) = bundle.split_first().ok_or(InvalidDocument::Chain)?;
    if !roots.contains(root) {
        return Err(InvalidDocument::UntrustedRoot);
    }
    let now = since_epoch(now)?;
    for authority in bundle {
        let authority = parse(authority)?;
        if !is_authority(&authority)? {
            return Err(InvalidDocument::Certificate);
        }
        require_current(&authority, now)?;
    }
    let signer = parse(certificate)?;
    if !is_signer(&signer)? {
        return Err(InvalidDocument::Certificate);
    }
    require_current(&signer, now)?;
    require_path(certificate, intermediates, root, now)?;
    let key = &signer.tbs_certificate().subject_public_key_info().subject_public_key;
    Ok(key.raw_bytes().to_vec())
}

/// A certificate as the Distinguished Encoding Rules allow it, and nothing after it.
pub(crate) fn parse(der: &[u8]) -> Result<Certificate, InvalidDocument> {
    Certificate::from_der(der).map_err(|_| InvalidDocument::Certificate)
}

/// Whether a certificate may sign others.
pub(crate) fn is_authority(certificate: &Certificate) -> Result<bool, InvalidDocument> {
    let constraints: Option<BasicConstraints> = extension(certificate)?;
    let usage: Option<KeyUsage> = extension(certificate)?;
    let is_ca = constraints.is_some_and(|constraints| constraints.ca);
    Ok(is_ca && usage.is_some_and(|usage| usage.key_cert_sign()))
}

/// Whether a certificate may sign documents, and only them.
fn is_signer(certificate: &Certificate) -> Result<bool, InvalidDocument> {
    let constraints: Option<BasicConstraints> = extension(certificate)?;
    let usage: Option<KeyUsage> = extension(certificate)?;
    let is_last = constraints
        .is_none_or(|constraints| !constraints.ca && constraints.path_len_constraint.is_none());
    Ok(is_last && usage.is_some_and(|usage| usage.digital_signature()))
}

/// An extension that is there twice, or cannot be read, is not the same as none.
fn extension<T>(certificate: &Certificate) -> Result<Option<T>, InvalidDocument>
where
    T: for<'a> Decode<'a> + AssociatedOid,
{
    let found = certificate.tbs_certificate().get_extension();
    found.map(|found| found.map(|(_, value)| value)).map_err(|_| InvalidDocument::Certificate)
}

fn require_current(certificate: &Certificate, now: Duration) -> Result<(), InvalidDocument> {
    let validity = certificate.tbs_certificate().validity();
    let is_current = (validity.not_before.to_unix_duration()
        ..=validity.not_after.to_unix_duration())
        .contains(&now);
    if is_current { Ok(()) } else { Err(InvalidDocument::NotCurrent) }
}

/// Certificates state whole seconds, and are valid throughout their last one.
fn since_epoch(now: Timestamp) -> Result<Duration, InvalidDocument> {
    let seconds = u64::try_from(now.unix_s()).map_err(|_| InvalidDocument::NotCurrent)?;
    Ok(Duration::from_secs(seconds))
}

/// Signatures, names, path lengths, name constraints and unknown critical extensions. Every
/// certificate of the Nitro PKI is signed with ECDSA on P-384 and SHA-384; no other is taken.
fn require_path(
    certificate: &[u8],
    intermediates: &[&[u8]],
    root: &[u8],
    now: Duration,
) -> Result<(), InvalidDocument> {
    let root = CertificateDer::from(root);
    let anchor = anchor_from_trusted_cert(&root).map_err(|_| InvalidDocument::Certificate)?;
    let intermediates: Vec<CertificateDer<'_>> =
        intermediates.iter().map(|der| CertificateDer::from(*der)).collect();
    let certificate = CertificateDer::from(certificate);
    EndEntityCert::try_from(&certificate)
        .map_err(|_| InvalidDocument::Certificate)?
        .verify_for_usage(
            &[webpki::aws_lc_rs::ECDSA_P384_SHA384],
            &[anchor],
            &intermediates,
            UnixTime::since_unix_epoch(now),
            // Required only of a certificate that restricts its usages; Nitro's do not.
            ExtendedKeyUsage::client_auth(),
            None,
            None,
        )
        .map_err(|_| InvalidDocument::Chain)?;
    Ok(())
}
