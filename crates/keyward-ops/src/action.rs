//! The permissions the operations ask for.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html>

use keyward_engine::{Action, reach};

/// Declares permissions: name, and what it lets its holder do.
macro_rules! actions {
    ($($name:ident: $reach:ident ;)+) => {$(
        #[doc = concat!("`kms:", stringify!($name), "`")]
        #[derive(Debug)]
        pub(crate) enum $name {}

        impl Action for $name {
            const NAME: &'static str = concat!("kms:", stringify!($name));
            type Reach = reach::$reach;
        }
    )+};
}

actions! {
    CancelKeyDeletion: Change;
    ConnectCustomKeyStore: Change;
    CreateAlias: Change;
    CreateAwsManagedKey: Change;
    CreateCustomKeyStore: Change;
    CreateGrant: Change;
    CreateKey: Change;
    Decapsulate: Decapsulate;
    Decrypt: Open;
    DeleteAlias: Change;
    DeleteCustomKeyStore: Change;
    DeleteImportedKeyMaterial: Change;
    DeriveSharedSecret: Agree;
    DescribeCustomKeyStores: Look;
    DescribeKey: Look;
    DisableKey: Change;
    DisableKeyRotation: Change;
    DisconnectCustomKeyStore: Change;
    EnableKey: Change;
    EnableKeyRotation: Change;
    Encapsulate: Encapsulate;
    Encrypt: Seal;
    GenerateDataKey: Seal;
    GenerateDataKeyPair: Seal;
    GenerateDataKeyPairWithoutPlaintext: Seal;
    GenerateDataKeyWithoutPlaintext: Seal;
    GenerateMac: Mac;
    GenerateRandom: Random;
    GetKeyLastUsage: Look;
    GetKeyPolicy: Look;
    GetKeyRotationStatus: Look;
    GetParametersForImport: Change;
    GetPublicKey: Look;
    ImportKeyMaterial: Change;
    ListAliases: Look;
    ListGrants: Look;
    ListKeyPolicies: Look;
    ListKeyRotations: Look;
    ListKeys: Look;
    ListResourceTags: Look;
    ListRetirableGrants: Look;
    PutKeyPolicy: Change;
    ReEncryptFrom: Open;
    ReEncryptTo: Seal;
    ReplicateKey: Change;
    RetireGrant: Change;
    RevokeGrant: Change;
    RotateKeyOnDemand: Change;
    ScheduleKeyDeletion: Change;
    Sign: Sign;
    TagResource: Change;
    UntagResource: Change;
    UpdateAlias: Change;
    UpdateCustomKeyStore: Change;
    UpdateKeyDescription: Change;
    UpdatePrimaryRegion: Change;
    Verify: Verify;
    VerifyMac: Mac;
}
