//! A key, loaded: its record, its ARN and its material, parsed once.

use std::sync::Arc;

use keyward_model::{KeyMaterialId, KeyState, KeyUsage, MultiRegionKeyType, Origin, Timestamp};
use keyward_policy::Policy;
use keyward_store::{ChangeNumber, KeyRecord};

use crate::{OpError, Version, op_error};

/// A key as one change left it. Immutable: a newer change makes a newer one.
#[derive(Debug)]
pub struct Key {
    /// The row.
    pub record: KeyRecord,
    /// The change that last wrote the row.
    pub change: ChangeNumber,
    /// The ARN as text.
    pub arn: String,
    /// The key policy, ready to decide.
    pub(crate) policy: Arc<Policy>,
    /// The tags.
    pub(crate) tags: Vec<(String, String)>,
    /// Every version of its material, oldest first.
    pub versions: Vec<Version>,
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

    /// The version that encrypts or signs.
    pub fn current(&self) -> Option<&Version> {
        let current = self.record.current_material?;
        self.version(&current)
    }

    /// The version of this id.
    pub fn version(&self, id: &KeyMaterialId) -> Option<&Version> {
        self.versions.iter().find(|version| version.id == *id)
    }

    /// The public key, as DER SubjectPublicKeyInfo.
    pub fn public_key(&self) -> Option<&[u8]> {
        self.current()?.public_key.as_deref()
    }

    /// When the first of the versions the key cannot do without expires.
    pub fn expires_at(&self) -> Option<Timestamp> {
        let permanent = self.versions.iter().filter(|version| version.state.is_permanent());
        permanent.filter_map(|version| version.expires_at).min()
    }

    /// The tags.
    pub fn tags(&self) -> &[(String, String)] {
        &self.tags
    }

    /// The key as it is once material it cannot do without has expired: timed work destroys that a
    /// little later, and until then nothing may use it. `None` for a key of which none has expired.
    pub(crate) fn expired(&self, now: Timestamp) -> Option<Self> {
        if self.record.origin != Origin::External || self.record.state != KeyState::Enabled {
            return None;
        }
        self.expires_at().filter(|&expires_at| expires_at <= now)?;
        Some(Self {
            record: KeyRecord { state: KeyState::PendingImport, ..self.record.clone() },
            change: self.change,
            arn: self.arn.clone(),
            policy: Arc::clone(&self.policy),
            tags: self.tags.clone(),
            versions: self.versions.iter().map(Version::without_material).collect(),
        })
    }

    /// Whether material is missing that the key cannot do without: then it waits for an import.
    pub fn lacks_material(&self) -> bool {
        let mut permanent = self.versions.iter().filter(|version| version.state.is_permanent());
        self.record.current_material.is_none() || !permanent.all(Version::is_present)
    }

    /// The part the key plays in its multi-Region set, if it is in one.
    pub fn multi_region_role(&self) -> Option<MultiRegionKeyType> {
        let set = self.record.multi_region.as_ref()?;
        Some(set.role_in(&self.record.key.scope.region))
    }
}
