//! Aliases.

use async_trait::async_trait;
use keyward_model::AliasName;
use keyward_store::{
    AliasRecord, Aliases, CanonicalRow, ChangeNumber, Scope, ScopedAlias, ScopedKey, StoreError,
    Versioned,
};
use rusqlite::{named_params, params};

use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::{DecidingRow, Sql};
use crate::store::SqliteStore;

#[async_trait]
impl Aliases for SqliteStore {
    async fn find(
        &self,
        alias: &ScopedAlias,
    ) -> Result<Option<Versioned<AliasRecord>>, StoreError> {
        let alias = alias.clone();
        self.read(move |sql| find(sql, &alias)).await
    }

    async fn list(
        &self,
        scope: &Scope,
        after: Option<&AliasName>,
        limit: u32,
    ) -> Result<Vec<AliasRecord>, StoreError> {
        let (scope, after) = (scope.clone(), after.cloned());
        self.read(move |sql| list(sql, &scope, after.as_ref(), limit)).await
    }

    async fn list_of_key(
        &self,
        key: &ScopedKey,
        after: Option<&AliasName>,
        limit: u32,
    ) -> Result<Vec<AliasRecord>, StoreError> {
        let (key, after) = (key.clone(), after.cloned());
        self.read(move |sql| list_of_key(sql, &key, after.as_ref(), limit)).await
    }
}

impl DecidingRow for AliasRecord {
    const TABLE: &'static str = Self::TABLE;

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        Some(Self {
            alias: ScopedAlias { scope: columns.scope()?, name: columns.word()? },
            target: columns.word()?,
            created_at: columns.timestamp()?,
            updated_at: columns.timestamp()?,
        })
    }

    fn form(&self) -> CanonicalRow {
        self.canonical()
    }
}

/// The alias.
pub(crate) fn find(
    sql: &Sql<'_>,
    alias: &ScopedAlias,
) -> Result<Option<Versioned<AliasRecord>>, Fault> {
    let ScopedAlias { scope, name } = alias;
    sql.find(
        "SELECT account, region, name, target, created_at, updated_at,
                change_shard, change_number, domain_key, mac
         FROM aliases WHERE account = ?1 AND region = ?2 AND name = ?3",
        params![scope.account.as_str(), scope.region.as_str(), name.as_str()],
    )
}

fn list(
    sql: &Sql<'_>,
    scope: &Scope,
    after: Option<&AliasName>,
    limit: u32,
) -> Result<Vec<AliasRecord>, Fault> {
    sql.list(
        "SELECT account, region, name, target, created_at, updated_at,
                change_shard, change_number, domain_key, mac
         FROM aliases WHERE account = ?1 AND region = ?2 AND name > ?3
         ORDER BY name LIMIT ?4",
        params![
            scope.account.as_str(),
            scope.region.as_str(),
            after.map_or("", AliasName::as_str),
            limit
        ],
    )
}

fn list_of_key(
    sql: &Sql<'_>,
    key: &ScopedKey,
    after: Option<&AliasName>,
    limit: u32,
) -> Result<Vec<AliasRecord>, Fault> {
    sql.list(
        "SELECT account, region, name, target, created_at, updated_at,
                change_shard, change_number, domain_key, mac
         FROM aliases WHERE account = ?1 AND region = ?2 AND target = ?3 AND name > ?4
         ORDER BY name LIMIT ?5",
        params![
            key.scope.account.as_str(),
            key.scope.region.as_str(),
            key.key_id.as_str(),
            after.map_or("", AliasName::as_str),
            limit
        ],
    )
}

/// The alias in the row with this handle.
pub(crate) fn at(sql: &Sql<'_>, row: i64) -> Result<Option<Versioned<AliasRecord>>, Fault> {
    sql.find(
        "SELECT account, region, name, target, created_at, updated_at,
                change_shard, change_number, domain_key, mac
         FROM aliases WHERE row = ?1",
        [row],
    )
}

/// How many aliases point to the key. Invented rows count: they can refuse, not permit.
pub(crate) fn count_of_key(sql: &Sql<'_>, key: &ScopedKey) -> Result<u32, Fault> {
    let ScopedKey { scope, key_id } = key;
    Ok(sql.count(
        "SELECT count(*) FROM aliases WHERE account = ?1 AND region = ?2 AND target = ?3",
        params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()],
    )?)
}

/// Adds or replaces an alias.
pub(crate) fn put(sql: &Sql<'_>, record: &AliasRecord) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(record.alias.shard())?;
    let code = sql.code(record, change)?;
    sql.execute(
        "INSERT INTO aliases
             (account, region, name, target, created_at, updated_at,
              change_shard, change_number, domain_key, mac)
         VALUES
             (:account, :region, :name, :target, :created_at, :updated_at,
              :change_shard, :change_number, :domain_key, :mac)
         ON CONFLICT (account, region, name) DO UPDATE SET
             target = excluded.target,
             created_at = excluded.created_at, updated_at = excluded.updated_at,
             change_shard = excluded.change_shard, change_number = excluded.change_number,
             domain_key = excluded.domain_key, mac = excluded.mac",
        named_params! {
            ":account": record.alias.scope.account.as_str(),
            ":region": record.alias.scope.region.as_str(),
            ":name": record.alias.name.as_str(),
            ":target": record.target.as_str(),
            ":created_at": record.created_at.unix_ms(),
            ":updated_at": record.updated_at.unix_ms(),
            ":change_shard": change.shard,
            ":change_number": code.number()?,
            ":domain_key": code.domain_key,
            ":mac": code.mac.as_slice(),
        },
    )?;
    Ok(change)
}

/// Removes an alias.
pub(crate) fn delete(sql: &Sql<'_>, alias: &ScopedAlias) -> Result<ChangeNumber, Fault> {
    let ScopedAlias { scope, name } = alias;
    let change = sql.next_change(alias.shard())?;
    sql.execute(
        "DELETE FROM aliases WHERE account = ?1 AND region = ?2 AND name = ?3",
        params![scope.account.as_str(), scope.region.as_str(), name.as_str()],
    )?;
    Ok(change)
}

/// Removes every alias of a key, each with a number of its own shard, so that whoever remembers the
/// alias learns of it. The rows are not authenticated: an invented one must not keep its key alive.
pub(crate) fn delete_of_key(sql: &Sql<'_>, key: &ScopedKey) -> Result<(), Fault> {
    let ScopedKey { scope, key_id } = key;
    let params = params![scope.account.as_str(), scope.region.as_str(), key_id.as_str()];
    let mut statement = sql
        .statement("SELECT name FROM aliases WHERE account = ?1 AND region = ?2 AND target = ?3")?;
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        if let Some(name) = Columns::of(row).word() {
            sql.next_change(scope.alias(name).shard())?;
        }
    }
    sql.execute("DELETE FROM aliases WHERE account = ?1 AND region = ?2 AND target = ?3", params)?;
    Ok(())
}
