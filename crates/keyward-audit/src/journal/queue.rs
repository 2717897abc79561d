//! Lines that wait to be written, and those who wait for them.

use tokio::sync::oneshot;

use super::combine::Leadership;
use super::{JournalError, JournalOptions};

/// A buffer that grew beyond this in a rush is given back afterwards.
const SPARE_BYTES_MAX: usize = 1024 * 1024;

/// What a waiting append hears.
pub(super) enum Turn {
    /// Its line was written, or not.
    Done(Result<(), JournalError>),
    /// Its line is still waiting, and writing falls to it.
    Lead(Leadership),
}

/// Lines that wait to be written.
pub(super) struct Queue {
    lines: Batch,
    /// An empty buffer for the next batch.
    spare: Vec<u8>,
    bytes_max: usize,
    /// Whether someone is writing and will look here again.
    pub(super) is_led: bool,
    pub(super) is_closed: bool,
}

/// Lines that are written together.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) records: u64,
    pub(super) waiters: Vec<oneshot::Sender<Turn>>,
}

impl Queue {
    pub(super) fn new(options: JournalOptions) -> Self {
        Self {
            lines: Batch::default(),
            spare: Vec::new(),
            bytes_max: options.pending_bytes_max,
            is_led: false,
            is_closed: false,
        }
    }

    /// Adds lines and their ends to what is written together: all or none.
    pub(super) fn push(&mut self, lines: &[&[u8]]) -> Result<(), JournalError> {
        let bytes = &mut self.lines.bytes;
        let added = lines.iter().map(|line| line.len().saturating_add(1)).sum::<usize>();
        if bytes.len().saturating_add(added) > self.bytes_max {
            return Err(JournalError::Overloaded);
        }
        for line in lines {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
            self.lines.records += 1;
        }
        Ok(())
    }

    /// Lets the one whose line was pushed last wait for it.
    pub(super) fn wait(&mut self) -> oneshot::Receiver<Turn> {
        let (sender, receiver) = oneshot::channel();
        self.lines.waiters.push(sender);
        receiver
    }

    /// Someone who waits for a line, no longer counted among the waiters.
    pub(super) fn pop_waiter(&mut self) -> Option<oneshot::Sender<Turn>> {
        self.lines.waiters.pop()
    }

    pub(super) fn has_lines(&self) -> bool {
        !self.lines.bytes.is_empty()
    }

    /// Everything that waits, if anything does.
    pub(super) fn take(&mut self) -> Option<Batch> {
        if !self.has_lines() {
            return None;
        }
        let next = Batch { bytes: std::mem::take(&mut self.spare), ..Batch::default() };
        Some(std::mem::replace(&mut self.lines, next))
    }

    /// Keeps a written batch's buffer for the next one.
    pub(super) fn give_back(&mut self, mut bytes: Vec<u8>) {
        if bytes.capacity() <= SPARE_BYTES_MAX {
            bytes.clear();
            self.spare = bytes;
        }
    }
}
