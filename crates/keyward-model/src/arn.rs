//! ARNs of keys and aliases.

use std::fmt;

use crate::{AccountId, AliasName, KeyId, Partition, Region};

/// `arn:<partition>:kms:<region>:<account>:key/<key id>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyArn {
    /// The partition.
    pub partition: Partition,
    /// The Region that holds the key.
    pub region: Region,
    /// The account that owns the key.
    pub account: AccountId,
    /// The key.
    pub key_id: KeyId,
}

/// `arn:<partition>:kms:<region>:<account>:alias/<name>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AliasArn {
    /// The partition.
    pub partition: Partition,
    /// The Region that holds the alias.
    pub region: Region,
    /// The account that owns the alias.
    pub account: AccountId,
    /// The alias name, prefix included.
    pub name: AliasName,
}

impl fmt::Display for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, region, account, key_id } = self;
        write!(f, "arn:{partition}:kms:{region}:{account}:key/{key_id}")
    }
}

impl fmt::Display for AliasArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, region, account, name } = self;
        write!(f, "arn:{partition}:kms:{region}:{account}:{name}")
    }
}

impl serde::Serialize for KeyArn {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl serde::Serialize for AliasArn {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
