//! What can go wrong: at opening, and below a lookup or a change.

use std::io;
use std::sync::Arc;

use keyward_store::{CommitError, StoreError};

/// Why a database did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// SQLite's own check found the file damaged.
    #[error("the database file is damaged")]
    Damaged,
    /// A migration that made this database reads differently in this release.
    #[error("migration {number} is not the one this database was made with")]
    EditedMigration {
        /// The migration.
        number: u32,
    },
    /// The file cannot be created or read.
    #[error("the database file cannot be used")]
    File(#[source] io::Error),
    /// The file is a SQLite database of some other program.
    #[error("the file is a database of another program")]
    ForeignFile,
    /// A newer release has migrated this database.
    #[error(
        "the database is at schema {found}, this release knows only {known}: run the newer one"
    )]
    NewerRelease {
        /// The schema the database is at.
        found: u32,
        /// The last schema this release knows.
        known: u32,
    },
    /// An older release wrote this database, and none may migrate it here.
    #[error(
        "the database is at schema {found}, this release reads {known}: serve it once with this release"
    )]
    OlderRelease {
        /// The schema the database is at.
        found: u32,
        /// The schema of this release.
        known: u32,
    },
    /// SQLite failed.
    #[error("the database cannot be opened")]
    Sqlite(#[from] rusqlite::Error),
    /// The writer's thread cannot be started.
    #[error("the writer's thread cannot be started")]
    Thread(#[source] io::Error),
}

/// What a backend failure was, as the source of [`StoreError::Backend`].
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Cause {
    /// The thread or task that does the work is gone.
    #[error("the store has been closed")]
    Closed,
    /// The facts a deployment is born with are written once.
    #[error("the deployment exists")]
    DeploymentExists,
    /// A row is still under the domain key to be destroyed.
    #[error("a row is still under domain key {0}")]
    DomainKeyInUse(u32),
    /// Somebody reads from the log that was to be emptied.
    #[error("the write-ahead log is in use")]
    LogInUse,
    /// As many lookups wait as may.
    #[error("too many lookups wait for a connection")]
    LookupsFull,
    /// A sealed value names a domain key that does not exist (any more).
    #[error("domain key {0} does not exist")]
    NoDomainKey(u32),
    /// Values are those of a log file.
    #[error("there is no such log file")]
    NoTrailFile,
    /// A number has outgrown its column.
    #[error("a number is out of range")]
    OutOfRange,
    /// As many changes wait as may.
    #[error("too many changes wait for the disk")]
    QueueFull,
    /// SQLite rolled back the transaction that this change shared with others.
    #[error("the transaction was rolled back")]
    RolledBack,
    /// SQLite failed.
    #[error(transparent)]
    Sqlite(Arc<rusqlite::Error>),
}

/// What leaves the functions that run SQL, so that `?` takes what SQLite says.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Already in the words of the traits.
    Store(StoreError),
    /// What SQLite said.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Cause {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

impl From<Cause> for StoreError {
    fn from(cause: Cause) -> Self {
        Self::Backend(Box::new(cause))
    }
}

impl From<Cause> for Fault {
    fn from(cause: Cause) -> Self {
        Self::Store(cause.into())
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Store(error) => error,
            Fault::Sqlite(error) => Self::Backend(Box::new(error)),
        }
    }
}

impl From<Fault> for CommitError {
    fn from(fault: Fault) -> Self {
        Self::Store(fault.into())
    }
}
