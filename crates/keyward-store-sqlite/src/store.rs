//! The store: readers beside one writer.

use async_trait::async_trait;
use keyward_store::{
    Accounts, Aliases, Change, CommitError, Committed, Credentials, Deployment, DomainKeys,
    Entities, Grants, ImportWrappingKeys, Keys, LastUses, Materials, Outbox, Policies,
    PrincipalUses, Resealing, Services, Store, StoreError, Tags, Trail,
};

use crate::change::apply;
use crate::fault::{Cause, Fault};
use crate::readers::Readers;
use crate::sql::Sql;
use crate::writer::Writer;

/// A database in use. Dropping it blocks until queued changes are done.
pub struct SqliteStore {
    // Dropped in this order: SQLite removes its log when the connection that writes is the last.
    readers: Readers,
    writer: Writer,
}

impl SqliteStore {
    pub(crate) fn new(readers: Readers, writer: Writer) -> Self {
        Self { readers, writer }
    }

    /// Waits until queued changes are done and the log has been moved into the database.
    pub async fn close(self) -> Result<(), StoreError> {
        tokio::task::spawn_blocking(move || drop(self)).await.map_err(|_| Cause::Closed.into())
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Sql<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.run(query).await
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Sql<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.run(move |sql| work(sql).map_err(StoreError::from)).await
    }

    pub(crate) async fn empty_log(&self) -> Result<(), StoreError> {
        self.writer.empty_log().await
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn accounts(&self) -> &dyn Accounts {
        self
    }

    fn aliases(&self) -> &dyn Aliases {
        self
    }

    fn credentials(&self) -> &dyn Credentials {
        self
    }

    fn deployment(&self) -> &dyn Deployment {
        self
    }

    fn domain_keys(&self) -> &dyn DomainKeys {
        self
    }

    fn entities(&self) -> &dyn Entities {
        self
    }

    fn grants(&self) -> &dyn Grants {
        self
    }

    fn import_wrapping_keys(&self) -> &dyn ImportWrappingKeys {
        self
    }

    fn keys(&self) -> &dyn Keys {
        self
    }

    fn last_uses(&self) -> &dyn LastUses {
        self
    }

    fn materials(&self) -> &dyn Materials {
        self
    }

    fn outbox(&self) -> &dyn Outbox {
        self
    }

    fn policies(&self) -> &dyn Policies {
        self
    }

    fn principal_uses(&self) -> &dyn PrincipalUses {
        self
    }

    fn resealing(&self) -> &dyn Resealing {
        self
    }

    fn services(&self) -> &dyn Services {
        self
    }

    fn tags(&self) -> &dyn Tags {
        self
    }

    fn trail(&self) -> &dyn Trail {
        self
    }

    async fn commit(&self, change: Change) -> Result<Committed, CommitError> {
        self.writer.run(move |sql| apply(sql, &change)).await
    }
}
