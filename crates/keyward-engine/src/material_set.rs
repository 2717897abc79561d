//! Imported material as a multi-Region key's members share it: ids and descriptions are the same
//! everywhere, the material is there only where it was imported.
//!
//! A change of it is made on the rows in memory. What follows from it, the states of the members
//! and of material that waits for its rotation, is derived, and what differs is written.

use keyward_model::{
    KeyMaterialId, KeyMaterialState, KeyState, MultiRegionKeyType, Origin, Timestamp,
};
use keyward_store::{
    Change, KeyRecord, MaterialRecord, Precondition, ScopedKey, StoreError, Versioned, Write,
};

use crate::authorize::reach;
use crate::{Action, Authorized, Cx, Engine, OpError};

/// The rows of a key and of every other member of its set, as they are to be.
#[derive(Debug)]
pub struct MaterialSet {
    own: ScopedKey,
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    before: Versioned<KeyRecord>,
    rows_before: Vec<MaterialRecord>,
    record: KeyRecord,
    rows: Vec<MaterialRecord>,
}

impl MaterialSet {
    /// Whether the key has this material, here or not.
    pub fn has(&self, id: &KeyMaterialId) -> bool {
        self.own_row(id).is_some()
    }

    /// Adds material that was imported into the key, and its id everywhere else: as the current
    /// one if it is the first, else as one that waits for its rotation.
    pub fn add(&mut self, mut imported: MaterialRecord) {
        let is_first = self.own_member().is_none_or(|own| own.rows.is_empty());
        imported.state = if is_first {
            KeyMaterialState::Current
        } else {
            KeyMaterialState::PendingMultiRegionImportAndRotation
        };
        for member in &mut self.members {
            if is_first {
                member.record.current_material = Some(imported.material_id);
            }
            let key = member.record.key.clone();
            member.rows.push(if key == self.own {
                imported.clone()
            } else {
                absent(MaterialRecord { key, public_key: None, ..imported.clone() })
            });
        }
    }

    /// Puts material back that the key has.
    pub fn restore(&mut self, imported: MaterialRecord) {
        if let Some(row) = self.own_row_mut(&imported.material_id) {
            row.sealed = imported.sealed;
            row.public_key = imported.public_key;
            row.expires_at = imported.expires_at;
        }
    }

    /// Describes material, everywhere.
    pub fn describe(&mut self, id: &KeyMaterialId, description: &str) {
        for row in self.members.iter_mut().flat_map(|member| &mut member.rows) {
            if row.material_id == *id {
                row.description = Some(description.to_owned());
            }
        }
    }

    /// Takes material away. What waits for its rotation goes everywhere and for good if the key is
    /// not a replica; else the id stays, for the same material to come back.
    pub fn remove(&mut self, id: &KeyMaterialId) {
        let is_pending = self.own_row(id).is_some_and(|row| !row.state.is_permanent());
        if is_pending && !self.is_replica() {
            for member in &mut self.members {
                member.rows.retain(|row| row.material_id != *id);
            }
        } else {
            self.expire(id);
        }
    }

    /// Takes material away here only; the id stays.
    pub(crate) fn expire(&mut self, id: &KeyMaterialId) {
        if let Some(row) = self.own_row_mut(id) {
            *row = absent(row.clone());
        }
    }

    pub(crate) fn own_row(&self, id: &KeyMaterialId) -> Option<&MaterialRecord> {
        self.own_member()?.rows.iter().find(|row| row.material_id == *id)
    }

    fn own_row_mut(&mut self, id: &KeyMaterialId) -> Option<&mut MaterialRecord> {
        let own = self.members.iter_mut().find(|member| member.record.key == self.own)?;
        own.rows.iter_mut().find(|row| row.material_id == *id)
    }

    fn own_member(&self) -> Option<&Member> {
        self.members.iter().find(|member| member.record.key == self.own)
    }

    fn is_replica(&self) -> bool {
        self.own_member().is_some_and(|own| own.role() == Some(MultiRegionKeyType::Replica))
    }

    /// Derives what follows from what is there and what is not.
    fn settle(&mut self) {
        self.settle_pending();
        self.members.iter_mut().for_each(Member::settle);
    }

    /// Material can be rotated to once it is everywhere.
    fn settle_pending(&mut self) {
        let pending: Vec<_> = self.members.iter().flat_map(Member::pending).collect();
        for id in pending {
            let is_everywhere = self.members.iter().all(|member| member.holds(&id));
            let state = if is_everywhere || self.members.len() == 1 {
                KeyMaterialState::PendingRotation
            } else {
                KeyMaterialState::PendingMultiRegionImportAndRotation
            };
            let rows = self.members.iter_mut().flat_map(|member| &mut member.rows);
            let waiting = rows.filter(|row| row.material_id == id && !row.state.is_permanent());
            waiting.for_each(|row| row.state = state);
        }
    }
}

