//! What the deployment as a whole remembers.

use async_trait::async_trait;
use keyward_model::{Partition, Region, Timestamp};

use crate::{CanonicalRow, ChangeNumber, StoreError};

/// The facts a deployment is born with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentRecord {
    /// A random id that tells one deployment from another.
    pub deployment_id: uuid::Uuid,
    /// The partition.
    pub partition: Partition,
    /// The Regions served, first the default one.
    pub regions: Vec<Region>,
    /// Whether it is for development: its clock may be moved.
    pub is_development: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

impl DeploymentRecord {
    /// The table, as it stands in canonical rows.
    pub const TABLE: &'static str = "deployment";

    /// The shard that counts changes of the deployment's facts.
    pub fn shard() -> u8 {
        ChangeNumber::shard_of(&[Self::TABLE.as_bytes()])
    }

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        let row = CanonicalRow::new(Self::TABLE)
            .bytes(self.deployment_id.as_bytes())
            .bytes(self.partition.as_str().as_bytes())
            .integer(self.created_at.unix_ms());
        let row =
            self.regions.iter().fold(row, |row, region| row.bytes(region.as_str().as_bytes()));
        if self.is_development { row.columns_of_0002().integer(1) } else { row }
    }
}

/// What the deployment as a whole remembers.
#[async_trait]
pub trait Deployment: Send + Sync {
    /// The facts it was born with; `None` in a database not yet initialised.
    async fn find(&self) -> Result<Option<DeploymentRecord>, StoreError>;

    /// Writes those facts once; an error when they are there already.
    async fn create(&self, record: DeploymentRecord) -> Result<(), StoreError>;

    /// The latest wall-clock time a server is known to have seen. It guards against a clock that
    /// went wrong, not against whoever edits the database, so it carries no authentication code.
    async fn last_seen(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Remembers the wall-clock time; `now` replaces whatever stood there.
    async fn remember_time(&self, now: Timestamp) -> Result<(), StoreError>;

    /// How far the deployment's clock is ahead of the wall clock; 0 unless it was moved.
    async fn clock_offset_ms(&self) -> Result<i64, StoreError>;

    /// Moves the deployment's clock and answers how far it is ahead now. The caller sees to it that
    /// the deployment is for development.
    async fn move_clock(&self, by_ms: i64) -> Result<i64, StoreError>;
}
