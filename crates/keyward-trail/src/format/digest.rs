//! The digest: what was delivered in an hour to one account and Region, linked to the digest before
//! it, and what its signature is made over.

use keyward_audit::iso_date;
use keyward_model::{AccountId, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::date::{iso, iso_or_null};

/// The longest digest that is read, compressed or not; the longest that is written has a tenth.
pub const DIGEST_BYTES_MAX: usize = 64 << 20;
/// How many log files a digest lists that is made now; what is left is for the next. The rows of so
/// many are some 20 MB. Earlier releases made digests of up to 10,000.
pub const DIGEST_FILES_MAX: usize = 500;
/// The longest metadata file that is read.
pub const METADATA_BYTES_MAX: usize = 16 << 10;
/// What is added to a digest's name to name the file with its object metadata.
pub const METADATA_SUFFIX: &str = ".metadata.json";
/// `hashAlgorithm` and `previousDigestHashAlgorithm`.
pub const HASH_ALGORITHM: &str = "SHA-256";
/// `digestSignatureAlgorithm`: RSASSA-PKCS1-v1_5 with SHA-256.
pub const SIGNATURE_ALGORITHM: &str = "SHA256withRSA";

/// A digest. Hashes are lower-case hexadecimal SHA-256 of uncompressed content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// `awsAccountId`.
    pub account: AccountId,
    /// `digestStartTime`: the end of the digest before it.
    pub start: Timestamp,
    /// `digestEndTime`.
    pub end: Timestamp,
    /// `digestS3Bucket`: the directory above the key.
    pub bucket: String,
    /// `digestS3Object`: the digest's own key.
    pub object: String,
    /// `digestPublicKeyFingerprint`.
    pub public_key_fingerprint: String,
    /// `newestEventTime` of all listed files.
    pub newest_event: Option<Timestamp>,
    /// `oldestEventTime` of all listed files.
    pub oldest_event: Option<Timestamp>,
    /// The digest before it; none in a digest that starts a chain.
    pub previous: Option<PreviousDigest>,
    /// `logFiles`: what was delivered from start to end.
    pub log_files: Vec<ListedFile>,
}

/// The link to the digest before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousDigest {
    /// `previousDigestS3Bucket`.
    pub bucket: String,
    /// `previousDigestS3Object`.
    pub object: String,
    /// `previousDigestHashValue`.
    pub hash: String,
    /// `previousDigestSignature`, lower-case hexadecimal.
    pub signature: String,
}

/// One delivered log file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedFile {
    /// Its bucket.
    #[serde(rename = "s3Bucket")]
    pub bucket: String,
    /// Its key.
    #[serde(rename = "s3Object")]
    pub object: String,
    /// `hashValue`.
    #[serde(rename = "hashValue")]
    pub hash: String,
    /// Always [`HASH_ALGORITHM`].
    #[serde(rename = "hashAlgorithm")]
    hash_algorithm: HashName,
    /// `newestEventTime`.
    #[serde(rename = "newestEventTime", with = "iso")]
    pub newest_event: Timestamp,
    /// `oldestEventTime`.
    #[serde(rename = "oldestEventTime", with = "iso")]
    pub oldest_event: Timestamp,
}

/// The object metadata of a digest, as its side file holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DigestMetadata {
    /// Lower-case hexadecimal.
    pub signature: String,
    /// [`SIGNATURE_ALGORITHM`].
    pub signature_algorithm: String,
}