impl Member {
    fn role(&self) -> Option<MultiRegionKeyType> {
        let set = self.record.multi_region.as_ref()?;
        Some(set.role_in(&self.record.key.scope.region))
    }

    /// Whether the material is in the member's Region.
    fn holds(&self, id: &KeyMaterialId) -> bool {
        self.rows.iter().any(|row| row.material_id == *id && row.sealed.is_some())
    }

    fn pending(&self) -> impl Iterator<Item = KeyMaterialId> {
        let pending = self.rows.iter().filter(|row| !row.state.is_permanent());
        pending.map(|row| row.material_id)
    }

    /// The key can be used exactly while all is there that it has ever encrypted with. One that
    /// waits for its deletion goes on waiting.
    fn settle(&mut self) {
        let mut permanent = self.rows.iter().filter(|row| row.state.is_permanent());
        let lacks_material =
            self.record.current_material.is_none() || !permanent.all(|row| row.sealed.is_some());
        self.record.state = match self.record.state {
            KeyState::Enabled | KeyState::Disabled | KeyState::Updating if lacks_material => {
                KeyState::PendingImport
            }
            KeyState::PendingImport if !lacks_material => KeyState::Enabled,
            state => state,
        };
    }

    /// The writes that make the member's rows what they are to be; none if they are that already.
    /// The key's row is written with any of them: whoever decided on it decides again.
    fn writes(&self) -> Vec<Write> {
        let mut writes = self.row_writes();
        if !writes.is_empty() || self.record != self.before.record {
            writes.insert(0, Write::PutKey(Box::new(self.record.clone())));
        }
        writes
    }

    fn row_writes(&self) -> Vec<Write> {
        let is_gone = |before: &&MaterialRecord| {
            self.rows.iter().all(|row| row.material_id != before.material_id)
        };
        let gone = self.rows_before.iter().filter(is_gone);
        let gone = gone.map(|row| Write::DeleteMaterial(row.key.clone(), row.material_id));
        let changed = self.rows.iter().filter(|row| !self.rows_before.contains(row));
        gone.chain(changed.cloned().map(Write::PutMaterial)).collect()
    }
}

/// The row once the material is gone. A public key stays.
fn absent(row: MaterialRecord) -> MaterialRecord {
    MaterialRecord { sealed: None, expires_at: None, ..row }
}

impl Cx {
    /// The imported material of a key and of every other member of its set.
    pub async fn material_set<A: Action<Reach = reach::Change>>(
        &self,
        key: &Authorized<A>,
    ) -> Result<MaterialSet, OpError> {
        self.engine().material_set(&key.record).await.map_err(OpError::internal)
    }

    /// Stages what has changed of the key's material. It happens only if all members of the set are
    /// still as they were read.
    pub fn stage_material_set<A: Action<Reach = reach::Change>>(
        &mut self,
        key: &Authorized<A>,
        set: MaterialSet,
    ) {
        self.require_unchanged(key);
        let now = self.now();
        let Change { preconditions, writes, audit } = self.engine().material_change(set, now);
        self.change.preconditions.extend(preconditions);
        self.change.writes.extend(writes);
        self.change.audit.extend(audit);
    }
}

impl Engine {
    pub(crate) async fn material_set(&self, key: &KeyRecord) -> Result<MaterialSet, StoreError> {
        let members = self.members(key).await?;
        self.material_set_of(&key.key, members).await
    }

    /// The rows of the members that are left when a replica goes: material that waited only for its
    /// import there waits for its rotation now.
    pub(crate) async fn materials_without_replica(
        &self,
        gone: &KeyRecord,
        others: &[Versioned<KeyRecord>],
    ) -> Result<Vec<Write>, StoreError> {
        if gone.origin != Origin::External {
            return Ok(Vec::new());
        }
        let mut set = self.material_set_of(&gone.key, others.to_vec()).await?;
        set.settle_pending();
        Ok(set.members.iter().flat_map(Member::row_writes).collect())
    }

    async fn material_set_of(
        &self,
        own: &ScopedKey,
        keys: Vec<Versioned<KeyRecord>>,
    ) -> Result<MaterialSet, StoreError> {
        let mut members = Vec::new();
        for before in keys {
            let rows = self.store().materials().list(&before.record.key).await?;
            members.push(Member {
                record: before.record.clone(),
                rows: rows.clone(),
                before,
                rows_before: rows,
            });
        }
        Ok(MaterialSet { own: own.clone(), members })
    }

    /// The change that makes the rows what they are to be. Replicas that get their part from
    /// another Region have a record of it.
    pub(crate) fn material_change(&self, mut set: MaterialSet, now: Timestamp) -> Change {
        set.settle();
        let mut change = Change::default();
        for member in &set.members {
            let Versioned { record, change: number } = &member.before;
            change.preconditions.push(Precondition::KeyAt(record.key.clone(), *number));
            let writes = member.writes();
            if !writes.is_empty() && record.key != set.own {
                change.audit.extend(self.synchronization(&member.record, now));
            }
            change.writes.extend(writes);
        }
        change
    }
}
