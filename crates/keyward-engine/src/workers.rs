//! Slow computations, off the threads that serve requests: private RSA operations and the making of
//! key pairs take up to a second, and an Encrypt that waits behind one would take as long.
//!
//! Two lanes, each with its own threads and its own bounded queue. Key pairs are made by threads of
//! lower priority, so that they take what time is left.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

/// How many computations of a lane may wait. At half a millisecond each, the last one waits for
/// half a second on one core.
const QUEUE_MAX: usize = 1024;
/// How many key pairs may wait to be made.
const GENERATION_QUEUE_MAX: usize = 64;
/// How long a caller waits for its turn and the computation together. Three RSA-4096 pairs in a row
/// stay below it on a busy core.
const DEADLINE: Duration = Duration::from_secs(20);
/// The niceness of threads that make key pairs.
const GENERATION_NICENESS: i32 = 10;

/// Which threads do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Makes key material.
    Generation,
    /// Uses a private key.
    PrivateKey,
}

/// The queue is full, or its turn did not come in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many slow computations wait")]
pub struct Busy;

type Job = Box<dyn FnOnce() + Send>;

/// The threads that compute.
#[derive(Debug)]
pub struct Workers {
    generation: SyncSender<Job>,
    private_key: SyncSender<Job>,
}

impl Workers {
    /// Starts `threads` threads for each lane. They end when this is dropped.
    pub fn start(threads: usize) -> std::io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            generation: lane("generate", threads, GENERATION_QUEUE_MAX, be_nice)?,
            private_key: lane("private-key", threads, QUEUE_MAX, || {})?,
        }))
    }

    /// Computes off the caller's thread. A caller that goes away before the computation has begun
    /// leaves nothing to do.
    pub async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        compute: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let answered = self.submit(lane, compute)?;
        match timeout(DEADLINE, answered).await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(_)) | Err(_) => Err(Busy),
        }
    }

    fn submit<T: Send + 'static>(
        &self,
        lane: Lane,
        compute: impl FnOnce() -> T + Send + 'static,
    ) -> Result<oneshot::Receiver<T>, Busy> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move || {
            if !answer.is_closed() {
                // Whoever asked may have gone meanwhile.
                drop(answer.send(compute()));
            }
        });
        let queue = match lane {
            Lane::Generation => &self.generation,
            Lane::PrivateKey => &self.private_key,
        };
        match queue.try_send(job) {
            Ok(()) => Ok(answered),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(Busy),
        }
    }
}

fn lane(
    name: &str,
    threads: usize,
    queue_max: usize,
    prepare: fn(),
) -> std::io::Result<SyncSender<Job>> {
    let (sender, receiver) = sync_channel(queue_max);
    let receiver = Arc::new(Mutex::new(receiver));
    for _ in 0..threads.max(1) {
        let receiver = Arc::clone(&receiver);
        let work = move || {
            prepare();
            work(&receiver);
        };
        thread::Builder::new().name(name.to_owned()).spawn(work)?;
    }
    Ok(sender)
}

/// Takes one job after the other until nobody can send any more.
fn work(receiver: &Mutex<Receiver<Job>>) {
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            // A panic costs the one who asked: the sender is dropped. The thread goes on.
            Ok(job) => drop(catch_unwind(AssertUnwindSafe(job))),
            Err(_) => return,
        }
    }
}

/// Of this thread only: that is how Linux understands it. Without it all goes on, less smoothly.
fn be_nice() {
    let _ = rustix::process::nice(GENERATION_NICENESS);
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn a_computation_comes_back_with_its_result() {
        let workers = Workers::start(2).unwrap();
        for lane in [Lane::Generation, Lane::PrivateKey] {
            assert_eq!(workers.run(lane, || 6 * 7).await, Ok(42));
        }
    }

    #[tokio::test]
    async fn one_lane_does_not_wait_for_the_other() {
        let workers = Workers::start(1).unwrap();
        let (release, held) = channel::<()>();
        let slow = workers.run(Lane::Generation, move || held.recv().is_ok());
        let fast = async {
            assert_eq!(workers.run(Lane::PrivateKey, || 1).await, Ok(1));
            release.send(()).unwrap();
        };
        let (slow, ()) = tokio::join!(slow, fast);
        assert_eq!(slow, Ok(true));
    }

    #[tokio::test]
    async fn what_does_not_fit_the_queue_is_refused_at_once() {
        let workers = Workers::start(1).unwrap();
        let (release, held) = channel::<()>();
        let (started, has_started) = channel();
        let first = workers.submit(Lane::Generation, move || {
            started.send(()).unwrap();
            held.recv().is_ok()
        });
        has_started.recv().unwrap();
        let waiting: Vec<_> = (0..GENERATION_QUEUE_MAX)
            .map(|n| workers.submit(Lane::Generation, move || n).unwrap())
            .collect();
        assert_eq!(workers.run(Lane::Generation, || ()).await, Err(Busy));
        release.send(()).unwrap();
        assert_eq!(first.unwrap().await, Ok(true));
        for (n, waited) in waiting.into_iter().enumerate() {
            assert_eq!(waited.await, Ok(n));
        }
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_computed() {
        let workers = Workers::start(1).unwrap();
        let (release, held) = channel::<()>();
        let first = workers.submit(Lane::PrivateKey, move || held.recv().is_ok());
        let (computed, is_computed) = channel();
        drop(workers.submit(Lane::PrivateKey, move || computed.send(())));
        release.send(()).unwrap();
        assert_eq!(first.unwrap().await, Ok(true));
        assert_eq!(workers.run(Lane::PrivateKey, || ()).await, Ok(()));
        assert!(is_computed.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_panic_in_a_computation_is_an_error_and_ends_no_lane() {
        let workers = Workers::start(1).unwrap();
        let result: Result<(), Busy> =
            workers.run(Lane::PrivateKey, || panic!("a test panics")).await;
        assert_eq!(result, Err(Busy));
        assert_eq!(workers.run(Lane::PrivateKey, || 2).await, Ok(2));
    }
}