/// Bytes that are no digest, or no metadata of one.
#[derive(Debug, thiserror::Error)]
#[error("not a digest: {0}")]
pub struct NotADigest(#[from] serde_json::Error);

impl Digest {
    /// Compact JSON, members in CloudTrail's order.
    pub fn to_json(&self) -> Vec<u8> {
        // Texts, dates and nulls always become JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a digest. The caller bounds the bytes.
    pub fn parse(json: &[u8]) -> Result<Self, NotADigest> {
        Ok(serde_json::from_slice(json)?)
    }
}

/// What a digest's signature is made over: `hash` is that of the digest's uncompressed bytes.
pub fn signing_string(digest: &Digest, hash: &str) -> String {
    let Digest { end, bucket, object, previous, .. } = digest;
    let previous = previous.as_ref().map_or("null", |previous| &previous.signature);
    format!("{}\n{bucket}/{object}\n{hash}\n{previous}", iso_date(*end))
}

impl ListedFile {
    /// An entry of `logFiles`; `events` are the times of its oldest and newest event.
    pub fn new(bucket: &str, object: &str, hash: String, events: (Timestamp, Timestamp)) -> Self {
        Self {
            bucket: bucket.to_owned(),
            object: object.to_owned(),
            hash,
            hash_algorithm: HashName::Sha256,
            newest_event: events.1,
            oldest_event: events.0,
        }
    }
}

impl DigestMetadata {
    /// The metadata of a digest with this signature.
    pub fn new(signature: &[u8]) -> Self {
        Self {
            signature: hex::encode(signature),
            signature_algorithm: SIGNATURE_ALGORITHM.to_owned(),
        }
    }

    /// Compact JSON.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads metadata. The caller bounds the bytes.
    pub fn parse(json: &[u8]) -> Result<Self, NotADigest> {
        Ok(serde_json::from_slice(json)?)
    }
}

/// The members as they stand in the file, in this order.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    aws_account_id: String,
    #[serde(with = "iso")]
    digest_start_time: Timestamp,
    #[serde(with = "iso")]
    digest_end_time: Timestamp,
    digest_s3_bucket: String,
    digest_s3_object: String,
    digest_public_key_fingerprint: String,
    digest_signature_algorithm: SignatureName,
    #[serde(with = "iso_or_null")]
    newest_event_time: Option<Timestamp>,
    #[serde(with = "iso_or_null")]
    oldest_event_time: Option<Timestamp>,
    previous_digest_s3_bucket: Option<String>,
    previous_digest_s3_object: Option<String>,
    previous_digest_hash_value: Option<String>,
    previous_digest_hash_algorithm: Option<HashName>,
    previous_digest_signature: Option<String>,
    log_files: Vec<ListedFile>,
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let previous = self.previous.clone();
        let members = Members {
            aws_account_id: self.account.to_string(),
            digest_start_time: self.start,
            digest_end_time: self.end,
            digest_s3_bucket: self.bucket.clone(),
            digest_s3_object: self.object.clone(),
            digest_public_key_fingerprint: self.public_key_fingerprint.clone(),
            digest_signature_algorithm: SignatureName::Sha256WithRsa,
            newest_event_time: self.newest_event,
            oldest_event_time: self.oldest_event,
            previous_digest_s3_bucket: previous.as_ref().map(|previous| previous.bucket.clone()),
            previous_digest_s3_object: previous.as_ref().map(|previous| previous.object.clone()),
            previous_digest_hash_value: previous.as_ref().map(|previous| previous.hash.clone()),
            previous_digest_hash_algorithm: previous.as_ref().map(|_| HashName::Sha256),
            previous_digest_signature: previous.map(|previous| previous.signature),
            log_files: self.log_files.clone(),
        };
        members.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let members = Members::deserialize(from)?;
        let account = members.aws_account_id.parse().map_err(de::Error::custom)?;
        let previous = members.previous().map_err(de::Error::custom)?;
        Ok(Self {
            account,
            start: members.digest_start_time,
            end: members.digest_end_time,
            bucket: members.digest_s3_bucket,
            object: members.digest_s3_object,
            public_key_fingerprint: members.digest_public_key_fingerprint,
            newest_event: members.newest_event_time,
            oldest_event: members.oldest_event_time,
            previous,
            log_files: members.log_files,
        })
    }
}

impl Members {
    /// All members of the link, or none.
    fn previous(&self) -> Result<Option<PreviousDigest>, &'static str> {
        let parts = (
            &self.previous_digest_s3_bucket,
            &self.previous_digest_s3_object,
            &self.previous_digest_hash_value,
            &self.previous_digest_hash_algorithm,
            &self.previous_digest_signature,
        );
        match parts {
            (None, None, None, None, None) => Ok(None),
            (Some(bucket), Some(object), Some(hash), Some(_), Some(signature)) => {
                Ok(Some(PreviousDigest {
                    bucket: bucket.clone(),
                    object: object.clone(),
                    hash: hash.clone(),
                    signature: signature.clone(),
                }))
            }
            _ => Err("only some members of the link to the previous digest are null"),
        }
    }
}

/// [`HASH_ALGORITHM`] and no other text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum HashName {
    #[serde(rename = "SHA-256")]
    Sha256,
}

/// [`SIGNATURE_ALGORITHM`] and no other text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum SignatureName {
    #[serde(rename = "SHA256withRSA")]
    Sha256WithRsa,
}

#[cfg(test)]
mod tests;
