//! Delivery of the audit records that commit with their change.
//!
//! Such a record is a row of the change's transaction. It goes to the journal at once, and its row
//! is removed some time later, in batches: a commit of its own would double the cost of every
//! change. Before that the journal is synced: a row has survived the loss of power, so its record must,
//! whatever the journal's durability. After a crash, rows that are still there are compared with the newest segments of the
//! journal by event id.

use std::collections::HashSet;
use std::mem;
use std::sync::{Mutex, PoisonError};

use keyward_store::{AuditRow, Change, CommitError};
use tracing::warn;
use uuid::Uuid;

use crate::{Engine, ScheduleError};

/// How many delivered rows are left before they are removed together.
const DELIVERED_MAX: usize = 256;
/// How many rows one step takes at a time.
const BATCH: u32 = 256;

/// What this process knows of the rows in the outbox.
#[derive(Default)]
pub(crate) struct Deliveries(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Committing, or on their way to the journal: nobody else may deliver them.
    under_way: HashSet<Uuid>,
    /// In the journal; their rows can go.
    delivered: Vec<Uuid>,
}

impl Deliveries {
    fn with<R>(&self, act: impl FnOnce(&mut Known) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The ids whose rows can go, once there are enough of them.
    fn take_batch(&self) -> Vec<Uuid> {
        self.with(|known| {
            if known.delivered.len() < DELIVERED_MAX {
                Vec::new()
            } else {
                mem::take(&mut known.delivered)
            }
        })
    }
}

impl Engine {
    /// Commits a change with its audit record and those staged with it, drops what it made stale,
    /// and delivers the records, in this order and before anyone is told.
    pub(crate) async fn commit_recorded(
        &self,
        mut change: Change,
        record: AuditRow,
    ) -> Result<(), CommitError> {
        change.audit.insert(0, record);
        let records = change.audit.clone();
        let ids = || records.iter().map(|record| record.event_id);
        self.deliveries.with(|known| known.under_way.extend(ids()));
        let committed = self.commit(change).await;
        if committed.is_ok() {
            for record in &records {
                self.deliver(record).await;
            }
        }
        self.deliveries.with(|known| {
            for id in ids() {
                known.under_way.remove(&id);
            }
        });
        committed
    }

    /// Delivers a committed record. If that fails it stays in the outbox, from where it is
    /// delivered when the journal takes records again.
    async fn deliver(&self, record: &AuditRow) {
        if let Err(error) = self.journal().append(&record.line).await {
            warn!(error = %error, "an audit record waits in the database for the journal");
            return;
        }
        self.deliveries.with(|known| known.delivered.push(record.event_id));
        let batch = self.deliveries.take_batch();
        if !batch.is_empty()
            && let Err(error) = self.remove_delivered(&batch).await
        {
            warn!(error = %error, "delivered audit records could not leave the outbox");
            self.deliveries.with(|known| known.delivered.extend(batch));
        }
    }

    /// Removes the rows of records that are in the journal: on the disk, for the rows are.
    async fn remove_delivered(&self, ids: &[Uuid]) -> Result<(), ScheduleError> {
        self.journal().sync().await?;
        Ok(self.store().outbox().delivered(ids).await?)
    }

    /// Delivers the records that committed but did not reach the journal, after a crash or when
    /// the journal refused them, and removes the rows of those that did. Returns how many it
    /// delivered. Called every minute and at the end, so that a row whose record was delivered
    /// does not outlive the segments that are searched for it.
    pub async fn deliver_outbox(&self) -> Result<u32, ScheduleError> {
        let done = self.deliveries.with(|known| mem::take(&mut known.delivered));
        if !done.is_empty()
            && let Err(error) = self.remove_delivered(&done).await
        {
            self.deliveries.with(|known| known.delivered.extend(done));
            return Err(error);
        }
        let mut delivered = 0;
        loop {
            let rows = self.store().outbox().pending(BATCH).await?;
            let rows = self.deliveries.with(|known| {
                let is_ours = |row: &AuditRow| {
                    !known.under_way.contains(&row.event_id)
                        && !known.delivered.contains(&row.event_id)
                };
                rows.into_iter().filter(is_ours).collect::<Vec<_>>()
            });
            if rows.is_empty() {
                return Ok(delivered);
            }
            delivered += self.deliver_rows(&rows).await?;
        }
    }

    async fn deliver_rows(&self, rows: &[AuditRow]) -> Result<u32, ScheduleError> {
        let ids: Vec<_> = rows.iter().map(|row| row.event_id).collect();
        let known = self.journal().contains_event_ids(&ids).await?;
        let mut delivered = 0;
        for row in rows.iter().filter(|row| !known.contains(&row.event_id)) {
            self.journal().append(&row.line).await?;
            delivered += 1;
        }
        self.remove_delivered(&ids).await?;
        Ok(delivered)
    }
}
