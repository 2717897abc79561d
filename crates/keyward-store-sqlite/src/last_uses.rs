//! The last use of each key.

use async_trait::async_trait;
use keyward_store::{
    CanonicalRow, ChangeNumber, LastUseRecord, LastUses, ScopedKey, StoreError, Versioned,
};
use rusqlite::{named_params, params};
use uuid::Uuid;

use crate::columns::Columns;
use crate::fault::Fault;
use crate::keys;
use crate::sql::{DecidingRow, Sql};
use crate::store::SqliteStore;

#[async_trait]
impl LastUses for SqliteStore {
    async fn find(&self, key: &ScopedKey) -> Result<Option<LastUseRecord>, StoreError> {
        let key = key.clone();
        self.read(move |sql| Ok(find(sql, &key)?.map(|found| found.record))).await
    }
}

impl DecidingRow for LastUseRecord {
    const TABLE: &'static str = Self::TABLE;

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        Some(Self {
            key: columns.scoped_key()?,
            operation: columns.value()?,
            used_at: columns.timestamp()?,
            event_id: Uuid::from_bytes(columns.value()?),
            request_id: Uuid::from_bytes(columns.value()?),
        })
    }

    fn form(&self) -> CanonicalRow {
        self.canonical()
    }
}

fn find(sql: &Sql<'_>, key: &ScopedKey) -> Result<Option<Versioned<LastUseRecord>>, Fault> {
    let ScopedKey { scope, key_id } = key;
    sql.find(
        "SELECT account, region, key_id, operation, used_at, event_id, request_id,
                change_shard, change_number, domain_key, mac
         FROM last_uses WHERE account = ?1 AND region = ?2 AND key_id = ?3",
        params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()],
    )
}

/// The last use in the row with this handle.
pub(crate) fn at(sql: &Sql<'_>, row: i64) -> Result<Option<Versioned<LastUseRecord>>, Fault> {
    sql.find(
        "SELECT account, region, key_id, operation, used_at, event_id, request_id,
                change_shard, change_number, domain_key, mac
         FROM last_uses WHERE row = ?1",
        [row],
    )
}

/// Remembers a use unless a newer one is remembered or the key is gone. A forged row is no newer
/// one: it would keep the true uses of its key out for ever.
pub(crate) fn put(sql: &Sql<'_>, record: &LastUseRecord) -> Result<ChangeNumber, Fault> {
    let is_known = match find(sql, &record.key) {
        Ok(found) => found.is_some_and(|found| found.record.used_at >= record.used_at),
        Err(Fault::Store(StoreError::Forged { .. })) => false,
        Err(fault) => return Err(fault),
    };
    if is_known || !keys::exists(sql, &record.key)? {
        return sql.next_change(LastUseRecord::shard(&record.key));
    }
    replace(sql, record)
}

/// Remembers a use, whatever is remembered.
pub(crate) fn replace(sql: &Sql<'_>, record: &LastUseRecord) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(LastUseRecord::shard(&record.key))?;
    let code = sql.code(record, change)?;
    sql.execute(
        "INSERT INTO last_uses
             (account, region, key_id, operation, used_at, event_id, request_id,
              change_shard, change_number, domain_key, mac)
         VALUES
             (:account, :region, :key_id, :operation, :used_at, :event_id, :request_id,
              :change_shard, :change_number, :domain_key, :mac)
         ON CONFLICT (account, region, key_id) DO UPDATE SET
             operation = excluded.operation, used_at = excluded.used_at,
             event_id = excluded.event_id, request_id = excluded.request_id,
             change_shard = excluded.change_shard, change_number = excluded.change_number,
             domain_key = excluded.domain_key, mac = excluded.mac",
        named_params! {
            ":account": record.key.scope.account.as_str(),
            ":region": record.key.scope.region.as_str(),
            ":key_id": record.key.key_id.as_str(),
            ":operation": record.operation,
            ":used_at": record.used_at.unix_ms(),
            ":event_id": record.event_id.as_bytes(),
            ":request_id": record.request_id.as_bytes(),
            ":change_shard": change.shard,
            ":change_number": code.number()?,
            ":domain_key": code.domain_key,
            ":mac": code.mac.as_slice(),
        },
    )?;
    Ok(change)
}

/// Forgets the last use of a key.
pub(crate) fn delete_of_key(sql: &Sql<'_>, key: &ScopedKey) -> Result<(), Fault> {
    let ScopedKey { scope, key_id } = key;
    sql.execute(
        "DELETE FROM last_uses WHERE account = ?1 AND region = ?2 AND key_id = ?3",
        params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()],
    )?;
    Ok(())
}
