//! Appends that meet are written together.
//!
//! Under [`Durability::Written`] the first to come writes, on its own thread and without awaiting
//! anything; who comes meanwhile queues a line and waits. The writer writes all that queued with
//! one call, some rounds long, then passes the lead to one of the waiting, so that no reply is held
//! back to serve others without end. Under [`Durability::Fsync`] the journal's thread leads always.
//!
//! [`Durability::Written`]: super::Durability::Written
//! [`Durability::Fsync`]: super::Durability::Fsync

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::{oneshot, watch};

use super::hold::Holds;
use super::left::LeftSegments;
use super::queue::{Batch, Queue, Turn};
use super::writer::Writer;
use super::{Durability, JournalCounts, JournalError, JournalOptions, JournalPosition};

/// Batches one append writes before it passes the lead.
const ROUNDS_MAX: u32 = 4;

/// A batch that so many inspections in a row find being written has met a disk that does not answer.
const IDLE_INSPECTIONS_MAX: u64 = 2;

/// What appends share. No lock is held across an await, and the queue's never during a write.
pub(super) struct Shared {
    queue: Mutex<Queue>,
    /// Tells the journal's thread that the queue has lines or is closed.
    changed: Condvar,
    writer: Mutex<Writer>,
    /// Held by whoever syncs, so that nobody takes for done what is not.
    syncing: Mutex<()>,
    is_threaded: bool,
    /// Whether the last write worked.
    is_writable: AtomicBool,
    pub(super) holds: Holds,
    /// Where the acknowledged lines end.
    pub(super) end: watch::Sender<JournalPosition>,
    pub(super) left: Arc<LeftSegments>,
    /// Set when an inspection found the writer busy, which then does its part.
    is_inspection_due: AtomicBool,
    /// Batches written, or not; those there were at the last inspection, and how many inspections
    /// have found the same one being written.
    batches: AtomicU64,
    inspected_batches: AtomicU64,
    idle_inspections: AtomicU64,
    appended_records: AtomicU64,
    appended_bytes: AtomicU64,
    refused_records: AtomicU64,
}

/// How an append takes part.
pub(super) enum Entry {
    /// Nobody was writing.
    Leader(Leadership),
    /// Somebody is, and will write this line too.
    Follower(oneshot::Receiver<Turn>),
}

/// The duty to write what waits.
///
/// INVARIANT: while lines wait, exactly one of these exists, or the journal's thread runs. Dropping
/// one does the duty, so a cancelled append cannot strand the lines of others.
pub(super) struct Leadership(Option<Arc<Shared>>);

impl Leadership {
    /// Writes what waits. The holder's own line is in the first batch, whose fate is returned.
    pub(super) fn take_up(mut self) -> Result<(), JournalError> {
        self.0.take().map_or(Err(JournalError::Stopped), |shared| lead(&shared))
    }

    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for Leadership {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            // The outcome was for an append that is gone.
            let _ = lead(&shared);
        }
    }
}

impl Shared {
    pub(super) fn new(writer: Writer, options: JournalOptions) -> Self {
        Self {
            queue: Mutex::new(Queue::new(options)),
            changed: Condvar::new(),
            end: watch::Sender::new(writer.end()),
            left: Arc::clone(writer.left()),
            writer: Mutex::new(writer),
            syncing: Mutex::new(()),
            is_threaded: options.durability == Durability::Fsync,
            is_writable: AtomicBool::new(true),
            holds: Holds::default(),
            is_inspection_due: AtomicBool::new(false),
            batches: AtomicU64::new(0),
            inspected_batches: AtomicU64::new(0),
            idle_inspections: AtomicU64::new(0),
            appended_records: AtomicU64::new(0),
            appended_bytes: AtomicU64::new(0),
            refused_records: AtomicU64::new(0),
        }
    }

