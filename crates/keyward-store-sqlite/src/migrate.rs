//! Migrations: numbered, forward only, and noticed when edited.

use rusqlite::{Connection, OptionalExtension};

use crate::fault::OpenError;

/// The SQL of each migration, from number 1 on. A released one is never edited.
const MIGRATIONS: [&str; 5] = [
    include_str!("../migrations/0001_initial.sql"),
    include_str!("../migrations/0002_whole_api.sql"),
    include_str!("../migrations/0003_principals.sql"),
    include_str!("../migrations/0004_trail.sql"),
    include_str!("../migrations/0005_journal_ranges.sql"),
];

/// Marks the file as Keyward's: "KEYW".
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"KEYW");

/// Refuses files that are not ours to open, and changes nothing.
pub(crate) fn require_known(connection: &Connection) -> Result<(), OpenError> {
    let application_id: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let is_empty: bool =
        connection
            .query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))?;
    let is_new = is_empty && application_id == 0 && found == 0;
    if application_id != APPLICATION_ID && !is_new {
        return Err(OpenError::ForeignFile);
    }
    let known = numbered().map(|(number, _)| number).max().unwrap_or_default();
    if found > known {
        return Err(OpenError::NewerRelease { found, known });
    }
    Ok(())
}

/// Refuses files that would have to be migrated first.
pub(crate) fn require_newest(connection: &Connection) -> Result<(), OpenError> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = numbered().map(|(number, _)| number).max().unwrap_or_default();
    if found < known { Err(OpenError::OlderRelease { found, known }) } else { Ok(()) }
}

/// Runs the migrations not yet run, each in a transaction of its own, and compares the others with
/// what was run.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let done: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (number, sql) in numbered() {
        if number <= done {
            require_unedited(connection, number, sql)?;
        } else {
            run(connection, number, sql)?;
        }
    }
    Ok(())
}

fn numbered() -> impl Iterator<Item = (u32, &'static str)> {
    (1..).zip(MIGRATIONS)
}

fn require_unedited(connection: &Connection, number: u32, sql: &str) -> Result<(), OpenError> {
    let then: Option<[u8; 8]> = connection
        .query_row("SELECT checksum FROM migrations WHERE number = ?1", [number], |row| row.get(0))
        .optional()?;
    if then == Some(checksum(sql)) { Ok(()) } else { Err(OpenError::EditedMigration { number }) }
}

fn run(connection: &mut Connection, number: u32, sql: &str) -> Result<(), OpenError> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(sql)?;
    transaction.execute(
        "INSERT INTO migrations (number, checksum) VALUES (?1, ?2)",
        (number, checksum(sql)),
    )?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", number)?;
    transaction.commit()?;
    Ok(())
}

/// FNV-1a: it notices an accident. Whoever edits the program can edit the database too.
fn checksum(sql: &str) -> [u8; 8] {
    let hash = sql.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.to_be_bytes()
}
