//! Audit records that committed with their change and wait for delivery to the journal.

use async_trait::async_trait;
use uuid::Uuid;

use crate::StoreError;

/// One audit record, in the form the journal takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// The record's `eventID`, by which it is delivered once.
    pub event_id: Uuid,
    /// The journal line, without its line end.
    pub line: Vec<u8>,
}

/// Audit records waiting for delivery.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// At most `limit` records, oldest first.
    async fn pending(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError>;

    /// Removes delivered records.
    async fn delivered(&self, event_ids: &[Uuid]) -> Result<(), StoreError>;
}