    /// Queues a line.
    pub(super) fn enter(self: &Arc<Self>, lines: &[&[u8]]) -> Result<Entry, JournalError> {
        let refused = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        if self.holds.is_any() {
            self.refused_records.fetch_add(refused, Ordering::Relaxed);
            return Err(JournalError::Held);
        }
        let mut queue = self.queue();
        if let Err(refusal) = queue.push(lines) {
            self.refused_records.fetch_add(refused, Ordering::Relaxed);
            return Err(refusal);
        }
        if self.is_threaded {
            let turn = queue.wait();
            self.changed.notify_one();
            Ok(Entry::Follower(turn))
        } else if queue.is_led {
            Ok(Entry::Follower(queue.wait()))
        } else {
            queue.is_led = true;
            Ok(Entry::Leader(Leadership(Some(Arc::clone(self)))))
        }
    }

    pub(super) fn is_writable(&self) -> bool {
        self.is_writable.load(Ordering::Relaxed)
    }

    pub(super) fn check(&self) -> Result<(), JournalError> {
        let is_held = self.holds.is_any();
        let checked = if is_held { Err(JournalError::Held) } else { self.check_disk() };
        if checked.is_err() {
            self.refused_records.fetch_add(1, Ordering::Relaxed);
        }
        checked
    }

    /// Looks after the file that is written to, whether or not anyone asks for a record.
    pub(super) fn inspect(&self) {
        let Ok(mut writer) = self.writer.try_lock() else {
            return self.note_busy();
        };
        self.idle_inspections.store(0, Ordering::Relaxed);
        let outcome = if self.is_writable() { writer.stay_in_place() } else { writer.probe() };
        self.tell_end(&writer);
        let is_sync_due = writer.has_left_unsynced();
        drop(writer);
        if is_sync_due && let Err(error) = self.sync() {
            tracing::error!(%error, "a journal segment that is full cannot be synced");
        }
        // It is noted and logged; nobody waits for it.
        let _ = self.note_health(outcome);
    }

    /// Somebody is writing: always the same batch, if the disk does not answer.
    fn note_busy(&self) {
        self.is_inspection_due.store(true, Ordering::Relaxed);
        let batches = self.batches.load(Ordering::Relaxed);
        if self.inspected_batches.swap(batches, Ordering::Relaxed) != batches {
            self.idle_inspections.store(0, Ordering::Relaxed);
        } else if self.idle_inspections.fetch_add(1, Ordering::Relaxed) >= IDLE_INSPECTIONS_MAX {
            let _ = self.note_health(Err(io::ErrorKind::TimedOut.into()));
        }
    }

    /// Fails when the disk could not take a record now.
    pub(super) fn check_disk(&self) -> Result<(), JournalError> {
        if self.is_writable() {
            return Ok(());
        }
        // Whoever holds the writer is finding out already; one probe at a time is enough.
        let Ok(mut writer) = self.writer.try_lock() else {
            return Err(JournalError::Failed(io::ErrorKind::ResourceBusy));
        };
        let probed = writer.probe();
        drop(writer);
        self.note_health(probed)
    }

    /// Syncs what was written since the last time, without keeping anyone from writing.
    pub(super) fn sync(&self) -> io::Result<()> {
        let _turn = self.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        let writer = || self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut files = writer().take_unsynced()?;
        while let Some(file) = files.last_mut() {
            if let Err(error) = file.sync() {
                writer().put_back_unsynced(files);
                return Err(error);
            }
            files.pop();
        }
        Ok(())
    }

    pub(super) fn counts(&self) -> JournalCounts {
        JournalCounts {
            appended_records: self.appended_records.load(Ordering::Relaxed),
            appended_bytes: self.appended_bytes.load(Ordering::Relaxed),
            refused_records: self.refused_records.load(Ordering::Relaxed),
            altered: self.left.altered(),
            torn_lines: 0,
        }
    }

