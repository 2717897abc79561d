//! The audit trail behind the journal: one file for each of its tables.

pub(crate) mod cursors;
pub(crate) mod digests;
pub(crate) mod files;
pub(crate) mod signing_keys;

use async_trait::async_trait;
use keyward_model::{LookupAttribute, Region, Timestamp};
use keyward_store::{
    Scope, StoreError, Trail, TrailCursorRecord, TrailDigestRecord, TrailFilePlace,
    TrailFileRecord, TrailFilter, TrailObject, TrailSigningKeyRecord,
};
use rusqlite::Row;

use crate::columns::Columns;
use crate::fault::Fault;
use crate::sql::Sql;
use crate::store::SqliteStore;

#[async_trait]
impl Trail for SqliteStore {
    async fn cursor(&self, name: &str) -> Result<Option<TrailCursorRecord>, StoreError> {
        let name = name.to_owned();
        self.read(move |sql| cursors::find(sql, &name)).await
    }

    async fn cursors(&self) -> Result<Vec<TrailCursorRecord>, StoreError> {
        self.read(cursors::list).await
    }

    async fn scopes(&self) -> Result<Vec<Scope>, StoreError> {
        self.read(scopes).await
    }

    async fn file(&self, name: &TrailObject) -> Result<Option<TrailFileRecord>, StoreError> {
        let name = name.clone();
        self.read(move |sql| files::find(sql, &name)).await
    }

    async fn staged_files(&self, limit: u32) -> Result<Vec<TrailFileRecord>, StoreError> {
        self.read(move |sql| files::staged(sql, limit)).await
    }

    async fn list_files(
        &self,
        scope: &Scope,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<TrailFileRecord>, StoreError> {
        let (scope, after) = (scope.clone(), after.unwrap_or_default().to_owned());
        self.read(move |sql| files::list(sql, &scope, &after, limit)).await
    }

    async fn matching_files(
        &self,
        scope: &Scope,
        filter: &TrailFilter,
        after: Option<&TrailFilePlace>,
        limit: u32,
    ) -> Result<Vec<TrailFileRecord>, StoreError> {
        let (scope, filter, after) = (scope.clone(), filter.clone(), after.cloned());
        self.read(move |sql| files::matching(sql, &scope, &filter, (after.as_ref(), limit))).await
    }

    async fn newest_file(&self, scope: &Scope) -> Result<Option<TrailFileRecord>, StoreError> {
        let scope = scope.clone();
        self.read(move |sql| files::newest(sql, &scope)).await
    }

    async fn next_journal_files(
        &self,
        segment: u64,
        from: u64,
    ) -> Result<Vec<TrailFileRecord>, StoreError> {
        self.read(move |sql| files::of_next_lines(sql, segment, from)).await
    }

    async fn undigested_files(
        &self,
        scope: &Scope,
        times: (Timestamp, Timestamp),
        limit: u32,
    ) -> Result<Vec<TrailFileRecord>, StoreError> {
        let scope = scope.clone();
        self.read(move |sql| files::undigested(sql, &scope, times, limit)).await
    }

    async fn files_of_digest(
        &self,
        scope: &Scope,
        ended_at: Timestamp,
    ) -> Result<Vec<TrailFileRecord>, StoreError> {
        let scope = scope.clone();
        self.read(move |sql| files::of_digest(sql, &scope, ended_at)).await
    }

    async fn indexed_files_before(
        &self,
        time: Timestamp,
        limit: u32,
    ) -> Result<Vec<TrailFileRecord>, StoreError> {
        self.read(move |sql| files::indexed_before(sql, time, limit)).await
    }

    async fn values(
        &self,
        name: &TrailObject,
    ) -> Result<Vec<(LookupAttribute, String)>, StoreError> {
        let name = name.clone();
        self.read(move |sql| files::values(sql, &name)).await
    }

    async fn digest(
        &self,
        scope: &Scope,
        ended_at: Timestamp,
    ) -> Result<Option<TrailDigestRecord>, StoreError> {
        let scope = scope.clone();
        self.read(move |sql| digests::find(sql, &scope, ended_at)).await
    }

    async fn newest_digest(&self, scope: &Scope) -> Result<Option<TrailDigestRecord>, StoreError> {
        let scope = scope.clone();
        self.read(move |sql| digests::newest(sql, &scope)).await
    }

    async fn list_digests(
        &self,
        scope: &Scope,
        after: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<TrailDigestRecord>, StoreError> {
        let scope = scope.clone();
        self.read(move |sql| digests::list(sql, &scope, after, limit)).await
    }

    async fn staged_digests(&self, limit: u32) -> Result<Vec<TrailDigestRecord>, StoreError> {
        self.read(move |sql| digests::staged(sql, limit)).await
    }

    async fn digests_before(
        &self,
        time: Timestamp,
        limit: u32,
    ) -> Result<Vec<TrailDigestRecord>, StoreError> {
        self.read(move |sql| digests::before(sql, time, limit)).await
    }

    async fn signing_keys(
        &self,
        region: &Region,
    ) -> Result<Vec<TrailSigningKeyRecord>, StoreError> {
        let region = region.clone();
        self.read(move |sql| signing_keys::of_region(sql, &region)).await
    }

    async fn all_signing_keys(&self) -> Result<Vec<TrailSigningKeyRecord>, StoreError> {
        self.read(signing_keys::list).await
    }
}

fn scopes(sql: &Sql<'_>) -> Result<Vec<Scope>, Fault> {
    let mut statement = sql.statement(
        "SELECT account, region FROM trail_files GROUP BY account, region
         UNION SELECT account, region FROM trail_digests GROUP BY account, region
         ORDER BY account, region",
    )?;
    let mut rows = statement.query([])?;
    let mut scopes = Vec::new();
    while let Some(row) = rows.next()? {
        scopes.push(scope(row)?);
    }
    Ok(scopes)
}

fn scope(row: &Row<'_>) -> Result<Scope, StoreError> {
    let scope = Columns::of(row).scope();
    scope.ok_or(StoreError::Unreadable { table: TrailFileRecord::TABLE })
}

/// A count as SQLite stores it.
fn stored(count: u64) -> Result<i64, Fault> {
    i64::try_from(count).map_err(|_| crate::fault::Cause::OutOfRange.into())
}

/// The next column, a count.
fn count(columns: &mut Columns<'_>) -> Option<u64> {
    u64::try_from(columns.value::<i64>()?).ok()
}
