//! The search through log files, newest first.

use std::io;
use std::path::Path;
use std::sync::Arc;

use keyward_audit::files::Files;
use keyward_audit::{Event, JournalPosition};
use keyward_crypto::sha256;
use keyward_engine::HistoryError;
use keyward_model::Timestamp;
use keyward_store::{JournalRange, Scope, TrailFilePlace, TrailFileRecord, TrailFilter};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::newest::{InFile, Newest};
use super::place::{Behind, Lines, Standing};
use super::{History, unreadable};
use crate::format::{LOG_FILE_BYTES_MAX, gunzip};
use crate::index::may_hold_event_id;

/// How many rows are read at once.
const ROWS: u32 = 64;

/// A search through the log files of an account and Region.
pub(super) struct Search<'h> {
    history: &'h History,
    scope: Scope,
    rows: usize,
    bytes: u64,
}

/// Why a log file cannot be read.
#[derive(Debug, thiserror::Error)]
enum BadFile {
    #[error("it is not what was delivered")]
    Altered,
    #[error("it cannot be read: {0}")]
    Unreadable(#[source] io::Error),
}

impl<'h> Search<'h> {
    pub(super) const fn new(history: &'h History, scope: Scope) -> Self {
        Self { history, scope, rows: 0, bytes: 0 }
    }

    /// Offers the events of all files that may belong on the page. If there are too many to read,
    /// only what is newer than the second returned is complete.
    pub(super) async fn run(
        mut self,
        mut newest: Newest,
    ) -> Result<(Newest, Option<Timestamp>), HistoryError> {
        let filter = newest.wanted.filter();
        let mut after = None;
        loop {
            let files = self.rows(&filter, after.as_ref()).await?;
            let Some(last) = files.last() else { return Ok((newest, None)) };
            after = Some(last.place());
            for file in files {
                // The newest second of which there may be an event in this file or behind it.
                let second = file.newest.min(newest.wanted.to);
                if newest.is_done_at(second) {
                    return Ok((newest, None));
                }
                // A page must not end within a second: it says from which second on all is known.
                if self.is_over() && second < newest.wanted.to {
                    return Ok((newest, Some(second)));
                }
                self.rows += 1;
                if may_hold(&file, &newest) {
                    self.bytes = self.bytes.saturating_add(file.bytes);
                    newest = self.offer(file, newest).await?;
                }
            }
        }
    }

    const fn is_over(&self) -> bool {
        let limits = &self.history.limits;
        self.rows >= limits.rows_max || self.bytes >= limits.bytes_max
    }

    async fn rows(
        &self,
        filter: &TrailFilter,
        after: Option<&TrailFilePlace>,
    ) -> Result<Vec<TrailFileRecord>, HistoryError> {
        let trail = self.history.engine.store().trail();
        trail.matching_files(&self.scope, filter, after, ROWS).await.map_err(unreadable)
    }

    /// Offers the events of one file. A file that is not what was delivered has none: that one is
    /// gone must not hide all others.
    async fn offer(&self, file: TrailFileRecord, newest: Newest) -> Result<Newest, HistoryError> {
        let name = file.name.clone();
        let (outcome, newest) = self.read(file, newest).await?;
        let Err(reason) = outcome else { return Ok(newest) };
        let trail = self.history.engine.store().trail();
        let row = trail.file(&name).await.map_err(unreadable)?;
        // Without a row it was removed, because of its age, since rows were read.
        if row.is_some() {
            self.history.unreadable.name(&name.object, &reason);
            self.history.delivery.left_out_of_lookup();
        }
        Ok(newest)
    }

