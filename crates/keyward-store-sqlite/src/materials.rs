//! Sealed key material.

use async_trait::async_trait;
use keyward_model::{KeyMaterialId, RotationType, Timestamp};
use keyward_store::{
    CanonicalRow, ChangeNumber, MaterialRecord, Materials, ScopedKey, StoreError, Versioned,
};
use rusqlite::{named_params, params};

use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::{DecidingRow, Sql};
use crate::store::SqliteStore;

/// What every query of material begins with.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT account, region, key_id, material_id, sealed, public_key, state, rotated_at,
                    rotation_type, description, expires_at, created_at,
                    change_shard, change_number, domain_key, mac
             FROM key_materials ",
            $rest
        )
    };
}

#[async_trait]
impl Materials for SqliteStore {
    async fn list(&self, key: &ScopedKey) -> Result<Vec<MaterialRecord>, StoreError> {
        let key = key.clone();
        self.read(move |sql| list(sql, &key)).await
    }

    async fn due_for_expiry(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(ScopedKey, KeyMaterialId)>, StoreError> {
        self.read(move |sql| due_for_expiry(sql, now, limit)).await
    }

    async fn next_to_expire(&self, limit: u32) -> Result<Vec<(ScopedKey, Timestamp)>, StoreError> {
        self.read(move |sql| next_to_expire(sql, limit)).await
    }
}

impl DecidingRow for MaterialRecord {
    const TABLE: &'static str = Self::TABLE;

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        Some(Self {
            key: columns.scoped_key()?,
            material_id: KeyMaterialId::new(columns.value()?),
            sealed: columns.value()?,
            public_key: columns.value()?,
            state: columns.word()?,
            rotated_at: columns.optional_timestamp().ok()?,
            rotation_type: columns.optional_word().ok()?,
            description: columns.value()?,
            expires_at: columns.optional_timestamp().ok()?,
            created_at: columns.timestamp()?,
        })
    }

    fn form(&self) -> CanonicalRow {
        self.canonical()
    }

    fn sealed(&self) -> Option<&[u8]> {
        self.sealed.as_deref()
    }
}

fn list(sql: &Sql<'_>, key: &ScopedKey) -> Result<Vec<MaterialRecord>, Fault> {
    let ScopedKey { scope, key_id } = key;
    sql.list(
        select!(
            "WHERE account = ?1 AND region = ?2 AND key_id = ?3
             ORDER BY created_at, row"
        ),
        params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()],
    )
}

fn due_for_expiry(
    sql: &Sql<'_>,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<(ScopedKey, KeyMaterialId)>, Fault> {
    let due = select!("WHERE expires_at <= ?1 AND sealed IS NOT NULL ORDER BY expires_at, row");
    let due: Vec<MaterialRecord> = sql.list_genuine((due, params![now.unix_ms()]), limit)?;
    Ok(due.into_iter().map(|material| (material.key, material.material_id)).collect())
}

fn next_to_expire(sql: &Sql<'_>, limit: u32) -> Result<Vec<(ScopedKey, Timestamp)>, Fault> {
    let next =
        select!("WHERE expires_at IS NOT NULL AND sealed IS NOT NULL ORDER BY expires_at, row");
    let next: Vec<MaterialRecord> = sql.list_genuine((next, params![]), limit)?;
    let with_date = |material: MaterialRecord| Some((material.key, material.expires_at?));
    Ok(next.into_iter().filter_map(with_date).collect())
}

/// The material in the row with this handle.
pub(crate) fn at(sql: &Sql<'_>, row: i64) -> Result<Option<Versioned<MaterialRecord>>, Fault> {
    sql.find(select!("WHERE row = ?1"), [row])
}

/// Adds or replaces one version of a key's material.
pub(crate) fn put(sql: &Sql<'_>, record: &MaterialRecord) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(record.key.shard())?;
    let code = sql.code(record, change)?;
    sql.execute(
        "INSERT INTO key_materials
             (account, region, key_id, material_id, sealed, public_key, state, rotated_at,
              rotation_type, description, expires_at, created_at,
              change_shard, change_number, domain_key, mac)
         VALUES
             (:account, :region, :key_id, :material_id, :sealed, :public_key, :state, :rotated_at,
              :rotation_type, :description, :expires_at, :created_at,
              :change_shard, :change_number, :domain_key, :mac)
         ON CONFLICT (account, region, key_id, material_id) DO UPDATE SET
             sealed = excluded.sealed, public_key = excluded.public_key, state = excluded.state,
             rotated_at = excluded.rotated_at, rotation_type = excluded.rotation_type,
             description = excluded.description, expires_at = excluded.expires_at,
             created_at = excluded.created_at,
             change_shard = excluded.change_shard, change_number = excluded.change_number,
             domain_key = excluded.domain_key, mac = excluded.mac",
        named_params! {
            ":account": record.key.scope.account.as_str(),
            ":region": record.key.scope.region.as_str(),
            ":key_id": record.key.key_id.as_str(),
            ":material_id": record.material_id.as_bytes(),
            ":sealed": record.sealed,
            ":public_key": record.public_key,
            ":state": record.state.as_str(),
            ":rotated_at": record.rotated_at.map(Timestamp::unix_ms),
            ":rotation_type": record.rotation_type.map(RotationType::as_str),
            ":description": record.description,
            ":expires_at": record.expires_at.map(Timestamp::unix_ms),
            ":created_at": record.created_at.unix_ms(),
            ":change_shard": change.shard,
            ":change_number": code.number()?,
            ":domain_key": code.domain_key,
            ":mac": code.mac.as_slice(),
        },
    )?;
    Ok(change)
}

/// Removes one version of a key's material.
pub(crate) fn delete(
    sql: &Sql<'_>,
    key: &ScopedKey,
    material_id: &KeyMaterialId,
) -> Result<ChangeNumber, Fault> {
    let ScopedKey { scope, key_id } = key;
    let change = sql.next_change(key.shard())?;
    sql.execute(
        "DELETE FROM key_materials
         WHERE account = ?1 AND region = ?2 AND key_id = ?3 AND material_id = ?4",
        params![
            scope.account.as_str(),
            scope.region.as_str(),
            key_id.as_str(),
            material_id.as_bytes()
        ],
    )?;
    Ok(change)
}

/// Removes every version of a key's material.
pub(crate) fn delete_of_key(sql: &Sql<'_>, key: &ScopedKey) -> Result<(), Fault> {
    let ScopedKey { scope, key_id } = key;
    sql.execute(
        "DELETE FROM key_materials WHERE account = ?1 AND region = ?2 AND key_id = ?3",
        params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()],
    )?;
    Ok(())
}
