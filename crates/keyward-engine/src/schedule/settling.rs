//! States that end by themselves: `Creating`, `Updating`, an on-demand rotation under way.
//!
//! Such a state can be seen, but not for long: the change that begins it wakes the background work,
//! which ends it at once. If the process is killed in between, the next one ends it.

use keyward_model::{KeyState, MultiRegionKeyType, Origin, Timestamp};
use keyward_store::{Change, CommitError, KeyRecord, Precondition, ScopedKey, Versioned, Write};
use tracing::error;

use super::{Round, ScheduleError, report};
use crate::Engine;

impl Engine {
    /// Waits until there may be keys to settle.
    pub async fn has_unsettled_keys(&self) {
        self.settling.notified().await;
    }

    /// Ends the states that end by themselves by `now`. What fails is tried again next time.
    pub async fn settle(&self, now: Timestamp) {
        report("keys were not settled", self.settle_keys(now).await);
    }

    async fn settle_keys(&self, now: Timestamp) -> Result<(), ScheduleError> {
        let mut round = Round::new();
        while let Some(limit) = round.next() {
            for key in self.store().keys().unsettled(now, limit).await? {
                if !round.is_open(&key) {
                    continue;
                }
                let result = self.settle_key(&key, now).await;
                let arn = self.key_arn(&key);
                if let Some(error) = round.note(key, result) {
                    error!(key.arn = %arn, %error, "a key was not settled");
                }
            }
        }
        Ok(())
    }

    /// Settles one key unless it has changed since it was found unsettled.
    async fn settle_key(&self, key: &ScopedKey, now: Timestamp) -> Result<bool, ScheduleError> {
        let Some(row) = self.store().keys().find(key).await? else { return Ok(false) };
        if row.record.settles_at.is_none_or(|at| at > now) {
            return Ok(false);
        }
        let Some(change) = settling_change(row) else {
            return self.finish_on_demand_rotation(key, now).await;
        };
        match self.commit(change).await {
            Ok(()) => Ok(true),
            Err(CommitError::Conflict(_)) => {
                // Whoever was in the way need not have left anything unsettled.
                self.settling.notify_one();
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The state ends first. An on-demand rotation that is still under way then is the next step.
fn settling_change(row: Versioned<KeyRecord>) -> Option<Change> {
    let settled = with_state_settled(&row.record);
    (settled != row.record).then(|| Change {
        preconditions: vec![Precondition::KeyAt(row.record.key, row.change)],
        writes: vec![Write::PutKey(Box::new(settled))],
        audit: Vec::new(),
    })
}

/// The row once its state has ended. It goes on waiting for the end of an on-demand rotation,
/// unless it is a replica's: what rotates is the primary key.
fn with_state_settled(record: &KeyRecord) -> KeyRecord {
    let set = record.multi_region.as_ref();
    let role = set.map(|set| set.role_in(&record.key.scope.region));
    let rotates =
        record.rotation.on_demand_started.is_some() && role != Some(MultiRegionKeyType::Replica);
    KeyRecord {
        state: match (record.state, record.origin) {
            // Material is imported in each Region: a replica is born without.
            (KeyState::Creating, Origin::External) => KeyState::PendingImport,
            (KeyState::Creating | KeyState::Updating, _) => KeyState::Enabled,
            (state, _) => state,
        },
        settles_at: record.settles_at.filter(|_| rotates),
        ..record.clone()
    }
}

/// Whether a change writes a key that has to be settled.
pub(crate) fn leaves_unsettled(change: &Change) -> bool {
    let is_unsettled =
        |write: &Write| matches!(write, Write::PutKey(record) if record.settles_at.is_some());
    change.writes.iter().any(is_unsettled)
}
