//! Delivery on a thread of its own, beside a server.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use keyward_audit::Hold;
use keyward_engine::Engine;
use keyward_model::Timestamp;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tracing::{error, info, warn};

use super::chores::Chores;
use super::spare_time::SpareTime;
use super::{Delivered, Delivery, DeliveryError, DigestEnd, Pace};
use crate::DeliveryStatus;

/// The niceness of the thread: what serves requests goes first.
const NICENESS: i32 = 8;
/// How often it is looked whether something is due, and how soon a failed delivery is repeated.
const ROUND: Duration = Duration::from_secs(1);
/// How many operators may wait.
const COMMANDS_MAX: usize = 16;

/// Delivery beside a server. Dropped, it ends by itself.
pub struct DeliveryTask {
    engine: Arc<Engine>,
    commands: mpsc::Sender<Command>,
    status: Arc<DeliveryStatus>,
    stopping: watch::Sender<bool>,
}

/// What an operator asked for was not done.
#[derive(Debug, thiserror::Error)]
pub enum NotDelivered {
    /// Delivery failed.
    #[error(transparent)]
    Failed(#[from] DeliveryError),
    /// What delivery is at does not end.
    #[error("delivery does not come to an end with what it is at")]
    Stuck,
    /// Delivery has ended.
    #[error(transparent)]
    Stopped(#[from] DeliveryStopped),
}

/// The server is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("delivery has stopped")]
pub struct DeliveryStopped;

enum Command {
    /// An operator wants everything in files now.
    Deliver { wants_digest: bool, answer: oneshot::Sender<Result<Delivered, DeliveryError>> },
    /// The server stops.
    Stop { answer: oneshot::Sender<()> },
}

impl DeliveryTask {
    /// Starts the thread. Nothing in it waits for the threads that serve requests.
    pub fn start(mut delivery: Delivery) -> io::Result<Self> {
        delivery.spare_time = Some(SpareTime::start()?);
        let (commands, received) = mpsc::channel(COMMANDS_MAX);
        let (status, stopping) = (Arc::clone(&delivery.status), delivery.stopping.clone());
        let engine = Arc::clone(&delivery.engine);
        let runtime = Builder::new_current_thread().enable_time().build()?;
        let work = move || {
            // Without it delivery works as well, only less politely.
            let _ = rustix::process::nice(NICENESS);
            let alarm = Alarm(Arc::clone(&delivery.engine));
            runtime.block_on(Rounds::new(delivery).run(received));
            drop(alarm);
        };
        thread::Builder::new().name("delivery".to_owned()).spawn(work)?;
        Ok(Self { engine, commands, status, stopping })
    }

    /// How delivery stands.
    pub const fn status(&self) -> &Arc<DeliveryStatus> {
        &self.status
    }

    /// Delivers everything acknowledged so far, at once, and makes digests of it if asked. Nobody
    /// waits for what does not end.
    pub async fn deliver(&self, wants_digest: bool) -> Result<Delivered, NotDelivered> {
        let mut looks = interval(ROUND);
        let mut asked = pin!(self.ask(wants_digest));
        loop {
            tokio::select! {
                biased;
                delivered = &mut asked => return delivered,
                _ = looks.tick() => {
                    if self.status.is_stuck(self.engine.machine_clock().monotonic()) {
                        return Err(NotDelivered::Stuck);
                    }
                }
            }
        }
    }

    async fn ask(&self, wants_digest: bool) -> Result<Delivered, NotDelivered> {
        let (answer, answered) = oneshot::channel();
        let sent = self.commands.send(Command::Deliver { wants_digest, answer }).await;
        sent.map_err(|_| DeliveryStopped)?;
        Ok(answered.await.map_err(|_| DeliveryStopped)??)
    }

    /// Ends delivery when the batch under way is in its files, and waits for it no longer than
    /// `grace`. What was not begun is left to the next start, and so is what does not end.
    pub async fn stop(&self, grace: Duration) {
        self.stopping.send_replace(true);
        let ended = async {
            let (answer, answered) = oneshot::channel();
            if self.commands.send(Command::Stop { answer }).await.is_ok() {
                // The thread has ended either way.
                let _ = answered.await;
            }
        };
        if timeout(grace, ended).await.is_err() {
            warn!("delivery was not waited for any longer; the next start finishes what it was at");
        }
    }
}

/// Holds the journal if the thread dies: nothing would be delivered any more.
struct Alarm(Arc<Engine>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.journal().hold(Hold::Delivery);
        }
    }
}

