//! The form of what the trail keeps on disk: CloudTrail's log files and digests, byte for byte, so
//! that a copy in S3 is what the standard client validates.
//!
//! Pure: names, documents and compressed bytes go in and come out. Where files lie, who signs and
//! what was delivered is not known here.

mod blocks;
mod date;
mod digest;
mod gzip;
mod name;
mod public_key;

pub use blocks::{BLOCK_BYTES, BLOCK_SUM_BYTES, block_sum, block_sums};
pub(crate) use date::day_path;
pub use date::{compact_minute, compact_second, parse_iso_date};
pub use digest::{
    DIGEST_BYTES_MAX, DIGEST_FILES_MAX, Digest, DigestMetadata, HASH_ALGORITHM, ListedFile,
    METADATA_BYTES_MAX, METADATA_SUFFIX, NotADigest, PreviousDigest, SIGNATURE_ALGORITHM,
    signing_string,
};
pub use gzip::{GunzipError, LOG_FILE_BYTES_MAX, foreign_header_byte, gunzip, gzip};
pub(crate) use name::SUFFIX;
pub use name::{
    DigestName, FileTag, KeyPrefix, LogFileName, NotAKeyPrefix, NotAName, NotATrailName, TrailName,
};
pub use public_key::{
    NotAnRsaKey, NotPublicKeys, PUBLIC_KEYS_BYTES_MAX, PublicKeys, fingerprint, pkcs1_from_spki,
    spki_from_pkcs1,
};
