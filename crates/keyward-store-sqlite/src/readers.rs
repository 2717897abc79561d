//! The connections that read.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use keyward_store::{RowAuthenticator, StoreError};
use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::database::open_read_only;
use crate::fault::{Cause, Fault};
use crate::sql::Sql;

/// How many lookups run at once.
const CONNECTIONS: usize = 4;
/// How many lookups may run and wait together; beyond it they fail at once.
const LOOKUPS_MAX: usize = 4096;

/// A few read-only connections. Each query sees every change committed before it began.
pub(crate) struct Readers {
    pool: Arc<Pool>,
}

struct Pool {
    idle: Mutex<Vec<Connection>>,
    connections: Arc<Semaphore>,
    lookups: Arc<Semaphore>,
    rows: Arc<dyn RowAuthenticator>,
}

impl Readers {
    /// Opens the connections.
    pub(crate) fn open(
        path: &Path,
        rows: Arc<dyn RowAuthenticator>,
    ) -> Result<Self, rusqlite::Error> {
        let idle = (0..CONNECTIONS).map(|_| open_read_only(path)).collect::<Result<_, _>>()?;
        let pool = Pool {
            idle: Mutex::new(idle),
            connections: Arc::new(Semaphore::new(CONNECTIONS)),
            lookups: Arc::new(Semaphore::new(LOOKUPS_MAX)),
            rows,
        };
        Ok(Self { pool: Arc::new(pool) })
    }

    /// Runs a query off the async threads.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Sql<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let pool = Arc::clone(&self.pool);
        let lookup =
            Arc::clone(&pool.lookups).try_acquire_owned().map_err(|_| Cause::LookupsFull)?;
        let turn =
            Arc::clone(&pool.connections).acquire_owned().await.map_err(|_| Cause::Closed)?;
        let answer = tokio::task::spawn_blocking(move || {
            let answer = pool.lend(query);
            drop((lookup, turn));
            answer
        });
        answer.await.map_err(|_| Cause::Closed)?
    }
}

impl Pool {
    /// The semaphore has made sure that a connection is idle.
    fn lend<T>(&self, query: impl FnOnce(&Sql<'_>) -> Result<T, Fault>) -> Result<T, StoreError> {
        let connection = self.idle().pop().ok_or(Cause::Closed)?;
        let answer = query(&Sql::new(&connection, self.rows.as_ref()));
        self.idle().push(connection);
        Ok(answer?)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
