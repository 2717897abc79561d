//! Short Weierstrass curves: ECDSA of FIPS 186-5 on P-256, P-384, P-521 and secp256k1, and ECDH of
//! SP 800-56A on the first three.

use std::sync::OnceLock;

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521};
use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1,
    ECDSA_P256K1_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_ASN1_SIGNING,
    ECDSA_P521_SHA512_ASN1, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    EcdsaVerificationAlgorithm, KeyPair as _, ParsedPublicKey,
};
use keyward_model::{KeySpec, SigningAlgorithm};
use zeroize::Zeroizing;

use super::rsa::kept;
use super::{Encoded, Message};
use crate::error::{BadKeyMaterial, InvalidPublicKey, InvalidSignature, ModuleFailure, SignError};
use crate::secret::{Plaintext, Secret};

/// A named curve with everything that depends on it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
    Secp256k1,
}

/// A private key; what signing does not need is parsed at its first use.
pub(crate) struct EccKey {
    public: EccPublicKey,
    private: EcdsaKeyPair,
    agreeing: OnceLock<agreement::PrivateKey>,
}

/// The public half.
struct EccPublicKey {
    curve: Curve,
    spki: Vec<u8>,
    verifying: OnceLock<ParsedPublicKey>,
}

impl Curve {
    pub(crate) const fn of(spec: KeySpec) -> Option<Self> {
        match spec {
            KeySpec::EccNistP256 => Some(Self::P256),
            KeySpec::EccNistP384 => Some(Self::P384),
            KeySpec::EccNistP521 => Some(Self::P521),
            KeySpec::EccSecgP256k1 => Some(Self::Secp256k1),
            _ => None,
        }
    }

    /// The length of a scalar and of a coordinate; one number on each of these curves.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::P256 | Self::Secp256k1 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The content of the curve's object identifier.
    pub(crate) const fn oid(self) -> &'static [u8] {
        match self {
            Self::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
            Self::P384 => &[0x2b, 0x81, 0x04, 0x00, 0x22],
            Self::P521 => &[0x2b, 0x81, 0x04, 0x00, 0x23],
            Self::Secp256k1 => &[0x2b, 0x81, 0x04, 0x00, 0x0a],
        }
    }

    fn signing(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
            Self::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
            Self::P521 => &ECDSA_P521_SHA512_ASN1_SIGNING,
            Self::Secp256k1 => &ECDSA_P256K1_SHA256_ASN1_SIGNING,
        }
    }

    fn verifying(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_ASN1,
            Self::P384 => &ECDSA_P384_SHA384_ASN1,
            Self::P521 => &ECDSA_P521_SHA512_ASN1,
            Self::Secp256k1 => &ECDSA_P256K1_SHA256_ASN1,
        }
    }

    fn agreeing(self) -> Option<&'static agreement::Algorithm> {
        match self {
            Self::P256 => Some(&ECDH_P256),
            Self::P384 => Some(&ECDH_P384),
            Self::P521 => Some(&ECDH_P521),
            Self::Secp256k1 => None,
        }
    }

    /// The one algorithm of the curve, and its hash.
    const fn algorithm(self) -> (SigningAlgorithm, &'static digest::Algorithm) {
        match self {
            Self::P256 | Self::Secp256k1 => (SigningAlgorithm::EcdsaSha256, &digest::SHA256),
            Self::P384 => (SigningAlgorithm::EcdsaSha384, &digest::SHA384),
            Self::P521 => (SigningAlgorithm::EcdsaSha512, &digest::SHA512),
        }
    }

    /// The hash, if `algorithm` is the curve's.
    fn hash(self, algorithm: SigningAlgorithm) -> Option<&'static digest::Algorithm> {
        let (own, hash) = self.algorithm();
        (own == algorithm).then_some(hash)
    }
}

impl EccKey {
    pub(super) fn generate(curve: Curve) -> Result<Encoded, ModuleFailure> {
        let key = EcdsaKeyPair::generate(curve.signing()).map_err(|_| ModuleFailure)?;
        Ok(Encoded { private_key: encode(curve, &key)?, public_key: spki(curve, &key) })
    }

