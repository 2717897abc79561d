//! Wrapped domain keys.

use async_trait::async_trait;
use keyward_model::Timestamp;

use crate::StoreError;

/// A domain key as its seal wrapped it. It authenticates itself when the seal opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainKeyRecord {
    /// Counts up from 1.
    pub number: u32,
    /// The wrapped key with what its seal needs to open it.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Wrapped domain keys.
#[async_trait]
pub trait DomainKeys: Send + Sync {
    /// Every domain key not yet destroyed, in the order of numbers.
    async fn list(&self) -> Result<Vec<DomainKeyRecord>, StoreError>;

    /// Adds one; an error when the number is taken.
    async fn add(&self, record: DomainKeyRecord) -> Result<(), StoreError>;

    /// Destroys one; an error while a row is still under it. Changes that still name it fail from
    /// then on.
    async fn destroy(&self, number: u32) -> Result<(), StoreError>;
}
