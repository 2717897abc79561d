//! Rows still under an older domain key.

use async_trait::async_trait;
use keyward_store::{
    AccountRecord, AliasRecord, ChangeNumber, CredentialRecord, DeploymentRecord, EntityRecord,
    GrantRecord, ImportTokenId, ImportWrappingKeyRecord, KeyRecord, LastUseRecord, MaterialRecord,
    PolicyRecord, PrincipalUseRecord, Resealing, ServiceRecord, StaleRow, StoreError, TagRecord,
    TrailCursorRecord, TrailDigestRecord, TrailFileRecord, TrailSigningKeyRecord, Versioned,
};
use rusqlite::params;

use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::SqliteStore;
use crate::{
    accounts, aliases, credentials, deployment, entities, grants, import_wrapping_keys, keys,
    last_uses, materials, policies, principal_uses, services, tags, trail,
};

#[async_trait]
impl Resealing for SqliteStore {
    async fn stale(&self, current: u32, limit: u32) -> Result<Vec<StaleRow>, StoreError> {
        self.read(move |sql| stale(sql, current, limit)).await
    }
}

/// The tables without a sealed column, with the query for their stale rows.
const UNSEALED: [(&str, &str); 13] = [
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
    (
        GrantRecord::TABLE,
        "SELECT row FROM grants WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2",
    ),
    (KeyRecord::TABLE, "SELECT row FROM keys WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2"),
    (
        LastUseRecord::TABLE,
        "SELECT row FROM last_uses WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2",
    ),
    (
        PolicyRecord::TABLE,
        "SELECT row FROM key_policies WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2",
    ),
    (
        PrincipalUseRecord::TABLE,
        "SELECT row FROM principal_uses WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2",
    ),
    (
        ServiceRecord::TABLE,
        "SELECT row FROM services WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2",
    ),
    (TagRecord::TABLE, "SELECT row FROM tags WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2"),
    (
        TrailCursorRecord::TABLE,
        "SELECT row FROM trail_cursors WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2",
    ),
    (
        TrailDigestRecord::TABLE,
        "SELECT row FROM trail_digests WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2",
    ),
    (
        TrailFileRecord::TABLE,
        "SELECT row FROM trail_files WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2",
    ),
];

fn stale(sql: &Sql<'_>, current: u32, limit: u32) -> Result<Vec<StaleRow>, Fault> {
    let mut found = stale_materials(sql, current, limit)?;
    found.extend(stale_credentials(sql, current, remaining(limit, &found))?);
    found.extend(stale_import_wrapping_keys(sql, current, remaining(limit, &found))?);
    found.extend(stale_entities(sql, current, remaining(limit, &found))?);
    found.extend(stale_signing_keys(sql, current, remaining(limit, &found))?);
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

fn stale_import_wrapping_keys(
    sql: &Sql<'_>,
    current: u32,
    limit: u32,
) -> Result<Vec<StaleRow>, Fault> {
    let mut statement = sql.statement(
        "SELECT row, sealed_private_key, token_id FROM import_wrapping_keys
         WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2",
    )?;
    let mut rows = statement.query(params![current, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let columns = &mut Columns::of(row);
        let row = stale_row(ImportWrappingKeyRecord::TABLE, columns, |columns| {
            columns.value::<ImportTokenId>().map(Vec::from)
        });
        found.push(row?);
    }
    Ok(found)
}

fn stale_entities(sql: &Sql<'_>, current: u32, limit: u32) -> Result<Vec<StaleRow>, Fault> {
    let mut statement = sql.statement(entities::STALE)?;
    let mut rows = statement.query(params![current, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(stale_row(EntityRecord::TABLE, &mut Columns::of(row), entities::identity)?);
    }
    Ok(found)
}

fn stale_signing_keys(sql: &Sql<'_>, current: u32, limit: u32) -> Result<Vec<StaleRow>, Fault> {
    let mut statement = sql.statement(
        "SELECT row, sealed_private_key, fingerprint FROM trail_signing_keys
         WHERE domain_key < ?1 ORDER BY domain_key LIMIT ?2",
    )?;
    let mut rows = statement.query(params![current, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let columns = &mut Columns::of(row);
        let row = stale_row(TrailSigningKeyRecord::TABLE, columns, |columns| {
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
        let sealed: Option<Vec<u8>> = columns.value()?;
        let previous = sealed.clone();
        let identity = identity(columns)?;
        Some(StaleRow { table, handle, identity, sealed, previous })
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
            let found = credentials::at(sql, row)?;
            let found = with_new_seal(found, stale, |record, new| {
                new.map(|new| std::mem::replace(&mut record.sealed_secret, new))
            });
            again(sql, found, credentials::put)
        }
        DeploymentRecord::TABLE => again(sql, deployment::at(sql, row)?, deployment::put),
        EntityRecord::TABLE => entities::reseal(sql, stale),
        GrantRecord::TABLE => again(sql, grants::at(sql, row)?, grants::put),
        ImportWrappingKeyRecord::TABLE => {
            let found = import_wrapping_keys::at(sql, row)?;
            let found = with_new_seal(found, stale, |record, new| {
                new.map(|new| std::mem::replace(&mut record.sealed_private_key, new))
            });
            again(sql, found, import_wrapping_keys::put)
        }
        LastUseRecord::TABLE => again(sql, last_uses::at(sql, row)?, last_uses::replace),
        KeyRecord::TABLE => again(sql, keys::at(sql, row)?, keys::put),
        MaterialRecord::TABLE => {
            let found = with_new_seal(materials::at(sql, row)?, stale, |record, new| {
                std::mem::replace(&mut record.sealed, new)
            });
            again(sql, found, materials::put)
        }
        PolicyRecord::TABLE => again(sql, policies::at(sql, row)?, policies::put),
        PrincipalUseRecord::TABLE => {
            again(sql, principal_uses::at(sql, row)?, principal_uses::replace)
        }
        ServiceRecord::TABLE => again(sql, services::at(sql, row)?, services::put),
        TagRecord::TABLE => again(sql, tags::at(sql, row)?, tags::put),
        TrailCursorRecord::TABLE => again(sql, trail::cursors::at(sql, row)?, trail::cursors::put),
        TrailDigestRecord::TABLE => again(sql, trail::digests::at(sql, row)?, trail::digests::put),
        TrailFileRecord::TABLE => again(sql, trail::files::at(sql, row)?, trail::files::put),
        TrailSigningKeyRecord::TABLE => {
            let found = trail::signing_keys::at(sql, row)?;
            let found = with_new_seal(found, stale, |record, new| {
                new.map(|new| std::mem::replace(&mut record.sealed_private_key, new))
            });
            again(sql, found, trail::signing_keys::put)
        }
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

/// The record with its new sealed value; nothing when it holds another one by now. Material that is
/// gone has none, neither then nor now.
fn with_new_seal<T>(
    found: Option<Versioned<T>>,
    stale: &StaleRow,
    replace: impl Fn(&mut T, Option<Vec<u8>>) -> Option<Vec<u8>>,
) -> Option<Versioned<T>> {
    let mut found = found?;
    let held = replace(&mut found.record, stale.sealed.clone());
    (held == stale.previous).then_some(found)
}
