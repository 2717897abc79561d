//! Who signs: a root, two CAs below it and a certificate of three hours, as the Nitro PKI has them.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use keyward_model::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
};
use time::{Duration, OffsetDateTime};

use super::{Evidence, Fields, encode};
use crate::cose::to_be_signed;
use crate::roots::TrustRoots;

/// The protected header of every sound document: `{1: -35}`.
pub const ES384_HEADER: [u8; 4] = [0xa1, 0x01, 0x38, 0x22];

/// What is wrong with the certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainDefect {
    /// The upper CA has expired.
    CaExpired,
    /// The upper CA has a key on P-256, so what it signs is not signed with ES384.
    CaOnAnotherCurve,
    /// The lower CA is no CA.
    CaIsNotCa,
    /// The lower CA may not sign certificates.
    CaLacksKeyCertSign,
    /// The signer's certificate has expired.
    LeafExpired,
    /// The signer is no CA and yet limits what is below it.
    LeafHasPathLen,
    /// The signer is a CA.
    LeafIsCa,
    /// The signer may not sign.
    LeafLacksDigitalSignature,
    /// The signer's certificate is for later.
    LeafNotYetValid,
    /// The upper CA allows no CA below it.
    PathTooLong,
    /// The root has expired.
    RootExpired,
}

/// A private attester with its own root.
pub struct Attester {
    bundle: Vec<Vec<u8>>,
    certificate: Vec<u8>,
    key: EcdsaKeyPair,
    root_pem: String,
}

impl Attester {
    /// An attester whose certificates are in order at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self::build(now, None)
    }

    /// An attester whose certificates have a defect at `now`.
    pub fn with_defect(now: Timestamp, defect: ChainDefect) -> Self {
        Self::build(now, Some(defect))
    }

    fn build(now: Timestamp, defect: Option<ChainDefect>) -> Self {
        let has = |asked| defect == Some(asked);
        let fresh = |algorithm| KeyPair::generate_for(algorithm).unwrap();
        let [root_key, lower_key, leaf_key] = [(); 3].map(|()| fresh(&PKCS_ECDSA_P384_SHA384));
        let upper_key = match defect {
            Some(ChainDefect::CaOnAnotherCurve) => fresh(&PKCS_ECDSA_P256_SHA256),
            _ => fresh(&PKCS_ECDSA_P384_SHA384),
        };

        let mut root = authority("root", None, dates(now, -366, 3660));
        if has(ChainDefect::RootExpired) {
            root.not_after = at(now) - Duration::DAY;
        }
        let mut upper = authority("region", Some(1), dates(now, -2, 18));
        if has(ChainDefect::CaExpired) {
            upper.not_after = at(now) - Duration::DAY;
        }
        if has(ChainDefect::PathTooLong) {
            upper.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        }
        let mut lower = authority("instance", Some(0), dates(now, -1, 1));
        if has(ChainDefect::CaIsNotCa) {
            lower.is_ca = IsCa::ExplicitNoCa;
        }
        if has(ChainDefect::CaLacksKeyCertSign) {
            lower.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        }
        let leaf = signer(now, defect);

        let root_certificate = root.self_signed(&root_key).unwrap();
        let root = Issuer::new(root, root_key);
        let upper_certificate = upper.signed_by(&upper_key, &root).unwrap();
        let upper = Issuer::new(upper, upper_key);
        let lower_certificate = lower.signed_by(&lower_key, &upper).unwrap();
        let lower = Issuer::new(lower, lower_key);
        let leaf_certificate = leaf.signed_by(&leaf_key, &lower).unwrap();
        Self {
            bundle: [&root_certificate, &upper_certificate, &lower_certificate]
                .map(|certificate| certificate.der().to_vec())
                .to_vec(),
            certificate: leaf_certificate.der().to_vec(),
            key: EcdsaKeyPair::from_pkcs8(
                &ECDSA_P384_SHA384_FIXED_SIGNING,
                leaf_key.serialized_der(),
            )
            .unwrap(),
            root_pem: root_certificate.pem(),
        }
    }

    /// The root, for a configuration file.
    pub fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// The root alone.
    pub fn roots(&self) -> TrustRoots {
        TrustRoots::from_pem(&self.root_pem).unwrap()
    }

    /// The certificates from the root down, without the signer's.
    pub fn bundle(&self) -> &[Vec<u8>] {
        &self.bundle
    }

    /// A document that says this.
    pub fn attest(&self, evidence: &Evidence) -> Vec<u8> {
        self.sign(&self.fields(evidence))
    }

    /// The fields of that document, for a test to break before they are signed.
    pub fn fields(&self, evidence: &Evidence) -> Fields {
        evidence.fields(&self.certificate, &self.bundle)
    }

    /// A document of these fields.
    pub fn sign(&self, fields: &Fields) -> Vec<u8> {
        self.sign_bytes(&ES384_HEADER, &fields.payload())
    }

    /// A COSE_Sign1 structure over any header and payload, untagged.
    pub fn sign_bytes(&self, protected: &[u8], payload: &[u8]) -> Vec<u8> {
        let signed = to_be_signed(protected, payload);
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        encode::array(&[
            encode::bytes(protected),
            encode::map(&[]),
            encode::bytes(payload),
            encode::bytes(signature.as_ref()),
        ])
    }
}

fn authority(name: &str, path_len: Option<u8>, dates: [OffsetDateTime; 2]) -> CertificateParams {
    let constraints =
        path_len.map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained);
    let mut params = certificate(name, dates);
    params.is_ca = IsCa::Ca(constraints);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign];
    params
}

fn signer(now: Timestamp, defect: Option<ChainDefect>) -> CertificateParams {
    let dates = [at(now) - Duration::MINUTE, at(now) + 3 * Duration::HOUR];
    let mut params = certificate("attester", dates);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    match defect {
        Some(ChainDefect::LeafExpired) => params.not_after = at(now) - Duration::SECOND,
        Some(ChainDefect::LeafHasPathLen) => {
            // basicConstraints with nothing but a path length of 0.
            let constraints = vec![0x30, 3, 2, 1, 0];
            params.is_ca = IsCa::NoCa;
            params.custom_extensions =
                vec![CustomExtension::from_oid_content(&[2, 5, 29, 19], constraints)];
        }
        Some(ChainDefect::LeafIsCa) => params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
        Some(ChainDefect::LeafLacksDigitalSignature) => {
            params.key_usages = vec![KeyUsagePurpose::KeyAgreement];
        }
        Some(ChainDefect::LeafNotYetValid) => params.not_before = at(now) + Duration::SECOND,
        _ => {}
    }
    params
}

fn certificate(name: &str, [not_before, not_after]: [OffsetDateTime; 2]) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, format!("{name}.keyward.test"));
    params.distinguished_name = subject;
    params.not_before = not_before;
    params.not_after = not_after;
    params
}

fn dates(now: Timestamp, from_days: i64, to_days: i64) -> [OffsetDateTime; 2] {
    [from_days, to_days].map(|days| at(now) + Duration::days(days))
}

fn at(now: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(now.unix_s()).unwrap()
}
