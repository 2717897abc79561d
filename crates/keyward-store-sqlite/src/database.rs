//! Opening a database, in two steps: the wrapped domain keys are read first, for without them no
//! row can be authenticated.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use keyward_store::{DeploymentRecord, DomainKeyRecord, RowAuthenticator, StoreError};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::fault::OpenError;
use crate::migrate::{migrate, require_known, require_newest};
use crate::readers::Readers;
use crate::store::SqliteStore;
use crate::writer::Writer;
use crate::{deployment, domain_keys};

/// How long a connection waits for another process (an operator's tool, a backup) to let go.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How many prepared statements a connection keeps: more than there are.
const STATEMENTS: usize = 128;
/// What the write-ahead log file is cut back to after a burst.
const LOG_BYTES: i64 = 64 << 20;

/// An open database whose rows cannot be authenticated yet. Its functions block.
pub struct Database {
    connection: Connection,
    path: PathBuf,
    is_writable: bool,
}

impl Database {
    /// Opens the file, which is created (readable by its owner only) when absent; checks that it is
    /// sound and ours; runs the migrations it lacks.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        create_private(path).map_err(OpenError::File)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        harden(&connection)?;
        require_known(&connection)?;
        require_sound(&connection)?;
        make_durable(&connection)?;
        migrate(&mut connection)?;
        Ok(Self { connection, path: path.to_owned(), is_writable: true })
    }

    /// Opens an existing file beside whoever writes it, and changes nothing: the store made of it
    /// refuses every change.
    pub fn open_to_read(path: &Path) -> Result<Self, OpenError> {
        let connection = open_read_only(path)?;
        require_known(&connection)?;
        require_newest(&connection)?;
        Ok(Self { connection, path: path.to_owned(), is_writable: false })
    }

    /// The wrapped domain keys, in the order of numbers.
    pub fn domain_keys(&self) -> Result<Vec<DomainKeyRecord>, StoreError> {
        Ok(domain_keys::list(&self.connection)?)
    }

    /// Adds a wrapped domain key; an error when its number is taken.
    pub fn add_domain_key(&self, record: &DomainKeyRecord) -> Result<(), StoreError> {
        Ok(domain_keys::add(&self.connection, record)?)
    }

    /// The facts of the deployment as the file has them, NOT authenticated: enough to tell a new
    /// database from one in use. The store answers the authenticated ones.
    pub fn find_deployment_unchecked(&self) -> Result<Option<DeploymentRecord>, StoreError> {
        Ok(deployment::find_unchecked(&self.connection)?)
    }

    /// Opens the connections that read, starts the thread that writes.
    pub fn into_store(self, rows: Arc<dyn RowAuthenticator>) -> Result<SqliteStore, OpenError> {
        let readers = Readers::open(&self.path, Arc::clone(&rows))?;
        let writer = if self.is_writable {
            Writer::start(self.connection, rows).map_err(OpenError::Thread)?
        } else {
            Writer::closed()
        };
        Ok(SqliteStore::new(readers, writer))
    }
}

/// A connection that reads.
pub(crate) fn open_read_only(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    harden(&connection)?;
    Ok(connection)
}

/// Settings of every connection: nothing in the file's schema is trusted to run code, and damage
/// is noticed rather than followed.
fn harden(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// Settings of the connection that writes.
fn make_durable(connection: &Connection) -> Result<(), OpenError> {
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(OpenError::File(io::Error::other("no write-ahead log on this file system")));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES, |_| Ok(()))?;
    Ok(())
}

fn require_sound(connection: &Connection) -> Result<(), OpenError> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        return Ok(());
    }
    tracing::error!(verdict, "the database file is damaged");
    Err(OpenError::Damaged)
}

/// Creates the file readable by its owner only; SQLite gives its log the same mode. The entry in
/// the directory is made durable, for a database that vanishes is no database.
fn create_private(path: &Path) -> Result<(), io::Error> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(error),
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use keyward_store::conformance::NumberedKeys;
    use keyward_store::conformance::samples::{account_record, trail_cursor_record};
    use keyward_store::{Change, Store as _, Write};

    use super::*;

    fn write(write: Write) -> Change {
        Change { writes: vec![write], ..Change::default() }
    }

    #[tokio::test]
    async fn a_reader_beside_the_one_who_writes_sees_changes_and_makes_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keyward.db");
        assert!(Database::open_to_read(&path).is_err());
        assert!(!path.exists());
        let rows = Arc::new(NumberedKeys::new(1));
        let store = Database::open(&path).unwrap().into_store(rows.clone()).unwrap();
        let reader = Database::open_to_read(&path).unwrap().into_store(rows).unwrap();
        let cursor = trail_cursor_record(1);
        store.commit(write(Write::PutTrailCursor(cursor.clone()))).await.unwrap();
        assert_eq!(reader.trail().cursors().await.unwrap(), [cursor]);
        assert!(reader.commit(write(Write::PutAccount(account_record(1)))).await.is_err());
    }

    #[test]
    fn a_reader_migrates_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keyward.db");
        let database = Database::open(&path).unwrap();
        database.connection.pragma_update(None, "user_version", 3).unwrap();
        let refused = Database::open_to_read(&path).err().unwrap();
        assert!(matches!(refused, OpenError::OlderRelease { found: 3, .. }), "{refused}");
    }

    #[test]
    fn the_connection_that_writes_is_durable_and_strict() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(&directory.path().join("keyward.db")).unwrap();
        let pragma = |name| -> i64 {
            database.connection.pragma_query_value(None, name, |row| row.get(0)).unwrap()
        };
        let full = 2;
        assert_eq!(pragma("synchronous"), full);
        for (name, value) in
            [("foreign_keys", 1), ("secure_delete", 1), ("trusted_schema", 0), ("user_version", 5)]
        {
            assert_eq!(pragma(name), value, "{name}");
        }
        let mode: String =
            database.connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
        let lax: i64 = database
            .connection
            .query_row(
                "SELECT count(*) FROM pragma_table_list
                 WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' AND strict = 0",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(lax, 0, "tables that are not STRICT");
    }
}
