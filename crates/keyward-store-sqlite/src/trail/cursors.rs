//! How far readers of the journal are.

use keyward_store::{CanonicalRow, ChangeNumber, TrailCursorRecord, Versioned};
use rusqlite::named_params;

use super::{count, stored};
use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::{DecidingRow, Sql};

/// What every query of cursors begins with.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT name, segment, \"offset\", change_shard, change_number, domain_key, mac
             FROM trail_cursors ",
            $rest
        )
    };
}

impl DecidingRow for TrailCursorRecord {
    const TABLE: &'static str = Self::TABLE;

    fn read(columns: &mut Columns<'_>) -> Option<Self> {
        Some(Self { name: columns.value()?, segment: count(columns)?, offset: count(columns)? })
    }

    fn form(&self) -> CanonicalRow {
        self.canonical()
    }
}

pub(super) fn find(sql: &Sql<'_>, name: &str) -> Result<Option<TrailCursorRecord>, Fault> {
    Ok(sql.find(select!("WHERE name = ?1"), [name])?.map(|found| found.record))
}

pub(super) fn list(sql: &Sql<'_>) -> Result<Vec<TrailCursorRecord>, Fault> {
    sql.list(select!("ORDER BY name"), [])
}

/// The cursor in the row with this handle.
pub(crate) fn at(sql: &Sql<'_>, row: i64) -> Result<Option<Versioned<TrailCursorRecord>>, Fault> {
    sql.find(select!("WHERE row = ?1"), [row])
}

/// Adds or replaces a cursor.
pub(crate) fn put(sql: &Sql<'_>, record: &TrailCursorRecord) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(TrailCursorRecord::shard(&record.name))?;
    let code = sql.code(record, change)?;
    sql.execute(
        "INSERT INTO trail_cursors
             (name, segment, \"offset\", change_shard, change_number, domain_key, mac)
         VALUES
             (:name, :segment, :offset, :change_shard, :change_number, :domain_key, :mac)
         ON CONFLICT (name) DO UPDATE SET
             segment = excluded.segment, \"offset\" = excluded.\"offset\",
             change_shard = excluded.change_shard, change_number = excluded.change_number,
             domain_key = excluded.domain_key, mac = excluded.mac",
        named_params! {
            ":name": record.name,
            ":segment": stored(record.segment)?,
            ":offset": stored(record.offset)?,
            ":change_shard": change.shard,
            ":change_number": code.number()?,
            ":domain_key": code.domain_key,
            ":mac": code.mac.as_slice(),
        },
    )?;
    Ok(change)
}

/// Removes a cursor.
pub(crate) fn delete(sql: &Sql<'_>, name: &str) -> Result<ChangeNumber, Fault> {
    let change = sql.next_change(TrailCursorRecord::shard(name))?;
    sql.execute("DELETE FROM trail_cursors WHERE name = ?1", [name])?;
    Ok(change)
}
