//! Rotation of key material: when its date has come, and on demand.
//!
//! New material is made first, with nothing locked. Then one change makes it current in every member
//! of the key's set, and what was current non-current: it opens what it has sealed for ever. Killed
//! at any point, the next round begins anew.

use std::collections::HashMap;

use keyward_audit::Fragment;
use keyward_model::{
    KeyMaterialId, KeyMaterialState, KeySpec, KeyState, Origin, RotationType, Timestamp,
};
use keyward_store::{
    Change, CommitError, KeyRecord, MaterialRecord, Precondition, Rotation, ScopedKey, StoreError,
    Versioned, Write,
};
use tracing::{error, info, warn};

use super::{BATCH, Round, ScheduleError};
use crate::Engine;
use crate::record::service_row;

/// The members of a key's set, with the one that rotates.
struct Set {
    primary: KeyRecord,
    members: Vec<Versioned<KeyRecord>>,
}

/// The material that is to be the current one.
enum Incoming {
    /// It was made for the primary key and goes with it to the replicas.
    Made(MaterialRecord),
    /// It was imported in each Region.
    Imported(KeyMaterialId),
}

/// A rotation about to be carried out.
struct Turnover {
    incoming: Incoming,
    kind: RotationType,
    /// What the rows say of rotations afterwards.
    rotation: Rotation,
}

impl Engine {
    /// Rotates the keys whose date has come at `now`.
    pub(super) async fn rotate_due_keys(&self, now: Timestamp) -> Result<(), ScheduleError> {
        let mut round = Round::new();
        while let Some(limit) = round.next() {
            for key in self.store().keys().due_for_rotation(now, limit).await? {
                if !round.is_open(&key) {
                    continue;
                }
                let result = self.rotate_due_key(&key, now).await;
                let arn = self.key_arn(&key);
                if let Some(error) = round.note(key, result) {
                    let error: &dyn std::error::Error = &error;
                    error!(key.arn = %arn, error, "a key was not rotated");
                }
            }
        }
        Ok(())
    }

    /// Rotates one key unless it has changed since it was found due.
    async fn rotate_due_key(&self, key: &ScopedKey, now: Timestamp) -> Result<bool, ScheduleError> {
        let Some(set) = self.set_of(key).await? else { return Ok(false) };
        let rotation = set.primary.rotation;
        let (Some(period_days), Some(due)) = (rotation.period_days, rotation.next_date) else {
            return Ok(false);
        };
        if due > now || set.primary.state != KeyState::Enabled {
            return Ok(false);
        }
        let next_date = Some(next_date(due, period_days, now));
        let turnover = Turnover {
            incoming: Incoming::Made(self.made_for(&set.primary).await?),
            kind: RotationType::Automatic,
            rotation: Rotation { next_date, ..rotation },
        };
        self.turn_over(set, turnover, now).await
    }

    /// Ends an on-demand rotation under way. One that can no longer be done ends without effect and
    /// does not count: its key is to be deleted, or its imported material is gone.
    pub(super) async fn finish_on_demand_rotation(
        &self,
        key: &ScopedKey,
        now: Timestamp,
    ) -> Result<bool, ScheduleError> {
        let Some(set) = self.set_of(key).await? else { return Ok(false) };
        let rotation = Rotation { on_demand_started: None, ..set.primary.rotation };
        if rotation == set.primary.rotation {
            return Ok(false);
        }
        let incoming = match set.primary.state {
            KeyState::PendingDeletion | KeyState::PendingReplicaDeletion => None,
            _ if set.primary.origin == Origin::External => self.imported_for(&set).await?,
            _ => Some(Incoming::Made(self.made_for(&set.primary).await?)),
        };
        match incoming {
            Some(incoming) => {
                let turnover = Turnover { incoming, kind: RotationType::OnDemand, rotation };
                self.turn_over(set, turnover, now).await
            }
            None => self.abandon(set, rotation, now).await,
        }
    }

    async fn set_of(&self, key: &ScopedKey) -> Result<Option<Set>, StoreError> {
        let Some(row) = self.store().keys().find(key).await? else { return Ok(None) };
        let members = self.members(&row.record).await?;
        let primary = members.iter().find(|member| member.record.key == *key);
        Ok(primary.map(|primary| primary.record.clone()).map(|primary| Set { primary, members }))
    }

