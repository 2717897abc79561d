//! A panic in one call ends that call, not the connection or the program.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use tracing::error;

/// From now on every panic of the process is a line in the log that names its place. What it said
/// goes nowhere: it may quote a request. For the program to call once it logs.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        error!(location = panic.location().map(tracing::field::display), "a panic");
    }));
}

/// A call that panicked. Where is for the hook to say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Panicked;

/// Runs a future to its end or its panic.
pub(crate) async fn caught<F: Future>(future: F) -> Result<F::Output, Panicked> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        // What a panicking call leaves behind is shared only through locks, and none of ours is
        // held across a point that can panic half-way through a change.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(_payload) => Poll::Ready(Err(Panicked)),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_and_anything_else_passes() {
        assert_eq!(caught(async { 7 }).await, Ok(7));
        let panics = async {
            tokio::task::yield_now().await;
            panic!("on the second poll");
        };
        assert_eq!(caught(panics).await, Err::<(), _>(Panicked));
    }
}
