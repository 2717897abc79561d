use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body_util::Full;
use hyper::body::{Frame, SizeHint};

use super::*;

const HERE: [u8; 4] = [192, 0, 2, 1];
const ELSEWHERE: [u8; 4] = [192, 0, 2, 2];

fn limits(bytes_max: usize) -> Limits {
    Limits { unauthenticated_body_bytes_max: bytes_max, ..Limits::default() }
}

fn budget(bytes_max: usize) -> BodyBudget {
    BodyBudget::new(&limits(bytes_max))
}

/// A connection from an address.
struct Connection([u8; 4], Semaphore);

impl Connection {
    fn from(address: [u8; 4]) -> Self {
        Self(address, Semaphore::new(8))
    }

    fn origin(&self) -> Origin<'_> {
        Origin { address: self.0.into(), slow_bodies: &self.1 }
    }
}

/// What has come of a body of unknown length, which then ends or stalls.
struct Chunks {
    come: VecDeque<Bytes>,
    stalls: bool,
    announced: Option<u64>,
}

fn chunked(chunks: &[&[u8]]) -> Chunks {
    let come = chunks.iter().map(|chunk| Bytes::copy_from_slice(chunk)).collect();
    Chunks { come, stalls: false, announced: None }
}

fn stalled(bytes: usize) -> Chunks {
    Chunks { stalls: true, ..chunked(&[&vec![7; bytes]]) }
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.come.pop_front() {
            None if self.stalls => Poll::Pending,
            chunk => Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk)))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.announced.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// Polls a read once, which takes it as far as it gets.
macro_rules! begun {
    ($read:expr) => {{
        let mut read = Box::pin($read);
        let polled = std::future::poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx))).await;
        assert!(polled.is_pending(), "{:?}", polled.map(|read| read.err()));
        read
    }};
}

#[tokio::test]
async fn a_body_is_its_chunks_in_order() {
    let (budget, here) = (budget(16 << 20), Connection::from(HERE));
    let held = budget.read(chunked(&[b"ab", b"", b"cd"]), 4, here.origin()).await.unwrap();
    assert_eq!(held.bytes(), b"abcd");
    let long = vec![7; 100_000];
    let chunks = chunked(&[&long, b"x", &long]);
    let held = budget.read(chunks, 1 << 20, here.origin()).await.unwrap();
    assert_eq!(held.bytes(), [long.as_slice(), b"x", &long].concat());
}

#[tokio::test]
async fn a_body_over_its_limit_is_refused_on_the_byte() {
    let (budget, here) = (budget(1 << 20), Connection::from(HERE));
    assert!(budget.read(chunked(&[b"abc", b"d"]), 4, here.origin()).await.is_ok());
    let refused = budget.read(chunked(&[b"abc", b"de"]), 4, here.origin()).await.err();
    assert_eq!(refused, Some(BodyError::TooLong));
}

#[tokio::test]
async fn bodies_share_the_budget_until_their_caller_is_known() {
    let (budget, here) = (budget(40), Connection::from(HERE));
    let first = budget.read(Full::from("12345678"), 100, here.origin()).await.unwrap();
    let refused = budget.read(Full::from("abc"), 100, here.origin()).await.err();
    assert_eq!(refused, Some(BodyError::Busy));
    assert_eq!(first.into_bytes().as_slice(), b"12345678");
    for _ in 0..2 {
        assert!(budget.read(Full::from("1234567890"), 100, here.origin()).await.is_ok());
    }
}

#[tokio::test]
async fn an_announced_length_costs_nothing_until_it_comes() {
    let (budget, here) = (budget(16 << 10), Connection::from(HERE));
    let mut reads = Vec::new();
    for _ in 0..100 {
        let announced = Chunks { announced: Some(4 << 10), ..stalled(1) };
        reads.push(begun!(budget.read(announced, 4 << 10, here.origin())));
    }
    assert!(budget.read(Full::from(vec![7; 2 << 10]), 4 << 10, here.origin()).await.is_ok());
}

