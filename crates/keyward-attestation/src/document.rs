//! The payload of an attestation document and the rules of its fields.

use std::collections::BTreeMap;

use keyward_model::Timestamp;

use crate::cbor::{NotCbor, Reader, Remaining};
use crate::chain::BUNDLE_CERTIFICATES_MAX;
use crate::error::InvalidDocument;

/// More than the format has, so that a field added later is stepped over.
const FIELDS_MAX: usize = 24;
const PCRS_MAX: usize = 32;
const PCR_INDEX_MAX: u64 = 31;
const PCR_BYTES: [usize; 3] = [32, 48, 64];
const CERTIFICATE_BYTES_MAX: usize = 1024;
const PUBLIC_KEY_BYTES_MAX: usize = 1024;
const NONCE_BYTES_MAX: usize = 512;
/// The format's text says 512 in one place and 1024 in another.
const USER_DATA_BYTES_MAX: usize = 1024;

/// What attests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The Nitro hypervisor, for an enclave (`pcrs`).
    Enclave,
    /// NitroTPM, for an instance (`nitrotpm_pcrs`).
    NitroTpm,
}

/// A payload whose fields keep their rules. Nothing in it is proven.
pub(crate) struct Document<'a> {
    pub(crate) module_id: &'a str,
    pub(crate) timestamp: Timestamp,
    pub(crate) kind: Kind,
    pub(crate) pcrs: BTreeMap<u8, &'a [u8]>,
    pub(crate) certificate: &'a [u8],
    pub(crate) cabundle: Vec<&'a [u8]>,
    pub(crate) public_key: Option<&'a [u8]>,
}

impl<'a> Document<'a> {
    pub(crate) fn parse(payload: &'a [u8]) -> Result<Self, InvalidDocument> {
        let mut fields = Fields::default();
        let mut reader = Reader::new(payload);
        let mut entries = reader.map()?;
        while reader.has_next(&mut entries)? {
            fields.read_one(&mut reader)?;
        }
        reader.end()?;
        fields.complete()
    }
}

/// The fields that were met so far.
#[derive(Default)]
struct Fields<'a> {
    names: Vec<&'a str>,
    module_id: Option<&'a str>,
    has_digest: bool,
    timestamp: Option<Timestamp>,
    pcrs: Option<(Kind, BTreeMap<u8, &'a [u8]>)>,
    certificate: Option<&'a [u8]>,
    cabundle: Option<Vec<&'a [u8]>>,
    public_key: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    fn read_one(&mut self, reader: &mut Reader<'a>) -> Result<(), InvalidDocument> {
        let name = reader.text()?;
        if self.names.contains(&name) || self.names.len() == FIELDS_MAX {
            return Err(InvalidDocument::Malformed);
        }
        self.names.push(name);
        match name {
            "module_id" => self.module_id = Some(module_id(reader)?),
            "digest" => self.has_digest = digest(reader)?,
            "timestamp" => self.timestamp = Some(timestamp(reader)?),
            "pcrs" => self.set_pcrs(Kind::Enclave, pcrs(reader, "pcrs")?)?,
            "nitrotpm_pcrs" => self.set_pcrs(Kind::NitroTpm, pcrs(reader, "nitrotpm_pcrs")?)?,
            "certificate" => {
                let max = CERTIFICATE_BYTES_MAX;
                self.certificate = Some(bounded(reader, 1, max).ok_or(invalid("certificate"))?);
            }
            "cabundle" => self.cabundle = Some(cabundle(reader)?),
            "public_key" => {
                self.public_key = optional(reader, 1, PUBLIC_KEY_BYTES_MAX, "public_key")?;
            }
            "user_data" => drop(optional(reader, 0, USER_DATA_BYTES_MAX, "user_data")?),
            "nonce" => drop(optional(reader, 0, NONCE_BYTES_MAX, "nonce")?),
            _ => reader.skip()?,
        }
        Ok(())
    }

    /// A document is of one kind.
    fn set_pcrs(
        &mut self,
        kind: Kind,
        pcrs: BTreeMap<u8, &'a [u8]>,
    ) -> Result<(), InvalidDocument> {
        match self.pcrs.replace((kind, pcrs)) {
            None => Ok(()),
            Some(_) => Err(invalid("pcrs")),
        }
    }

    fn complete(self) -> Result<Document<'a>, InvalidDocument> {
        if !self.has_digest {
            return Err(invalid("digest"));
        }
        let (kind, pcrs) = self.pcrs.ok_or(invalid("pcrs"))?;
        Ok(Document {
            module_id: self.module_id.ok_or(invalid("module_id"))?,
            timestamp: self.timestamp.ok_or(invalid("timestamp"))?,
            kind,
            pcrs,
            certificate: self.certificate.ok_or(invalid("certificate"))?,
            cabundle: self.cabundle.ok_or(invalid("cabundle"))?,
            public_key: self.public_key,
        })
    }
}

