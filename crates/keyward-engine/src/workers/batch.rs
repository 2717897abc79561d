//! Results that are handed over together. Handing one over wakes a thread that serves requests,
//! which costs a good part of a short computation; for several it is woken once.

use std::mem;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;

/// How many results are held back.
const ANSWERS_MAX: usize = 4;

/// A result and the way to who asked for it.
pub(super) struct Answer {
    runtime: Handle,
    hand_over: Box<dyn FnOnce() + Send>,
}

impl Answer {
    pub(super) fn new(runtime: Handle, hand_over: impl FnOnce() + Send + 'static) -> Self {
        Self { runtime, hand_over: Box::new(hand_over) }
    }
}

/// Results that travel together. Whoever drops them hands them over, so that none is lost with a
/// runtime that ends or a thread that does.
#[derive(Default)]
struct Answers(Vec<Answer>);

impl Drop for Answers {
    fn drop(&mut self) {
        for answer in self.0.drain(..) {
            (answer.hand_over)();
        }
    }
}

/// What one thread holds back.
pub(super) struct Batch {
    answers: Answers,
    begun: Instant,
    hold: Duration,
}

impl Batch {
    /// Holds results back no longer than `hold` and one computation.
    pub(super) fn new(hold: Duration) -> Self {
        Self { answers: Answers::default(), begun: Instant::now(), hold }
    }

    /// Before a computation.
    pub(super) fn begin(&mut self) {
        if self.is_empty() {
            self.begun = Instant::now();
        }
    }

    pub(super) fn push(&mut self, answer: Answer) {
        self.answers.0.push(answer);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.answers.0.is_empty()
    }

    /// Whether it is full, or has been held back for long enough.
    pub(super) fn is_due(&self) -> bool {
        self.answers.0.len() >= ANSWERS_MAX || self.begun.elapsed() >= self.hold
    }

    /// Hands over what is held. Several go as one task: it wakes one thread of the runtime, and
    /// from there the others who wait are woken without a system call.
    pub(super) fn deliver(&mut self) {
        let answers = mem::take(&mut self.answers);
        if let [first, _, ..] = &*answers.0 {
            let runtime = first.runtime.clone();
            runtime.spawn(async move { drop(answers) });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use tokio::runtime::Builder;

    use super::*;

    /// Results 0, 1, 2 that arrive at the receiver.
    fn three(runtime: &Handle) -> (Receiver<u32>, Batch) {
        let (sender, arrived) = channel();
        let mut batch = Batch::new(Duration::MAX);
        for n in 0..3 {
            let sender = sender.clone();
            batch.push(Answer::new(runtime.clone(), move || sender.send(n).unwrap()));
        }
        (arrived, batch)
    }

    #[test]
    fn several_results_are_one_task_of_the_runtime() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let (arrived, mut batch) = three(runtime.handle());
        batch.deliver();
        assert!(batch.is_empty());
        assert_eq!(arrived.try_iter().count(), 0);
        runtime.block_on(tokio::task::yield_now());
        assert_eq!(arrived.try_iter().collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn results_for_a_runtime_that_has_ended_arrive() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let (arrived, mut batch) = three(runtime.handle());
        drop(runtime);
        batch.deliver();
        assert_eq!(arrived.try_iter().collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn results_held_by_a_thread_that_ends_arrive() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let (arrived, batch) = three(runtime.handle());
        drop(batch);
        assert_eq!(arrived.try_iter().collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn a_batch_is_due_when_it_is_full_or_old() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let (_arrived, mut batch) = three(runtime.handle());
        assert!(!batch.is_due());
        batch.push(Answer::new(runtime.handle().clone(), || ()));
        assert!(batch.is_due());
        assert!(Batch::new(Duration::ZERO).is_due());
    }
}
