//! Rows still under an older domain key.

use async_trait::async_trait;
use keyward_store::{
    AccountRecord, AliasRecord, ChangeNumber, CredentialRecord, DeploymentRecord, KeyRecord,
    MaterialRecord, PolicyRecord, Resealing, StaleRow, StoreError, TagRecord, Versioned,
};
use rusqlite::params;

use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::SqliteStore;
use crate::{accounts, aliases, credentials, deployment, keys, materials, policies, tags};

#[async_trait]
impl Resealing for SqliteStore {
    async fn stale(&self, current: u32, limit: u32) -> Result<Vec<StaleRow>, StoreError> {
        self.read(move |sql| stale(sql, current, limit)).await
    }
}

/// The tables without a sealed column, with the query for their stale rows.
const UNSEALED: [(&str, &str); 6] = [
    (
        AccountRecord::TABLE,
        "SELECT row FROM accounts WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2",
    ),
    (
        AliasRecord::TABLE,
        "SELECT row FROM aliases WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2",
    ),
    (
        DeploymentRecord::TABLE,
        "SELECT row FROM deployment WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2",
    ),
    (KeyRecord::TABLE, "SELECT row FROM keys WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2"),
    (
        PolicyRecord::TABLE,
        "SELECT row FROM key_policies WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2",
    ),
    (TagRecord::TABLE, "SELECT row FROM tags WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2"),
];

fn stale(sql: &Sql<'_>, current: u32, limit: u32) -> Result<Vec<StaleRow>, Fault> {
    let mut found = stale_materials(sql, current, limit)?;
    found.extend(stale_credentials(sql, current, remaining(limit, &found))?);
    for (table, query) in UNSEALED {
        let mut statement = sql.statement(query)?;
        let mut rows = statement.query(params![current, remaining(limit, &found)])?;
        while let Some(row) = rows.next()? {
            let handle = row.get(0)?;
            found.push(StaleRow {
                table,
                handle,
                identity: Vec::new(),
                sealed: None,
                previous: None,
            });
        }
    }
    Ok(found)
}

fn remaining(limit: u32, found: &[StaleRow]) -> u32 {
    limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX))
}

fn stale_materials(sql: &Sql<'_>, current: u32, limit: u32) -> Result<Vec<StaleRow>, Fault> {
    let mut statement = sql.statement(
        "SELECT row, sealed, account, region, key_id, material_id FROM key_materials
         WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2",
    )?;
    let mut rows = statement.query(params![current, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let row = stale_row(MaterialRecord::TABLE, &mut Columns::of(row), |columns| {
            let key = columns.scoped_key()?;
            let material_id = keyward_model::KeyMaterialId::new(columns.value()?);
            Some(MaterialRecord::row_identity(&key, &material_id))
        });
        found.push(row?);
    }
    Ok(found)
}

fn stale_credentials(sql: &Sql<'_>, current: u32, limit: u32) -> Result<Vec<StaleRow>, Fault> {
    let mut statement = sql.statement(
        "SELECT row, sealed_secret, access_key_id FROM credentials
         WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2",
    )?;
    let mut rows = statement.query(params![current, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let row = stale_row(CredentialRecord::TABLE, &mut Columns::of(row), |columns| {
            columns.value::<String>().map(String::into_bytes)
        });
        found.push(row?);
    }
    Ok(found)
}

fn stale_row(
    table: &'static str,
    columns: &mut Columns<'_>,
    identity: impl FnOnce(&mut Columns<'_>) -> Option<Vec<u8>>,
) -> Result<StaleRow, StoreError> {
    let row = columns.value().and_then(|handle| {
        let sealed: Vec<u8> = columns.value()?;
        let previous = Some(sealed.clone());
        let identity = identity(columns)?;
        Some(StaleRow { table, handle, identity, sealed: Some(sealed), previous })
    });
    row.ok_or(StoreError::Forged { table })
}

/// Writes the row again under the current domain key, with the sealed value given. Reading it has
/// checked its present code: a forged row gets no new one.
pub(crate) fn reseal(sql: &Sql<'_>, stale: &StaleRow) -> Result<ChangeNumber, Fault> {
    let row = stale.handle;
    let written = match stale.table {
        AccountRecord::TABLE => again(sql, accounts::at(sql, row)?, accounts::put),
        AliasRecord::TABLE => again(sql, aliases::at(sql, row)?, aliases::put),
        CredentialRecord::TABLE => {
            let found = with_new_seal(credentials::at(sql, row)?, stale, |record| {
                &mut record.sealed_secret
            });
            again(sql, found, credentials::put)
        }
        DeploymentRecord::TABLE => again(sql, deployment::at(sql, row)?, deployment::put),
        KeyRecord::TABLE => again(sql, keys::at(sql, row)?, keys::put),
        MaterialRecord::TABLE => {
            let found = with_new_seal(materials::at(sql, row)?, stale, |record| &mut record.sealed);
            again(sql, found, materials::put)
        }
        PolicyRecord::TABLE => again(sql, policies::at(sql, row)?, policies::put),
        TagRecord::TABLE => again(sql, tags::at(sql, row)?, tags::put),
        _ => Ok(None),
    }?;
    match written {
        Some(change) => Ok(change),
        None => sql.next_change(ChangeNumber::shard_of(&[stale.table.as_bytes()])),
    }
}

fn again<T>(
    sql: &Sql<'_>,
    found: Option<Versioned<T>>,
    put: impl Fn(&Sql<'_>, &T) -> Result<ChangeNumber, Fault>,
) -> Result<Option<ChangeNumber>, Fault> {
    found.map(|found| put(sql, &found.record)).transpose()
}

/// The record with its new sealed value; nothing when it holds another one by now.
fn with_new_seal<T>(
    found: Option<Versioned<T>>,
    stale: &StaleRow,
    sealed_of: impl Fn(&mut T) -> &mut Vec<u8>,
) -> Option<Versioned<T>> {
    let mut found = found?;
    let sealed = sealed_of(&mut found.record);
    if stale.previous.as_ref() != Some(sealed) {
        return None;
    }
    if let Some(new) = &stale.sealed {
        sealed.clone_from(new);
    }
    Some(found)
}
