//! Whom documents may lead back to.

use std::fmt;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use webpki::anchor_from_trusted_cert;

use crate::chain;
use crate::error::InvalidRoots;

/// How many roots a set holds.
pub const ROOTS_MAX: usize = 16;

/// The longest root that can stand in a document.
pub const ROOT_BYTES_MAX: usize = 1024;

/// The Nitro root of the commercial partition, valid from 2019 to 2049: `root.pem` of
/// `AWS_NitroEnclaves_Root-G1.zip`, as DER. The user guide of Nitro Enclaves states its
/// fingerprint.
const AWS: &[u8] = include_bytes!("../roots/aws-nitro-enclaves-g1.der");

/// Certificates that are believed without proof, each exactly as it is: another certificate of the
/// same name, or of the same key, is not it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TrustRoots {
    certificates: Vec<Vec<u8>>,
}

impl TrustRoots {
    /// The root of AWS's commercial partition. Other partitions have their own.
    pub fn aws() -> Self {
        Self { certificates: vec![AWS.to_vec()] }
    }

    /// The certificates of a PEM text: roots of other partitions or of one's own attesters.
    pub fn from_pem(text: &str) -> Result<Self, InvalidRoots> {
        let mut roots = Self::default();
        for (certificate, number) in CertificateDer::pem_slice_iter(text.as_bytes()).zip(1..) {
            if number > ROOTS_MAX {
                return Err(InvalidRoots::TooMany);
            }
            let certificate = certificate.map_err(|_| InvalidRoots::NotPem)?;
            require_root(&certificate, number)?;
            roots.add(certificate.to_vec());
        }
        if roots.is_empty() { Err(InvalidRoots::Empty) } else { Ok(roots) }
    }

    /// The roots of both sets.
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        for certificate in other.certificates {
            self.add(certificate);
        }
        self
    }

    /// How many roots there are.
    pub fn len(&self) -> usize {
        self.certificates.len()
    }

    /// Whether nobody is believed.
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    pub(crate) fn contains(&self, certificate: &[u8]) -> bool {
        self.certificates.iter().any(|root| root == certificate)
    }

    fn add(&mut self, certificate: Vec<u8>) {
        if !self.contains(&certificate) {
            self.certificates.push(certificate);
        }
    }
}

impl fmt::Debug for TrustRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustRoots({})", self.len())
    }
}

/// Refuses at start what would refuse every document later.
fn require_root(certificate: &CertificateDer<'_>, number: usize) -> Result<(), InvalidRoots> {
    if certificate.len() > ROOT_BYTES_MAX {
        return Err(InvalidRoots::TooLong(number));
    }
    let is_authority = chain::parse(certificate).and_then(|root| chain::is_authority(&root));
    if is_authority != Ok(true) || anchor_from_trusted_cert(certificate).is_err() {
        return Err(InvalidRoots::NotARoot(number));
    }
    Ok(())
}
