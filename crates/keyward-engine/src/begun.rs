//! What was begun is finished, and what panics has ended: either leaves its record.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::runtime::Handle;

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A future that a task of its own finishes when whoever waits for it goes away.
pub(crate) struct Begun<T: Send + 'static>(Option<Boxed<T>>);

impl<T: Send + 'static> Begun<T> {
    pub(crate) fn new(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Some(Box::pin(future)))
    }
}

impl<T: Send + 'static> Future for Begun<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Some(future) = &mut self.0 else { return Poll::Pending };
        let polled = future.as_mut().poll(cx);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Begun<T> {
    fn drop(&mut self) {
        // Without a runtime the program is at its end.
        if let (Some(future), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(future);
        }
    }
}

/// A call that panicked. Where is for the panic hook to say.
#[derive(Debug, PartialEq, Eq)]
pub struct Panicked;

/// Runs a future to its end or its panic.
pub async fn caught<F: Future>(future: F) -> Result<F::Output, Panicked> {
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
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_was_begun_is_finished_though_nobody_waits() {
        let (release, released) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        let mut begun = Begun::new(async {
            released.await.unwrap();
            done.send(7).unwrap();
        });
        assert!(poll_fn(|cx| Poll::Ready(Pin::new(&mut begun).poll(cx).is_pending())).await);
        drop(begun);
        release.send(()).unwrap();
        assert_eq!(is_done.await, Ok(7));
    }

    #[tokio::test]
    async fn what_is_waited_for_needs_no_other_task() {
        assert_eq!(Begun::new(async { 7 }).await, 7);
    }

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
