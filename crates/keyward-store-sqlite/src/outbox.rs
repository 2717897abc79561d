//! Audit records that committed with their change and wait for delivery.

use async_trait::async_trait;
use keyward_store::{AuditRow, Outbox, StoreError};
use rusqlite::params;
use uuid::Uuid;

use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::SqliteStore;

#[async_trait]
impl Outbox for SqliteStore {
    async fn pending(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.read(move |sql| pending(sql, limit)).await
    }

    async fn delivered(&self, event_ids: &[Uuid]) -> Result<(), StoreError> {
        let event_ids = event_ids.to_vec();
        self.write(move |sql| delivered(sql, &event_ids)).await
    }
}

fn pending(sql: &Sql<'_>, limit: u32) -> Result<Vec<AuditRow>, Fault> {
    let mut statement = sql.statement("SELECT event_id, line FROM outbox ORDER BY row LIMIT ?1")?;
    let mut rows = statement.query([limit])?;
    let mut pending = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        let row = columns.value().and_then(|event_id| {
            Some(AuditRow { event_id: Uuid::from_bytes(event_id), line: columns.value()? })
        });
        pending.push(row.ok_or(StoreError::Unreadable { table: "outbox" })?);
    }
    Ok(pending)
}

fn delivered(sql: &Sql<'_>, event_ids: &[Uuid]) -> Result<(), Fault> {
    for event_id in event_ids {
        sql.execute("DELETE FROM outbox WHERE event_id = ?1", [event_id.as_bytes()])?;
    }
    Ok(())
}

/// Adds an audit record behind those that wait.
pub(crate) fn add(sql: &Sql<'_>, row: &AuditRow) -> Result<(), Fault> {
    sql.execute(
        "INSERT INTO outbox (event_id, line) VALUES (?1, ?2)",
        params![row.event_id.as_bytes(), row.line],
    )?;
    Ok(())
}