/// What is due, round by round.
struct Rounds {
    delivery: Delivery,
    /// Since when lines wait. What an earlier process left is overdue.
    waiting: Option<Instant>,
    is_first: bool,
    is_failing: bool,
    chores: Chores,
}

impl Rounds {
    fn new(delivery: Delivery) -> Self {
        let chores = Chores::default();
        Self { delivery, waiting: None, is_first: true, is_failing: false, chores }
    }

    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut stopped = None;
        let mut rounds = interval(ROUND);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                command = commands.recv() => match command {
                    Some(Command::Deliver { wants_digest, answer }) => {
                        self.delivery.step();
                        let result = self.obey(wants_digest).await;
                        self.delivery.rest();
                        // Whoever asked may have gone.
                        let _ = answer.send(result);
                    }
                    Some(Command::Stop { answer }) => {
                        stopped = Some(answer);
                        break;
                    }
                    None => break,
                },
                _ = rounds.tick() => {
                    self.delivery.step();
                    let result = self.round().await;
                    self.delivery.rest();
                    self.note(result.err().as_ref());
                }
            }
        }
        if self.is_failing {
            info!("journal lines wait for the next start to be delivered");
        }
        // What it holds of the engine goes first.
        drop(self);
        if let Some(stopped) = stopped {
            let _ = stopped.send(());
        }
    }

    async fn round(&mut self) -> Result<(), DeliveryError> {
        self.chores.make_room(&self.delivery, self.is_failing).await;
        if let Some(pace) = self.due() {
            self.deliver(pace).await?;
        }
        self.chores.digest(&mut self.delivery).await;
        Ok(())
    }

    /// When what waits is to be delivered, if it is.
    fn due(&mut self) -> Option<Pace> {
        self.look_for_lines(self.moment());
        let options = &self.delivery.options;
        let bytes_max = u64::try_from(options.file_bytes_max).unwrap_or(u64::MAX);
        let until = self.waiting.map(|since| since + options.file_age);
        match until {
            Some(until) if until > Instant::now() && !self.is_first && !self.is_failing => {
                (self.delivery.waiting_bytes() >= bytes_max).then_some(Pace::Spare { until })
            }
            None if !self.is_first && !self.is_failing => None,
            _ => Some(Pace::AtOnce),
        }
    }

    async fn deliver(&mut self, pace: Pace) -> Result<Delivered, DeliveryError> {
        let start = self.moment();
        let delivered = self.delivery.deliver_at(pace).await?;
        self.is_first = false;
        // What waits now came while the rest was delivered.
        self.waiting = None;
        self.look_for_lines(start);
        Ok(delivered)
    }

    fn moment(&self) -> (Instant, Timestamp) {
        (Instant::now(), self.delivery.engine.machine_clock().now())
    }

    /// Sees whether lines wait; if none did before, those have waited since `start`.
    fn look_for_lines(&mut self, start: (Instant, Timestamp)) {
        let Delivery { status, engine, .. } = &self.delivery;
        if engine.journal().end() <= status.position() {
            self.waiting = None;
            status.waits_since(None);
        } else if self.waiting.is_none() {
            self.waiting = Some(start.0);
            status.waits_since(Some(start.1));
        }
    }

    /// Digests that fail are no reason to take no records: what they are to list is in files.
    async fn obey(&mut self, wants_digest: bool) -> Result<Delivered, DeliveryError> {
        let delivered = self.deliver(Pace::AtOnce).await;
        self.delivery.step();
        self.note(delivered.as_ref().err());
        let mut delivered = delivered?;
        if wants_digest {
            if !self.delivery.engine.is_clock_believed() {
                return Err(DeliveryError::ClockNotBelieved);
            }
            delivered.digests = self.delivery.make_digests(DigestEnd::Now).await?;
        }
        Ok(delivered)
    }

    /// The cause of a failure is logged once, whoever meets it first.
    fn note(&mut self, failure: Option<&DeliveryError>) {
        if let (Some(error), false) = (failure, self.is_failing) {
            let error: &dyn std::error::Error = error;
            error!(error, "records cannot be delivered; it is tried again every second");
        }
        self.hold(failure.is_some());
    }

    /// While records cannot be delivered, none is taken.
    fn hold(&mut self, is_failing: bool) {
        let engine = &self.delivery.engine;
        let journal = engine.journal();
        if is_failing || self.chores.must_hold(engine) {
            journal.hold(Hold::Delivery);
        } else {
            journal.release(&Hold::Delivery);
        }
        self.is_failing = is_failing;
    }
}