    /// The stored encoding has one length and one form per curve: AWS-LC reads others, which are
    /// not to be found in a store.
    pub(crate) fn load(curve: Curve, pkcs8: &[u8]) -> Result<Self, BadKeyMaterial> {
        let (before, between) = pkcs8_frame(curve);
        let len = before.len() + between.len() + 1 + 3 * curve.bytes();
        if pkcs8.len() != len || !pkcs8.starts_with(before) {
            return Err(BadKeyMaterial);
        }
        let private =
            EcdsaKeyPair::from_pkcs8(curve.signing(), pkcs8).map_err(|_| BadKeyMaterial)?;
        let public = EccPublicKey::new(curve, spki(curve, &private));
        Ok(Self { public, private, agreeing: OnceLock::new() })
    }

    pub(crate) fn public_key(&self) -> &[u8] {
        &self.public.spki
    }

    pub(super) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
    ) -> Result<Vec<u8>, SignError> {
        let hash = self.public.curve.hash(algorithm).ok_or(SignError::NotApplicable)?;
        let signature = match message {
            Message::Raw(message) => self.private.sign(&SystemRandom::new(), message),
            Message::Digest(digest) => {
                let digest =
                    Digest::import_less_safe(digest, hash).map_err(|_| SignError::NotApplicable)?;
                self.private.sign_digest(&digest)
            }
            Message::ExternalMu(_) => return Err(SignError::NotApplicable),
        };
        Ok(signature.map_err(|_| ModuleFailure)?.as_ref().to_vec())
    }

    pub(super) fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        self.public.verify(algorithm, message, signature)
    }

    pub(super) fn agree(&self, peer: &[u8]) -> Result<Plaintext, InvalidPublicKey> {
        let curve = self.public.curve;
        let algorithm = curve.agreeing().ok_or(InvalidPublicKey)?;
        let point = peer_point(curve, peer).ok_or(InvalidPublicKey)?;
        let key = kept(&self.agreeing, || {
            let pkcs8 = encode(curve, &self.private).map_err(|_| InvalidPublicKey)?;
            agreement::PrivateKey::from_private_key_der(algorithm, pkcs8.expose())
                .map_err(|_| InvalidPublicKey)
        })?;
        let peer = agreement::UnparsedPublicKey::new(algorithm, point);
        agreement::agree(key, peer, InvalidPublicKey, |x| Ok(Plaintext::new(x.to_vec())))
    }
}

impl EccPublicKey {
    fn new(curve: Curve, spki: Vec<u8>) -> Self {
        Self { curve, spki, verifying: OnceLock::new() }
    }

    fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let hash = self.curve.hash(algorithm).ok_or(InvalidSignature)?;
        let key =
            kept(&self.verifying, || ParsedPublicKey::new(self.curve.verifying(), &self.spki))
                .map_err(|_| InvalidSignature)?;
        let verified = match message {
            Message::Raw(message) => key.verify_sig(message, signature),
            Message::Digest(digest) => {
                let digest =
                    Digest::import_less_safe(digest, hash).map_err(|_| InvalidSignature)?;
                key.verify_digest_sig(&digest, signature)
            }
            Message::ExternalMu(_) => return Err(InvalidSignature),
        };
        verified.map_err(|_| InvalidSignature)
    }
}

/// The stored encoding of the private key with this scalar, and its public key as an uncompressed
/// point. AWS-LC refuses a scalar that is 0 or not below the order.
pub(crate) fn encode_scalar(
    curve: Curve,
    scalar: &[u8],
) -> Result<(Secret, Vec<u8>), BadKeyMaterial> {
    let len = u8::try_from(curve.bytes()).map_err(|_| BadKeyMaterial)?;
    if scalar.len() != curve.bytes() {
        return Err(BadKeyMaterial);
    }
    // ECPrivateKey with nothing optional.
    let frame = [0x30, len + 5, 0x02, 0x01, 0x01, 0x04, len];
    let mut key = Zeroizing::new(Vec::with_capacity(frame.len() + scalar.len()));
    key.extend_from_slice(&frame);
    key.extend_from_slice(scalar);
    let key =
        EcdsaKeyPair::from_private_key_der(curve.signing(), &key).map_err(|_| BadKeyMaterial)?;
    let stored = encode(curve, &key).map_err(|_| BadKeyMaterial)?;
    Ok((stored, key.public_key().as_ref().to_vec()))
}

