//! What a document says.

use std::collections::BTreeMap;

use keyward_model::Timestamp;

use super::encode;
use crate::document::Kind;

/// The values of a document, but for the certificates.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// `i-…-enc…` or `i-…-tpm…`.
    pub module_id: String,
    /// Decides the name of the map of registers.
    pub kind: Kind,
    /// The registers.
    pub pcrs: BTreeMap<u8, Vec<u8>>,
    /// The recipient's key; null if absent.
    pub public_key: Option<Vec<u8>>,
    /// Null if absent.
    pub user_data: Option<Vec<u8>>,
    /// Null if absent.
    pub nonce: Option<Vec<u8>>,
    /// When the document is made.
    pub timestamp: Timestamp,
}

impl Evidence {
    /// An enclave with registers 0 to 4 and 8; each is 48 bytes of its own number plus one.
    pub fn enclave(public_key: &[u8], timestamp: Timestamp) -> Self {
        Self {
            module_id: "i-1234567890abcdef0-enc0123456789abcde".to_owned(),
            kind: Kind::Enclave,
            pcrs: registers(&[0, 1, 2, 3, 4, 8]),
            public_key: Some(public_key.to_vec()),
            user_data: None,
            nonce: None,
            timestamp,
        }
    }

    /// An instance with registers 4, 7, 8, 9, 16 and 23; each is 48 bytes of its own number plus
    /// one.
    pub fn nitro_tpm(public_key: &[u8], timestamp: Timestamp) -> Self {
        Self {
            module_id: "i-1234567890abcdef0-tpm0123456789abcde".to_owned(),
            kind: Kind::NitroTpm,
            pcrs: registers(&[4, 7, 8, 9, 16, 23]),
            ..Self::enclave(public_key, timestamp)
        }
    }

    pub(super) fn fields(&self, certificate: &[u8], bundle: &[Vec<u8>]) -> Fields {
        let optional = |value: &Option<Vec<u8>>| {
            value.as_ref().map_or_else(encode::null, |value| encode::bytes(value))
        };
        let pcrs: Vec<_> = self
            .pcrs
            .iter()
            .map(|(index, value)| (encode::unsigned(u64::from(*index)), encode::bytes(value)))
            .collect();
        let pcrs_name = match self.kind {
            Kind::Enclave => "pcrs",
            Kind::NitroTpm => "nitrotpm_pcrs",
        };
        let bundle: Vec<_> = bundle.iter().map(|der| encode::bytes(der)).collect();
        let ms = u64::try_from(self.timestamp.unix_ms()).unwrap();
        Fields(vec![
            ("module_id", encode::text(&self.module_id)),
            ("digest", encode::text("SHA384")),
            ("timestamp", encode::unsigned(ms)),
            (pcrs_name, encode::map(&pcrs)),
            ("certificate", encode::bytes(certificate)),
            ("cabundle", encode::array(&bundle)),
            ("public_key", optional(&self.public_key)),
            ("user_data", optional(&self.user_data)),
            ("nonce", optional(&self.nonce)),
        ])
    }
}

fn registers(indices: &[u8]) -> BTreeMap<u8, Vec<u8>> {
    indices.iter().map(|index| (*index, vec![index + 1; 48])).collect()
}

/// The fields of a payload, encoded, for a test to break.
#[derive(Clone, Debug)]
pub struct Fields(Vec<(&'static str, Vec<u8>)>);

impl Fields {
    /// Takes the field out.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| *known != name);
        self
    }

    /// Adds a field, though it be there already.
    #[must_use]
    pub fn and(mut self, name: &'static str, encoded: Vec<u8>) -> Self {
        self.0.push((name, encoded));
        self
    }

    /// Replaces a field.
    #[must_use]
    pub fn with(self, name: &'static str, encoded: Vec<u8>) -> Self {
        self.without(name).and(name, encoded)
    }

    /// The payload.
    pub fn payload(&self) -> Vec<u8> {
        let entries: Vec<_> =
            self.0.iter().map(|(name, value)| (encode::text(name), value.clone())).collect();
        encode::map(&entries)
    }
}
