//! Delivery: from the journal to log files and digests, each line into exactly one file.
//!
//! A batch of lines becomes files in `staging`, synced. One change then records the files, what they
//! are found by, and how far the journal was read. Only then are they renamed into their places. A
//! process killed before the change leaves files that no row names, which are removed; one killed
//! after it leaves rows that say what is to be finished. Whoever begins reads the rows first.

pub(crate) mod batch;
mod chores;
mod delivered_events;
mod digest;
mod loss;
mod older;
mod options;
mod packed;
mod place;
mod pulse;
mod retention;
mod spare_time;
mod status;
mod task;

use std::error::Error;
use std::io;
use std::mem;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use keyward_audit::files::{Files, RealFiles};
use keyward_audit::{FollowError, JournalPosition, Lines};
use keyward_engine::{Engine, TrailEvent, TrailKeyError};
use keyward_model::Timestamp;
use keyward_store::{
    Change, CommitError, JournalRange, StoreError, TrailDigestRecord, TrailFileRecord, TrailObject,
    TrailState, TrailValues, Write,
};
use tracing::{error, info, warn};

pub use digest::{DigestEnd, public_key};
pub use options::DeliveryOptions;
pub use status::{DeliveryCounts, DeliveryStatus};
pub use task::{DeliveryStopped, DeliveryTask, NotDelivered};

use packed::{Packed, PackedFile};
use place::Places;
use spare_time::{Patience, SpareTime};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::cursors::{self, DELIVERY};
use crate::format::{FileTag, LogFileName};

/// How many rows are read at once.
const PAGE: u32 = 1000;
/// How much longer a step may take than a line may wait for its file.
const STEP_MARGIN: Duration = Duration::from_mins(1);

/// Delivers what the journal holds. There is one in a deployment: the program holds the lock of the
/// data directory.
pub struct Delivery {
    engine: Arc<Engine>,
    options: DeliveryOptions,
    places: Places,
    status: Arc<DeliveryStatus>,
    /// Up to where the journal is delivered. Absent until the rows were read, and again after a
    /// failure.
    position: Option<JournalPosition>,
    /// Whether this process held the database against the files.
    is_compared: bool,
    /// How many lines were set aside of those read from a place on.
    set_aside: (Option<JournalPosition>, usize),
    /// Beside a server: where work is done that has time.
    spare_time: Option<SpareTime>,
    stopping: watch::Sender<bool>,
}

/// When a delivery is to be done.
#[derive(Clone, Copy)]
enum Pace {
    /// Whoever else wants the processor shares it.
    AtOnce,
    /// When nobody else wants the processor, or from then on all the same.
    Spare { until: Instant },
}

/// What a delivery made.
#[derive(Clone, Debug, Default)]
pub struct Delivered {
    /// The log files.
    pub files: Vec<TrailFileRecord>,
    /// The digests.
    pub digests: Vec<TrailDigestRecord>,
}

