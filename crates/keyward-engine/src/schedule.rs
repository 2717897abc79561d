//! What is done when its time comes: keys settle, rotate and are deleted, domain keys rotate. Each
//! step is idempotent and survives being killed at any point.

mod expiry;
mod rotation;
mod round;
mod settling;

use std::time::Duration;

use keyward_audit::Fragment;
use keyward_crypto::{Seal, WrappedDomainKey};
use keyward_model::Timestamp;
use keyward_store::{Change, CommitError, DomainKeyRecord, ScopedKey, StaleRow, StoreError, Write};
use tracing::{error, info, warn};

use crate::Engine;
use crate::credential::{secret_binding, seed_binding};
use crate::material::{import_binding, material_binding, trail_key_binding};
use crate::record::service_row;
use round::Round;

pub(crate) use settling::leaves_unsettled;

/// How many rows one step takes at a time.
const BATCH: u32 = 256;

/// Why a round stopped.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The clock leapt; nothing is destroyed until an operator accepts the time.
    #[error(
        "the clock leapt from {seen} to {now} (ms since the epoch): deletions wait until the time is accepted"
    )]
    ClockLeap {
        /// The last time seen.
        seen: i64,
        /// The time now.
        now: i64,
    },
    /// The database failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The journal takes no records.
    #[error(transparent)]
    Journal(#[from] keyward_audit::JournalError),
    /// New key material could not be made.
    #[error("no key material could be made")]
    Material(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// A domain key could not be made, or a value not be sealed again.
    #[error("the domain keys could not be rotated")]
    Rotation,
}

impl From<StoreError> for ScheduleError {
    fn from(error: StoreError) -> Self {
        Self::Commit(CommitError::Store(error))
    }
}

impl Engine {
    /// Does what is due at `now`, the time that [`check_clock`](Self::check_clock) believes. A kind
    /// of work that fails does not keep the others, and is tried again next time.
    pub async fn do_due_work(&self, now: Timestamp) {
        self.settle(now).await;
        report("AWS managed keys got no rotation", self.complete_rotations().await);
        report("keys due for rotation were not rotated", self.rotate_due_keys(now).await);
        report("keys due for deletion were not deleted", self.delete_due_keys(now).await.map(drop));
        report("expired material was not destroyed", self.expire_materials(now).await);
        report("expired wrapping keys were not removed", self.sweep_wrapping_keys(now).await);
        report("last uses of keys were not written", self.write_last_uses().await);
        let written = self.write_principal_uses().await;
        report("last uses of access keys and roles were not written", written);
    }

    /// Deletes the keys whose waiting period is over at `now`, the time that
    /// [`check_clock`](Self::check_clock) believes. Nothing here looks at the clock again: it may
    /// leap at any moment.
    pub async fn delete_due_keys(&self, now: Timestamp) -> Result<u32, ScheduleError> {
        let mut round = Round::new();
        while let Some(limit) = round.next() {
            for key in self.store().keys().due_for_deletion(now, limit).await? {
                if !round.is_open(&key) {
                    continue;
                }
                let result = self.delete_key(key.clone(), now).await;
                let arn = self.key_arn(&key);
                if let Some(error) = round.note(key, result) {
                    error!(key.arn = %arn, %error, "a key due for deletion is still there");
                }
            }
        }
        Ok(round.done())
    }

    /// Deletes one key unless its state has changed since it was found due.
    async fn delete_key(&self, key: ScopedKey, now: Timestamp) -> Result<bool, ScheduleError> {
        let Some(row) = self.store().keys().find(&key).await? else { return Ok(false) };
        if row.record.deletion_date.is_none_or(|date| date > now) {
            return Ok(false);
        }
        self.journal().check()?;
        let now = self.clock().now();
        let record = service_row(self, ("DeleteKey", now), &self.key_arn(&key), Fragment::EMPTY);
        let change = self.deletion(&row, now).await?;
        match self.commit_recorded(change, record).await {
            Ok(()) => {
                info!(key.arn = %self.key_arn(&key), "deleted a key whose waiting period is over");
                Ok(true)
            }
            Err(CommitError::Conflict(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

fn report(what: &str, result: Result<(), ScheduleError>) {
    if let Err(error) = result {
        let error: &dyn std::error::Error = &error;
        error!(error, "{what}");
    }
}

/// How long a session under a domain key may still last when that key is replaced, and some time for
/// the replacement itself.
const SESSION_LIFE_MAX: Duration = Duration::from_mins(36 * 60 + 10);

/// The age at which a domain key is replaced.
pub const DOMAIN_KEY_AGE_MAX_DAYS: u32 = 30;

impl Engine {
    /// Replaces the current domain key and seals everything anew under the next one. Killed at any
    /// point, the next round finishes it.
    pub async fn rotate_domain_keys(&self, seal: &Seal) -> Result<(), ScheduleError> {
        self.journal().check()?;
        let (keys, record) =
            self.ring().keys().rotate(seal).map_err(|_| ScheduleError::Rotation)?;
        self.store().domain_keys().add(self.domain_key_record(&record)).await?;
        self.ring().replace(keys);
        self.finish_domain_key_rotation().await
    }

    /// Seals anew whatever is under an older domain key, then destroys the older ones, each once the
    /// last session whose token is under it has ended.
    pub async fn finish_domain_key_rotation(&self) -> Result<(), ScheduleError> {
        let current = self.ring().keys().current_number();
        loop {
            let stale = self.store().resealing().stale(current, BATCH).await?;
            if stale.is_empty() {
                break;
            }
            let writes = stale.into_iter().map(|row| self.reseal(row).map(Write::Reseal));
            let writes = writes.collect::<Result<Vec<_>, _>>()?;
            self.commit(Change { writes, ..Change::default() }).await?;
        }
        for number in self.outlived_domain_keys().await? {
            let keys = self.ring().keys().retire(number).map_err(|_| ScheduleError::Rotation)?;
            self.store().domain_keys().destroy(number).await?;
            self.ring().replace(keys);
            info!(domain_key.number = number, "destroyed a domain key nothing is sealed under");
        }
        Ok(())
    }

    /// The domain keys that were replaced longer ago than a session lasts.
    async fn outlived_domain_keys(&self) -> Result<Vec<u32>, ScheduleError> {
        let now = self.machine_clock().now();
        let mut records = self.store().domain_keys().list().await?;
        records.sort_by_key(|record| record.number);
        let with_successors = records.iter().zip(records.iter().skip(1));
        let is_outlived = |next: &DomainKeyRecord| next.created_at.plus(SESSION_LIFE_MAX) <= now;
        let outlived = with_successors.filter(|(_, next)| is_outlived(next));
        Ok(outlived.map(|(record, _)| record.number).collect())
    }

    fn reseal(&self, mut row: StaleRow) -> Result<StaleRow, ScheduleError> {
        let Some(sealed) = row.sealed.take() else { return Ok(row) };
        let binding = match row.table {
            keyward_store::MaterialRecord::TABLE => material_binding(&row.identity),
            keyward_store::CredentialRecord::TABLE => secret_binding(&row.identity),
            keyward_store::EntityRecord::TABLE => seed_binding(&row.identity),
            keyward_store::ImportWrappingKeyRecord::TABLE => import_binding(&row.identity),
            keyward_store::TrailSigningKeyRecord::TABLE => trail_key_binding(&row.identity),
            table => {
                warn!(table, "a sealed column of an unknown table");
                return Err(ScheduleError::Rotation);
            }
        };
        let keys = self.ring().keys();
        let secret = keys.open(&binding, &sealed).map_err(|_| ScheduleError::Rotation)?;
        row.sealed = Some(keys.seal(&binding, &secret).map_err(|_| ScheduleError::Rotation)?);
        Ok(row)
    }

    fn domain_key_record(&self, record: &WrappedDomainKey) -> DomainKeyRecord {
        DomainKeyRecord {
            number: record.number(),
            wrapped: record.encode(),
            // The age of a domain key is the machine's affair.
            created_at: self.machine_clock().now(),
        }
    }
}
