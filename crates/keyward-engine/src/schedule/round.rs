//! One round of one kind of timed work: what fails is passed over and does not keep the rest.

use std::collections::HashSet;
use std::hash::Hash;

use super::{BATCH, ScheduleError};

/// What a round has met so far.
pub(super) struct Round<T> {
    failed: HashSet<T>,
    done: u32,
    has_moved: bool,
    is_over: bool,
}

impl<T: Eq + Hash> Round<T> {
    pub(super) fn new() -> Self {
        Self { failed: HashSet::new(), done: 0, has_moved: true, is_over: false }
    }

    /// How many to ask for next, so that there is something behind those that failed; `None` when
    /// another look would find nothing new: what is left has just been changed by others, and is
    /// looked at next time.
    pub(super) fn next(&mut self) -> Option<u32> {
        let goes_on = std::mem::take(&mut self.has_moved) && !self.is_over;
        let failed = u32::try_from(self.failed.len()).unwrap_or(u32::MAX);
        goes_on.then(|| BATCH.saturating_add(failed))
    }

    /// Whether this one is still to be tried.
    pub(super) fn is_open(&self, it: &T) -> bool {
        !self.is_over && !self.failed.contains(it)
    }

    /// Notes how a step ended, and returns the error if it failed. Without a journal no step works.
    pub(super) fn note(
        &mut self,
        it: T,
        result: Result<bool, ScheduleError>,
    ) -> Option<ScheduleError> {
        match result {
            Ok(is_done) => {
                self.done += u32::from(is_done);
                self.has_moved |= is_done;
                None
            }
            Err(error) => {
                self.is_over = matches!(error, ScheduleError::Journal(_));
                self.has_moved |= self.failed.insert(it);
                Some(error)
            }
        }
    }

    /// How many steps did something.
    pub(super) const fn done(&self) -> u32 {
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_goes_on_behind_what_failed_and_ends_when_nothing_moves() {
        let mut round = Round::new();
        assert_eq!(round.next(), Some(BATCH));
        assert!(round.note(1, Err(ScheduleError::Rotation)).is_some());
        assert!(round.note(2, Ok(true)).is_none());
        assert_eq!(round.next(), Some(BATCH + 1));
        assert!(!round.is_open(&1));
        assert!(round.is_open(&3));
        round.note(3, Ok(false));
        assert_eq!(round.next(), None);
        assert_eq!(round.done(), 1);
    }

    #[test]
    fn a_round_ends_when_the_journal_takes_no_records() {
        let mut round = Round::new();
        round.next();
        round.note(1, Err(ScheduleError::Journal(keyward_audit::JournalError::Stopped)));
        assert!(!round.is_open(&2));
        assert_eq!(round.next(), None);
    }
}
