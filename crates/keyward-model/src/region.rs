//! Regions and partitions.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::wire_enum::wire_enum;

wire_enum! {
    /// A set of Regions with an identity system of its own; the second field of every ARN.
    Partition {
        Aws = "aws",
        AwsCn = "aws-cn",
        AwsUsGov = "aws-us-gov",
    }
}

impl Partition {
    /// The Region in whose scope the partition's global services (IAM) are signed.
    pub const fn global_region(self) -> &'static str {
        match self {
            Self::Aws => "us-east-1",
            Self::AwsCn => "cn-north-1",
            Self::AwsUsGov => "us-gov-west-1",
        }
    }
}

/// A Region name such as `eu-central-1`; cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region(Arc<str>);

/// Text outside the model's `RegionType`: `^([a-z]+-){2,3}\d+$`, at most 32 characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a Region is two or three lower-case words and a number, such as `eu-central-1`")]
pub struct NotARegion;

impl Region {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = NotARegion;

    fn from_str(text: &str) -> Result<Self, NotARegion> {
        let (words, number) = text.rsplit_once('-').ok_or(NotARegion)?;
        let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
        let count = words.split('-').count();
        if text.len() <= 32
            && is_number
            && (2..=3).contains(&count)
            && words.split('-').all(is_word)
        {
            Ok(Self(text.into()))
        } else {
            Err(NotARegion)
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_follows_the_model_pattern() {
        for text in ["us-east-1", "eu-central-2", "us-gov-west-1", "ap-southeast-12"] {
            assert_eq!(text.parse::<Region>().unwrap().as_str(), text);
        }
        for text in ["", "useast1", "us-1", "us-east-", "US-east-1", "a-b-c-d-1", "us--1"] {
            assert_eq!(text.parse::<Region>(), Err(NotARegion), "{text}");
        }
    }
}
