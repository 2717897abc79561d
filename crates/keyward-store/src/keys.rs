//! KMS keys.

use async_trait::async_trait;
use keyward_model::{
    AccountId, KeyId, KeyManager, KeyMaterialId, KeySpec, KeyState, KeyUsage, MultiRegionSet,
    Origin, Region, Timestamp,
};

use crate::{CanonicalRow, Scope, ScopedKey, StoreError, Versioned};

/// A KMS key without its material, policy, aliases and tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key.
    pub key: ScopedKey,
    /// `KeySpec`.
    pub spec: KeySpec,
    /// `KeyUsage`.
    pub usage: KeyUsage,
    /// `Origin`.
    pub origin: Origin,
    /// `KeyManager`.
    pub manager: KeyManager,
    /// `KeyState`.
    pub state: KeyState,
    /// The key's set, for a multi-Region key.
    pub multi_region: Option<MultiRegionSet>,
    /// `Description`.
    pub description: String,
    /// `CreationDate`.
    pub created_at: Timestamp,
    /// `DeletionDate`; present exactly in `PendingDeletion`.
    pub deletion_date: Option<Timestamp>,
    /// The waiting period chosen when deletion was scheduled.
    pub pending_window_days: Option<u32>,
    /// The material that encrypts.
    pub current_material: Option<KeyMaterialId>,
    /// Rotations done and to come.
    pub rotation: Rotation,
    /// When timed work may end what ends by itself: `Creating`, `Updating`, an on-demand rotation
    /// under way.
    pub settles_at: Option<Timestamp>,
}

/// Rotations of a key's material, done and to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// `RotationPeriodInDays`; present exactly when automatic rotation is enabled.
    pub period_days: Option<u32>,
    /// `NextRotationDate`.
    pub next_date: Option<Timestamp>,
    /// `OnDemandRotationStartDate`, while one is under way.
    pub on_demand_started: Option<Timestamp>,
    /// On-demand rotations in the key's life.
    pub on_demand_count: u32,
}

impl Rotation {
    /// The period of AWS managed keys, which nobody can change.
    pub const AWS_MANAGED_PERIOD_DAYS: u32 = 365;

    /// That of an AWS managed key: every year, for the first time a year after its creation.
    pub fn of_aws_managed_key(created_at: Timestamp) -> Self {
        Self {
            period_days: Some(Self::AWS_MANAGED_PERIOD_DAYS),
            next_date: Some(created_at.plus_days(Self::AWS_MANAGED_PERIOD_DAYS)),
            ..Self::default()
        }
    }
}

impl KeyRecord {
    /// The table, as it stands in canonical rows and seal bindings.
    pub const TABLE: &'static str = "keys";

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        let ScopedKey { scope, key_id } = &self.key;
        let row = CanonicalRow::new(Self::TABLE)
            .bytes(scope.account.as_bytes())
            .bytes(scope.region.as_str().as_bytes())
            .bytes(key_id.as_bytes())
            .bytes(self.spec.as_str().as_bytes())
            .bytes(self.usage.as_str().as_bytes())
            .bytes(self.origin.as_str().as_bytes())
            .bytes(self.manager.as_str().as_bytes())
            .bytes(self.state.as_str().as_bytes())
            .integer(i64::from(self.multi_region.is_some()))
            .bytes(self.description.as_bytes())
            .integer(self.created_at.unix_ms())
            .optional_integer(self.deletion_date.map(Timestamp::unix_ms))
            .optional(self.pending_window_days.map(u32::to_be_bytes).as_ref().map(|b| &b[..]))
            .optional(self.current_material.as_ref().map(|id| &id.as_bytes()[..]));
        let Rotation { period_days, next_date, on_demand_started, on_demand_count } = self.rotation;
        let set = self.wider_set();
        if set.is_none() && self.rotation == Rotation::default() && self.settles_at.is_none() {
            return row;
        }
        row.columns_of_0002()
            .optional(set.map(|set| set.primary.as_str().as_bytes()))
            .bytes(set.map(Self::replica_list).unwrap_or_default().as_bytes())
            .optional_integer(period_days.map(i64::from))
            .optional_integer(next_date.map(Timestamp::unix_ms))
            .optional_integer(on_demand_started.map(Timestamp::unix_ms))
            .integer(on_demand_count.into())
            .optional_integer(self.settles_at.map(Timestamp::unix_ms))
    }

    /// The set, unless it is the one a multi-Region key is born with: itself. A row says the latter
    /// by its flag alone, as the first release's rows do.
    pub fn wider_set(&self) -> Option<&MultiRegionSet> {
        let born_with = MultiRegionSet::of_primary(self.key.scope.region.clone());
        self.multi_region.as_ref().filter(|set| **set != born_with)
    }

    /// The replicas' Regions as one text, as rows hold it; no Region name holds a comma.
    pub fn replica_list(set: &MultiRegionSet) -> String {
        set.replicas.iter().map(Region::as_str).collect::<Vec<_>>().join(",")
    }
}

/// KMS keys.
#[async_trait]
pub trait Keys: Send + Sync {
    /// The key.
    async fn find(&self, key: &ScopedKey) -> Result<Option<Versioned<KeyRecord>>, StoreError>;

    /// At most `limit` key ids behind `after`, in the order of ids.
    async fn list(
        &self,
        scope: &Scope,
        after: Option<&KeyId>,
        limit: u32,
    ) -> Result<Vec<KeyId>, StoreError>;

    /// At most `limit` keys whose deletion date is not after `now`, earliest first. This list and
    /// those of other work that has come due pass over rows that fail their authentication.
    async fn due_for_deletion(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<ScopedKey>, StoreError>;

    /// At most `limit` keys in state `Enabled` whose next rotation is not after `now`, earliest
    /// first. Replicas are not among them: they follow their primary key.
    async fn due_for_rotation(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<ScopedKey>, StoreError>;

    /// At most `limit` AWS managed keys whose rows do not say that they rotate: those of the first
    /// release. For this looks at every key, so it is not for every round.
    async fn aws_managed_without_rotation(
        &self,
        limit: u32,
    ) -> Result<Vec<Versioned<KeyRecord>>, StoreError>;

    /// Every member of the multi-Region key's set that there is, in the order of Regions.
    async fn members(
        &self,
        account: &AccountId,
        key_id: &KeyId,
    ) -> Result<Vec<Versioned<KeyRecord>>, StoreError>;

    /// At most `limit` keys that may be settled by `now`, earliest first.
    async fn unsettled(&self, now: Timestamp, limit: u32) -> Result<Vec<ScopedKey>, StoreError>;
}
