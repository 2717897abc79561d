//! Wrapped domain keys. They authenticate themselves when their seal opens them.

use async_trait::async_trait;
use keyward_store::{DomainKeyRecord, DomainKeys, StoreError};
use rusqlite::{Connection, params};

use crate::columns::Columns;
use crate::fault::{Cause, Fault};
use crate::sql::Sql;
use crate::store::SqliteStore;

#[async_trait]
impl DomainKeys for SqliteStore {
    async fn list(&self) -> Result<Vec<DomainKeyRecord>, StoreError> {
        self.read(|sql| list(sql.connection())).await
    }

    async fn add(&self, record: DomainKeyRecord) -> Result<(), StoreError> {
        self.write(move |sql| add(sql.connection(), &record)).await
    }

    async fn destroy(&self, number: u32) -> Result<(), StoreError> {
        self.write(move |sql| destroy(sql, number)).await?;
        // The log still holds the page the key stood on.
        self.empty_log().await
    }
}

/// Every domain key, in the order of numbers.
pub(crate) fn list(connection: &Connection) -> Result<Vec<DomainKeyRecord>, Fault> {
    let mut statement = connection
        .prepare_cached("SELECT number, wrapped, created_at FROM domain_keys ORDER BY number")?;
    let mut rows = statement.query([])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        let key = columns.value().and_then(|number| {
            Some(DomainKeyRecord {
                number,
                wrapped: columns.value()?,
                created_at: columns.timestamp()?,
            })
        });
        keys.push(key.ok_or(StoreError::Unreadable { table: "domain_keys" })?);
    }
    Ok(keys)
}

/// Adds a domain key; an error when the number is taken.
pub(crate) fn add(connection: &Connection, record: &DomainKeyRecord) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO domain_keys (number, wrapped, created_at) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![record.number, record.wrapped, record.created_at.unix_ms()])?;
    Ok(())
}

fn destroy(sql: &Sql<'_>, number: u32) -> Result<(), Fault> {
    let rows_under_it = sql.count(
        "SELECT EXISTS (SELECT 1 FROM accounts WHERE domain_key = ?1)
              + EXISTS (SELECT 1 FROM aliases WHERE domain_key = ?1)
              + EXISTS (SELECT 1 FROM credentials WHERE domain_key = ?1)
              + EXISTS (SELECT 1 FROM deployment WHERE domain_key = ?1)
              + EXISTS (SELECT 1 FROM grants WHERE domain_key = ?1)
              + EXISTS (SELECT 1 FROM import_wrapping_keys WHERE domain_key = ?1)
              + EXISTS (SELECT 1 FROM key_materials WHERE domain_key = ?1)
              + EXISTS (SELECT 1 FROM key_policies WHERE domain_key = ?1)
              + EXISTS (SELECT 1 FROM keys WHERE domain_key = ?1)
              + EXISTS (SELECT 1 FROM last_uses WHERE domain_key = ?1)
              + EXISTS (SELECT 1 FROM tags WHERE domain_key = ?1)",
        [number],
    )?;
    if rows_under_it > 0 {
        return Err(Cause::DomainKeyInUse(number).into());
    }
    sql.execute("DELETE FROM domain_keys WHERE number = ?1", [number])?;
    Ok(())
}
