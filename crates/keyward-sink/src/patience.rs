//! When a record that its receiver refuses is given up.
//!
//! A receiver that refuses one record and takes others cannot take that one. A receiver that refuses
//! one after the other is itself what is wrong, whatever its answers say: a proxy that wants another
//! certificate, or a filter before it, answers 400 to everything. Such answers do not cost records.

/// How many records are put aside without one being accepted, and how many before the first is. One
/// refused for good after that is sent again. Few at first: a restart makes no receiver better.
pub(crate) const PUT_ASIDE_MAX: u32 = 16;
const PUT_ASIDE_FIRST_MAX: u32 = 1;

/// How much a sink bears before it passes over a record.
#[derive(Debug)]
pub(crate) struct Patience {
    /// How often a record is sent before it is passed over whatever the answer; absent for as long
    /// as it takes.
    attempts_max: Option<u32>,
    /// How often the record at hand was sent in vain.
    attempts: u32,
    /// How many may be put aside before one is accepted.
    left: u32,
}

impl Patience {
    pub(crate) const fn new(attempts_max: Option<u32>) -> Self {
        Self { attempts_max, attempts: 0, left: PUT_ASIDE_FIRST_MAX }
    }

    /// How often the record at hand was sent in vain.
    pub(crate) const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The receiver took a record.
    pub(crate) const fn note_accepted(&mut self) {
        self.attempts = 0;
        self.left = PUT_ASIDE_MAX;
    }

    /// The receiver refused the record at hand, or did not answer. Returns whether to pass over it.
    /// `is_about_record`: because of the record, as the answer says.
    pub(crate) fn ends_with(&mut self, is_about_record: bool) -> bool {
        self.attempts = self.attempts.saturating_add(1);
        let is_believed = is_about_record && self.left > 0;
        is_believed || self.attempts_max.is_some_and(|max| self.attempts >= max)
    }

    /// The record at hand was put aside.
    pub(crate) const fn note_put_aside(&mut self) {
        self.attempts = 0;
        self.left = self.left.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_some_records_in_a_row_are_put_aside_because_of_what_an_answer_says() {
        let mut patience = Patience::new(None);
        for max in [PUT_ASIDE_FIRST_MAX, PUT_ASIDE_MAX, PUT_ASIDE_MAX] {
            for _ in 0..max {
                assert!(patience.ends_with(true));
                patience.note_put_aside();
            }
            for _ in 0..1000 {
                assert!(!patience.ends_with(true));
            }
            patience.note_accepted();
        }
    }

    #[test]
    fn a_record_that_may_be_left_behind_is_passed_over_after_some_attempts() {
        let mut patience = Patience::new(Some(3));
        for _ in 0..2 * PUT_ASIDE_MAX {
            assert_eq!([false; 3].map(|answer| patience.ends_with(answer)), [false, false, true]);
            assert_eq!(patience.attempts(), 3);
            patience.note_put_aside();
        }
        assert_eq!([true; 3].map(|answer| patience.ends_with(answer)), [false, false, true]);
    }
}
