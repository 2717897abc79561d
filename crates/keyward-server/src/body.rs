//! Request bodies: bounded in length, in time, and all together in memory.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// The longest buffer an announced length is given before so much has come.
const FIRST_BYTES: usize = 4 << 10;

/// Why a body was not read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// The client went away, or its framing is wrong.
    Broken,
    /// The memory for bodies is used up.
    Busy,
    /// It did not arrive in time.
    Late,
    /// It is longer than the operation takes.
    TooLong,
}

/// The memory that the bodies of callers not yet authenticated share.
pub(crate) struct BodyBudget {
    bytes: Semaphore,
    timeout: Duration,
}

/// A body, wiped when it is dropped.
pub(crate) struct HeldBody<'a> {
    bytes: Zeroizing<Vec<u8>>,
    /// Its share of the budget.
    share: SemaphorePermit<'a>,
}

impl BodyBudget {
    pub(crate) fn new(bytes_max: usize, timeout: Duration) -> Self {
        Self { bytes: Semaphore::new(bytes_max.min(Semaphore::MAX_PERMITS)), timeout }
    }

    /// Reads a body of at most `bytes_max`.
    pub(crate) async fn read<B>(&self, body: B, bytes_max: usize) -> Result<HeldBody<'_>, BodyError>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        timeout(self.timeout, self.read_all(body, bytes_max)).await.unwrap_or(Err(BodyError::Late))
    }

    async fn read_all<B>(&self, mut body: B, bytes_max: usize) -> Result<HeldBody<'_>, BodyError>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let announced = body.size_hint().upper().unwrap_or(0);
        let announced = usize::try_from(announced).unwrap_or(usize::MAX);
        let mut held = self.buffer(announced.min(FIRST_BYTES))?;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
            let length = held.bytes.len().saturating_add(data.len());
            if length > bytes_max {
                return Err(BodyError::TooLong);
            }
            if length > held.bytes.capacity() {
                // Not by letting the buffer grow: it would leave a copy behind.
                let mut larger = self.buffer(length.saturating_mul(2).min(bytes_max))?;
                larger.bytes.extend_from_slice(&held.bytes);
                held = larger;
            }
            held.bytes.extend_from_slice(&data);
        }
        Ok(held)
    }

    fn buffer(&self, capacity: usize) -> Result<HeldBody<'_>, BodyError> {
        let permits = u32::try_from(capacity).map_err(|_| BodyError::TooLong)?;
        let share = self.bytes.try_acquire_many(permits).map_err(|_| BodyError::Busy)?;
        Ok(HeldBody { bytes: Zeroizing::new(Vec::with_capacity(capacity)), share })
    }
}

impl HeldBody<'_> {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The caller is known now: the body leaves the budget.
    pub(crate) fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        drop(self.share);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;
    use hyper::body::Frame;

    use super::*;

    fn budget(bytes_max: usize) -> BodyBudget {
        BodyBudget::new(bytes_max, Duration::from_mins(1))
    }

    /// A body of unknown length.
    fn chunked(chunks: &[&'static [u8]]) -> impl Body<Data = Bytes> + Unpin {
        Chunks(chunks.iter().map(|chunk| Bytes::from_static(chunk)).collect())
    }

    struct Chunks(std::collections::VecDeque<Bytes>);

    impl Body for Chunks {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            std::task::Poll::Ready(self.0.pop_front().map(|chunk| Ok(Frame::data(chunk))))
        }
    }

    #[tokio::test]
    async fn a_body_is_its_chunks_in_order() {
        let budget = budget(1 << 20);
        let held = budget.read(chunked(&[b"ab", b"", b"cd"]), 4).await.unwrap();
        assert_eq!(held.bytes(), b"abcd");
        let long: &'static [u8] = vec![7; 100_000].leak();
        let held = budget.read(chunked(&[long, b"x", long]), 1 << 20).await.unwrap();
        assert_eq!(held.bytes(), [long, b"x", long].concat());
    }

    #[tokio::test]
    async fn a_body_over_its_limit_is_refused_on_the_byte() {
        let budget = budget(1 << 20);
        assert!(budget.read(chunked(&[b"abc", b"d"]), 4).await.is_ok());
        let refused = budget.read(chunked(&[b"abc", b"de"]), 4).await.err();
        assert_eq!(refused, Some(BodyError::TooLong));
    }

    #[tokio::test]
    async fn bodies_share_the_budget_until_their_caller_is_known() {
        let budget = budget(10);
        let first = budget.read(Full::from("12345678"), 100).await.unwrap();
        let refused = budget.read(Full::from("abc"), 100).await.err();
        assert_eq!(refused, Some(BodyError::Busy));
        assert_eq!(first.into_bytes().as_slice(), b"12345678");
        assert!(budget.read(Full::from("1234567890"), 100).await.is_ok());
        assert!(budget.read(Full::from("1234567890"), 100).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_is_given_up() {
        let budget = BodyBudget::new(100, Duration::from_secs(30));
        let refused = budget.read(Stalled, 100).await.err();
        assert_eq!(refused, Some(BodyError::Late));
    }

    struct Stalled;

    impl Body for Stalled {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            std::task::Poll::Pending
        }
    }
}
