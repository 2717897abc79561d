//! Keys to wrap imported material under.

use async_trait::async_trait;
use keyward_model::Timestamp;
use keyward_store::{
    CanonicalRow, ChangeNumber, ImportTokenId, ImportWrappingKeyRecord, ImportWrappingKeys,
    ScopedKey, StoreError, Versioned,
};
use rusqlite::{named_params, params};

use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::{DecidingRow, Sql};
use crate::store::SqliteStore;

#[async_trait]
impl ImportWrappingKeys for SqliteStore {
    async fn find(
        &self,
        token_id: &ImportTokenId,
    ) -> Result<Option<ImportWrappingKeyRecord>, StoreError> {
        let token_id = *token_id;
        self.read(move |sql| find(sql, &token_id)).await
    }

    async fn expired(&self, now: Timestamp, limit: u32) -> Result<Vec<ImportTokenId>, StoreError> {
        self.read(move |sql| expired(sql, now, limit)).await
    }
}

impl DecidingRow for ImportWrappingKeyRecord {
    const TABLE: &'static str = Self::TABLE;

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        Some(Self {
            token_id: columns.value()?,
            key: columns.scoped_key()?,
            algorithm: columns.word()?,
            wrapping_key_spec: columns.word()?,
            sealed_private_key: columns.value()?,
            expires_at: columns.timestamp()?,
            created_at: columns.timestamp()?,
        })
    }

    fn form(&self) -> CanonicalRow {
        self.canonical()
    }

    fn sealed(&self) -> Option<&[u8]> {
        Some(&self.sealed_private_key)
    }
}

fn find(sql: &Sql<'_>, token_id: &ImportTokenId) -> Result<Option<ImportWrappingKeyRecord>, Fault> {
    let found = sql.find(
        "SELECT token_id, account, region, key_id, algorithm, wrapping_key_spec,
                sealed_private_key, expires_at, created_at,
                change_shard, change_number, domain_key, mac
         FROM import_wrapping_keys WHERE token_id = ?1",
        [token_id],
    )?;
    Ok(found.map(|found| found.record))
}

fn expired(sql: &Sql<'_>, now: Timestamp, limit: u32) -> Result<Vec<ImportTokenId>, Fault> {
    let expired = "SELECT token_id, account, region, key_id, algorithm, wrapping_key_spec,
                sealed_private_key, expires_at, created_at,
                change_shard, change_number, domain_key, mac
         FROM import_wrapping_keys WHERE expires_at <= ?1 ORDER BY expires_at, row";
    let expired: Vec<ImportWrappingKeyRecord> =
        sql.list_genuine((expired, params![now.unix_ms()]), limit)?;
    Ok(expired.into_iter().map(|record| record.token_id).collect())
}

/// The import wrapping key in the row with this handle.
pub(crate) fn at(
    sql: &Sql<'_>,
    row: i64,
) -> Result<Option<Versioned<ImportWrappingKeyRecord>>, Fault> {
    sql.find(
        "SELECT token_id, account, region, key_id, algorithm, wrapping_key_spec,
                sealed_private_key, expires_at, created_at,
                change_shard, change_number, domain_key, mac
         FROM import_wrapping_keys WHERE row = ?1",
        [row],
    )
}

/// Adds or replaces an import wrapping key.
pub(crate) fn put(sql: &Sql<'_>, record: &ImportWrappingKeyRecord) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(ImportWrappingKeyRecord::shard(&record.token_id))?;
    let code = sql.code(record, change)?;
    sql.execute(
        "INSERT INTO import_wrapping_keys
             (token_id, account, region, key_id, algorithm, wrapping_key_spec,
              sealed_private_key, expires_at, created_at,
              change_shard, change_number, domain_key, mac)
         VALUES
             (:token_id, :account, :region, :key_id, :algorithm, :wrapping_key_spec,
              :sealed_private_key, :expires_at, :created_at,
              :change_shard, :change_number, :domain_key, :mac)
         ON CONFLICT (token_id) DO UPDATE SET
             account = excluded.account, region = excluded.region, key_id = excluded.key_id,
             algorithm = excluded.algorithm, wrapping_key_spec = excluded.wrapping_key_spec,
             sealed_private_key = excluded.sealed_private_key,
             expires_at = excluded.expires_at, created_at = excluded.created_at,
             change_shard = excluded.change_shard, change_number = excluded.change_number,
             domain_key = excluded.domain_key, mac = excluded.mac",
        named_params! {
            ":token_id": record.token_id,
            ":account": record.key.scope.account.as_str(),
            ":region": record.key.scope.region.as_str(),
            ":key_id": record.key.key_id.as_str(),
            ":algorithm": record.algorithm.as_str(),
            ":wrapping_key_spec": record.wrapping_key_spec.as_str(),
            ":sealed_private_key": record.sealed_private_key,
            ":expires_at": record.expires_at.unix_ms(),
            ":created_at": record.created_at.unix_ms(),
            ":change_shard": change.shard,
            ":change_number": code.number()?,
            ":domain_key": code.domain_key,
            ":mac": code.mac.as_slice(),
        },
    )?;
    Ok(change)
}

/// Removes an import wrapping key.
pub(crate) fn delete(sql: &Sql<'_>, token_id: &ImportTokenId) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(ImportWrappingKeyRecord::shard(token_id))?;
    sql.execute("DELETE FROM import_wrapping_keys WHERE token_id = ?1", [token_id])?;
    Ok(change)
}

/// Removes every import wrapping key of a key.
pub(crate) fn delete_of_key(sql: &Sql<'_>, key: &ScopedKey) -> Result<(), Fault> {
    let ScopedKey { scope, key_id } = key;
    sql.execute(
        "DELETE FROM import_wrapping_keys WHERE account = ?1 AND region = ?2 AND key_id = ?3",
        params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()],
    )?;
    Ok(())
}