#[tokio::test]
async fn large_bodies_leave_room_for_small_ones_and_for_other_addresses() {
    let (budget, here) = (budget(8 << 20), Connection::from(HERE));
    let many: Vec<_> = (0..=255).map(|last| Connection::from([198, 51, 100, last])).collect();
    let mut held = Vec::new();
    let refused = loop {
        let large = budget.read(Full::from(vec![7; 64 << 10]), 64 << 10, here.origin()).await;
        match large {
            Ok(body) => held.push(body),
            Err(refused) => break refused,
        }
    };
    assert_eq!((refused, held.len()), (BodyError::Busy, 12), "an eighth of three quarters");
    let elsewhere = Connection::from(ELSEWHERE);
    let large = budget.read(Full::from(vec![7; 64 << 10]), 64 << 10, elsewhere.origin()).await;
    assert!(large.is_ok());
    for other in &many {
        held.extend(budget.read(Full::from(vec![7; 64 << 10]), 64 << 10, other.origin()).await);
    }
    let large = budget.read(Full::from(vec![7; 64 << 10]), 64 << 10, elsewhere.origin()).await;
    assert_eq!(large.err(), Some(BodyError::Busy), "now all of it is used up");
    assert!(budget.read(Full::from(vec![7; 8 << 10]), 64 << 10, here.origin()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_is_given_up() {
    let (budget, here) = (budget(1 << 20), Connection::from(HERE));
    let started = Instant::now();
    let refused = budget.read(stalled(1), 100, here.origin()).await.err();
    assert_eq!(refused, Some(BodyError::Late));
    assert_eq!(started.elapsed(), Limits::default().body_timeout);
}

#[tokio::test(start_paused = true)]
async fn only_so_many_bodies_of_a_connection_and_of_an_address_may_be_slow() {
    let limits = Limits { slow_bodies_per_address_max: 10, ..limits(1 << 20) };
    let budget = BodyBudget::new(&limits);
    let connections = [HERE, HERE, ELSEWHERE].map(Connection::from);
    let mut slow = Vec::new();
    for connection in &connections {
        for _ in 0..8 {
            slow.push(begun!(budget.read(stalled(1), 100, connection.origin())));
        }
    }
    let started = Instant::now();
    let nine = budget.read(stalled(1), 100, connections[2].origin());
    let (refused, others) = tokio::join!(nine, futures(slow));
    // All are looked at at the same time, in no order that matters.
    let late = others.iter().filter(|refused| **refused == Some(BodyError::Late)).count();
    let all_late = late + usize::from(refused.err() == Some(BodyError::Late));
    assert_eq!(all_late, 10 + 8);
    assert_eq!(started.elapsed(), limits.body_timeout);
}

#[tokio::test(start_paused = true)]
async fn slow_bodies_leave_half_of_the_memory_to_prompt_ones() {
    let budget = budget(8 << 20);
    let connections: Vec<_> =
        (0..=255).map(|last| Connection::from([198, 51, 100, last])).collect();
    let mut slow = Vec::new();
    for connection in connections.iter().take(90) {
        slow.push(begun!(budget.read(stalled(32 << 10), 64 << 10, connection.origin())));
    }
    let slow = futures(slow);
    let prompt = async {
        sleep(Limits::default().body_patience * 2).await;
        let mut prompt = Vec::new();
        for connection in &connections {
            let body = Full::from(vec![7; 64 << 10]);
            prompt.extend(budget.read(body, 64 << 10, connection.origin()).await);
        }
        prompt.len()
    };
    let (slow, prompt) = tokio::join!(slow, prompt);
    let waited_for = slow.iter().filter(|refused| **refused == Some(BodyError::Late)).count();
    assert_eq!((waited_for, prompt), (48, 48), "3 MiB each");
}

/// Why each read failed, once all have ended.
async fn futures<'a, F>(reads: Vec<Pin<Box<F>>>) -> Vec<Option<BodyError>>
where
    F: Future<Output = Result<HeldBody<'a>, BodyError>>,
{
    let mut reads: Vec<_> = reads.into_iter().map(|read| (read, None)).collect();
    std::future::poll_fn(|cx| {
        let mut is_done = true;
        for (read, outcome) in &mut reads {
            if outcome.is_none() {
                match read.as_mut().poll(cx) {
                    Poll::Ready(read) => *outcome = Some(read.err()),
                    Poll::Pending => is_done = false,
                }
            }
        }
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    reads.into_iter().map(|(_, outcome)| outcome.flatten()).collect()
}
