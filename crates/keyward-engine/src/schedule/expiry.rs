//! Imported key material and wrapping keys come to their end.

use keyward_audit::Fragment;
use keyward_model::{KeyMaterialId, Timestamp};
use keyward_store::{Change, CommitError, ScopedKey, Write};
use tracing::{error, info};

use super::{BATCH, Round, ScheduleError};
use crate::Engine;
use crate::record::service_row;

impl Engine {
    /// Destroys the imported material that expires by `now`.
    pub(super) async fn expire_materials(&self, now: Timestamp) -> Result<(), ScheduleError> {
        let mut round = Round::new();
        while let Some(limit) = round.next() {
            for due in self.store().materials().due_for_expiry(now, limit).await? {
                if !round.is_open(&due) {
                    continue;
                }
                let (key, id) = &due;
                let result = self.expire_material(key, id, now).await;
                let arn = self.key_arn(key);
                if let Some(error) = round.note(due, result) {
                    let error: &dyn std::error::Error = &error;
                    error!(key.arn = %arn, error, "expired material is still there");
                }
            }
        }
        Ok(())
    }

    /// Destroys one material unless it has changed since it was found expired.
    async fn expire_material(
        &self,
        key: &ScopedKey,
        id: &KeyMaterialId,
        now: Timestamp,
    ) -> Result<bool, ScheduleError> {
        let Some(row) = self.store().keys().find(key).await? else { return Ok(false) };
        let mut set = self.material_set(&row.record).await?;
        let is_due = set.own_row(id).is_some_and(|row| {
            row.sealed.is_some() && row.expires_at.is_some_and(|expires_at| expires_at <= now)
        });
        if !is_due {
            return Ok(false);
        }
        self.journal().check()?;
        set.expire(id);
        let arn = self.key_arn(key);
        let mut details = Fragment::default();
        let mut to = details.add();
        to.text("keyId", key.key_id.as_str());
        to.display("keyMaterialId", id);
        let now = self.clock().now();
        let record = service_row(self, ("DeleteExpiredKeyMaterial", now), &arn, &details);
        match self.commit_recorded(self.material_change(set, now), record).await {
            Ok(()) => {
                info!(key.arn = %arn, key.material = %id, "destroyed key material that expired");
                Ok(true)
            }
            Err(CommitError::Conflict(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes the wrapping keys whose day is over at `now`.
    pub(super) async fn sweep_wrapping_keys(&self, now: Timestamp) -> Result<(), ScheduleError> {
        loop {
            let expired = self.store().import_wrapping_keys().expired(now, BATCH).await?;
            if expired.is_empty() {
                return Ok(());
            }
            let writes = expired.into_iter().map(Write::DeleteImportWrappingKey).collect();
            self.commit(Change { writes, ..Change::default() }).await?;
        }
    }
}
