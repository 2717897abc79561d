//! What the members of a multi-Region key's set share, changed in all of them at once.
//!
//! The members' rows are in one database and change in one transaction, each of them on the
//! condition that it is still as it was read. So at any time all members say the same of what they
//! share: the set, the material, its rotation.

use std::mem;
use std::sync::Arc;

use keyward_model::{KeyState, MultiRegionKeyType, Region, Timestamp};
use keyward_store::{Change, KeyRecord, Precondition, StoreError, Versioned, Write};

use crate::authorize::reach;
use crate::call_by_service::call_by_service_row;
use crate::record::synchronization_row;
use crate::{Action, Authorized, CallByService, Cx, Engine, OpError};

/// The waiting period of a key whose row names none.
const WINDOW_DAYS_DEFAULT: u32 = 30;

impl Cx {
    /// Every member of the set the key is in, in the order of Regions; of a single-Region key the
    /// key alone. The staged change happens only if all of them are still as they are here.
    pub async fn members<A>(&mut self, key: &Authorized<A>) -> Result<Vec<KeyRecord>, OpError>
    where
        A: Action<Reach = reach::Change>,
    {
        self.require_unchanged(key);
        let members = self.engine().members(&key.record).await.map_err(OpError::internal)?;
        self.change.preconditions.extend(unchanged(&members));
        Ok(members.into_iter().map(|member| member.record).collect())
    }

    /// Stages the same change to every member of the set the key is in, as far as they share what
    /// is changed. `alter` changes the row of a member and tells what else to write for it. Each
    /// replica's Region gets its record. Of a single-Region key, the key alone is changed.
    pub async fn stage_shared<A>(
        &mut self,
        key: &Authorized<A>,
        alter: impl Fn(&Self, &mut KeyRecord) -> Result<Vec<Write>, OpError> + Send,
    ) -> Result<(), OpError>
    where
        A: Action<Reach = reach::Change>,
    {
        let engine = Arc::clone(self.engine());
        let members = self.members(key).await?;
        let mut change = mem::take(&mut self.change);
        let alter = |record: &mut KeyRecord| alter(self, record);
        let added = engine.add_shared(&mut change, members, self.now(), alter);
        self.change = change;
        added
    }

    /// Stages the record of what the service calls because of this call.
    pub fn stage_call_by_service(&mut self, made: &CallByService<'_>) {
        let time = self.recording_time();
        let row = call_by_service_row(self, time, made);
        self.change.audit.push(row);
    }
}

impl Engine {
    /// Every member of the set the key is in; of a single-Region key the key alone.
    pub(crate) async fn members(
        &self,
        key: &KeyRecord,
    ) -> Result<Vec<Versioned<KeyRecord>>, StoreError> {
        let scoped = &key.key;
        if key.multi_region.is_some() {
            return self.store().keys().members(&scoped.scope.account, &scoped.key_id).await;
        }
        Ok(self.store().keys().find(scoped).await?.into_iter().collect())
    }

    /// The change that [`Cx::stage_shared`] stages, for timed work: it happens only if the members
    /// are still as they were read.
    pub(crate) fn shared_change(
        &self,
        members: Vec<Versioned<KeyRecord>>,
        now: Timestamp,
        alter: impl Fn(&mut KeyRecord) -> Result<Vec<Write>, StoreError>,
    ) -> Result<Change, StoreError> {
        let mut change =
            Change { preconditions: unchanged(&members).collect(), ..Change::default() };
        let members = members.into_iter().map(|member| member.record).collect();
        self.add_shared(&mut change, members, now, alter)?;
        Ok(change)
    }

    /// Every member's row is written, changed or not: whoever decided on the rows as they were
    /// decides again, also if only the material has changed.
    fn add_shared<E>(
        &self,
        change: &mut Change,
        members: Vec<KeyRecord>,
        now: Timestamp,
        alter: impl Fn(&mut KeyRecord) -> Result<Vec<Write>, E>,
    ) -> Result<(), E> {
        for mut member in members {
            let writes = alter(&mut member)?;
            change.audit.extend(self.synchronization(&member, now));
            change.writes.push(Write::PutKey(Box::new(member)));
            change.writes.extend(writes);
        }
        Ok(())
    }

    /// The change that deletes a key, and a replica from the set that the other members know. When
    /// the last replica goes, the waiting period of a primary key that waited for this begins.
    pub(crate) async fn deletion(
        &self,
        deleted: &Versioned<KeyRecord>,
        now: Timestamp,
    ) -> Result<Change, StoreError> {
        let key = &deleted.record.key;
        let mut others = self.members(&deleted.record).await?;
        others.retain(|member| member.record.key != *key);
        let mut preconditions = vec![Precondition::KeyAt(key.clone(), deleted.change)];
        preconditions.extend(unchanged(&others));
        let mut writes = vec![Write::DeleteKey(key.clone())];
        writes.extend(self.materials_without_replica(&deleted.record, &others).await?);
        for member in others {
            let member = without_replica(member.record, &key.scope.region, now);
            writes.push(Write::PutKey(Box::new(member)));
        }
        Ok(Change { preconditions, writes, audit: Vec::new() })
    }

    pub(crate) fn synchronization(
        &self,
        member: &KeyRecord,
        now: Timestamp,
    ) -> Option<keyward_store::AuditRow> {
        let set = member.multi_region.as_ref()?;
        let is_replica = set.role_in(&member.key.scope.region) == MultiRegionKeyType::Replica;
        let row =
            || synchronization_row(self, now, &self.key_arn(&member.key), set.primary.clone());
        is_replica.then(row)
    }
}

/// A member's row once the replica in `region` is gone.
fn without_replica(member: KeyRecord, region: &Region, now: Timestamp) -> KeyRecord {
    let set = member.multi_region.map(|set| set.without_replica(region));
    let was_last = set.as_ref().is_some_and(|set| set.replicas.is_empty());
    let member = KeyRecord { multi_region: set, ..member };
    if !was_last || member.state != KeyState::PendingReplicaDeletion {
        return member;
    }
    let window_days = member.pending_window_days.unwrap_or(WINDOW_DAYS_DEFAULT);
    KeyRecord {
        state: KeyState::PendingDeletion,
        deletion_date: Some(now.plus_days(window_days)),
        ..member
    }
}

fn unchanged(members: &[Versioned<KeyRecord>]) -> impl Iterator<Item = Precondition> {
    members.iter().map(|member| Precondition::KeyAt(member.record.key.clone(), member.change))
}
