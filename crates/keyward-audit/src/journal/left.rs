//! Segments that nothing more is written to: where their acknowledged lines end, and what somebody
//! else did to them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::JournalPosition;

/// So many alterations are told one by one; more, before they were asked for, only count.
const ALTERATIONS_MAX: usize = 16;

/// That somebody else wrote to the newest segment, cut it or took it away. It was left for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alteration {
    /// Where the acknowledged lines of the segment end, or ended.
    pub at: JournalPosition,
    /// How long the segment was found to be; `None` if it was not in its place any more.
    pub found_bytes: Option<u64>,
}

/// What is known of the segments this process has left.
#[derive(Debug, Default)]
pub(super) struct LeftSegments {
    ends: Mutex<BTreeMap<u64, u64>>,
    alterations: Mutex<Vec<Alteration>>,
    altered: AtomicU64,
}

impl LeftSegments {
    /// Where the acknowledged lines of a segment end, if it was left by this process.
    pub(super) fn end(&self, segment: u64) -> Option<u64> {
        lock(&self.ends).get(&segment).copied()
    }

    /// Nothing more is written to the segment that ends there.
    pub(super) fn close(&self, end: JournalPosition) {
        lock(&self.ends).insert(end.segment, end.offset);
    }

    /// The segments before this one are there no more.
    pub(super) fn forget_before(&self, segment: u64) {
        lock(&self.ends).retain(|number, _| *number >= segment);
    }

    pub(super) fn note(&self, alteration: Alteration) {
        self.altered.fetch_add(1, Ordering::Relaxed);
        self.keep(std::iter::once(alteration));
    }

    /// Keeps alterations until they are asked for.
    pub(super) fn keep(&self, new: impl Iterator<Item = Alteration>) {
        let mut alterations = lock(&self.alterations);
        let room = ALTERATIONS_MAX.saturating_sub(alterations.len());
        alterations.extend(new.take(room));
    }

    /// How many alterations were noted.
    pub(super) fn altered(&self) -> u64 {
        self.altered.load(Ordering::Relaxed)
    }

    pub(super) fn take_alterations(&self) -> Vec<Alteration> {
        std::mem::take(&mut *lock(&self.alterations))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
