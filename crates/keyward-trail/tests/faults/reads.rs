//! What the database tells of the trail, when it can be read.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use keyward_model::{LookupAttribute, Region, Timestamp};
use keyward_store::{
    Scope, Store, StoreError, Trail, TrailCursorRecord, TrailDigestRecord, TrailFilePlace,
    TrailFileRecord, TrailFilter, TrailObject, TrailSigningKeyRecord,
};

use super::disk::Faults;

/// A database whose reads fail.
pub(crate) struct FaultyTrail(pub(crate) Arc<Faults>, pub(crate) Arc<dyn Store>);

impl FaultyTrail {
    fn pass(&self) -> Result<(), StoreError> {
        self.0.pass().map_err(|error: io::Error| StoreError::Backend(Box::new(error)))
    }
}

#[async_trait]
impl Trail for FaultyTrail {
    async fn cursor(&self, name: &str) -> Result<Option<TrailCursorRecord>, StoreError> {
        self.pass()?;
        self.1.trail().cursor(name).await
    }

    async fn cursors(&self) -> Result<Vec<TrailCursorRecord>, StoreError> {
        self.pass()?;
        self.1.trail().cursors().await
    }

    async fn scopes(&self) -> Result<Vec<Scope>, StoreError> {
        self.pass()?;
        self.1.trail().scopes().await
    }

    async fn file(&self, name: &TrailObject) -> Result<Option<TrailFileRecord>, StoreError> {
        self.pass()?;
        self.1.trail().file(name).await
    }

    async fn staged_files(&self, limit: u32) -> Result<Vec<TrailFileRecord>, StoreError> {
        self.pass()?;
        self.1.trail().staged_files(limit).await
    }

    async fn list_files(
        &self,
        scope: &Scope,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<TrailFileRecord>, StoreError> {
        self.pass()?;
        self.1.trail().list_files(scope, after, limit).await
    }

    async fn matching_files(
        &self,
        scope: &Scope,
        filter: &TrailFilter,
        after: Option<&TrailFilePlace>,
        limit: u32,
    ) -> Result<Vec<TrailFileRecord>, StoreError> {
        self.pass()?;
        self.1.trail().matching_files(scope, filter, after, limit).await
    }

    async fn newest_file(&self, scope: &Scope) -> Result<Option<TrailFileRecord>, StoreError> {
        self.pass()?;
        self.1.trail().newest_file(scope).await
    }

    async fn next_journal_files(
        &self,
        segment: u64,
        from: u64,
    ) -> Result<Vec<TrailFileRecord>, StoreError> {
        self.pass()?;
        self.1.trail().next_journal_files(segment, from).await
    }

    async fn undigested_files(
        &self,
        scope: &Scope,
        until: (Timestamp, Timestamp),
        limit: u32,
    ) -> Result<Vec<TrailFileRecord>, StoreError> {
        self.pass()?;
        self.1.trail().undigested_files(scope, until, limit).await
    }

    async fn files_of_digest(
        &self,
        scope: &Scope,
        ended_at: Timestamp,
    ) -> Result<Vec<TrailFileRecord>, StoreError> {
        self.pass()?;
        self.1.trail().files_of_digest(scope, ended_at).await
    }

    async fn indexed_files_before(
        &self,
        time: Timestamp,
        limit: u32,
    ) -> Result<Vec<TrailFileRecord>, StoreError> {
        self.pass()?;
        self.1.trail().indexed_files_before(time, limit).await
    }

    async fn values(
        &self,
        name: &TrailObject,
    ) -> Result<Vec<(LookupAttribute, String)>, StoreError> {
        self.pass()?;
        self.1.trail().values(name).await
    }

    async fn digest(
        &self,
        scope: &Scope,
        ended_at: Timestamp,
    ) -> Result<Option<TrailDigestRecord>, StoreError> {
        self.pass()?;
        self.1.trail().digest(scope, ended_at).await
    }

    async fn newest_digest(&self, scope: &Scope) -> Result<Option<TrailDigestRecord>, StoreError> {
        self.pass()?;
        self.1.trail().newest_digest(scope).await
    }

    async fn list_digests(
        &self,
        scope: &Scope,
        after: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<TrailDigestRecord>, StoreError> {
        self.pass()?;
        self.1.trail().list_digests(scope, after, limit).await
    }

    async fn staged_digests(&self, limit: u32) -> Result<Vec<TrailDigestRecord>, StoreError> {
        self.pass()?;
        self.1.trail().staged_digests(limit).await
    }

    async fn digests_before(
        &self,
        time: Timestamp,
        limit: u32,
    ) -> Result<Vec<TrailDigestRecord>, StoreError> {
        self.pass()?;
        self.1.trail().digests_before(time, limit).await
    }

    async fn signing_keys(
        &self,
        region: &Region,
    ) -> Result<Vec<TrailSigningKeyRecord>, StoreError> {
        self.pass()?;
        self.1.trail().signing_keys(region).await
    }

    async fn all_signing_keys(&self) -> Result<Vec<TrailSigningKeyRecord>, StoreError> {
        self.pass()?;
        self.1.trail().all_signing_keys().await
    }
}
