//! Who calls.

use std::fmt;
use std::str::FromStr;

use crate::{AccountId, Partition};

/// The id of an access key: 16 to 128 upper-case letters and digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccessKeyId(Box<str>);

/// Text that is no access key id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an access key id is 16 to 128 upper-case letters and digits")]
pub struct NotAnAccessKeyId;

impl AccessKeyId {
    /// A new id for a long-term credential: `AKIA` and 16 characters of the base32 alphabet.
    pub fn long_term(rng: &dyn crate::Rng) -> Self {
        let mut random = [0_u8; 16];
        rng.fill(&mut random);
        let base32 = |byte: u8| {
            char::from(if byte % 32 < 26 { b'A' + byte % 32 } else { b'2' + byte % 32 - 26 })
        };
        Self(format!("AKIA{}", random.iter().map(|&b| base32(b)).collect::<String>()).into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccessKeyId {
    type Err = NotAnAccessKeyId;

    fn from_str(text: &str) -> Result<Self, NotAnAccessKeyId> {
        let is_allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        if (16..=128).contains(&text.len()) && text.bytes().all(is_allowed) {
            Ok(Self(text.into()))
        } else {
            Err(NotAnAccessKeyId)
        }
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The kind of principal behind a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    /// The account's root user.
    Root,
}

/// An authenticated caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The partition of the deployment.
    pub partition: Partition,
    /// The caller's account.
    pub account: AccountId,
    /// What the credential stands for.
    pub principal: Principal,
    /// The access key the request was signed with.
    pub access_key_id: AccessKeyId,
}

impl Caller {
    /// The ARN that error messages and audit records name the caller by.
    pub fn arn(&self) -> String {
        match self.principal {
            Principal::Root => format!("arn:{}:iam::{}:root", self.partition, self.account),
        }
    }
}
