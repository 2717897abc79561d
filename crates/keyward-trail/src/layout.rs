//! Where the trail's files are.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use keyward_model::{AccountId, Region};

use crate::format::{KeyPrefix, METADATA_SUFFIX, SUFFIX, TrailName};

pub(crate) const STAGING: &str = "staging";
pub(crate) const PUBLIC_KEYS: &str = "public-keys.json";
pub(crate) const UNREADABLE: &str = "unreadable.jsonl";

/// The trail and the directory it lives in.
#[derive(Clone, Debug)]
pub struct TrailLayout {
    /// The directory above the bucket's.
    pub directory: PathBuf,
    /// `S3BucketName`.
    pub bucket: Bucket,
    /// `S3KeyPrefix`.
    pub prefix: KeyPrefix,
    /// `Name`.
    pub name: TrailName,
    /// `HomeRegion`.
    pub home_region: Region,
}

/// The name of the directory that stands for a bucket: 3 to 63 lower-case letters, digits, `-` and
/// `.`, first and last a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket(String);

/// Text that cannot name a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a bucket's name is 3 to 63 lower-case letters, digits, `-` and single `.`, with a letter or digit at both ends, and not one of the trail's own files"
)]
pub struct NotABucket;

impl TrailLayout {
    /// Where a log file or digest stands. Buckets may have been called otherwise in the past.
    pub fn object(&self, bucket: &str, object: &str) -> PathBuf {
        self.directory.join(bucket).join(object)
    }

    /// Where the object metadata of a digest stands.
    pub fn metadata(&self, bucket: &str, object: &str) -> PathBuf {
        with_metadata_suffix(&self.object(bucket, object))
    }

    /// Where files wait that are on their way to their place.
    pub fn staging(&self) -> PathBuf {
        self.directory.join(STAGING)
    }

    /// Whether a file of this name may have been made in `staging`.
    pub(crate) fn may_be_staged(name: &OsStr) -> bool {
        let Some(name) = name.to_str() else { return false };
        let object = name.strip_suffix(METADATA_SUFFIX).unwrap_or(name);
        let words = object.strip_suffix(SUFFIX).and_then(|it| it.split_once("_CloudTrail"));
        let is_object = words.is_some_and(|(account, rest)| {
            account.parse::<AccountId>().is_ok() && rest.starts_with(['_', '-'])
        });
        is_object || name == PUBLIC_KEYS
    }

    /// Where a log file or digest waits.
    pub fn staged(&self, object: &str) -> PathBuf {
        let name = object.rsplit('/').next().unwrap_or(object);
        self.staging().join(name)
    }

    /// Where the object metadata of a digest waits.
    pub fn staged_metadata(&self, object: &str) -> PathBuf {
        with_metadata_suffix(&self.staged(object))
    }

    /// The public keys that digests are verified with.
    pub fn public_keys(&self) -> PathBuf {
        self.directory.join(PUBLIC_KEYS)
    }

    /// Journal lines that are no records.
    pub fn unreadable(&self) -> PathBuf {
        self.directory.join(UNREADABLE)
    }
}

fn with_metadata_suffix(path: &Path) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(METADATA_SUFFIX);
    path.into()
}

impl Bucket {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Bucket {
    type Err = NotABucket;

    fn from_str(text: &str) -> Result<Self, NotABucket> {
        let is_word = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = text.as_bytes();
        let is_name = (3..=63).contains(&bytes.len())
            && bytes.first().is_some_and(is_word)
            && bytes.last().is_some_and(is_word)
            && bytes.iter().all(|byte| is_word(byte) || b"-.".contains(byte))
            && !text.contains("..");
        // Files that stand beside the buckets end like this.
        let ending = Path::new(text).extension().and_then(OsStr::to_str);
        let is_taken = text == STAGING || matches!(ending, Some("json" | "jsonl"));
        if is_name && !is_taken { Ok(Self(text.to_owned())) } else { Err(NotABucket) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_one_directory_and_none_that_the_trail_needs() {
        for name in ["keyward-audit", "a.b-1", "123"] {
            assert_eq!(name.parse::<Bucket>().unwrap().as_str(), name);
        }
        for name in ["", "ab", "Audit", "a/b", "../x", "a..b", "-ab", "ab.", "staging"] {
            assert_eq!(name.parse::<Bucket>(), Err(NotABucket), "{name}");
        }
        for name in [UNREADABLE, PUBLIC_KEYS, STAGING] {
            assert!(name.parse::<Bucket>().is_err());
        }
    }
}
