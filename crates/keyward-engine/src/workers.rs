//! Slow computations, off the threads that serve requests: private RSA operations and the making of
//! key pairs take up to a second, and an Encrypt that waits behind one would take as long.
//!
//! Two lanes, each with its own threads and its own bounded queue. Both have a lower priority than
//! the threads that serve requests, so that a thread which wakes for an Encrypt runs at once and not
//! when a computation's time slice of some milliseconds is over. Key pairs take what time is left.

mod batch;

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use batch::{Answer, Batch};

/// How many computations of a lane may wait. At half a millisecond each, the last one waits for
/// half a second on one core.
const QUEUE_MAX: usize = 1024;
/// How many key pairs may wait to be made.
const GENERATION_QUEUE_MAX: usize = 64;
/// How long a caller waits for its turn and the computation together. Three RSA-4096 pairs in a row
/// stay below it on a busy core.
const DEADLINE: Duration = Duration::from_secs(20);
/// The niceness of threads that make key pairs: next to one that serves requests and never sleeps,
/// a tenth of a core.
const GENERATION_NICENESS: i32 = 10;
/// The niceness of threads that use private keys: a seventh of a core at least. From 0 up to here
/// an Encrypt beside them waits ever less for a thread; beyond, nothing more is gained.
const PRIVATE_KEY_NICENESS: i32 = 8;
/// How long a result of a private key may be held back so that others go with it.
const PRIVATE_KEY_HOLD: Duration = Duration::from_micros(500);
/// Results are held back only while at least so many computations wait: otherwise who asked could
/// ask again and keep a thread busy.
const PLENTY: usize = 4;

/// Which threads do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Makes RSA keys, which take long.
    Generation,
    /// Uses private keys, and makes those that are made fast.
    PrivateKey,
}

/// The queue is full, or its turn did not come in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many slow computations wait")]
pub struct Busy;

type Job = Box<dyn FnOnce() -> Option<Answer> + Send>;

/// The threads that compute.
#[derive(Debug)]
pub struct Workers {
    generation: Arc<Queue>,
    private_key: Arc<Queue>,
}

impl Workers {
    /// Starts `threads` threads for each lane. They end when this is dropped.
    pub fn start(threads: usize) -> std::io::Result<Arc<Self>> {
        let workers = Arc::new(Self {
            generation: Queue::new(GENERATION_QUEUE_MAX),
            private_key: Queue::new(QUEUE_MAX),
        });
        for _ in 0..threads.max(1) {
            workers.generation.serve("generate", GENERATION_NICENESS, Duration::ZERO)?;
            workers.private_key.serve("private-key", PRIVATE_KEY_NICENESS, PRIVATE_KEY_HOLD)?;
        }
        Ok(workers)
    }

    /// Computes off the caller's thread. A caller that goes away before the computation has begun
    /// leaves nothing to do.
    pub async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        compute: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        match timeout(DEADLINE, self.submit(lane, compute)?).await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(_)) | Err(_) => Err(Busy),
        }
    }

    /// Leaves a computation that nobody waits for.
    pub(crate) fn leave(
        &self,
        lane: Lane,
        compute: impl FnOnce() + Send + 'static,
    ) -> Result<(), Busy> {
        let job = Box::new(move || {
            compute();
            None
        });
        self.enqueue(lane, job)
    }

    fn submit<T: Send + 'static>(
        &self,
        lane: Lane,
        compute: impl FnOnce() -> T + Send + 'static,
    ) -> Result<oneshot::Receiver<T>, Busy> {
        let (answer, answered) = oneshot::channel();
        let runtime = Handle::current();
        let job = Box::new(move || {
            if answer.is_closed() {
                return None;
            }
            let result = compute();
            // Whoever asked may have gone meanwhile.
            Some(Answer::new(runtime, move || drop(answer.send(result))))
        });
        self.enqueue(lane, job)?;
        Ok(answered)
    }

    fn enqueue(&self, lane: Lane, job: Job) -> Result<(), Busy> {
        let queue = match lane {
            Lane::Generation => &self.generation,
            Lane::PrivateKey => &self.private_key,
        };
        queue.push(job)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.generation.close();
        self.private_key.close();
    }
}

/// What waits for a lane's threads. A thread that finds work takes it without a system call, and
/// none is woken that is not needed.
#[derive(Debug)]
struct Queue {
    max: usize,
    waiting: Mutex<Waiting>,
    wake: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    /// Threads asleep that nobody has woken yet.
    asleep: usize,
    is_closed: bool,
}

impl Queue {
    fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, waiting: Mutex::default(), wake: Condvar::new() })
    }

    /// Adds a thread that takes one job after the other until the queue is closed and empty.
    fn serve(self: &Arc<Self>, name: &str, niceness: i32, hold: Duration) -> std::io::Result<()> {
        let queue = Arc::clone(self);
        let work = move || {
            // Of this thread only: that is how Linux understands it. Without it all goes on, less
            // smoothly.
            let _ = rustix::process::nice(niceness);
            queue.work(&mut Batch::new(hold));
        };
        thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
    }

    fn push(&self, job: Job) -> Result<(), Busy> {
        let mut waiting = self.lock();
        if waiting.jobs.len() >= self.max {
            return Err(Busy);
        }
        waiting.jobs.push_back(job);
        let somebody_sleeps = waiting.asleep > 0;
        // Taken off here and not by who wakes: until that one runs, others may come.
        waiting.asleep = waiting.asleep.saturating_sub(1);
        drop(waiting);
        if somebody_sleeps {
            self.wake.notify_one();
        }
        Ok(())
    }

    fn work(&self, batch: &mut Batch) {
        while let Some((job, plenty)) = self.next(batch) {
            batch.begin();
            // A panic costs the one who asked: the sender is dropped. The thread goes on.
            if let Ok(Some(answer)) = catch_unwind(AssertUnwindSafe(job)) {
                batch.push(answer);
            }
            if !plenty || batch.is_due() {
                batch.deliver();
            }
        }
    }

    /// The next job, and whether plenty of others wait. Holds no result back while it sleeps.
    fn next(&self, batch: &mut Batch) -> Option<(Job, bool)> {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = waiting.jobs.pop_front() {
                return Some((job, waiting.jobs.len() >= PLENTY));
            }
            if !batch.is_empty() {
                drop(waiting);
                batch.deliver();
                waiting = self.lock();
                continue;
            }
            if waiting.is_closed {
                return None;
            }
            waiting.asleep += 1;
            // Waking for no reason leaves the count too high, which costs one call and no job.
            waiting = self.wake.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.wake.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Waiting({} jobs)", self.jobs.len())
    }
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
    async fn results_handed_over_together_all_arrive_in_whatever_order_they_are_waited_for() {
        let workers = Workers::start(1).unwrap();
        let (release, held) = channel::<()>();
        let first = workers.submit(Lane::PrivateKey, move || held.recv().is_ok());
        let waiting: Vec<_> =
            (0..40).map(|n| workers.submit(Lane::PrivateKey, move || n).unwrap()).collect();
        release.send(()).unwrap();
        for (n, waited) in waiting.into_iter().enumerate().rev().filter(|(n, _)| n % 3 > 0) {
            assert_eq!(waited.await, Ok(n));
        }
        assert_eq!(first.unwrap().await, Ok(true));
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
