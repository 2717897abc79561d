//! What is removed when it is old enough: segments of the journal that everyone has read, log files
//! with the digests that list them, and what lookups no longer reach.

use std::sync::Arc;

use keyward_audit::{FollowError, JournalPosition};
use keyward_model::Timestamp;
use keyward_store::{TrailDigestRecord, TrailFileRecord, Write};
use tracing::info;

use super::{Delivery, DeliveryError};
use crate::cursors::{self, DELIVERY};

const DAY_MS: i64 = 86_400_000;
/// How many rows are changed at once.
const PAGE: u32 = 100;

fn days_before(now: Timestamp, days: u32) -> Timestamp {
    Timestamp::from_unix_ms(now.unix_ms().saturating_sub(i64::from(days).saturating_mul(DAY_MS)))
}

impl Delivery {
    pub(super) async fn remove_all_old(&mut self) -> Result<(), DeliveryError> {
        self.remove_old_segments().await?;
        self.remove_old_values().await?;
        if self.options.files_days > 0 {
            self.remove_old_files().await?;
        }
        Ok(())
    }

    /// A reader that has no cursor yet has read nothing, but none is known by then: whoever is to
    /// keep the journal says so by a cursor.
    pub(super) async fn remove_old_segments(&self) -> Result<(), DeliveryError> {
        let cursors = self.engine.store().trail().cursors().await?;
        if !cursors.iter().any(|cursor| cursor.name == DELIVERY) {
            return Ok(());
        }
        let keeps = |name: &String| name == DELIVERY || self.options.readers.contains(name);
        let read = cursors.iter().filter(|cursor| keeps(&cursor.name)).map(cursors::position);
        let Some(read) = read.min() else { return Ok(()) };
        let old = days_before(self.engine.machine_clock().now(), self.options.journal_days);
        let journal = self.engine.journal();
        let segments = journal.segments().map_err(FollowError::from)?;
        let young = segments.iter().find(|segment| segment.written_at >= old);
        let young = young.map_or(u64::MAX, |segment| segment.number);
        let kept = read.min(JournalPosition { segment: young, offset: 0 });
        let removed = journal.remove_before(kept).map_err(FollowError::from)?;
        if removed > 0 {
            info!(segments = removed, "removed segments of the journal that are in log files");
        }
        Ok(())
    }

    /// Events have the time of the deployment, and so has what lookups reach.
    async fn remove_old_values(&self) -> Result<(), DeliveryError> {
        let old = days_before(self.engine.clock().now(), self.options.history_days);
        loop {
            self.step();
            let files = self.engine.store().trail().indexed_files_before(old, PAGE).await?;
            if files.is_empty() {
                return Ok(());
            }
            let writes = files.into_iter().flat_map(|file| {
                let bare = TrailFileRecord { event_ids: None, ..file };
                [Write::DeleteTrailValues(bare.name.clone()), Write::PutTrailFile(Box::new(bare))]
            });
            self.commit(writes.collect()).await?;
        }
    }

    /// Oldest digests first, each with what it lists. The newest one of a chain stays: the next is
    /// linked to it.
    async fn remove_old_files(&mut self) -> Result<(), DeliveryError> {
        let old = days_before(self.engine.machine_clock().now(), self.options.files_days);
        let engine = Arc::clone(&self.engine);
        let trail = engine.store().trail();
        for scope in trail.scopes().await? {
            let Some(newest) = trail.newest_digest(&scope).await? else { continue };
            for digest in trail.list_digests(&scope, None, PAGE).await? {
                if digest.ended_at >= old || digest.ended_at == newest.ended_at {
                    break;
                }
                self.step();
                self.remove_digest(&digest).await?;
            }
        }
        Ok(())
    }

    /// The files are gone for good before the rows are, so that no power loss leaves files that no row
    /// knows.
    async fn remove_digest(&mut self, digest: &TrailDigestRecord) -> Result<(), DeliveryError> {
        let scope = &digest.name.scope;
        let trail = self.engine.store().trail();
        let files = trail.files_of_digest(scope, digest.ended_at).await?;
        let (layout, object) = (self.places.layout(), &digest.name.object);
        let mut paths: Vec<_> =
            files.iter().map(|file| layout.object(&file.bucket, &file.name.object)).collect();
        paths.push(layout.object(&digest.bucket, object));
        paths.push(layout.metadata(&digest.bucket, object));
        for path in &paths {
            self.places.remove_object(path)?;
        }
        self.places.sync()?;
        let count = files.len();
        let mut writes: Vec<_> =
            files.into_iter().map(|file| Write::DeleteTrailFile(file.name)).collect();
        writes.push(Write::DeleteTrailDigest(scope.clone(), digest.ended_at));
        self.commit(writes).await?;
        for path in &paths {
            self.places.remove_empty(path);
        }
        info!(object, files = count, "removed a digest and its log files because of their age");
        Ok(())
    }
}
