//! What the deployment as a whole remembers.

use async_trait::async_trait;
use keyward_model::{Region, Timestamp};
use keyward_store::{
    CanonicalRow, ChangeNumber, Deployment, DeploymentRecord, StoreError, Versioned,
};
use rusqlite::{Connection, OptionalExtension, named_params};
use uuid::Uuid;

use crate::columns::Columns;
use crate::fault::{Cause, Fault};
use crate::sql::{DecidingRow, Sql};
use crate::store::SqliteStore;

#[async_trait]
impl Deployment for SqliteStore {
    async fn find(&self) -> Result<Option<DeploymentRecord>, StoreError> {
        self.read(|sql| Ok(at(sql, 1)?.map(|found| found.record))).await
    }

    async fn create(&self, record: DeploymentRecord) -> Result<(), StoreError> {
        self.write(move |sql| create(sql, &record)).await
    }

    async fn last_seen(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(last_seen).await
    }

    async fn remember_time(&self, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |sql| remember_time(sql, now)).await
    }

    async fn clock_offset_ms(&self) -> Result<i64, StoreError> {
        self.read(clock_offset_ms).await
    }

    async fn move_clock(&self, by_ms: i64) -> Result<i64, StoreError> {
        self.write(move |sql| move_clock(sql, by_ms)).await
    }
}

impl DecidingRow for DeploymentRecord {
    const TABLE: &'static str = Self::TABLE;

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        Some(Self {
            deployment_id: Uuid::from_bytes(columns.value()?),
            partition: columns.word()?,
            regions: regions(&columns.value::<String>()?)?,
            is_development: columns.value()?,
            created_at: columns.timestamp()?,
        })
    }

    fn form(&self) -> CanonicalRow {
        self.canonical()
    }
}

/// The facts as they stand there, for whoever has no authenticator yet.
pub(crate) fn find_unchecked(connection: &Connection) -> Result<Option<DeploymentRecord>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT deployment_id, partition, regions, is_development, created_at FROM deployment",
    )?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let record = DeploymentRecord::read(&mut Columns::of(row));
    let unreadable = StoreError::Unreadable { table: DeploymentRecord::TABLE };
    Ok(Some(record.ok_or(unreadable)?))
}

/// The facts in the row with this handle; there is only row 1.
pub(crate) fn at(sql: &Sql<'_>, row: i64) -> Result<Option<Versioned<DeploymentRecord>>, Fault> {
    sql.find(
        "SELECT deployment_id, partition, regions, is_development, created_at,
                change_shard, change_number, domain_key, mac
         FROM deployment WHERE row = ?1",
        [row],
    )
}

fn create(sql: &Sql<'_>, record: &DeploymentRecord) -> Result<(), Fault> {
    if at(sql, 1)?.is_some() {
        return Err(Cause::DeploymentExists.into());
    }
    put(sql, record)?;
    Ok(())
}

/// Writes the facts, or writes them again.
pub(crate) fn put(sql: &Sql<'_>, record: &DeploymentRecord) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(DeploymentRecord::shard())?;
    let code = sql.code(record, change)?;
    sql.execute(
        "INSERT INTO deployment
             (row, deployment_id, partition, regions, is_development, created_at,
              change_shard, change_number, domain_key, mac)
         VALUES
             (1, :deployment_id, :partition, :regions, :is_development, :created_at,
              :change_shard, :change_number, :domain_key, :mac)
         ON CONFLICT (row) DO UPDATE SET
             deployment_id = excluded.deployment_id, partition = excluded.partition,
             regions = excluded.regions, is_development = excluded.is_development,
             created_at = excluded.created_at,
             change_shard = excluded.change_shard, change_number = excluded.change_number,
             domain_key = excluded.domain_key, mac = excluded.mac",
        named_params! {
            ":deployment_id": record.deployment_id.as_bytes(),
            ":partition": record.partition.as_str(),
            ":regions": record.regions.iter().map(Region::as_str).collect::<Vec<_>>().join(","),
            ":is_development": record.is_development,
            ":created_at": record.created_at.unix_ms(),
            ":change_shard": change.shard,
            ":change_number": code.number()?,
            ":domain_key": code.domain_key,
            ":mac": code.mac.as_slice(),
        },
    )?;
    Ok(change)
}

fn last_seen(sql: &Sql<'_>) -> Result<Option<Timestamp>, Fault> {
    let mut statement = sql.statement("SELECT last_seen FROM clock")?;
    let last_seen: Option<Option<i64>> = statement.query_row([], |row| row.get(0)).optional()?;
    Ok(last_seen.flatten().map(Timestamp::from_unix_ms))
}

fn remember_time(sql: &Sql<'_>, now: Timestamp) -> Result<(), Fault> {
    sql.execute(
        "INSERT INTO clock (row, last_seen) VALUES (1, ?1)
         ON CONFLICT (row) DO UPDATE SET last_seen = excluded.last_seen",
        [now.unix_ms()],
    )?;
    Ok(())
}

fn clock_offset_ms(sql: &Sql<'_>) -> Result<i64, Fault> {
    let mut statement = sql.statement("SELECT offset_ms FROM clock")?;
    Ok(statement.query_row([], |row| row.get(0)).optional()?.unwrap_or_default())
}

fn move_clock(sql: &Sql<'_>, by_ms: i64) -> Result<i64, Fault> {
    let offset_ms = clock_offset_ms(sql)?.checked_add(by_ms).ok_or(Cause::OutOfRange)?;
    sql.execute(
        "INSERT INTO clock (row, offset_ms) VALUES (1, ?1)
         ON CONFLICT (row) DO UPDATE SET offset_ms = excluded.offset_ms",
        [offset_ms],
    )?;
    Ok(offset_ms)
}

/// The Regions, separated by commas; no Region name holds one.
fn regions(text: &str) -> Option<Vec<Region>> {
    text.split(',').filter(|name| !name.is_empty()).map(|name| name.parse().ok()).collect()
}