    async fn made_for(&self, primary: &KeyRecord) -> Result<MaterialRecord, ScheduleError> {
        // INVARIANT: only these rotate; a row that says otherwise was not written by an operation.
        if primary.spec != KeySpec::SymmetricDefault || primary.origin != Origin::AwsKms {
            return Err(ScheduleError::Material(None));
        }
        self.journal().check()?;
        let made = self.new_material(&primary.key, primary.spec).await;
        made.map_err(|error| ScheduleError::Material(error.into_source()))
    }

    /// The material that waits for the rotation, if it is there in every Region.
    async fn imported_for(&self, set: &Set) -> Result<Option<Incoming>, ScheduleError> {
        self.journal().check()?;
        let is_waiting = |row: &&MaterialRecord| {
            row.state == KeyMaterialState::PendingRotation && row.sealed.is_some()
        };
        let mut incoming = None;
        for member in &set.members {
            let rows = self.store().materials().list(&member.record.key).await?;
            let Some(row) = rows.iter().find(is_waiting) else { return Ok(None) };
            if incoming.is_some_and(|id| id != row.material_id) {
                return Ok(None);
            }
            incoming = Some(row.material_id);
        }
        Ok(incoming.map(Incoming::Imported))
    }

    /// Makes the incoming material the current one of every member, with the service event as the
    /// change's record.
    async fn turn_over(
        &self,
        set: Set,
        turnover: Turnover,
        now: Timestamp,
    ) -> Result<bool, ScheduleError> {
        let Set { primary, members } = set;
        let mut rows = HashMap::new();
        for member in &members {
            let key = &member.record.key;
            rows.insert(key.clone(), self.store().materials().list(key).await?);
        }
        let change = self.shared_change(members, now, |member| {
            let rows = rows.get(&member.key).map(Vec::as_slice).unwrap_or_default();
            let writes = self.turned(rows, member, (&turnover, now))?;
            member.current_material = Some(turnover.incoming.id());
            turnover.leave(member, &primary.key);
            Ok(writes)
        })?;
        let arn = self.key_arn(&primary.key);
        let record = service_row(self, ("RotateKey", now), &arn, &turnover.details(&primary));
        match self.commit_recorded(change, record).await {
            Ok(()) => {
                info!(key.arn = %arn, rotation.type = %turnover.kind, "rotated a key");
                Ok(true)
            }
            Err(CommitError::Conflict(_)) => {
                // Whoever was in the way need not have left anything unsettled.
                self.settling.notify_one();
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The rows of one member's material that change: what was current, and what is to be.
    fn turned(
        &self,
        rows: &[MaterialRecord],
        member: &KeyRecord,
        (turnover, now): (&Turnover, Timestamp),
    ) -> Result<Vec<Write>, StoreError> {
        let find = |id: KeyMaterialId| rows.iter().find(|row| row.material_id == id).cloned();
        let absent = || StoreError::Forged { table: MaterialRecord::TABLE };
        let outgoing = member.current_material.and_then(find).ok_or_else(absent)?;
        let incoming = match &turnover.incoming {
            Incoming::Made(row) if row.key == member.key => row.clone(),
            Incoming::Made(row) => self.copied_material(row, &member.key)?,
            Incoming::Imported(id) => find(*id).ok_or_else(absent)?,
        };
        Ok(vec![
            Write::PutMaterial(MaterialRecord { state: KeyMaterialState::NonCurrent, ..outgoing }),
            Write::PutMaterial(MaterialRecord {
                state: KeyMaterialState::Current,
                rotated_at: Some(now),
                rotation_type: Some(turnover.kind),
                ..incoming
            }),
        ])
    }

    /// Ends an on-demand rotation without effect.
    async fn abandon(
        &self,
        set: Set,
        rotation: Rotation,
        now: Timestamp,
    ) -> Result<bool, ScheduleError> {
        let Set { primary, members } = set;
        let on_demand_count = rotation.on_demand_count.saturating_sub(1);
        let rotation = Rotation { on_demand_count, ..rotation };
        let change = self.shared_change(members, now, |member| {
            settle_rotation(member, (&primary.key, rotation));
            Ok(Vec::new())
        })?;
        match self.commit(change).await {
            Ok(()) => {
                warn!(key.arn = %self.key_arn(&primary.key), "an on-demand rotation was abandoned");
                Ok(true)
            }
            Err(CommitError::Conflict(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes down, once, that the AWS managed keys of the first release rotate.
    pub(super) async fn complete_rotations(&self) -> Result<(), ScheduleError> {
        let complete = async || {
            loop {
                let keys = self.store().keys().aws_managed_without_rotation(BATCH).await?;
                if keys.is_empty() {
                    return Ok(());
                }
                for key in keys {
                    self.complete_rotation(key).await?;
                }
            }
        };
        self.has_rotations.get_or_try_init(complete).await.map(drop)
    }

    async fn complete_rotation(&self, key: Versioned<KeyRecord>) -> Result<(), ScheduleError> {
        let Versioned { mut record, change } = key;
        let preconditions = vec![Precondition::KeyAt(record.key.clone(), change)];
        record.rotation = Rotation::of_aws_managed_key(record.created_at);
        let writes = vec![Write::PutKey(Box::new(record))];
        match self.commit(Change { preconditions, writes, audit: Vec::new() }).await {
            // Whoever changed it has left it in the list.
            Ok(()) | Err(CommitError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Incoming {
    const fn id(&self) -> KeyMaterialId {
        match self {
            Self::Made(row) => row.material_id,
            Self::Imported(id) => *id,
        }
    }
}

impl Turnover {
    fn leave(&self, member: &mut KeyRecord, primary: &ScopedKey) {
        match self.kind {
            RotationType::OnDemand => settle_rotation(member, (primary, self.rotation)),
            // An on-demand rotation under way goes on.
            RotationType::Automatic => member.rotation = self.rotation,
        }
    }

    /// `serviceEventDetails`.
    fn details(&self, before: &KeyRecord) -> Fragment {
        let mut details = Fragment::default();
        let mut to = details.add();
        to.text("rotationType", self.kind.as_str());
        to.text("keyOrigin", before.origin.as_str());
        if let Some(previous) = before.current_material {
            to.display("previousKeyMaterialId", previous);
        }
        to.display("currentKeyMaterialId", self.incoming.id());
        to.text("keyId", before.key.key_id.as_str());
        details
    }
}

/// A member's row once no on-demand rotation is under way. Only the primary key waited for its end;
/// what a replica waits for is another thing.
fn settle_rotation(member: &mut KeyRecord, (primary, rotation): (&ScopedKey, Rotation)) {
    member.rotation = rotation;
    if member.key == *primary {
        member.settles_at = None;
    }
}

/// The first date after `now` of those that follow `due` by whole periods. A key that could not
/// rotate for long rotates once, and then keeps to its dates.
fn next_date(due: Timestamp, period_days: u32, now: Timestamp) -> Timestamp {
    const DAY_MS: i64 = 86_400_000;
    let period = i64::from(period_days.max(1));
    let late_days = now.unix_ms().saturating_sub(due.unix_ms()).max(0) / DAY_MS;
    let days = (late_days / period).saturating_add(1).saturating_mul(period);
    due.plus_days(u32::try_from(days).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_date_is_the_first_whole_period_after_now() {
        let day = |days| Timestamp::from_unix_ms(5).plus_days(days);
        for (now, next) in [(100, 190), (189, 190), (190, 280), (191, 280), (1000, 1090)] {
            assert_eq!(next_date(day(100), 90, day(now)), day(next), "{now}");
        }
        let last = Timestamp::from_unix_ms(day(190).unix_ms() - 1);
        assert_eq!(next_date(day(100), 90, last), day(190));
        assert!(next_date(day(100), 0, day(200)) > day(200));
    }

    #[test]
    fn times_at_the_ends_of_time_do_not_overflow() {
        let ends = [i64::MIN, 0, i64::MAX].map(Timestamp::from_unix_ms);
        for due in ends {
            for now in ends {
                next_date(due, u32::MAX, now);
            }
        }
    }
}
