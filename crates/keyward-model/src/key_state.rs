//! Where a key is in its life, where its material comes from, and who manages it.

use crate::wire_enum::wire_enum;

wire_enum! {
    /// The state of a KMS key.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
    KeyState {
        Creating = "Creating",
        Enabled = "Enabled",
        Disabled = "Disabled",
        PendingDeletion = "PendingDeletion",
        PendingImport = "PendingImport",
        PendingReplicaDeletion = "PendingReplicaDeletion",
        Unavailable = "Unavailable",
        Updating = "Updating",
    }
}

wire_enum! {
    /// The source of a KMS key's material.
    Origin {
        AwsKms = "AWS_KMS",
        External = "EXTERNAL",
        AwsCloudHsm = "AWS_CLOUDHSM",
        ExternalKeyStore = "EXTERNAL_KEY_STORE",
    }
}

wire_enum! {
    /// Who manages a KMS key.
    KeyManager {
        Aws = "AWS",
        Customer = "CUSTOMER",
    }
}
