//! Object keys of log files and digests, and the paths below the bucket's directory: the same text.
//!
//! What is parsed is written back the same, so that a name says all there is to know of its file's
//! place, and a file in another place is noticed.

use std::fmt;
use std::str::FromStr;

use keyward_model::{AccountId, Region, Rng, Timestamp};

use super::date::{
    compact_minute, compact_second, day_path, parse_compact_minute, parse_compact_second,
};

/// The key of a log file:
/// `[prefix/]AWSLogs/<account>/CloudTrail/<region>/<Y>/<M>/<D>/<account>_CloudTrail_<region>_<minute>_<tag>.json.gz`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LogFileName {
    /// `S3KeyPrefix`.
    pub prefix: KeyPrefix,
    /// Whose records it holds.
    pub account: AccountId,
    /// The Region they were made in.
    pub region: Region,
    /// When it was delivered; the name holds the minute.
    pub delivered_at: Timestamp,
    /// What tells files of one minute apart.
    pub tag: FileTag,
}

/// The key of a digest:
/// `[prefix/]AWSLogs/<account>/CloudTrail-Digest/<region>/<Y>/<M>/<D>/<account>_CloudTrail-Digest_<region>_<trail>_<home region>_<second>.json.gz`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DigestName {
    /// `S3KeyPrefix`.
    pub prefix: KeyPrefix,
    /// Whose log files it lists.
    pub account: AccountId,
    /// The Region of the log files.
    pub region: Region,
    /// The trail.
    pub trail: TrailName,
    /// The Region the trail was made in.
    pub home_region: Region,
    /// `digestEndTime`; the name holds whole seconds.
    pub end: Timestamp,
}

/// What stands before `AWSLogs` in every key: nothing, or words with `/` between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeyPrefix(String);

/// The name of a trail: 3 to 128 letters, digits, `.`, `_` and `-`; first and last a letter or a
/// digit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TrailName(String);

/// Sixteen letters and digits that keep files of one minute apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileTag([u8; TAG_CHARS]);

/// Text that is not the key of such a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a file of the trail")]
pub struct NotAName;

/// Text that cannot stand before keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a prefix is at most 200 letters, digits and `!-_.*'()`, with `/` between words, none of them `.` or `..`"
)]
pub struct NotAKeyPrefix;

/// Text that cannot name a trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a trail's name is 3 to 128 letters, digits, `.`, `_` and `-`, with a letter or digit at both ends"
)]
pub struct NotATrailName;

const TAG_CHARS: usize = 16;
const PREFIX_CHARS_MAX: usize = 200;
const TRAIL_CHARS: std::ops::RangeInclusive<usize> = 3..=128;
/// What the names of log files and digests end with.
pub(crate) const SUFFIX: &str = ".json.gz";
const LOG_FILES: &str = "CloudTrail";
const DIGESTS: &str = "CloudTrail-Digest";

impl LogFileName {
    /// Where all log files of an account's Region lie, without the closing `/`.
    pub fn directory(prefix: &KeyPrefix, account: &AccountId, region: &Region) -> String {
        directory(prefix, LOG_FILES, account, region)
    }
}

impl DigestName {
    /// Where all digests of an account's Region lie, without the closing `/`.
    pub fn directory(prefix: &KeyPrefix, account: &AccountId, region: &Region) -> String {
        directory(prefix, DIGESTS, account, region)
    }
}

impl fmt::Display for LogFileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { prefix, account, region, delivered_at, tag } = self;
        let directory = Self::directory(prefix, account, region);
        let (day, minute) = (day_path(*delivered_at), compact_minute(*delivered_at));
        write!(f, "{directory}/{day}/{account}_{LOG_FILES}_{region}_{minute}_{tag}{SUFFIX}")
    }
}

impl fmt::Display for DigestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { prefix, account, region, trail, home_region, end } = self;
        let directory = Self::directory(prefix, account, region);
        let (day, second) = (day_path(*end), compact_second(*end));
        write!(
            f,
            "{directory}/{day}/{account}_{DIGESTS}_{region}_{trail}_{home_region}_{second}{SUFFIX}"
        )
    }
}

impl FromStr for LogFileName {
    type Err = NotAName;

    fn from_str(key: &str) -> Result<Self, NotAName> {
        let (parts, rest) = Parts::of(key, LOG_FILES)?;
        let (minute, tag) = rest.split_once('_').ok_or(NotAName)?;
        let name = Self {
            prefix: parts.prefix,
            account: parts.account,
            region: parts.region,
            delivered_at: parse_compact_minute(minute).ok_or(NotAName)?,
            tag: tag.parse()?,
        };
        // The day's directories may say another day than the file's name.
        (name.to_string() == key).then_some(name).ok_or(NotAName)
    }
}

