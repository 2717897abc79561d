//! The formats in which key material is imported, and their way to the stored encoding.
//!
//! Private keys arrive as PKCS#8 (RFC 5208, RFC 5958) in BER or DER. They are read here rather
//! than by AWS-LC, which takes DER only, and rebuilt from their numbers: so the same numbers give
//! the same bytes. Public keys that come along must be the private key's; none is kept.

use aws_lc_rs::rsa::{KeyPair, KeyPairComponents, PublicKeyComponents};
use keyward_model::KeySpec;
use zeroize::Zeroizing;

use crate::asn1::{
    BIT_STRING, CONTEXT_0, CONTEXT_1, Element, Malformed, NULL, OBJECT_IDENTIFIER, Octets, Reader,
    without_leading_zeros,
};
use crate::asymmetric::ecc::{self, Curve};
use crate::asymmetric::ed25519::{self, Ed25519Key};
use crate::asymmetric::rsa::{self, Modulus};
use crate::asymmetric::sm2;
use crate::error::{BadKeyMaterial, ImportError};
use crate::secret::{KeyMaterial, Secret};

const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

const SYMMETRIC_BYTES: usize = 32;
const HMAC_BYTES_MAX: usize = 128;
const ED25519_BYTES: usize = 32;

/// The material of `spec` that was unwrapped, in its stored encoding.
pub(crate) fn read(spec: KeySpec, unwrapped: Secret) -> Result<KeyMaterial, ImportError> {
    let hmac = |least: usize| least..=HMAC_BYTES_MAX;
    let lengths = match spec {
        KeySpec::SymmetricDefault => SYMMETRIC_BYTES..=SYMMETRIC_BYTES,
        KeySpec::Hmac224 => hmac(28),
        KeySpec::Hmac256 => hmac(32),
        KeySpec::Hmac384 => hmac(48),
        KeySpec::Hmac512 => hmac(64),
        _ => {
            let stored = read_private_key(spec, unwrapped.expose());
            return stored.map(KeyMaterial::from).map_err(|Malformed| ImportError::Material);
        }
    };
    if !lengths.contains(&unwrapped.len()) {
        return Err(ImportError::Material);
    }
    Ok(KeyMaterial::from(unwrapped))
}

fn read_private_key(spec: KeySpec, encoded: &[u8]) -> Result<Secret, Malformed> {
    let info = PrivateKeyInfo::read(encoded)?;
    if let Some(modulus) = Modulus::of(spec) {
        info.into_rsa(modulus)
    } else if let Some(curve) = Curve::of(spec) {
        let curve_name = CurveName { oid: curve.oid(), bytes: curve.bytes() };
        info.into_ecc(curve_name, |scalar| ecc::encode_scalar(curve, scalar))
    } else if spec == KeySpec::Sm2 {
        let curve_name = CurveName { oid: sm2::CURVE_OID, bytes: sm2::COORDINATE_BYTES };
        info.into_ecc(curve_name, sm2::encode_scalar)
    } else if spec == KeySpec::EccNistEdwards25519 {
        info.into_ed25519()
    } else {
        Err(Malformed)
    }
}

/// What a private key says of its curve.
#[derive(Clone, Copy)]
struct CurveName {
    /// The content of the object identifier.
    oid: &'static [u8],
    /// The length of a scalar.
    bytes: usize,
}

/// `PrivateKeyInfo` of RFC 5208 and `OneAsymmetricKey` of RFC 5958, whose names it uses.
pub(super) struct PrivateKeyInfo<'a> {
    pub(super) algorithm: &'a [u8],
    pub(super) parameters: Option<Element<'a>>,
    pub(super) private_key: Octets<'a>,
    public_key: Option<Octets<'a>>,
}

impl<'a> PrivateKeyInfo<'a> {
    pub(super) fn read(encoded: &'a [u8]) -> Result<Self, Malformed> {
        let mut outer = Reader::new(encoded);
        let mut info = outer.sequence()?;
        outer.finish()?;

        let has_public_key = match info.unsigned()? {
            [] => false,
            [1] => true,
            _ => return Err(Malformed),
        };
        let mut identifier = info.sequence()?;
        let algorithm = identifier.expect(OBJECT_IDENTIFIER)?.into_primitive()?;
        let parameters = if identifier.is_empty() { None } else { Some(identifier.next()?) };
        identifier.finish()?;
        let private_key = info.octets()?;
        // Attributes say something about the key and are none of its material.
        info.optional(CONTEXT_0)?;
        let public_key = if has_public_key { info.optional(CONTEXT_1)? } else { None };
        let public_key = public_key.map(Element::into_bits).transpose()?;
        info.finish()?;
        Ok(Self { algorithm, parameters, private_key, public_key })
    }

    fn into_rsa(self, modulus: Modulus) -> Result<Secret, Malformed> {
        if self.algorithm != RSA_ENCRYPTION {
            return Err(Malformed);
        }
        // RFC 8017 wants NULL; some leave it out.
        if let Some(parameters) = self.parameters
            && (parameters.tag != NULL || !parameters.into_primitive()?.is_empty())
        {
            return Err(Malformed);
        }
        read_rsa(modulus, &self.private_key)
    }

