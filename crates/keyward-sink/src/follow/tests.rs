use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use keyward_audit::{
    Hold, Journal, JournalError, JournalOptions, JournalPosition, JournalReader, iso_date,
};
use keyward_model::{Clock, Rng, Timestamp};
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;
use crate::CursorError;

/// A clock that moves with the tests' paused time.
pub(crate) struct TestClock {
    begun: Option<Instant>,
    /// Whether the wall clock moves too.
    is_moving: bool,
}

impl TestClock {
    pub(crate) fn new() -> Self {
        let begun = tokio::runtime::Handle::try_current().ok().map(|_| Instant::now());
        Self { begun, is_moving: false }
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let begun = Timestamp::from_unix_ms(1_772_622_153_000);
        if self.is_moving { begun.plus(self.monotonic()) } else { begun }
    }

    fn monotonic(&self) -> Duration {
        self.begun.map_or(Duration::ZERO, |start| start.elapsed())
    }
}

/// What the receiver of the test does with what it is given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Receiver {
    Takes,
    /// Takes one record a second.
    TakesSlowly,
    /// Takes the first record it is given, and fails then.
    TakesOne,
    Refuses,
    /// Takes none. The sink needs five seconds to find out, puts three aside, and keeps the rest.
    RefusesForGood,
}

struct TestSink {
    receiver: watch::Receiver<Receiver>,
    taken: mpsc::UnboundedSender<String>,
    put_aside: u32,
}

impl Sink for TestSink {
    async fn send(&mut self, records: &[Record]) -> Sent {
        let receiver = *self.receiver.borrow();
        let count = match receiver {
            Receiver::Takes => records.len(),
            Receiver::TakesOne | Receiver::TakesSlowly => 1,
            Receiver::Refuses | Receiver::RefusesForGood => 0,
        };
        for record in &records[..count] {
            self.taken.send(record.text().to_owned()).unwrap();
        }
        match receiver {
            Receiver::Takes => Sent::all(count),
            Receiver::TakesSlowly => {
                sleep(Duration::from_secs(1)).await;
                Sent::all(count)
            }
            Receiver::RefusesForGood if self.put_aside < 3 => {
                self.put_aside += 1;
                sleep(Duration::from_secs(5)).await;
                Sent { taken: 1, accepted: 0, put_aside: 1, failure: None }
            }
            _ => Sent::until(count, Trouble::Closed),
        }
    }
}

#[derive(Default)]
struct TestCursors {
    position: Mutex<Option<JournalPosition>>,
    is_broken: AtomicBool,
}

#[async_trait]
impl Cursors for TestCursors {
    async fn load(&self, name: &str) -> Result<Option<JournalPosition>, CursorError> {
        assert_eq!(name, "test");
        Ok(*self.position.lock().unwrap())
    }

    async fn store(&self, _: &str, position: JournalPosition) -> Result<(), CursorError> {
        if self.is_broken.load(Ordering::Relaxed) {
            return Err(CursorError("broken".into()));
        }
        *self.position.lock().unwrap() = Some(position);
        Ok(())
    }
}

struct TestRng;

impl Rng for TestRng {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0xff);
    }
}

/// A journal, and a place to follow it from.
struct World {
    directory: TempDir,
    journal: Arc<Journal>,
    cursors: Arc<TestCursors>,
    clock: Arc<TestClock>,
    receiver: watch::Sender<Receiver>,
}

