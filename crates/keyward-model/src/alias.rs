//! Alias names.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// An alias name with its prefix, such as `alias/payments`; cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AliasName(Arc<str>);

/// Text that is no alias name; what is wrong decides the error CreateAlias answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAliasName {
    /// A character outside letters, digits, `/`, `_` and `-`, or nothing behind the prefix.
    #[error("an alias name holds letters, digits, `/`, `_` and `-` behind its prefix")]
    InvalidCharacters,
    /// The text does not start with `alias/`.
    #[error("an alias name starts with `alias/`")]
    NoPrefix,
}

const PREFIX: &str = "alias/";
const RESERVED_PREFIX: &str = "alias/aws/";

impl AliasName {
    /// The name as text, prefix included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The service part of a name reserved for AWS managed keys: `s3` of `alias/aws/s3`.
    pub fn reserved_for(&self) -> Option<&str> {
        self.0.strip_prefix(RESERVED_PREFIX)
    }
}

impl FromStr for AliasName {
    type Err = NotAnAliasName;

    fn from_str(text: &str) -> Result<Self, NotAnAliasName> {
        let name = text.strip_prefix(PREFIX).ok_or(NotAnAliasName::NoPrefix)?;
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-');
        if name.is_empty() || !name.bytes().all(is_allowed) {
            return Err(NotAnAliasName::InvalidCharacters);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for AliasName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AliasName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for AliasName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_name_has_its_prefix_and_only_allowed_characters() {
        let name: AliasName = "alias/app/Blue_1-2".parse().unwrap();
        assert_eq!(name.as_str(), "alias/app/Blue_1-2");
        assert_eq!(name.reserved_for(), None);
        assert_eq!("alias/aws/s3".parse::<AliasName>().unwrap().reserved_for(), Some("s3"));
        assert_eq!("app".parse::<AliasName>(), Err(NotAnAliasName::NoPrefix));
        for text in ["alias/", "alias/a:b", "alias/a b", "alias/ä"] {
            assert_eq!(text.parse::<AliasName>(), Err(NotAnAliasName::InvalidCharacters), "{text}");
        }
    }
}