    async fn read(
        &self,
        file: TrailFileRecord,
        mut newest: Newest,
    ) -> Result<(Result<(), BadFile>, Newest), HistoryError> {
        let files = Arc::clone(&self.history.files);
        let layout = &self.history.layout;
        let placed = layout.object(&file.bucket, &file.name.object);
        let staged = layout.staged(&file.name.object);
        let read = move || {
            let stored = read_stored(&*files, [&placed, &staged]);
            let stored = stored.map_err(BadFile::Unreadable);
            let outcome = stored.and_then(|stored| offer_all(&file, &stored, &mut newest));
            (outcome, newest)
        };
        spawn_blocking(read).await.map_err(unreadable)
    }
}

/// A file in its place, or on its way there.
fn read_stored(files: &dyn Files, [placed, staged]: [&Path; 2]) -> io::Result<Vec<u8>> {
    let bytes_max = u64::try_from(LOG_FILE_BYTES_MAX).unwrap_or(u64::MAX);
    let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    for path in [placed, staged] {
        match files.read(path, bytes_max) {
            Err(error) if is_missing(&error) => {}
            read => return read,
        }
    }
    // It arrived there in between, or it is gone.
    files.read(placed, bytes_max)
}

/// Whether the file may hold something that was recorded before what earlier pages read, and the id
/// that is asked for.
fn may_hold(file: &TrailFileRecord, newest: &Newest) -> bool {
    if newest.bookmark.standing(lines(file), file.delivered_at) == Standing::Later {
        return false;
    }
    match (&newest.wanted.event_id, &file.event_ids) {
        (Some(id), Some(filter)) => may_hold_event_id(filter, id),
        _ => true,
    }
}

/// The lines of the journal that the file was made of.
fn lines(file: &TrailFileRecord) -> Option<Lines> {
    let JournalRange { segment, from, to } = file.journal?;
    let at = |offset| JournalPosition { segment, offset };
    Some(Lines { from: at(from), to: at(to) })
}

#[derive(Deserialize)]
struct Content<'c> {
    #[serde(rename = "Records", borrow)]
    records: Vec<&'c RawValue>,
}

/// Offers every record of a file, if it is the file that was delivered.
fn offer_all(file: &TrailFileRecord, stored: &[u8], newest: &mut Newest) -> Result<(), BadFile> {
    let content = gunzip(stored, LOG_FILE_BYTES_MAX).map_err(|_| BadFile::Altered)?;
    if sha256(&[&content]) != file.hash {
        return Err(BadFile::Altered);
    }
    let content: Content<'_> = serde_json::from_slice(&content).map_err(|_| BadFile::Altered)?;
    let mut places = Places::of(file, newest);
    for (index, record) in content.records.into_iter().enumerate() {
        let record = record.get().as_bytes();
        let Some(event) = Event::read(record) else { continue };
        let Some(standing) = places.pass(&event) else { return Ok(()) };
        newest.offer_record(&event, InFile { from: places.from, index, standing }, record);
    }
    Ok(())
}

/// How the records of a file stand to where earlier pages ended. Records have the order of their lines:
/// where a page ended among these lines, an id says which come behind.
struct Places {
    from: Option<JournalPosition>,
    /// The first record that was read on an earlier page, if it is here.
    first_read: Option<Uuid>,
    /// How the next record stands to the event that the next page begins behind.
    standing: Standing,
    /// That event, if it is here.
    behind: Option<Uuid>,
}

impl Places {
    fn of(file: &TrailFileRecord, newest: &Newest) -> Self {
        let lines = lines(file);
        let is_cut = newest.bookmark.standing(lines, file.delivered_at) == Standing::Both;
        let first_read = newest.bookmark.first_read.filter(|_| is_cut);
        let standing = newest.wanted.behind.map(|behind| behind.standing_of_file(lines));
        let behind = match (newest.wanted.behind, standing) {
            (Some(Behind::Event { id, line: Some(_), .. }), Some(Standing::Both)) => Some(id),
            _ => None,
        };
        let standing = match standing {
            Some(standing) if behind.is_none() => standing,
            _ => Standing::Earlier,
        };
        Self { from: lines.map(|lines| lines.from), first_read, standing, behind }
    }

    /// How this record stands, the next one; `None` if it and all behind it were read before.
    fn pass(&mut self, event: &Event<'_>) -> Option<Standing> {
        if self.behind == Some(event.id) {
            self.standing = Standing::Later;
        }
        (self.first_read != Some(event.id)).then_some(self.standing)
    }
}
