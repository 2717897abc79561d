//! Private keys that other programs wrote: PKCS#8 (RFC 5208, RFC 5958) around an ECPrivateKey
//! (RFC 5915).

use sm2::FieldBytes;
use zeroize::Zeroizing;

use crate::ber::{BIT_STRING, INTEGER, OID, Reader, SEQUENCE};
use crate::encoding::{EC_PUBLIC_KEY, SCALAR_BYTES, SM2_CURVE};
use crate::error::InvalidKey;

/// The longest encoding read. A key needs 138 bytes; attributes may follow it.
pub const IMPORT_BYTES_MAX: usize = 4096;

/// `[0]` of an ECPrivateKey: the curve.
const PARAMETERS: u8 = 0xa0;
/// `[1]` of an ECPrivateKey: the public key.
const PUBLIC_KEY: u8 = 0xa1;
/// The tag class of everything that may follow the key in PKCS#8: attributes, the public key.
const CONTEXT: u8 = 0x80;
const CLASS: u8 = 0xc0;

/// What a private key says of itself.
pub(crate) struct Imported {
    pub(crate) scalar: Zeroizing<FieldBytes>,
    pub(crate) point: Option<Vec<u8>>,
}

pub(crate) fn parse(pkcs8: &[u8]) -> Result<Imported, InvalidKey> {
    if pkcs8.len() > IMPORT_BYTES_MAX {
        return Err(InvalidKey);
    }
    let key = private_key(pkcs8).ok_or(InvalidKey)?;
    ec_private_key(&key).ok_or(InvalidKey)
}

/// The ECPrivateKey inside PKCS#8.
fn private_key(pkcs8: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut info = whole_sequence(pkcs8)?;
    if !matches!(info.contents_of(INTEGER)?, [0 | 1]) {
        return None;
    }
    let mut algorithm = Reader::new(info.contents_of(SEQUENCE)?);
    let is_sm2 =
        algorithm.contents_of(OID)? == EC_PUBLIC_KEY && algorithm.contents_of(OID)? == SM2_CURVE;
    if !is_sm2 || !algorithm.is_empty() {
        return None;
    }
    let key = info.octets()?;
    while !info.is_empty() {
        if info.element()?.tag & CLASS != CONTEXT {
            return None;
        }
    }
    Some(key)
}

fn ec_private_key(key: &[u8]) -> Option<Imported> {
    let mut key = whole_sequence(key)?;
    if key.contents_of(INTEGER)? != [1] {
        return None;
    }
    let scalar = scalar(&key.octets()?)?;
    let mut point = None;
    while !key.is_empty() {
        let element = key.element()?;
        let mut inner = Reader::new(element.contents);
        match element.tag {
            PARAMETERS if inner.contents_of(OID)? == SM2_CURVE => {}
            PUBLIC_KEY if point.is_none() => {
                point = Some(unpadded(inner.contents_of(BIT_STRING)?)?);
            }
            _ => return None,
        }
        if !inner.is_empty() {
            return None;
        }
    }
    Some(Imported { scalar, point })
}

/// A SEQUENCE with nothing after it.
fn whole_sequence(bytes: &[u8]) -> Option<Reader<'_>> {
    let mut outer = Reader::new(bytes);
    let contents = outer.contents_of(SEQUENCE)?;
    outer.is_empty().then(|| Reader::new(contents))
}

/// A scalar of the curve's width; some programs leave leading zeros out, some add one.
fn scalar(octets: &[u8]) -> Option<Zeroizing<FieldBytes>> {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let octets = octets.get(zeros..)?;
    let mut scalar = Zeroizing::new(FieldBytes::default());
    scalar.get_mut(SCALAR_BYTES.checked_sub(octets.len())?..)?.copy_from_slice(octets);
    Some(scalar)
}

/// A BIT STRING of whole octets, all bits used.
fn unpadded(bits: &[u8]) -> Option<Vec<u8>> {
    bits.strip_prefix(&[0]).map(<[u8]>::to_vec)
}
