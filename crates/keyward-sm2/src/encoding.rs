//! The two encodings that are written here. Both have one form, so each is a prefix and a value.

use sm2::{FieldBytes, PublicKey};
use zeroize::Zeroizing;

use crate::error::{InvalidKey, InvalidPublicKey};

pub(crate) const SCALAR_BYTES: usize = 32;
/// An uncompressed point: 04, x, y.
pub(crate) const POINT_BYTES: usize = 65;
pub(crate) const PKCS8_BYTES: usize =
    PKCS8_START.len() + SCALAR_BYTES + PKCS8_POINT.len() + POINT_BYTES;

/// PrivateKeyInfo up to the scalar: version 0, the algorithm with the curve's name, and the
/// ECPrivateKey with its version 1.
const PKCS8_START: &[u8] = &[
    0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
    0x01, 0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x04, 0x6d, 0x30, 0x6b, 0x02,
    0x01, 0x01, 0x04, 0x20,
];
/// Between scalar and point: `[1]` and the header of its BIT STRING.
const PKCS8_POINT: &[u8] = &[0xa1, 0x44, 0x03, 0x42, 0x00];

/// SubjectPublicKeyInfo up to an uncompressed point.
const SPKI_START: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x03, 0x42, 0x00,
];
/// SubjectPublicKeyInfo up to a compressed point.
const SPKI_START_COMPRESSED: &[u8] = &[
    0x30, 0x39, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x03, 0x22, 0x00,
];

/// The stored form of a private key.
pub(crate) fn pkcs8(scalar: &FieldBytes, point: &[u8]) -> Zeroizing<Vec<u8>> {
    // Of its final size from the start: a buffer that grew would leave the scalar behind.
    let mut der = Zeroizing::new(Vec::with_capacity(PKCS8_BYTES));
    for part in [PKCS8_START, scalar, PKCS8_POINT, point] {
        der.extend_from_slice(part);
    }
    der
}

/// The scalar of the stored form. What surrounds it is for the caller to compare.
pub(crate) fn pkcs8_scalar(der: &[u8]) -> Result<&[u8; SCALAR_BYTES], InvalidKey> {
    let scalar = der.get(PKCS8_START.len()..PKCS8_START.len() + SCALAR_BYTES).ok_or(InvalidKey)?;
    scalar.try_into().map_err(|_| InvalidKey)
}

pub(crate) fn spki(point: &[u8]) -> Vec<u8> {
    [SPKI_START, point].concat()
}

/// The point of a public key: on the curve, not at infinity, uncompressed or compressed.
pub(crate) fn parse_spki(der: &[u8]) -> Result<PublicKey, InvalidPublicKey> {
    let point = match (der.strip_prefix(SPKI_START), der.strip_prefix(SPKI_START_COMPRESSED)) {
        (Some(point @ [4, ..]), _) | (_, Some(point @ [2 | 3, ..])) => Some(point),
        _ => None,
    };
    let point = point.ok_or(InvalidPublicKey)?;
    PublicKey::from_sec1_bytes(point).map_err(|_| InvalidPublicKey)
}
