//! Versions of a key's material.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html>

use crate::wire_enum::wire_enum;

wire_enum! {
    /// What made a rotation happen.
    RotationType {
        Automatic = "AUTOMATIC",
        OnDemand = "ON_DEMAND",
    }
}

wire_enum! {
    /// What one version of a key's material is for.
    KeyMaterialState {
        NonCurrent = "NON_CURRENT",
        Current = "CURRENT",
        PendingRotation = "PENDING_ROTATION",
        PendingMultiRegionImportAndRotation = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION",
    }
}

wire_enum! {
    /// Which versions of a key's material are listed.
    IncludeKeyMaterial {
        AllKeyMaterial = "ALL_KEY_MATERIAL",
        RotationsOnly = "ROTATIONS_ONLY",
    }
}

impl KeyMaterialState {
    /// Whether the key needs this version for good: it has encrypted with it.
    pub const fn is_permanent(self) -> bool {
        matches!(self, Self::NonCurrent | Self::Current)
    }
}