/// Why a delivery did not come to its end. The next one begins where the rows say.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// Nothing is done that rests on what time it is.
    #[error("the clock leapt, or was not looked at yet; check it, then run `keyward clock accept`")]
    ClockNotBelieved,
    /// The database took no change.
    #[error("the database took no change")]
    Commit(#[from] CommitError),
    /// The file system refused.
    #[error("`{}` cannot be written", path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The journal cannot be read.
    #[error("the journal cannot be read")]
    Follow(#[from] FollowError),
    /// A digest cannot be signed.
    #[error("a digest cannot be signed")]
    Key(#[from] TrailKeyError),
    /// A fresh key pair is none.
    #[error("a fresh signing key cannot be used")]
    NotAKey,
    /// The database cannot be read.
    #[error("the database cannot be read")]
    Store(#[from] StoreError),
}

impl Delivery {
    /// Delivers into the machine's file system.
    pub fn new(engine: Arc<Engine>, options: DeliveryOptions) -> Self {
        Self::on(Arc::new(RealFiles), engine, options)
    }

    /// Delivers into another file system: what tests do.
    pub fn on(files: Arc<dyn Files>, engine: Arc<Engine>, options: DeliveryOptions) -> Self {
        Self {
            engine,
            places: Places::new(files, options.layout.clone()),
            status: Arc::new(DeliveryStatus::new(options.file_age + STEP_MARGIN)),
            options,
            position: None,
            is_compared: false,
            set_aside: (None, 0),
            spare_time: None,
            stopping: watch::Sender::default(),
        }
    }

    /// How delivery stands.
    pub const fn status(&self) -> &Arc<DeliveryStatus> {
        &self.status
    }

    /// Delivers every line acknowledged so far.
    pub async fn deliver(&mut self) -> Result<Delivered, DeliveryError> {
        self.deliver_at(Pace::AtOnce).await
    }

    async fn deliver_at(&mut self, pace: Pace) -> Result<Delivered, DeliveryError> {
        let result = self.deliver_to(self.engine.journal().end(), pace).await;
        self.noted(result)
    }

    /// Makes the digests that are due: one for each account and Region that ever had a log file,
    /// unless it has one that ends as late. Those of the hour wait for a clock that is believed.
    /// Where one fails the others are made all the same, before the failure is told.
    pub async fn make_digests(
        &mut self,
        end: DigestEnd,
    ) -> Result<Vec<TrailDigestRecord>, DeliveryError> {
        if end == DigestEnd::Hour && !self.engine.is_clock_believed() {
            return Err(DeliveryError::ClockNotBelieved);
        }
        let result = self.finish_and_digest(end).await;
        if result.is_err() {
            self.forget();
        }
        self.status.digested(result.is_ok());
        result
    }

    /// Removes what is older than it is to be kept, if the clock is believed.
    pub async fn remove_old(&mut self) -> Result<(), DeliveryError> {
        if !self.engine.is_clock_believed() {
            return Err(DeliveryError::ClockNotBelieved);
        }
        self.remove_all_old().await
    }

    /// Finishes what was begun and never finished.
    pub async fn finish(&mut self) -> Result<(), DeliveryError> {
        let result = self.resume().await.map(drop);
        self.noted(result)
    }

    fn noted<T>(&mut self, result: Result<T, DeliveryError>) -> Result<T, DeliveryError> {
        if result.is_err() {
            self.forget();
        }
        self.status.delivered(result.is_ok(), self.engine.machine_clock().now());
        result
    }

    /// After a failure nothing is known but what the rows say.
    fn forget(&mut self) {
        self.position = None;
        self.places.forget();
    }

    /// How many acknowledged bytes are not delivered. Counts those of one segment only.
    fn waiting_bytes(&self) -> u64 {
        let (from, end) = (self.status.position(), self.engine.journal().end());
        let is_far = from.segment != end.segment;
        if is_far { u64::MAX } else { end.offset.saturating_sub(from.offset) }
    }

    async fn deliver_to(
        &mut self,
        end: JournalPosition,
        pace: Pace,
    ) -> Result<Delivered, DeliveryError> {
        let mut delivered = Delivered::default();
        let mut obstacle = None;
        loop {
            self.step();
            let bytes_max = self.options.file_bytes_max;
            let position = self.resume().await?;
            if position >= end {
                break;
            }
            let (lines, position) = {
                let mut follower = self.engine.journal().follow(position);
                match follower.read(bytes_max) {
                    // Lines are gone: the way round them is found at once.
                    Err(why) if is_loss(&why) && obstacle != Some(position) => {
                        obstacle = Some(position);
                        self.position = None;
                        continue;
                    }
                    read => (read?, follower.position()),
                }
            };
            if lines.is_empty() {
                self.reached(position);
                break;
            }
            let lines = Arc::new(lines);
            let Some(packed) = self.pack(&lines, pace).await else { break };
            delivered.files.extend(self.deliver_packed(&lines, packed, position).await?);
            if *self.stopping.borrow() {
                break;
            }
        }
        Ok(delivered)
    }

    /// What was begun has ended, and something else begins.
    fn step(&self) {
        let now = self.engine.machine_clock().monotonic();
        self.status.pulse.step(self.engine.journal(), Some(now));
    }

    /// There is nothing to do for a while.
    fn rest(&self) {
        self.status.pulse.step(self.engine.journal(), None);
    }

    fn reached(&mut self, position: JournalPosition) {
        self.position = Some(position);
        self.status.reached(position);
    }

    /// Where the rows say that delivery stands, with everything before it finished.
    async fn resume(&mut self) -> Result<JournalPosition, DeliveryError> {
        if let Some(position) = self.position {
            return Ok(position);
        }
        self.places.prepare()?;
        if !mem::replace(&mut self.is_compared, true) {
            self.compare_with_files().await;
        }
        self.finish_staged_files().await?;
        match self.finish_staged_digests().await {
            Ok(()) => self.places.clear_staging()?,
            // No record waits for a digest. It is tried again before the next is made.
            Err(failure) => {
                let error: &dyn Error = &failure;
                error!(error, "digests that were begun are not in their places");
            }
        }
        match self.write_public_keys().await {
            // A row that is not what was written stays so, and no record waits for it.
            Err(DeliveryError::Store(error)) => {
                error!(error = %error, "the public keys of digests were not written");
            }
            done => done?,
        }
        let cursor = self.engine.store().trail().cursor(DELIVERY).await?;
        let journal = self.engine.journal();
        let start = journal.start().map_err(FollowError::from)?;
        let position = cursor.as_ref().map_or(start, cursors::position);
        let followable = self.followable(position).await?;
        self.reached(followable);
        Ok(followable)
    }

    /// Does what needs no disk; `None` if the process stops before it was done.
    async fn pack(&self, lines: &Arc<Lines>, pace: Pace) -> Option<Packed> {
        let (Some(spare_time), Pace::Spare { until }) = (&self.spare_time, pace) else {
            return Some(Packed::of(lines));
        };
        let patience = Patience { stopping: self.stopping.subscribe(), until };
        let work = Arc::clone(lines);
        match spare_time.run(move || Packed::of(&work), patience).await {
            None if !*self.stopping.borrow() => Some(Packed::of(lines)),
            packed => packed,
        }
    }

    async fn deliver_packed(
        &mut self,
        lines: &Lines,
        packed: Packed,
        position: JournalPosition,
    ) -> Result<Vec<TrailFileRecord>, DeliveryError> {
        self.set_aside(lines, &packed.unreadable)?;
        let now = self.engine.machine_clock().now();
        let range = range(lines, position);
        let mut files = Vec::new();
        let mut writes = Vec::new();
        for packed in packed.files {
            let (file, values) = self.stage(packed, (now, range))?;
            writes.push(Write::PutTrailFile(Box::new(file.clone())));
            writes.push(Write::PutTrailValues(Box::new(values)));
            files.push(file);
        }
        self.places.sync_staging()?;
        writes.push(Write::PutTrailCursor(cursors::record(DELIVERY, position)));
        self.commit_batch(writes, (lines, position), packed.unreadable.len()).await?;
        self.reached(position);
        self.finish_files(files).await
    }

    /// A batch's change. That there were lines which are no records is on record.
    async fn commit_batch(
        &self,
        writes: Vec<Write>,
        (lines, to): (&Lines, JournalPosition),
        unreadable: usize,
    ) -> Result<(), CommitError> {
        let start = lines.with_positions().next().map(|(start, _)| start);
        let Some(from) = start.filter(|_| unreadable > 0) else { return self.commit(writes).await };
        let count = u64::try_from(unreadable).unwrap_or(u64::MAX);
        let event = TrailEvent::LinesUnreadable { from, to, count };
        self.engine.record_trail_event(event, writes).await
    }

    /// Keeps lines that are no records; not again what was kept when the same lines were read before
    /// and could not be delivered.
    fn set_aside(&mut self, lines: &Lines, unreadable: &[Vec<u8>]) -> Result<(), DeliveryError> {
        let start = lines.with_positions().next().map(|(start, _)| start);
        let (known, count) = self.set_aside;
        let kept = if known == start { count } else { 0 };
        let fresh = unreadable.get(kept..).unwrap_or_default();
        if fresh.is_empty() {
            return Ok(());
        }
        self.places.set_aside(fresh)?;
        self.set_aside = (start, unreadable.len());
        self.status.set_aside(fresh.len());
        warn!(lines = fresh.len(), "journal lines that are no records were set aside");
        Ok(())
    }

    /// Writes a log file to `staging`, and says what its rows will.
    fn stage(
        &self,
        packed: PackedFile,
        (delivered_at, journal): (Timestamp, Option<JournalRange>),
    ) -> Result<(TrailFileRecord, TrailValues), DeliveryError> {
        let layout = &self.options.layout;
        let PackedFile { scope, values, stored, .. } = packed;
        let name = LogFileName {
            prefix: layout.prefix.clone(),
            account: scope.account,
            region: scope.region.clone(),
            delivered_at,
            tag: FileTag::random(self.engine.rng()),
        };
        let name = TrailObject { scope, object: name.to_string() };
        self.places.stage(&layout.staged(&name.object), &stored)?;
        let file = TrailFileRecord {
            name: name.clone(),
            bucket: layout.bucket.as_str().to_owned(),
            state: TrailState::Staged,
            delivered_at,
            oldest: packed.oldest,
            newest: packed.newest,
            records: packed.records,
            bytes: packed.bytes,
            stored_bytes: length(&stored),
            hash: packed.hash,
            blocks: packed.blocks,
            event_ids: Some(packed.event_ids),
            digest_ended_at: None,
            journal,
        };
        Ok((file, TrailValues { file: name, values }))
    }

    /// Finishes what rows say is on its way.
    async fn finish_staged_files(&mut self) -> Result<(), DeliveryError> {
        loop {
            self.step();
            let files = self.engine.store().trail().staged_files(PAGE).await?;
            if files.is_empty() {
                return Ok(());
            }
            self.finish_files(files).await?;
        }
    }

    /// Renames log files into their places and says so in their rows.
    async fn finish_files(
        &mut self,
        mut files: Vec<TrailFileRecord>,
    ) -> Result<Vec<TrailFileRecord>, DeliveryError> {
        for file in &mut files {
            self.places.put(&file.bucket, &file.name.object)?;
            file.state = TrailState::Delivered;
        }
        self.places.sync()?;
        self.commit(files.iter().cloned().map(Box::new).map(Write::PutTrailFile).collect()).await?;
        for file in &files {
            self.status.delivered_file(file.delivered_at);
            info!(
                account = %file.name.scope.account,
                region = %file.name.scope.region,
                object = file.name.object,
                records = file.records,
                "delivered a log file"
            );
        }
        Ok(files)
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        if writes.is_empty() {
            return Ok(());
        }
        self.engine.store().commit(Change { writes, ..Change::default() }).await.map(drop)
    }
}

/// The lines as rows have them: up to `position`.
fn range(lines: &Lines, position: JournalPosition) -> Option<JournalRange> {
    let (start, _) = lines.with_positions().next()?;
    Some(JournalRange { segment: start.segment, from: start.offset, to: position.offset })
}

/// Whether lines are gone, which trying again does not bring back.
const fn is_loss(why: &FollowError) -> bool {
    !matches!(why, FollowError::Unreadable(_))
}

/// The length as rows have it.
fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
