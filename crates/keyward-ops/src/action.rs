//! The permissions the operations ask for.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html>

use keyward_engine::{Action, reach};

/// Declares permissions: name, what it lets its holder do, and whether a caller of another account
/// can hold it.
macro_rules! actions {
    ($($name:ident: $reach:ident $(, $cross_account:ident)?;)+) => {$(
        #[doc = concat!("`kms:", stringify!($name), "`")]
        #[derive(Debug)]
        pub(crate) enum $name {}

        impl Action for $name {
            const NAME: &'static str = concat!("kms:", stringify!($name));
            $(const CROSS_ACCOUNT: bool = { let $cross_account = true; $cross_account };)?
            type Reach = reach::$reach;
        }
    )+};
}

actions! {
    CancelKeyDeletion: Change;
    CreateAlias: Change;
    CreateAwsManagedKey: Change;
    CreateKey: Change;
    Decrypt: Open, cross_account;
    DeleteAlias: Change;
    DescribeKey: Look, cross_account;
    DisableKey: Change;
    EnableKey: Change;
    Encrypt: Seal, cross_account;
    GenerateDataKey: Seal, cross_account;
    GenerateDataKeyWithoutPlaintext: Seal, cross_account;
    GenerateRandom: Random;
    GetKeyPolicy: Look;
    ListAliases: Look;
    ListKeyPolicies: Look;
    ListKeys: Look;
    ListResourceTags: Look;
    PutKeyPolicy: Change;
    ReEncryptFrom: Open, cross_account;
    ReEncryptTo: Seal, cross_account;
    ScheduleKeyDeletion: Change;
    TagResource: Change;
    UntagResource: Change;
    UpdateAlias: Change;
    UpdateKeyDescription: Change;
}
