//! Key policies.

use async_trait::async_trait;
use keyward_store::{
    CanonicalRow, ChangeNumber, Policies, PolicyRecord, ScopedKey, StoreError, Versioned,
};
use rusqlite::{named_params, params};

use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::{DecidingRow, Sql};
use crate::store::SqliteStore;

#[async_trait]
impl Policies for SqliteStore {
    async fn find(&self, key: &ScopedKey) -> Result<Option<Versioned<PolicyRecord>>, StoreError> {
        let key = key.clone();
        self.read(move |sql| find(sql, &key)).await
    }
}

impl DecidingRow for PolicyRecord {
    const TABLE: &'static str = Self::TABLE;

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        Some(Self {
            key: columns.scoped_key()?,
            document: columns.value()?,
            bindings: Self::bindings_from_text(columns.value::<Option<String>>()?.as_deref())?,
        })
    }

    fn form(&self) -> CanonicalRow {
        self.canonical()
    }
}

fn find(sql: &Sql<'_>, key: &ScopedKey) -> Result<Option<Versioned<PolicyRecord>>, Fault> {
    let ScopedKey { scope, key_id } = key;
    sql.find(
        "SELECT account, region, key_id, document, bindings,
                change_shard, change_number, domain_key, mac
         FROM key_policies WHERE account = ?1 AND region = ?2 AND key_id = ?3",
        params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()],
    )
}

/// The policy in the row with this handle.
pub(crate) fn at(sql: &Sql<'_>, row: i64) -> Result<Option<Versioned<PolicyRecord>>, Fault> {
    sql.find(
        "SELECT account, region, key_id, document, bindings,
                change_shard, change_number, domain_key, mac
         FROM key_policies WHERE row = ?1",
        [row],
    )
}

/// Adds or replaces a key's policy.
pub(crate) fn put(sql: &Sql<'_>, record: &PolicyRecord) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(record.key.shard())?;
    let code = sql.code(record, change)?;
    sql.execute(
        "INSERT INTO key_policies
             (account, region, key_id, document, bindings,
              change_shard, change_number, domain_key, mac)
         VALUES
             (:account, :region, :key_id, :document, :bindings,
              :change_shard, :change_number, :domain_key, :mac)
         ON CONFLICT (account, region, key_id) DO UPDATE SET
             document = excluded.document, bindings = excluded.bindings,
             change_shard = excluded.change_shard, change_number = excluded.change_number,
             domain_key = excluded.domain_key, mac = excluded.mac",
        named_params! {
            ":account": record.key.scope.account.as_str(),
            ":region": record.key.scope.region.as_str(),
            ":key_id": record.key.key_id.as_str(),
            ":document": record.document,
            ":bindings": record.bindings_to_text(),
            ":change_shard": change.shard,
            ":change_number": code.number()?,
            ":domain_key": code.domain_key,
            ":mac": code.mac.as_slice(),
        },
    )?;
    Ok(change)
}

/// Removes a key's policy.
pub(crate) fn delete_of_key(sql: &Sql<'_>, key: &ScopedKey) -> Result<(), Fault> {
    let ScopedKey { scope, key_id } = key;
    sql.execute(
        "DELETE FROM key_policies WHERE account = ?1 AND region = ?2 AND key_id = ?3",
        params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()],
    )?;
    Ok(())
}