    /// `encode` gives a scalar's stored encoding and its public key as an uncompressed point.
    fn into_ecc(
        self,
        curve: CurveName,
        encode: impl FnOnce(&[u8]) -> Result<(Secret, Vec<u8>), BadKeyMaterial>,
    ) -> Result<Secret, Malformed> {
        let parameters = self.parameters.ok_or(Malformed)?;
        if self.algorithm != EC_PUBLIC_KEY || !is_named(curve, parameters)? {
            return Err(Malformed);
        }
        let (scalar, own_public_key) = read_ec_private_key(curve, &self.private_key)?;
        let (stored, point) = encode(&scalar).map_err(|_| Malformed)?;
        let public_keys = [own_public_key, self.public_key];
        if public_keys.iter().flatten().all(|public_key| is_point(&point, public_key)) {
            Ok(stored)
        } else {
            Err(Malformed)
        }
    }

    fn into_ed25519(self) -> Result<Secret, Malformed> {
        if self.algorithm != ED25519 || self.parameters.is_some() {
            return Err(Malformed);
        }
        let mut inner = Reader::new(&self.private_key);
        let stored = ed25519::encode_seed(&inner.octets()?).map_err(|_| Malformed)?;
        inner.finish()?;
        if let Some(public_key) = self.public_key {
            let key = Ed25519Key::load(stored.expose()).map_err(|_| Malformed)?;
            if public_key.len() != ED25519_BYTES || !key.public_key().ends_with(&public_key) {
                return Err(Malformed);
            }
        }
        Ok(stored)
    }
}

/// `RSAPrivateKey` with two primes. AWS-LC checks the numbers against each other: `n = p·q`,
/// `e·d ≡ 1` modulo `p - 1` and `q - 1`, `d` and the rest in range.
fn read_rsa(modulus: Modulus, encoded: &[u8]) -> Result<Secret, Malformed> {
    let mut outer = Reader::new(encoded);
    let mut key = outer.sequence()?;
    outer.finish()?;
    // Version 1 has more than two primes.
    if !key.unsigned()?.is_empty() {
        return Err(Malformed);
    }
    let mut number = || {
        let number = key.unsigned()?;
        // Bounded before AWS-LC computes with it.
        if number.is_empty() || number.len() > modulus.bytes() {
            Err(Malformed)
        } else {
            Ok(number)
        }
    };
    let (n, e) = (number()?, number()?);
    let components = KeyPairComponents {
        public_key: PublicKeyComponents { n, e },
        d: number()?,
        p: number()?,
        q: number()?,
        dP: number()?,
        dQ: number()?,
        qInv: number()?,
    };
    key.finish()?;
    if n.len() != modulus.bytes() || n.first().is_none_or(|first| first & 0x80 == 0) {
        return Err(Malformed);
    }
    let key = KeyPair::from_components(&components).map_err(|_| Malformed)?;
    if !rsa::signs(&key) {
        return Err(Malformed);
    }
    rsa::encode(&key).map_err(|_| Malformed)
}

/// `ECPrivateKey` of RFC 5915: the scalar in its fixed width, and the public key if there is one.
fn read_ec_private_key(
    curve: CurveName,
    encoded: &[u8],
) -> Result<(Zeroizing<Vec<u8>>, Option<Octets<'_>>), Malformed> {
    let mut outer = Reader::new(encoded);
    let mut key = outer.sequence()?;
    outer.finish()?;
    if key.unsigned()? != [1] {
        return Err(Malformed);
    }
    let scalar = padded(&key.octets()?, curve.bytes)?;
    if let Some(parameters) = key.optional(CONTEXT_0)? {
        let mut parameters = parameters.into_reader()?;
        let is_named = is_named(curve, parameters.next()?)?;
        parameters.finish()?;
        if !is_named {
            return Err(Malformed);
        }
    }
    let public_key = match key.optional(CONTEXT_1)? {
        Some(public_key) => {
            let mut public_key = public_key.into_reader()?;
            let bits = public_key.expect(BIT_STRING)?.into_bits()?;
            public_key.finish()?;
            Some(bits)
        }
        None => None,
    };
    key.finish()?;
    Ok((scalar, public_key))
}

/// RFC 5915 fixes the width of the scalar, but some write it as they would an integer.
fn padded(scalar: &[u8], width: usize) -> Result<Zeroizing<Vec<u8>>, Malformed> {
    let scalar = without_leading_zeros(scalar);
    let zeros = width.checked_sub(scalar.len()).ok_or(Malformed)?;
    let mut padded = Zeroizing::new(Vec::with_capacity(width));
    padded.resize(zeros, 0);
    padded.extend_from_slice(scalar);
    Ok(padded)
}

/// Whether curve parameters are the curve's name. Parameters written out never are, even if they
/// are the curve's: a curve that only looks like a standard one has given keys away before.
fn is_named(curve: CurveName, parameters: Element<'_>) -> Result<bool, Malformed> {
    Ok(parameters.tag == OBJECT_IDENTIFIER && parameters.into_primitive()? == curve.oid)
}

/// Whether `encoded` is an encoding of a point (SEC 1, 2.3.3) that is given uncompressed.
fn is_point(uncompressed: &[u8], encoded: &[u8]) -> bool {
    let (Some((_, coordinates)), Some((&form, rest))) =
        (uncompressed.split_first(), encoded.split_first())
    else {
        return false;
    };
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    let is_odd = y.last().is_some_and(|last| last & 1 == 1);
    match form {
        0x02 | 0x03 => rest == x && (form == 0x03) == is_odd,
        0x04 => rest == coordinates,
        0x06 | 0x07 => rest == coordinates && (form == 0x07) == is_odd,
        _ => false,
    }
}
