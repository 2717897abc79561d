//! KMS keys.

use async_trait::async_trait;
use keyward_model::{KeyId, KeyMaterialId, Timestamp};
use keyward_store::{
    CanonicalRow, ChangeNumber, KeyRecord, Keys, Scope, ScopedKey, StoreError, Versioned,
};
use rusqlite::{named_params, params};

use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::{DecidingRow, Sql};
use crate::store::SqliteStore;
use crate::{aliases, materials, policies, tags};

#[async_trait]
impl Keys for SqliteStore {
    async fn find(&self, key: &ScopedKey) -> Result<Option<Versioned<KeyRecord>>, StoreError> {
        let key = key.clone();
        self.read(move |sql| find(sql, &key)).await
    }

    async fn list(
        &self,
        scope: &Scope,
        after: Option<&KeyId>,
        limit: u32,
    ) -> Result<Vec<KeyId>, StoreError> {
        let (scope, after) = (scope.clone(), after.copied());
        self.read(move |sql| list(sql, &scope, after.as_ref(), limit)).await
    }

    async fn due_for_deletion(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<ScopedKey>, StoreError> {
        self.read(move |sql| due_for_deletion(sql, now, limit)).await
    }
}

impl DecidingRow for KeyRecord {
    const TABLE: &'static str = Self::TABLE;

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        Some(Self {
            key: columns.scoped_key()?,
            spec: columns.word()?,
            usage: columns.word()?,
            origin: columns.word()?,
            manager: columns.word()?,
            state: columns.word()?,
            is_multi_region: columns.value()?,
            description: columns.value()?,
            created_at: columns.timestamp()?,
            deletion_date: columns.value::<Option<i64>>()?.map(Timestamp::from_unix_ms),
            pending_window_days: columns.value()?,
            current_material: columns.value::<Option<[u8; 32]>>()?.map(KeyMaterialId::new),
        })
    }

    fn form(&self) -> CanonicalRow {
        self.canonical()
    }
}

/// The key.
pub(crate) fn find(sql: &Sql<'_>, key: &ScopedKey) -> Result<Option<Versioned<KeyRecord>>, Fault> {
    let ScopedKey { scope, key_id } = key;
    sql.find(
        "SELECT account, region, key_id, spec, usage, origin, manager, state, is_multi_region,
                description, created_at, deletion_date, pending_window_days, current_material,
                change_shard, change_number, domain_key, mac
         FROM keys WHERE account = ?1 AND region = ?2 AND key_id = ?3",
        params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()],
    )
}

fn list(
    sql: &Sql<'_>,
    scope: &Scope,
    after: Option<&KeyId>,
    limit: u32,
) -> Result<Vec<KeyId>, Fault> {
    let keys: Vec<KeyRecord> = sql.list(
        "SELECT account, region, key_id, spec, usage, origin, manager, state, is_multi_region,
                description, created_at, deletion_date, pending_window_days, current_material,
                change_shard, change_number, domain_key, mac
         FROM keys WHERE account = ?1 AND region = ?2 AND key_id > ?3
         ORDER BY key_id LIMIT ?4",
        params![
            scope.account.as_str(),
            scope.region.as_str(),
            after.map_or("", KeyId::as_str),
            limit
        ],
    )?;
    Ok(keys.into_iter().map(|key| key.key.key_id).collect())
}

fn due_for_deletion(sql: &Sql<'_>, now: Timestamp, limit: u32) -> Result<Vec<ScopedKey>, Fault> {
    let keys: Vec<KeyRecord> = sql.list(
        "SELECT account, region, key_id, spec, usage, origin, manager, state, is_multi_region,
                description, created_at, deletion_date, pending_window_days, current_material,
                change_shard, change_number, domain_key, mac
         FROM keys WHERE deletion_date <= ?1 ORDER BY deletion_date, row LIMIT ?2",
        params![now.unix_ms(), limit],
    )?;
    Ok(keys.into_iter().map(|key| key.key).collect())
}

/// The key in the row with this handle.
pub(crate) fn at(sql: &Sql<'_>, row: i64) -> Result<Option<Versioned<KeyRecord>>, Fault> {
    sql.find(
        "SELECT account, region, key_id, spec, usage, origin, manager, state, is_multi_region,
                description, created_at, deletion_date, pending_window_days, current_material,
                change_shard, change_number, domain_key, mac
         FROM keys WHERE row = ?1",
        [row],
    )
}

/// How many customer managed keys the account holds in the Region, in any state. Invented rows
/// count: they can refuse, not permit.
pub(crate) fn count_of_customers(sql: &Sql<'_>, scope: &Scope) -> Result<u32, Fault> {
    Ok(sql.count(
        "SELECT count(*) FROM keys WHERE account = ?1 AND region = ?2 AND manager = 'CUSTOMER'",
        params![scope.account.as_str(), scope.region.as_str()],
    )?)
}

/// Adds or replaces a key.
pub(crate) fn put(sql: &Sql<'_>, record: &KeyRecord) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(record.key.shard())?;
    let code = sql.code(record, change)?;
    sql.execute(
        "INSERT INTO keys
             (account, region, key_id, spec, usage, origin, manager, state, is_multi_region,
              description, created_at, deletion_date, pending_window_days, current_material,
              change_shard, change_number, domain_key, mac)
         VALUES
             (:account, :region, :key_id, :spec, :usage, :origin, :manager, :state,
              :is_multi_region, :description, :created_at, :deletion_date, :pending_window_days,
              :current_material, :change_shard, :change_number, :domain_key, :mac)
         ON CONFLICT (account, region, key_id) DO UPDATE SET
             spec = excluded.spec, usage = excluded.usage, origin = excluded.origin,
             manager = excluded.manager, state = excluded.state,
             is_multi_region = excluded.is_multi_region, description = excluded.description,
             created_at = excluded.created_at, deletion_date = excluded.deletion_date,
             pending_window_days = excluded.pending_window_days,
             current_material = excluded.current_material,
             change_shard = excluded.change_shard, change_number = excluded.change_number,
             domain_key = excluded.domain_key, mac = excluded.mac",
        named_params! {
            ":account": record.key.scope.account.as_str(),
            ":region": record.key.scope.region.as_str(),
            ":key_id": record.key.key_id.as_str(),
            ":spec": record.spec.as_str(),
            ":usage": record.usage.as_str(),
            ":origin": record.origin.as_str(),
            ":manager": record.manager.as_str(),
            ":state": record.state.as_str(),
            ":is_multi_region": record.is_multi_region,
            ":description": record.description,
            ":created_at": record.created_at.unix_ms(),
            ":deletion_date": record.deletion_date.map(Timestamp::unix_ms),
            ":pending_window_days": record.pending_window_days,
            ":current_material": record.current_material.as_ref().map(KeyMaterialId::as_bytes),
            ":change_shard": change.shard,
            ":change_number": code.number()?,
            ":domain_key": code.domain_key,
            ":mac": code.mac.as_slice(),
        },
    )?;
    Ok(change)
}

/// Removes a key with all that hangs on it.
pub(crate) fn delete(sql: &Sql<'_>, key: &ScopedKey) -> Result<ChangeNumber, Fault> {
    aliases::delete_of_key(sql, key)?;
    materials::delete_of_key(sql, key)?;
    policies::delete_of_key(sql, key)?;
    tags::delete_of_key(sql, key)?;
    let change = sql.next_change(key.shard())?;
    let ScopedKey { scope, key_id } = key;
    sql.execute(
        "DELETE FROM keys WHERE account = ?1 AND region = ?2 AND key_id = ?3",
        params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()],
    )?;
    Ok(change)
}
