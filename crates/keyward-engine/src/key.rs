//! A key, loaded: its record, its ARN and its material, parsed once.

use keyward_crypto::SymmetricKey;
use keyward_model::{KeyMaterialId, KeyState, KeyUsage};
use keyward_store::{ChangeNumber, KeyRecord};

use crate::{OpError, op_error};

/// A key as one change left it. Immutable: a newer change makes a newer one.
#[derive(Debug)]
pub struct Key {
    /// The row.
    pub record: KeyRecord,
    /// The change that last wrote the row.
    pub change: ChangeNumber,
    /// The ARN as text.
    pub arn: String,
    pub(crate) materials: Vec<LoadedMaterial>,
}

/// One version of a key's material, ready to use.
#[derive(Debug)]
pub(crate) struct LoadedMaterial {
    pub(crate) id: KeyMaterialId,
    pub(crate) symmetric: SymmetricKey,
}

impl Key {
    /// Refuses unless a cryptographic operation may use the key in its state.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
    pub fn require_usable(&self) -> Result<(), OpError> {
        match self.record.state {
            KeyState::Enabled | KeyState::Updating => Ok(()),
            KeyState::Disabled => Err(op_error!(Disabled, "{} is disabled.", self.arn)),
            _ => Err(self.wrong_state()),
        }
    }

    /// Refuses a key that waits for its deletion.
    pub fn require_not_pending_deletion(&self) -> Result<(), OpError> {
        match self.record.state {
            KeyState::PendingDeletion | KeyState::PendingReplicaDeletion => Err(self.wrong_state()),
            _ => Ok(()),
        }
    }

    /// The refusal of a key in its present state.
    pub fn wrong_state(&self) -> OpError {
        let state = match self.record.state {
            KeyState::Creating => "creating",
            KeyState::Enabled => "enabled",
            KeyState::Disabled => "disabled",
            KeyState::PendingDeletion => "pending deletion",
            KeyState::PendingImport => "pending import",
            KeyState::PendingReplicaDeletion => "pending replica deletion",
            KeyState::Unavailable => "unavailable",
            KeyState::Updating => "updating",
        };
        op_error!(KmsInvalidState, "{} is {state}.", self.arn)
    }

    /// Refuses unless the key is for `usage`.
    pub fn require_usage(&self, usage: KeyUsage, operation: &str) -> Result<(), OpError> {
        if self.record.usage == usage {
            return Ok(());
        }
        let (arn, held) = (&self.arn, self.record.usage);
        Err(op_error!(
            InvalidKeyUsage,
            "{arn} key usage is {held} which is not valid for {operation}."
        ))
    }

    pub(crate) fn current(&self) -> Option<&LoadedMaterial> {
        let current = self.record.current_material?;
        self.material(&current)
    }

    pub(crate) fn material(&self, id: &KeyMaterialId) -> Option<&LoadedMaterial> {
        self.materials.iter().find(|material| material.id == *id)
    }
}
