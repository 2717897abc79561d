//! COSE_Sign1 (RFC 9052) as attestation documents use it: ES384, nothing unprotected.

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED, ParsedPublicKey};

use crate::cbor::{self, NotCbor, Reader};
use crate::error::InvalidDocument;

const TAG_SIGN1: u64 = 18;
const HEADER_ALGORITHM: u64 = 1;
/// ES384 is -35, which CBOR writes as -1 - 34.
const ES384_AS_NEGATIVE: u64 = 34;
const PAYLOAD_BYTES_MAX: usize = 16_384;
const SIGNATURE_BYTES: usize = 96;

/// A signed message. Nothing in it is believed before [`Sign1::verify`].
pub(crate) struct Sign1<'a> {
    /// As it came: the signature covers these bytes, not their meaning.
    protected: &'a [u8],
    pub(crate) payload: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Sign1<'a> {
    pub(crate) fn parse(document: &'a [u8]) -> Result<Self, InvalidDocument> {
        let message = Self::read(document).map_err(|NotCbor| InvalidDocument::Malformed)?;
        if !is_es384_alone(message.protected) {
            return Err(InvalidDocument::Algorithm);
        }
        let is_payload_bounded = (1..=PAYLOAD_BYTES_MAX).contains(&message.payload.len());
        if !is_payload_bounded || message.signature.len() != SIGNATURE_BYTES {
            return Err(InvalidDocument::Malformed);
        }
        Ok(message)
    }

    fn read(document: &'a [u8]) -> Result<Self, NotCbor> {
        let mut reader = Reader::new(document);
        reader.take_tag(TAG_SIGN1);
        let mut items = reader.array()?;
        reader.require_next(&mut items)?;
        let protected = reader.bytes()?;
        reader.require_next(&mut items)?;
        let mut unprotected = reader.map()?;
        if reader.has_next(&mut unprotected)? {
            return Err(NotCbor);
        }
        reader.require_next(&mut items)?;
        let payload = reader.bytes()?;
        reader.require_next(&mut items)?;
        let signature = reader.bytes()?;
        if reader.has_next(&mut items)? {
            return Err(NotCbor);
        }
        reader.end()?;
        Ok(Self { protected, payload, signature })
    }

    /// Whether the signer signed this.
    pub(crate) fn verify(&self, signer: &[u8]) -> Result<(), InvalidDocument> {
        ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, signer)
            .map_err(|_| InvalidDocument::Certificate)?
            .verify_sig(&to_be_signed(self.protected, self.payload), self.signature)
            .map_err(|_| InvalidDocument::Signature)
    }
}

/// The `Sig_structure`: what the signature covers, without external data.
pub(crate) fn to_be_signed(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    const CONTEXT: &[u8] = b"\x84\x6aSignature1";
    let mut signed = Vec::with_capacity(CONTEXT.len() + protected.len() + payload.len() + 16);
    signed.extend(CONTEXT);
    cbor::write_bytes(protected, &mut signed);
    cbor::write_bytes(&[], &mut signed);
    cbor::write_bytes(payload, &mut signed);
    signed
}

/// Anything more, `crit` above all, would ask for what is not done here.
fn is_es384_alone(protected: &[u8]) -> bool {
    let read = || {
        let mut reader = Reader::new(protected);
        let mut entries = reader.map()?;
        let is_algorithm = reader.has_next(&mut entries)? && reader.unsigned()? == HEADER_ALGORITHM;
        let is_es384 = is_algorithm && reader.negative()? == ES384_AS_NEGATIVE;
        let is_alone = is_es384 && !reader.has_next(&mut entries)?;
        reader.end()?;
        Ok::<_, NotCbor>(is_alone)
    };
    read() == Ok(true)
}
