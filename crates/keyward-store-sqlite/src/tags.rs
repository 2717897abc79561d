//! Tags of keys.

use async_trait::async_trait;
use keyward_store::{
    CanonicalRow, ChangeNumber, ScopedKey, StoreError, TagRecord, Tags, Versioned,
};
use rusqlite::{named_params, params};

use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::{DecidingRow, Sql};
use crate::store::SqliteStore;

#[async_trait]
impl Tags for SqliteStore {
    async fn list(
        &self,
        key: &ScopedKey,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<TagRecord>, StoreError> {
        let (key, after) = (key.clone(), after.map(str::to_owned));
        self.read(move |sql| list(sql, &key, after.as_deref(), limit)).await
    }
}

impl DecidingRow for TagRecord {
    const TABLE: &'static str = Self::TABLE;

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        Some(Self {
            key: columns.scoped_key()?,
            tag_key: columns.value()?,
            tag_value: columns.value()?,
        })
    }

    fn form(&self) -> CanonicalRow {
        self.canonical()
    }
}

fn list(
    sql: &Sql<'_>,
    key: &ScopedKey,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<TagRecord>, Fault> {
    let ScopedKey { scope, key_id } = key;
    sql.list(
        "SELECT account, region, key_id, tag_key, tag_value,
                change_shard, change_number, domain_key, mac
         FROM tags WHERE account = ?1 AND region = ?2 AND key_id = ?3 AND tag_key > ?4
         ORDER BY tag_key LIMIT ?5",
        params![
            scope.account.as_str(),
            scope.region.as_str(),
            key_id.as_str(),
            after.unwrap_or_default(),
            limit
        ],
    )
}

/// The tag in the row with this handle.
pub(crate) fn at(sql: &Sql<'_>, row: i64) -> Result<Option<Versioned<TagRecord>>, Fault> {
    sql.find(
        "SELECT account, region, key_id, tag_key, tag_value,
                change_shard, change_number, domain_key, mac
         FROM tags WHERE row = ?1",
        [row],
    )
}

/// How many tags the key carries. Invented rows count: they can refuse, not permit.
pub(crate) fn count_of_key(sql: &Sql<'_>, key: &ScopedKey) -> Result<u32, Fault> {
    let ScopedKey { scope, key_id } = key;
    Ok(sql.count(
        "SELECT count(*) FROM tags WHERE account = ?1 AND region = ?2 AND key_id = ?3",
        params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()],
    )?)
}

/// Adds or replaces a tag.
pub(crate) fn put(sql: &Sql<'_>, record: &TagRecord) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(record.key.shard())?;
    let code = sql.code(record, change)?;
    sql.execute(
        "INSERT INTO tags
             (account, region, key_id, tag_key, tag_value,
              change_shard, change_number, domain_key, mac)
         VALUES
             (:account, :region, :key_id, :tag_key, :tag_value,
              :change_shard, :change_number, :domain_key, :mac)
         ON CONFLICT (account, region, key_id, tag_key) DO UPDATE SET
             tag_value = excluded.tag_value,
             change_shard = excluded.change_shard, change_number = excluded.change_number,
             domain_key = excluded.domain_key, mac = excluded.mac",
        named_params! {
            ":account": record.key.scope.account.as_str(),
            ":region": record.key.scope.region.as_str(),
            ":key_id": record.key.key_id.as_str(),
            ":tag_key": record.tag_key,
            ":tag_value": record.tag_value,
            ":change_shard": change.shard,
            ":change_number": code.number()?,
            ":domain_key": code.domain_key,
            ":mac": code.mac.as_slice(),
        },
    )?;
    Ok(change)
}

/// Removes a tag.
pub(crate) fn delete(sql: &Sql<'_>, key: &ScopedKey, tag_key: &str) -> Result<ChangeNumber, Fault> {
    let ScopedKey { scope, key_id } = key;
    let change = sql.next_change(key.shard())?;
    sql.execute(
        "DELETE FROM tags WHERE account = ?1 AND region = ?2 AND key_id = ?3 AND tag_key = ?4",
        params![scope.account.as_str(), scope.region.as_str(), key_id.as_str(), tag_key],
    )?;
    Ok(change)
}

/// Removes every tag of a key.
pub(crate) fn delete_of_key(sql: &Sql<'_>, key: &ScopedKey) -> Result<(), Fault> {
    let ScopedKey { scope, key_id } = key;
    sql.execute(
        "DELETE FROM tags WHERE account = ?1 AND region = ?2 AND key_id = ?3",
        params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()],
    )?;
    Ok(())
}
