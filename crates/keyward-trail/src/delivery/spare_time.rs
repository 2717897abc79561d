//! Work that waits for a processor that nothing else wants.

use std::sync::mpsc;
use std::{io, thread};

use thread_priority::ThreadPriority;
use thread_priority::unix::{
    NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout_at};

type Work = Box<dyn FnOnce() + Send>;

/// A thread that the system runs when no other has something to do (`SCHED_IDLE`).
///
/// What it does shares no lock with those who are not to wait.
pub(super) struct SpareTime {
    work: mpsc::SyncSender<Work>,
}

/// When spare time is over.
pub(super) struct Patience {
    /// Whether the process stops.
    pub(super) stopping: watch::Receiver<bool>,
    /// From then on others are to wait.
    pub(super) until: Instant,
}

impl SpareTime {
    /// Starts the thread. It ends when this is dropped and the work under way is done.
    pub(super) fn start() -> io::Result<Self> {
        let (work, waiting) = mpsc::sync_channel::<Work>(1);
        let serve = move || {
            let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
            // Where the system refuses, the niceness it was started with has to do.
            let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy);
            for work in waiting {
                work();
            }
        };
        thread::Builder::new().name("delivery-idle".to_owned()).spawn(serve)?;
        Ok(Self { work })
    }

    /// What `work` returns; `None` if it was not done by the time that patience ends.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        mut patience: Patience,
    ) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        let work = Box::new(move || {
            // Whoever asked may have lost patience.
            let _ = sender.send(work());
        });
        // Full only while the thread is at something that nobody waits for any more.
        self.work.try_send(work).ok()?;
        tokio::select! {
            done = timeout_at(patience.until, receiver) => done.ok()?.ok(),
            _ = patience.stopping.wait_for(|is_stopping| *is_stopping) => None,
        }
    }
}
