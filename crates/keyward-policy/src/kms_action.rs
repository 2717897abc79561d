//! The actions of KMS as policies know them: what each is authorised on, whom it can be given to,
//! and what it is good for. It does not know how an action is done.

/// What an action is authorised on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionTarget {
    /// One key.
    Key,
    /// An alias and the key or keys it points to.
    AliasAndKey,
    /// The account: there is no key, hence no key policy.
    Account,
}

/// What one does with an action, in the words of key administration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Change the key, who may use it, or whether it exists.
    Administer,
    /// Do cryptography with it.
    Use,
    /// Make, list and end grants.
    Grant,
    /// Look at it.
    View,
}

impl Purpose {
    /// All of them, in the order they are shown in.
    pub const ALL: [Self; 4] = [Self::Administer, Self::Use, Self::Grant, Self::View];
}

/// An action of KMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KmsAction {
    /// The name behind `kms:`.
    pub name: &'static str,
    /// What it is authorised on.
    pub target: ActionTarget,
    /// Whether a caller of another account can do it at all.
    pub is_cross_account: bool,
    /// What it is good for.
    pub purpose: Purpose,
}

impl KmsAction {
    /// Finds an action by its name without prefix, ignoring case.
    pub fn find(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|action| action.name.eq_ignore_ascii_case(name))
    }

    /// Every action.
    pub const ALL: &[Self] = &[
        own("CancelKeyDeletion", Purpose::Administer),
        account("ConnectCustomKeyStore", Purpose::Administer),
        alias("CreateAlias"),
        account("CreateCustomKeyStore", Purpose::Administer),
        shared("CreateGrant", Purpose::Grant),
        account("CreateKey", Purpose::Administer),
        shared("Decapsulate", Purpose::Use),
        shared("Decrypt", Purpose::Use),
        alias("DeleteAlias"),
        account("DeleteCustomKeyStore", Purpose::Administer),
        own("DeleteImportedKeyMaterial", Purpose::Administer),
        shared("DeriveSharedSecret", Purpose::Use),
        account("DescribeCustomKeyStores", Purpose::View),
        shared("DescribeKey", Purpose::View),
        own("DisableKey", Purpose::Administer),
        own("DisableKeyRotation", Purpose::Administer),
        account("DisconnectCustomKeyStore", Purpose::Administer),
        own("EnableKey", Purpose::Administer),
        own("EnableKeyRotation", Purpose::Administer),
        shared("Encapsulate", Purpose::Use),
        shared("Encrypt", Purpose::Use),
        shared("GenerateDataKey", Purpose::Use),
        shared("GenerateDataKeyPair", Purpose::Use),
        shared("GenerateDataKeyPairWithoutPlaintext", Purpose::Use),
        shared("GenerateDataKeyWithoutPlaintext", Purpose::Use),
        shared("GenerateMac", Purpose::Use),
        account("GenerateRandom", Purpose::Use),
        own("GetKeyLastUsage", Purpose::View),
        own("GetKeyPolicy", Purpose::View),
        shared("GetKeyRotationStatus", Purpose::View),
        own("GetParametersForImport", Purpose::Administer),
        shared("GetPublicKey", Purpose::View),
        own("ImportKeyMaterial", Purpose::Administer),
        account("ListAliases", Purpose::View),
        shared("ListGrants", Purpose::Grant),
        own("ListKeyPolicies", Purpose::View),
        own("ListKeyRotations", Purpose::View),
        account("ListKeys", Purpose::View),
        own("ListResourceTags", Purpose::View),
        account("ListRetirableGrants", Purpose::View),
        own("PutKeyPolicy", Purpose::Administer),
        shared("ReEncryptFrom", Purpose::Use),
        shared("ReEncryptTo", Purpose::Use),
        own("ReplicateKey", Purpose::Administer),
        shared("RetireGrant", Purpose::Grant),
        shared("RevokeGrant", Purpose::Grant),
        own("RotateKeyOnDemand", Purpose::Administer),
        own("ScheduleKeyDeletion", Purpose::Administer),
        shared("Sign", Purpose::Use),
        own("SynchronizeMultiRegionKey", Purpose::Administer),
        own("TagResource", Purpose::Administer),
        own("UntagResource", Purpose::Administer),
        alias("UpdateAlias"),
        account("UpdateCustomKeyStore", Purpose::Administer),
        own("UpdateKeyDescription", Purpose::Administer),
        own("UpdatePrimaryRegion", Purpose::Administer),
        shared("Verify", Purpose::Use),
        shared("VerifyMac", Purpose::Use),
    ];
}

/// On a key, for callers of its own account.
const fn own(name: &'static str, purpose: Purpose) -> KmsAction {
    KmsAction { name, target: ActionTarget::Key, is_cross_account: false, purpose }
}

/// On a key, for callers of any account.
const fn shared(name: &'static str, purpose: Purpose) -> KmsAction {
    KmsAction { name, target: ActionTarget::Key, is_cross_account: true, purpose }
}

const fn alias(name: &'static str) -> KmsAction {
    let (target, purpose) = (ActionTarget::AliasAndKey, Purpose::Administer);
    KmsAction { name, target, is_cross_account: false, purpose }
}

const fn account(name: &'static str, purpose: Purpose) -> KmsAction {
    KmsAction { name, target: ActionTarget::Account, is_cross_account: false, purpose }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_without_doubles() {
        assert!(KmsAction::ALL.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn an_action_is_found_in_any_case() {
        assert_eq!(KmsAction::find("decrypt").unwrap().name, "Decrypt");
        assert_eq!(KmsAction::find("ReEncrypt"), None);
    }
}
