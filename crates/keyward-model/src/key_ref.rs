//! The four ways a client names a key.

use std::str::FromStr;

use crate::{AccountId, AliasArn, AliasName, KeyArn, KeyId, Partition, Region};

/// A key as a client names it. Account and Region of the bare forms are those of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRef {
    /// An alias name.
    Alias(AliasName),
    /// The ARN of an alias.
    AliasArn(AliasArn),
    /// The ARN of a key.
    Arn(KeyArn),
    /// A key id.
    Id(KeyId),
}

/// Text that names no key; the kind decides the text of the `NotFoundException`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeyRef {
    /// Starts with `alias/` but is no alias name: no such alias can exist.
    #[error("not an alias name")]
    Alias,
    /// Starts with `arn:` but is no ARN of a key or an alias.
    #[error("not the ARN of a key or an alias")]
    Arn,
    /// Looks like none of the forms.
    #[error("not a key id")]
    KeyId,
}

impl KeyRef {
    /// Whether the client named an alias rather than a key.
    pub const fn is_alias(&self) -> bool {
        matches!(self, Self::Alias(_) | Self::AliasArn(_))
    }
}

impl FromStr for KeyRef {
    type Err = BadKeyRef;

    fn from_str(text: &str) -> Result<Self, BadKeyRef> {
        if text.starts_with("arn:") {
            return arn(text).ok_or(BadKeyRef::Arn);
        }
        if text.starts_with("alias/") {
            return text.parse().map(Self::Alias).map_err(|_| BadKeyRef::Alias);
        }
        text.parse().map(Self::Id).map_err(|_| BadKeyRef::KeyId)
    }
}

fn arn(text: &str) -> Option<KeyRef> {
    let mut fields = text.splitn(6, ':');
    let mut next = || fields.next();
    let ("arn", partition, "kms", region, account, resource) =
        (next()?, next()?, next()?, next()?, next()?, next()?)
    else {
        return None;
    };
    let partition: Partition = partition.parse().ok()?;
    let region: Region = region.parse().ok()?;
    let account: AccountId = account.parse().ok()?;
    if let Some(key_id) = resource.strip_prefix("key/") {
        let key_id: KeyId = key_id.parse().ok()?;
        return Some(KeyRef::Arn(KeyArn { partition, region, account, key_id }));
    }
    let name: AliasName = resource.parse().ok()?;
    Some(KeyRef::AliasArn(AliasArn { partition, region, account, name }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_told_from_the_others() {
        let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
        let arn = format!("arn:aws:kms:eu-west-1:111122223333:key/{id}");
        assert!(matches!(id.parse(), Ok(KeyRef::Id(_))));
        assert!(matches!("alias/app".parse(), Ok(KeyRef::Alias(_))));
        let Ok(KeyRef::Arn(parsed)) = arn.parse() else { panic!("not a key ARN") };
        assert_eq!(parsed.to_string(), arn);
        let alias = "arn:aws:kms:eu-west-1:111122223333:alias/app";
        let Ok(KeyRef::AliasArn(parsed)) = alias.parse() else { panic!("not an alias ARN") };
        assert_eq!(parsed.to_string(), alias);
    }

    #[test]
    fn what_is_wrong_with_a_key_reference_is_told() {
        for (text, kind) in [
            ("", BadKeyRef::KeyId),
            ("nonsense", BadKeyRef::KeyId),
            ("alias/", BadKeyRef::Alias),
            ("arn:aws:kms", BadKeyRef::Arn),
            ("arn:aws:s3:::bucket", BadKeyRef::Arn),
            ("arn:aws:kms:eu-west-1:111122223333:key/none", BadKeyRef::Arn),
            ("arn:aws:kms:eu-west-1:1111:key/1234abcd-12ab-34cd-56ef-1234567890ab", BadKeyRef::Arn),
        ] {
            assert_eq!(text.parse::<KeyRef>(), Err(kind), "{text}");
        }
    }
}
