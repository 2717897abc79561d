//! The permissions the operations ask for.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html>
//!
//! An action is a value that holds every input of its condition keys: one that lacks an input does
//! not compile.

use keyward_engine::{
    Access, Action, ConditionValue, Conditions, NewGrant, Recipient, RequestTags, Visit, reach,
};
use keyward_model::{
    EncryptionAlgorithm, EncryptionContext, ExpirationModel, GrantOperation, KeyAgreementAlgorithm,
    KeySpec, KeyUsage, MacAlgorithm, MessageType, MultiRegionKeyType, Origin, SigningAlgorithm,
    Timestamp, WrappingAlgorithm, WrappingKeySpec,
};
use keyward_policy::{ConditionKey, NamedKey};

/// Declares an action: its name, from where it can be allowed, what it lets its holder do, and its
/// parameters. A parameter is the value of the condition keys that follow it, or `[..]`: several
/// parameters that know their keys.
///
/// `own` is for callers of the key's account, `foreign` for those of others too, `granted` for
/// grantees as well.
macro_rules! actions {
    ($(
        $access:ident $name:ident $(<$life:lifetime>)?: $reach:ident {
            $($field:ident: $type:ty [$($keys:tt)+],)*
        }
    )+) => {$(
        #[doc = concat!("`kms:", stringify!($name), "`")]
        pub(crate) struct $name $(<$life>)? {
            $(pub(crate) $field: $type,)*
        }

        impl $(<$life>)? Action for $name $(<$life>)? {
            const NAME: &'static str = concat!("kms:", stringify!($name));
            const ACCESS: Access = access!($access $name);
            type Reach = reach::$reach;
            type Proven = proven!($name $($life)?);
        }

        impl $(<$life>)? Conditions for $name $(<$life>)? {
            fn visit(&self, key: &ConditionKey, visit: &mut Visit<'_>) -> bool {
                false $(|| parameter!(self.$field, key, visit, $($keys)+))*
            }

            fn encryption_context(&self) -> Option<&EncryptionContext<'_>> {
                None $(.or_else(|| part!(encryption_context, self.$field, $($keys)+)))*
            }

            fn new_grant(&self) -> Option<NewGrant<'_>> {
                None $(.or_else(|| part!(new_grant, self.$field, $($keys)+)))*
            }
        }
    )+};
}

/// Declares actions without parameters.
macro_rules! plain_actions {
    ($($access:ident $name:ident: $reach:ident;)+) => {$(
        #[doc = concat!("`kms:", stringify!($name), "`")]
        pub(crate) struct $name;

        impl Action for $name {
            const NAME: &'static str = concat!("kms:", stringify!($name));
            const ACCESS: Access = access!($access $name);
            type Reach = reach::$reach;
            type Proven = Self;
        }

        impl Conditions for $name {
            fn visit(&self, _: &ConditionKey, _: &mut Visit<'_>) -> bool {
                false
            }
        }
    )+};
}

macro_rules! access {
    (own $name:ident) => {
        Access::Own
    };
    (foreign $name:ident) => {
        Access::CrossAccount
    };
    (granted $name:ident) => {
        Access::Granted(GrantOperation::$name)
    };
}

/// The action without what it borrows.
macro_rules! proven {
    ($name:ident) => {
        Self
    };
    ($name:ident $life:lifetime) => {
        $name<'static>
    };
}

macro_rules! parameter {
    ($value:expr, $key:ident, $visit:ident, ..) => {
        Conditions::visit(&$value, $key, $visit)
    };
    ($value:expr, $key:ident, $visit:ident, $($named:ident)+) => {
        matches!($key, ConditionKey::Named($(NamedKey::$named)|+))
            && ConditionValue::visit(&$value, $visit)
    };
}

macro_rules! part {
    ($what:ident, $value:expr, ..) => {
        Conditions::$what(&$value)
    };
    ($what:ident, $value:expr, $($named:ident)+) => {
        None
    };
}

plain_actions! {
    own CancelKeyDeletion: Change;
    own ConnectCustomKeyStore: Change;
    own CreateAlias: Change;
    own CreateCustomKeyStore: Change;
    granted Decapsulate: Decapsulate;
    own DeleteAlias: Change;
    own DeleteCustomKeyStore: Change;
    own DeleteImportedKeyMaterial: Change;
    own DescribeCustomKeyStores: Look;
    granted DescribeKey: Look;
    own DisableKeyRotation: Change;
    own DisconnectCustomKeyStore: Change;
    own EnableKey: Change;
    granted Encapsulate: Encapsulate;
    own GetKeyLastUsage: Look;
    foreign GetKeyRotationStatus: Look;
    granted GetPublicKey: Look;
    own ListAliases: Look;
    foreign ListGrants: Look;
    own ListKeyPolicies: Look;
    own ListKeyRotations: Look;
    own ListKeys: Look;
    own ListResourceTags: Look;
    own ListRetirableGrants: Look;
    foreign RetireGrant: Change;
    foreign RevokeGrant: Change;
    own RotateKeyOnDemand: Change;
    own UpdateAlias: Change;
    own UpdateCustomKeyStore: Change;
    own UpdateKeyDescription: Change;
}