    /// Lets the journal's thread end once the queue is empty.
    pub(super) fn close(&self) {
        self.queue().is_closed = true;
        self.changed.notify_one();
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What waits; without anything, the lead ends.
    fn take_or_step_down(&self) -> Option<Batch> {
        let mut queue = self.queue();
        let batch = queue.take();
        queue.is_led = batch.is_some();
        batch
    }

    /// Waits for lines; `None` once the queue is closed and empty.
    fn next_batch(&self) -> Option<Batch> {
        let idle = |queue: &mut Queue| !queue.is_closed && !queue.has_lines();
        let mut queue =
            self.changed.wait_while(self.queue(), idle).unwrap_or_else(PoisonError::into_inner);
        queue.take()
    }

    /// Writes a batch and tells those who wait for it.
    fn write(&self, batch: Batch) -> Result<(), JournalError> {
        let Batch { bytes, records, waiters } = batch;
        let written = self.write_bytes(&bytes);
        let result = self.note_health(written);
        if result.is_ok() {
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            self.appended_records.fetch_add(records, Ordering::Relaxed);
            self.appended_bytes.fetch_add(length, Ordering::Relaxed);
        } else {
            self.refused_records.fetch_add(records, Ordering::Relaxed);
        }
        self.queue().give_back(bytes);
        for waiter in waiters {
            // One whose append was dropped hears nothing.
            let _ = waiter.send(Turn::Done(result));
        }
        result
    }

    /// Writes whole lines, and says where the journal ends now.
    fn write_bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let is_inspected = self.is_inspection_due.load(Ordering::Relaxed)
            && self.is_inspection_due.swap(false, Ordering::Relaxed);
        let in_place = if is_inspected { writer.stay_in_place() } else { Ok(()) };
        let written = in_place.and_then(|()| writer.write(bytes));
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.tell_end(&writer);
        written
    }

    /// Says where the journal ends now.
    fn tell_end(&self, writer: &Writer) {
        let now = writer.end();
        self.end.send_if_modified(|end| std::mem::replace(end, now) != now);
    }

    fn note_health(&self, outcome: io::Result<()>) -> Result<(), JournalError> {
        let was_writable = self.is_writable.swap(outcome.is_ok(), Ordering::Relaxed);
        if was_writable != outcome.is_ok() {
            self.holds.changed.notify_one();
        }
        match outcome {
            Ok(()) if was_writable => Ok(()),
            Ok(()) => {
                tracing::info!("the journal can be written again");
                Ok(())
            }
            Err(error) => {
                if was_writable {
                    tracing::error!(%error, "the journal cannot be written");
                }
                Err(JournalError::Failed(error.kind()))
            }
        }
    }

    /// Passes the lead to one who waits. `false` when there is nobody to take it.
    fn hand_over(self: &Arc<Self>) -> bool {
        loop {
            // The lock is released before the lead is sent: dropping the lead would take it.
            let popped = self.queue().pop_waiter();
            let Some(waiter) = popped else { return false };
            match waiter.send(Turn::Lead(Leadership(Some(Arc::clone(self))))) {
                Ok(()) => return true,
                Err(Turn::Lead(refused)) => refused.disarm(),
                Err(Turn::Done(_)) => {}
            }
        }
    }
}

/// Writes what waits until nothing does or another takes over; the first batch's fate is returned.
fn lead(shared: &Arc<Shared>) -> Result<(), JournalError> {
    let mut first = None;
    let mut rounds = 0;
    while let Some(batch) = shared.take_or_step_down() {
        let result = shared.write(batch);
        first.get_or_insert(result);
        rounds += 1;
        if rounds >= ROUNDS_MAX && shared.hand_over() {
            break;
        }
    }
    first.unwrap_or(Err(JournalError::Stopped))
}

/// Starts the thread that writes and syncs, one batch after the other.
pub(super) fn spawn(shared: Arc<Shared>) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("keyward-journal".into()).spawn(move || {
        while let Some(batch) = shared.next_batch() {
            // Those who wait are told; nobody else is interested.
            let _ = shared.write(batch);
        }
    })
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("counts", &self.counts()).finish_non_exhaustive()
    }
}