fn encode(curve: Curve, key: &EcdsaKeyPair) -> Result<Secret, ModuleFailure> {
    let scalar: EcPrivateKeyBin<'_> = key.private_key().as_be_bytes().map_err(|_| ModuleFailure)?;
    let (before, between) = pkcs8_frame(curve);
    let parts = [before, scalar.as_ref(), between, key.public_key().as_ref()];
    let mut pkcs8 = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    for part in parts {
        pkcs8.extend_from_slice(part);
    }
    Ok(Secret::from(pkcs8))
}

fn spki(curve: Curve, key: &EcdsaKeyPair) -> Vec<u8> {
    [spki_frame(curve), key.public_key().as_ref()].concat()
}

/// The point of a peer's key, uncompressed or compressed (RFC 5480). AWS-LC would take the curve's
/// parameters written out too, so the structure is compared here; whether the point is on the
/// curve is for AWS-LC to check.
fn peer_point(curve: Curve, spki: &[u8]) -> Option<&[u8]> {
    let is_of = |point: &&[u8], forms: &[u8], len: usize| {
        point.len() == len && point.first().is_some_and(|form| forms.contains(form))
    };
    let uncompressed = spki
        .strip_prefix(spki_frame(curve))
        .filter(|point| is_of(point, &[4], 1 + 2 * curve.bytes()));
    uncompressed.or_else(|| {
        spki.strip_prefix(compressed_spki_frame(curve)?)
            .filter(|point| is_of(point, &[2, 3], 1 + curve.bytes()))
    })
}

/// What stands before the scalar and between scalar and point in the stored encoding:
/// `PrivateKeyInfo` with an `ECPrivateKey` that has its public key and no parameters.
const fn pkcs8_frame(curve: Curve) -> (&'static [u8], &'static [u8]) {
    match curve {
        Curve::P256 => (
            b"\x30\x81\x87\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
              \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04\x6d\x30\x6b\x02\x01\x01\x04\x20",
            b"\xa1\x44\x03\x42\x00",
        ),
        Curve::P384 => (
            b"\x30\x81\xb6\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
              \x06\x05\x2b\x81\x04\x00\x22\x04\x81\x9e\x30\x81\x9b\x02\x01\x01\x04\x30",
            b"\xa1\x64\x03\x62\x00",
        ),
        Curve::P521 => (
            b"\x30\x81\xee\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
              \x06\x05\x2b\x81\x04\x00\x23\x04\x81\xd6\x30\x81\xd3\x02\x01\x01\x04\x42",
            b"\xa1\x81\x89\x03\x81\x86\x00",
        ),
        Curve::Secp256k1 => (
            b"\x30\x81\x84\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
              \x06\x05\x2b\x81\x04\x00\x0a\x04\x6d\x30\x6b\x02\x01\x01\x04\x20",
            b"\xa1\x44\x03\x42\x00",
        ),
    }
}

/// What stands before an uncompressed point in a `SubjectPublicKeyInfo`.
const fn spki_frame(curve: Curve) -> &'static [u8] {
    match curve {
        Curve::P256 => {
            b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
              \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00"
        }
        Curve::P384 => {
            b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
              \x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00"
        }
        Curve::P521 => {
            b"\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
              \x06\x05\x2b\x81\x04\x00\x23\x03\x81\x86\x00"
        }
        Curve::Secp256k1 => {
            b"\x30\x56\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
              \x06\x05\x2b\x81\x04\x00\x0a\x03\x42\x00"
        }
    }
}

/// The same before a compressed point, on the curves of ECDH.
const fn compressed_spki_frame(curve: Curve) -> Option<&'static [u8]> {
    match curve {
        Curve::P256 => Some(
            b"\x30\x39\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
              \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x22\x00",
        ),
        Curve::P384 => Some(
            b"\x30\x46\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
              \x06\x05\x2b\x81\x04\x00\x22\x03\x32\x00",
        ),
        Curve::P521 => Some(
            b"\x30\x58\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
              \x06\x05\x2b\x81\x04\x00\x23\x03\x44\x00",
        ),
        Curve::Secp256k1 => None,
    }
}

#[cfg(test)]
mod tests;