actions! {
    granted CreateGrant<'a>: Change {
        grant: NewGrant<'a> [..],
    }
    own CreateKey<'a>: Change {
        bypasses_lockout_check: Option<bool> [KmsBypassPolicyLockoutSafetyCheck],
        is_multi_region: bool [KmsMultiRegion],
        multi_region_type: Option<MultiRegionKeyType> [KmsMultiRegionKeyType],
        origin: Origin [KmsKeyOrigin],
        spec: KeySpec [KmsKeySpec KmsCustomerMasterKeySpec],
        tags: RequestTags<'a> [..],
        usage: KeyUsage [KmsKeyUsage KmsCustomerMasterKeyUsage],
    }
    granted Decrypt<'a>: Open {
        algorithm: EncryptionAlgorithm [KmsEncryptionAlgorithm],
        context: &'a EncryptionContext<'a> [..],
        recipient: Option<&'a Recipient> [..],
    }
    granted DeriveSharedSecret<'a>: Agree {
        algorithm: KeyAgreementAlgorithm [KmsKeyAgreementAlgorithm],
        recipient: Option<&'a Recipient> [..],
    }
    own DisableKey: Change {
        trailing_days: Option<i64> [KmsTrailingDaysWithoutKeyUsage],
    }
    own EnableKeyRotation: Change {
        period_days: u32 [KmsRotationPeriodInDays],
    }
    granted Encrypt<'a>: Seal {
        algorithm: EncryptionAlgorithm [KmsEncryptionAlgorithm],
        context: &'a EncryptionContext<'a> [..],
    }
    granted GenerateDataKey<'a>: Seal {
        algorithm: EncryptionAlgorithm [KmsEncryptionAlgorithm],
        context: &'a EncryptionContext<'a> [..],
        recipient: Option<&'a Recipient> [..],
    }
    granted GenerateDataKeyPair<'a>: Seal {
        algorithm: EncryptionAlgorithm [KmsEncryptionAlgorithm],
        context: &'a EncryptionContext<'a> [..],
        pair_spec: KeySpec [KmsDataKeyPairSpec],
        recipient: Option<&'a Recipient> [..],
    }
    granted GenerateDataKeyPairWithoutPlaintext<'a>: Seal {
        algorithm: EncryptionAlgorithm [KmsEncryptionAlgorithm],
        context: &'a EncryptionContext<'a> [..],
        pair_spec: KeySpec [KmsDataKeyPairSpec],
    }
    granted GenerateDataKeyWithoutPlaintext<'a>: Seal {
        algorithm: EncryptionAlgorithm [KmsEncryptionAlgorithm],
        context: &'a EncryptionContext<'a> [..],
    }
    granted GenerateMac: Mac {
        algorithm: MacAlgorithm [KmsMacAlgorithm],
    }
    own GenerateRandom<'a>: Random {
        recipient: Option<&'a Recipient> [..],
    }
    own GetKeyPolicy<'a>: Look {
        policy_name: &'a str [KmsPolicyName],
    }
    own GetParametersForImport: Change {
        algorithm: WrappingAlgorithm [KmsWrappingAlgorithm],
        key_spec: WrappingKeySpec [KmsWrappingKeySpec],
    }
    own ImportKeyMaterial: Change {
        expiration_model: Option<ExpirationModel> [KmsExpirationModel],
        valid_to: Option<Timestamp> [KmsValidTo],
    }
    own PutKeyPolicy<'a>: Change {
        bypasses_lockout_check: Option<bool> [KmsBypassPolicyLockoutSafetyCheck],
        policy_name: &'a str [KmsPolicyName],
    }
    granted ReEncryptFrom<'a>: Open {
        algorithm: EncryptionAlgorithm [KmsEncryptionAlgorithm],
        context: &'a EncryptionContext<'a> [..],
        is_same_key: bool [KmsReEncryptOnSameKey],
    }
    granted ReEncryptTo<'a>: Seal {
        algorithm: EncryptionAlgorithm [KmsEncryptionAlgorithm],
        context: &'a EncryptionContext<'a> [..],
        is_same_key: bool [KmsReEncryptOnSameKey],
    }
    own ReplicateKey<'a>: Change {
        bypasses_lockout_check: Option<bool> [KmsBypassPolicyLockoutSafetyCheck],
        region: &'a str [KmsReplicaRegion],
    }
    own ScheduleKeyDeletion: Change {
        trailing_days: Option<i64> [KmsTrailingDaysWithoutKeyUsage],
        window_days: u32 [KmsScheduleKeyDeletionPendingWindowInDays],
    }
    granted Sign: Sign {
        algorithm: SigningAlgorithm [KmsSigningAlgorithm],
        message_type: MessageType [KmsMessageType],
    }
    own TagResource<'a>: Change {
        tags: RequestTags<'a> [..],
    }
    own UntagResource<'a>: Change {
        tags: RequestTags<'a> [..],
    }
    own UpdatePrimaryRegion<'a>: Change {
        region: &'a str [KmsPrimaryRegion],
    }
    granted Verify: Verify {
        algorithm: SigningAlgorithm [KmsSigningAlgorithm],
        message_type: MessageType [KmsMessageType],
    }
    granted VerifyMac: Mac {
        algorithm: MacAlgorithm [KmsMacAlgorithm],
    }
}

/// What describing the predefined alias of a service asks for, when that makes the key of the
/// service: to see it.
pub(crate) struct CreateAwsManagedKey;

impl Action for CreateAwsManagedKey {
    const NAME: &'static str = DescribeKey::NAME;
    const ACCESS: Access = Access::Own;
    type Reach = reach::Change;
    type Proven = Self;
}

impl Conditions for CreateAwsManagedKey {
    fn visit(&self, _: &ConditionKey, _: &mut Visit<'_>) -> bool {
        false
    }
}