impl From<NotCbor> for InvalidDocument {
    fn from(NotCbor: NotCbor) -> Self {
        Self::Malformed
    }
}

const fn invalid(field: &'static str) -> InvalidDocument {
    InvalidDocument::Field(field)
}

fn module_id<'a>(reader: &mut Reader<'a>) -> Result<&'a str, InvalidDocument> {
    reader.text().ok().filter(|id| !id.is_empty()).ok_or(invalid("module_id"))
}

fn digest(reader: &mut Reader<'_>) -> Result<bool, InvalidDocument> {
    match reader.text() {
        Ok("SHA384") => Ok(true),
        _ => Err(invalid("digest")),
    }
}

fn timestamp(reader: &mut Reader<'_>) -> Result<Timestamp, InvalidDocument> {
    let ms = reader.unsigned().ok().and_then(|ms| i64::try_from(ms).ok());
    ms.filter(|ms| *ms > 0).map(Timestamp::from_unix_ms).ok_or(invalid("timestamp"))
}

fn pcrs<'a>(
    reader: &mut Reader<'a>,
    field: &'static str,
) -> Result<BTreeMap<u8, &'a [u8]>, InvalidDocument> {
    let mut pcrs = BTreeMap::new();
    let mut entries = reader.map().map_err(|_| invalid(field))?;
    while reader.has_next(&mut entries)? {
        let (index, value) = pcr(reader).ok_or(invalid(field))?;
        if pcrs.len() == PCRS_MAX || pcrs.insert(index, value).is_some() {
            return Err(invalid(field));
        }
    }
    if pcrs.is_empty() { Err(invalid(field)) } else { Ok(pcrs) }
}

fn pcr<'a>(reader: &mut Reader<'a>) -> Option<(u8, &'a [u8])> {
    let index = reader.unsigned().ok().filter(|index| *index <= PCR_INDEX_MAX)?;
    let value = reader.bytes().ok().filter(|value| PCR_BYTES.contains(&value.len()))?;
    Some((u8::try_from(index).ok()?, value))
}

fn cabundle<'a>(reader: &mut Reader<'a>) -> Result<Vec<&'a [u8]>, InvalidDocument> {
    let mut bundle = Vec::new();
    let mut items: Remaining = reader.array().map_err(|_| invalid("cabundle"))?;
    while reader.has_next(&mut items)? {
        let certificate = bounded(reader, 1, CERTIFICATE_BYTES_MAX).ok_or(invalid("cabundle"))?;
        if bundle.len() == BUNDLE_CERTIFICATES_MAX {
            return Err(invalid("cabundle"));
        }
        bundle.push(certificate);
    }
    if bundle.is_empty() { Err(invalid("cabundle")) } else { Ok(bundle) }
}

fn bounded<'a>(reader: &mut Reader<'a>, min: usize, max: usize) -> Option<&'a [u8]> {
    reader.bytes().ok().filter(|bytes| (min..=max).contains(&bytes.len()))
}

/// The format knows no null, yet the Nitro Secure Module writes one for what it was not given.
fn optional<'a>(
    reader: &mut Reader<'a>,
    min: usize,
    max: usize,
    field: &'static str,
) -> Result<Option<&'a [u8]>, InvalidDocument> {
    if reader.take_null() {
        return Ok(None);
    }
    bounded(reader, min, max).map(Some).ok_or(invalid(field))
}
