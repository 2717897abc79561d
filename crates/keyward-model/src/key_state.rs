//! Where a key is in its life, where its material comes from, and who manages it.

use crate::KeySpec;
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

impl Origin {
    /// Whether a key of this spec can have its material from here.
    pub const fn takes(self, spec: KeySpec) -> bool {
        match self {
            Self::AwsKms => true,
            Self::External => !matches!(
                spec,
                KeySpec::MlDsa44
                    | KeySpec::MlDsa65
                    | KeySpec::MlDsa87
                    | KeySpec::MlKem512
                    | KeySpec::MlKem768
                    | KeySpec::MlKem1024
            ),
            Self::AwsCloudHsm | Self::ExternalKeyStore => {
                matches!(spec, KeySpec::SymmetricDefault)
            }
        }
    }
}