impl FromStr for DigestName {
    type Err = NotAName;

    fn from_str(key: &str) -> Result<Self, NotAName> {
        let (parts, rest) = Parts::of(key, DIGESTS)?;
        // A trail's name may hold `_`; a Region and a date do not.
        let (rest, second) = rest.rsplit_once('_').ok_or(NotAName)?;
        let (trail, home_region) = rest.rsplit_once('_').ok_or(NotAName)?;
        let name = Self {
            prefix: parts.prefix,
            account: parts.account,
            region: parts.region,
            trail: trail.parse().map_err(|_| NotAName)?,
            home_region: home_region.parse().map_err(|_| NotAName)?,
            end: parse_compact_second(second).ok_or(NotAName)?,
        };
        (name.to_string() == key).then_some(name).ok_or(NotAName)
    }
}

/// What keys of both kinds begin with.
struct Parts {
    prefix: KeyPrefix,
    account: AccountId,
    region: Region,
}

impl Parts {
    /// The parts, and what stands between `<account>_<kind>_<region>_` and the suffix.
    fn of<'a>(key: &'a str, kind: &str) -> Result<(Self, &'a str), NotAName> {
        // From the back, for a prefix may look like what follows it.
        let mut words = key.rsplitn(8, '/');
        let mut next = || words.next().ok_or(NotAName);
        let (file, _day, _month, _year) = (next()?, next()?, next()?, next()?);
        let (region, _kind, account, head) = (next()?, next()?, next()?, next()?);
        let prefix = match head.strip_suffix("AWSLogs").ok_or(NotAName)? {
            "" => KeyPrefix::default(),
            prefix => prefix.strip_suffix('/').ok_or(NotAName)?.parse().map_err(|_| NotAName)?,
        };
        let rest = file
            .strip_prefix(&format!("{account}_{kind}_{region}_"))
            .and_then(|rest| rest.strip_suffix(SUFFIX))
            .ok_or(NotAName)?;
        let account = account.parse().map_err(|_| NotAName)?;
        let region = region.parse().map_err(|_| NotAName)?;
        Ok((Self { prefix, account, region }, rest))
    }
}

fn directory(prefix: &KeyPrefix, kind: &str, account: &AccountId, region: &Region) -> String {
    let separator = if prefix.0.is_empty() { "" } else { "/" };
    format!("{prefix}{separator}AWSLogs/{account}/{kind}/{region}")
}

impl KeyPrefix {
    /// The text, empty if there is no prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyPrefix {
    type Err = NotAKeyPrefix;

    fn from_str(text: &str) -> Result<Self, NotAKeyPrefix> {
        let is_word = |word: &str| {
            !matches!(word, "" | "." | "..")
                && word.chars().all(|c| c.is_ascii_alphanumeric() || "!-_.*'()".contains(c))
        };
        let is_prefix = text.len() <= PREFIX_CHARS_MAX && text.split('/').all(is_word);
        if text.is_empty() || is_prefix { Ok(Self(text.to_owned())) } else { Err(NotAKeyPrefix) }
    }
}

impl fmt::Display for KeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TrailName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TrailName {
    type Err = NotATrailName;

    fn from_str(text: &str) -> Result<Self, NotATrailName> {
        let is_end = |end: Option<&u8>| end.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = text.as_bytes();
        let is_name = TRAIL_CHARS.contains(&bytes.len())
            && is_end(bytes.first())
            && is_end(bytes.last())
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(b));
        if is_name { Ok(Self(text.to_owned())) } else { Err(NotATrailName) }
    }
}

impl fmt::Display for TrailName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FileTag {
    /// A tag nobody else will draw.
    pub fn random(rng: &dyn Rng) -> Self {
        const ALPHABET: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut tag = [0; TAG_CHARS];
        rng.fill(&mut tag);
        for byte in &mut tag {
            // 62 does not divide 256; a tag need only be unlikely to come again.
            *byte = ALPHABET.get(usize::from(*byte) % ALPHABET.len()).copied().unwrap_or(b'A');
        }
        Self(tag)
    }

    /// The tag as text.
    pub fn as_str(&self) -> &str {
        // Only ASCII gets in, so the fallback is never taken.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for FileTag {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let tag: [u8; TAG_CHARS] = text.as_bytes().try_into().map_err(|_| NotAName)?;
        if tag.iter().all(u8::is_ascii_alphanumeric) { Ok(Self(tag)) } else { Err(NotAName) }
    }
}

impl fmt::Display for FileTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for FileTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