/// A sink at work.
struct Running {
    taken: mpsc::UnboundedReceiver<String>,
    health: mpsc::UnboundedReceiver<Health>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = JournalOptions { segment_bytes_max: 100, ..JournalOptions::default() };
        let (journal, _) = Journal::open(directory.path(), options).unwrap();
        Self {
            directory,
            journal: Arc::new(journal),
            cursors: Arc::default(),
            clock: Arc::new(TestClock { is_moving: true, ..TestClock::new() }),
            receiver: watch::Sender::new(Receiver::Takes),
        }
    }

    async fn append(&self, numbers: std::ops::Range<u32>) {
        for number in numbers {
            self.journal.append(line(number).as_bytes()).await.unwrap();
        }
    }

    /// Appends records of what happened so long ago, and returns their lines.
    async fn append_aged(&self, count: usize, age: Duration) -> Vec<String> {
        let age_ms = i64::try_from(age.as_millis()).unwrap();
        let time = Timestamp::from_unix_ms(self.clock.now().unix_ms() - age_ms);
        let time = iso_date(time);
        let lines = (0..count).map(|id| format!(r#"{{"eventID":"{id}","eventTime":"{time}"}}"#));
        let lines: Vec<_> = lines.collect();
        for line in &lines {
            self.journal.append(line.as_bytes()).await.unwrap();
        }
        lines
    }

    fn start(&self, from: Start, is_required: bool) -> Running {
        let (taken_to, taken) = mpsc::unbounded_channel();
        let (health_to, health) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let receiver = self.receiver.subscribe();
        let sink = TestSink { receiver, taken: taken_to, put_aside: 0 };
        let (stuck_after, behind_max) = (Duration::from_secs(20), Some(Duration::from_secs(30)));
        let terms = Terms { name: "test", from, is_required, stuck_after, behind_max };
        let around = Surroundings {
            journal: Arc::clone(&self.journal),
            cursors: self.cursors.clone(),
            clock: self.clock.clone(),
            rng: Arc::new(TestRng),
            tell: Arc::new(move |_, health| health_to.send(health).unwrap_or_default()),
        };
        let follower = Follower::new(sink, terms, around);
        let task = tokio::spawn(follower.run(async move { drop(stopped.await) }));
        Running { taken, health, stop, task }
    }

    fn kept(&self) -> Option<JournalPosition> {
        *self.cursors.position.lock().unwrap()
    }
}

impl Running {
    async fn expect(&mut self, numbers: std::ops::Range<u32>) {
        for number in numbers {
            assert_eq!(self.taken.recv().await.unwrap(), line(number));
        }
    }

    /// Stops it; nothing was taken that the test did not expect.
    async fn stop(mut self) {
        let _ = self.stop.send(());
        self.task.await.unwrap();
        assert_eq!(self.taken.recv().await, None);
    }
}

fn line(number: u32) -> String {
    format!(r#"{{"eventID":"{number}"}}"#)
}

#[tokio::test(start_paused = true)]
async fn records_come_in_order_over_segments_and_a_stop_forgets_none_and_repeats_none() {
    let world = World::new();
    world.append(0..30).await;
    let mut sink = world.start(Start::Oldest, true);
    sink.expect(0..30).await;
    world.append(30..40).await;
    sink.expect(30..40).await;
    sink.stop().await;
    assert_eq!(world.kept(), Some(world.journal.end()));
    world.append(40..50).await;
    let mut sink = world.start(Start::Oldest, true);
    sink.expect(40..50).await;
    sink.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_sink_begins_with_what_comes_even_if_it_is_killed_before_the_first_record() {
    let world = World::new();
    world.append(0..5).await;
    world.receiver.send_replace(Receiver::Refuses);
    let mut sink = world.start(Start::Now, true);
    while world.kept().is_none() {
        tokio::task::yield_now().await;
    }
    world.append(5..7).await;
    assert_eq!(sink.health.recv().await, Some(Health::Failing));
    sink.task.abort();
    world.receiver.send_replace(Receiver::Takes);
    let mut sink = world.start(Start::Now, true);
    sink.expect(5..7).await;
    sink.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_takes_some_gets_the_rest_and_nothing_twice() {
    let world = World::new();
    world.append(0..7).await;
    world.receiver.send_replace(Receiver::TakesOne);
    let mut sink = world.start(Start::Oldest, true);
    sink.expect(0..4).await;
    world.receiver.send_replace(Receiver::Takes);
    sink.expect(4..7).await;
    assert_eq!(sink.health.recv().await, Some(Health::Failing));
    sink.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_required_sink_that_is_stuck_holds_the_journal_until_it_moves() {
    let world = World::new();
    world.append(0..3).await;
    world.receiver.send_replace(Receiver::Refuses);
    let mut sink = world.start(Start::Oldest, true);
    assert_eq!(sink.health.recv().await, Some(Health::Failing));
    assert!(world.journal.check().is_ok());
    let begun = world.clock.monotonic();
    assert_eq!(sink.health.recv().await, Some(Health::Stuck));
    let waited = world.clock.monotonic().saturating_sub(begun);
    assert_eq!(waited.as_secs(), 20);
    assert_eq!(world.journal.holds(), [Hold::Sink("test".to_owned())]);
    assert_eq!(world.journal.append(b"{}").await, Err(JournalError::Held));
    world.receiver.send_replace(Receiver::Takes);
    sink.expect(0..3).await;
    assert_eq!(sink.health.recv().await, Some(Health::Well));
    assert!(world.journal.holds().is_empty());
    world.append(3..4).await;
    sink.expect(3..4).await;
    // The next trouble has all its time again.
    world.receiver.send_replace(Receiver::Refuses);
    world.append(4..5).await;
    assert_eq!(sink.health.recv().await, Some(Health::Failing));
    assert!(world.journal.check().is_ok());
    sink.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_required_sink_whose_receiver_refuses_all_for_good_holds_the_journal() {
    let world = World::new();
    world.append(0..9).await;
    world.receiver.send_replace(Receiver::RefusesForGood);
    let begun = world.clock.monotonic();
    let mut sink = world.start(Start::Oldest, true);
    assert_eq!(sink.health.recv().await, Some(Health::Failing));
    assert!(world.journal.check().is_ok());
    assert_eq!(sink.health.recv().await, Some(Health::Stuck));
    let waited = world.clock.monotonic().saturating_sub(begun);
    assert_eq!(waited.as_secs(), 20, "what was put aside is not taken");
    assert_eq!(world.journal.append(b"{}").await, Err(JournalError::Held));
    world.receiver.send_replace(Receiver::Takes);
    sink.expect(3..9).await;
    assert_eq!(sink.health.recv().await, Some(Health::Well));
    assert!(world.journal.holds().is_empty());
    sink.stop().await;
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_a_required_sink_that_was_stuck_is_stuck_at_once() {
    let world = World::new();
    *world.cursors.position.lock().unwrap() = Some(world.journal.start().unwrap());
    let lines = world.append_aged(2, Duration::from_secs(20)).await;
    world.receiver.send_replace(Receiver::Refuses);
    let begun = world.clock.monotonic();
    let mut sink = world.start(Start::Now, true);
    assert_eq!(sink.health.recv().await, Some(Health::Stuck));
    assert_eq!(world.clock.monotonic(), begun);
    assert_eq!(world.journal.append(b"{}").await, Err(JournalError::Held));
    world.receiver.send_replace(Receiver::Takes);
    for line in lines {
        assert_eq!(sink.taken.recv().await.unwrap(), line);
    }
    assert_eq!(sink.health.recv().await, Some(Health::Well));
    assert!(world.journal.holds().is_empty());
    sink.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_sink_has_all_its_time_for_records_older_than_itself() {
    let world = World::new();
    world.append_aged(2, Duration::from_hours(240)).await;
    world.receiver.send_replace(Receiver::Refuses);
    let begun = world.clock.monotonic();
    let mut sink = world.start(Start::Oldest, true);
    assert_eq!(sink.health.recv().await, Some(Health::Failing));
    assert_eq!(sink.health.recv().await, Some(Health::Stuck));
    assert_eq!(world.clock.monotonic().saturating_sub(begun).as_secs(), 20);
    sink.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_required_sink_that_moves_but_falls_too_far_behind_holds_the_journal() {
    let world = World::new();
    let lines = world.append_aged(40, Duration::ZERO).await;
    world.receiver.send_replace(Receiver::TakesSlowly);
    let begun = world.clock.monotonic();
    let mut sink = world.start(Start::Oldest, true);
    assert_eq!(sink.health.recv().await, Some(Health::Behind));
    assert_eq!(world.clock.monotonic().saturating_sub(begun).as_secs(), 31);
    assert_eq!(world.journal.append(b"{}").await, Err(JournalError::Held));
    for line in lines {
        assert_eq!(sink.taken.recv().await.unwrap(), line);
    }
    assert_eq!(sink.health.recv().await, Some(Health::Well));
    assert!(world.journal.holds().is_empty());
    sink.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_is_not_required_holds_nothing() {
    let world = World::new();
    world.append(0..1).await;
    world.receiver.send_replace(Receiver::Refuses);
    let mut sink = world.start(Start::Oldest, false);
    assert_eq!(sink.health.recv().await, Some(Health::Failing));
    assert_eq!(sink.health.recv().await, Some(Health::Stuck));
    world.append(1..2).await;
    world.receiver.send_replace(Receiver::Takes);
    sink.expect(0..2).await;
    assert_eq!(sink.health.recv().await, Some(Health::Well));
    sink.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_sink_without_records_is_never_stuck() {
    let world = World::new();
    let mut sink = world.start(Start::Now, true);
    tokio::time::advance(Duration::from_hours(24)).await;
    world.append(0..1).await;
    sink.expect(0..1).await;
    tokio::time::advance(Duration::from_hours(24)).await;
    assert!(sink.health.try_recv().is_err());
    sink.stop().await;
}

#[tokio::test(start_paused = true)]
async fn behind_a_gap_a_sink_goes_on_with_the_oldest_record() {
    let world = World::new();
    world.append(0..30).await;
    let third = world.journal.segments().unwrap()[2].number;
    *world.cursors.position.lock().unwrap() = Some(world.journal.start().unwrap());
    let place = JournalPosition { segment: third, offset: 0 };
    world.journal.remove_before(place).unwrap();
    let first = JournalReader::open(world.directory.path()).unwrap();
    let left: Vec<String> = first.map(|line| String::from_utf8(line.unwrap()).unwrap()).collect();
    let mut sink = world.start(Start::Now, true);
    for line in &left {
        assert_eq!(sink.taken.recv().await.as_ref(), Some(line));
    }
    assert_eq!(left.last(), Some(&line(29)));
    assert!(left.len() < 30);
    sink.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_place_that_the_journal_does_not_have_is_begun_before() {
    let world = World::new();
    world.append(0..3).await;
    let end = world.journal.end();
    for place in [
        JournalPosition { offset: end.offset + 1000, ..end },
        JournalPosition { segment: end.segment + 5, offset: 7 },
    ] {
        *world.cursors.position.lock().unwrap() = Some(place);
        let mut sink = world.start(Start::Now, true);
        sink.expect(0..3).await;
        sink.stop().await;
        assert_eq!(world.kept(), Some(end), "{place}");
    }
}

#[tokio::test(start_paused = true)]
async fn out_of_a_damaged_place_a_sink_goes_forward_and_never_back() {
    let world = World::new();
    world.append(0..9).await;
    let start = world.journal.start().unwrap();
    // In the middle of the second line.
    let place = JournalPosition { offset: start.offset + 20, ..start };
    *world.cursors.position.lock().unwrap() = Some(place);
    let mut sink = world.start(Start::Oldest, true);
    sink.expect(2..9).await;
    sink.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_keeps_no_record_from_its_receiver() {
    let world = World::new();
    world.append(0..2).await;
    *world.cursors.position.lock().unwrap() = Some(world.journal.start().unwrap());
    world.cursors.is_broken.store(true, Ordering::Relaxed);
    let mut sink = world.start(Start::Now, true);
    sink.expect(0..2).await;
    world.append(2..3).await;
    sink.expect(2..3).await;
    world.cursors.is_broken.store(false, Ordering::Relaxed);
    sink.stop().await;
    assert_eq!(world.kept(), Some(world.journal.end()));
}

#[tokio::test(start_paused = true)]
async fn what_stands_behind_a_place_is_counted_over_segments() {
    let world = World::new();
    world.append(0..30).await;
    let segments = world.journal.segments().unwrap();
    let all: u64 = segments.iter().map(|segment| segment.bytes).sum();
    let behind = |place| reader::bytes_behind(&world.journal, place).unwrap();
    let start = world.journal.start().unwrap();
    assert!(segments.len() > 2);
    let is = |found: f64, expected: u64| assert_eq!(format!("{found}"), expected.to_string());
    is(behind(start), all);
    is(behind(JournalPosition { offset: 10, ..start }), all - 10);
    is(behind(world.journal.end()), 0);
}
