//! The public keys that digests are verified with.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_crypto::sha256;
use keyward_engine::TrailPublicKey;
use keyward_model::{Region, Timestamp};
use serde::{Deserialize, Serialize};
use x509_cert::der::asn1::{AnyRef, BitStringRef};
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use super::date::iso;

/// The longest file of public keys that is read.
pub const PUBLIC_KEYS_BYTES_MAX: usize = 4 << 20;

/// The keys of each Region, as `DIR/audit/public-keys.json` holds them: an object whose members are
/// Regions and whose values are what ListPublicKeys calls `PublicKeyList`, times as text.
#[derive(Clone, Debug, Default)]
pub struct PublicKeys(pub BTreeMap<Region, Vec<TrailPublicKey>>);

/// DER that is not the public RSA key it was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a public RSA key")]
pub struct NotAnRsaKey;

/// Bytes that are no list of public keys.
#[derive(Debug, thiserror::Error)]
#[error("not a list of public keys: {0}")]
pub struct NotPublicKeys(Box<dyn std::error::Error + Send + Sync>);

/// `digestPublicKeyFingerprint`: the first 16 bytes of SHA-256 of the DER `RSAPublicKey`, in
/// lower-case hexadecimal.
pub fn fingerprint(pkcs1: &[u8]) -> String {
    let mut text = hex::encode(sha256(&[pkcs1]));
    text.truncate(FINGERPRINT_CHARS);
    text
}

/// The DER `RSAPublicKey` (RFC 8017, A.1.1) inside a DER `SubjectPublicKeyInfo`.
pub fn pkcs1_from_spki(spki: &[u8]) -> Result<Vec<u8>, NotAnRsaKey> {
    let info = SubjectPublicKeyInfoRef::from_der(spki).map_err(|_| NotAnRsaKey)?;
    if info.algorithm.oid != RSA_ENCRYPTION {
        return Err(NotAnRsaKey);
    }
    let pkcs1 = info.subject_public_key.as_bytes().ok_or(NotAnRsaKey)?;
    Ok(pkcs1.to_vec())
}

/// The reverse of [`pkcs1_from_spki`].
pub fn spki_from_pkcs1(pkcs1: &[u8]) -> Result<Vec<u8>, NotAnRsaKey> {
    let info = SubjectPublicKeyInfoRef {
        algorithm: AlgorithmIdentifierRef { oid: RSA_ENCRYPTION, parameters: Some(AnyRef::NULL) },
        subject_public_key: BitStringRef::from_bytes(pkcs1).map_err(|_| NotAnRsaKey)?,
    };
    info.to_der().map_err(|_| NotAnRsaKey)
}

const FINGERPRINT_CHARS: usize = 32;
/// RFC 8017, A.1.
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

impl PublicKeys {
    /// The key with this fingerprint among a Region's.
    pub fn find(&self, region: &Region, fingerprint: &str) -> Option<&TrailPublicKey> {
        self.0.get(region)?.iter().find(|key| key.fingerprint == fingerprint)
    }

    /// JSON, indented: people read it.
    pub fn to_json(&self) -> Vec<u8> {
        let regions: BTreeMap<&str, Vec<Members>> = self
            .0
            .iter()
            .map(|(region, keys)| (region.as_str(), keys.iter().map(Members::from).collect()))
            .collect();
        serde_json::to_vec_pretty(&regions).unwrap_or_default()
    }

    /// Reads the keys; each must have the fingerprint of its value. The caller bounds the bytes.
    pub fn parse(json: &[u8]) -> Result<Self, NotPublicKeys> {
        let regions: BTreeMap<String, Vec<Members>> =
            serde_json::from_slice(json).map_err(NotPublicKeys::because)?;
        let read = |(region, keys): (String, Vec<Members>)| {
            let region = region.parse().map_err(NotPublicKeys::because)?;
            let keys = keys.into_iter().map(TrailPublicKey::try_from).collect::<Result<_, _>>()?;
            Ok((region, keys))
        };
        regions.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl NotPublicKeys {
    fn because(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(reason.into())
    }
}

/// A key as ListPublicKeys has it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Members {
    value: String,
    #[serde(with = "iso")]
    validity_start_time: Timestamp,
    #[serde(with = "iso")]
    validity_end_time: Timestamp,
    fingerprint: String,
}

impl From<&TrailPublicKey> for Members {
    fn from(key: &TrailPublicKey) -> Self {
        Self {
            value: STANDARD.encode(&key.value),
            validity_start_time: key.valid_from,
            validity_end_time: key.valid_to,
            fingerprint: key.fingerprint.clone(),
        }
    }
}

impl TryFrom<Members> for TrailPublicKey {
    type Error = NotPublicKeys;

    fn try_from(members: Members) -> Result<Self, NotPublicKeys> {
        let value = STANDARD.decode(&members.value).map_err(NotPublicKeys::because)?;
        if fingerprint(&value) != members.fingerprint {
            return Err(NotPublicKeys::because("a fingerprint is not that of its key"));
        }
        Ok(Self {
            value,
            fingerprint: members.fingerprint,
            valid_from: members.validity_start_time,
            valid_to: members.validity_end_time,
        })
    }
}

#[cfg(test)]
mod tests {
    use keyward_crypto::AsymmetricKey;
    use keyward_model::KeySpec;

    use super::*;

    fn key() -> AsymmetricKey {
        let material = AsymmetricKey::generate(KeySpec::Rsa2048).unwrap();
        AsymmetricKey::load(KeySpec::Rsa2048, &material).unwrap()
    }

    #[test]
    fn the_two_encodings_of_a_key_become_each_other() {
        let key = key();
        let pkcs1 = pkcs1_from_spki(key.public_key()).unwrap();
        // SEQUENCE of 266 bytes that begins with an INTEGER of 257: the modulus and its sign byte.
        assert_eq!(pkcs1[..8], [0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01]);
        assert_eq!(spki_from_pkcs1(&pkcs1).unwrap(), key.public_key());
        assert_eq!(fingerprint(&pkcs1), hex::encode(&sha256(&[&pkcs1])[..16]));
    }

    #[test]
    fn keys_of_other_kinds_are_refused() {
        let material = AsymmetricKey::generate(KeySpec::EccNistP256).unwrap();
        let key = AsymmetricKey::load(KeySpec::EccNistP256, &material).unwrap();
        assert_eq!(pkcs1_from_spki(key.public_key()), Err(NotAnRsaKey));
        assert_eq!(pkcs1_from_spki(b""), Err(NotAnRsaKey));
    }

    #[test]
    fn the_file_of_keys_is_read_back() {
        let value = pkcs1_from_spki(key().public_key()).unwrap();
        let region: Region = "us-west-2".parse().unwrap();
        let listed = TrailPublicKey {
            fingerprint: fingerprint(&value),
            value,
            valid_from: Timestamp::from_unix_ms(1_772_618_281_000),
            valid_to: Timestamp::from_unix_ms(1_804_154_281_000),
        };
        let keys = PublicKeys([(region.clone(), vec![listed.clone()])].into());
        let json = keys.to_json();
        let read = PublicKeys::parse(&json).unwrap();
        let found = read.find(&region, &listed.fingerprint).unwrap();
        assert_eq!((&found.value, found.valid_to), (&listed.value, listed.valid_to));
        assert!(read.find(&"eu-west-1".parse().unwrap(), &listed.fingerprint).is_none());
        let other = listed.fingerprint.replace(|c| c != '0', "0");
        let forged = String::from_utf8(json).unwrap().replace(&listed.fingerprint, &other);
        assert!(PublicKeys::parse(forged.as_bytes()).is_err());
    }
}
