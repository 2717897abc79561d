//! Whatever the disk does: what is acknowledged is read back once and in order, also by those who
//! follow, and who follows never sees what is cut off again.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use tokio::runtime::Builder;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    /// So many lines at once, each with so much padding.
    Append(usize, usize),
    Fault(Fault),
    /// The disk is well again.
    Heal,
    /// Somebody else appends to the newest segment.
    Foreign(&'static str),
    /// Somebody asks whether records are taken.
    Check,
    /// Somebody looks after the journal.
    Inspect,
    /// The follower reads, about so many bytes at a time, until nothing is left or it fails.
    Read(usize),
    /// Another goes on from where the follower stood.
    Forget,
    /// The process ends, if it was not killed, and another opens the journal.
    Reopen,
}

#[derive(Clone, Debug)]
enum Fault {
    Full(usize),
    Append(u32),
    Sync(u32),
    Truncate(u32),
    Create(u32),
    Directory(u32),
    Read(u32),
    Short(usize),
    Interrupted(u32),
    Killed(usize),
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        (0..80_usize).prop_map(Fault::Full),
        (1..4_u32).prop_map(Fault::Append),
        (1..4_u32).prop_map(Fault::Sync),
        (1..6_u32).prop_map(Fault::Truncate),
        (1..3_u32).prop_map(Fault::Create),
        (1..3_u32).prop_map(Fault::Directory),
        (1..3_u32).prop_map(Fault::Read),
        (1..9_usize).prop_map(Fault::Short),
        (1..4_u32).prop_map(Fault::Interrupted),
        (0..200_usize).prop_map(Fault::Killed),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..5_usize, 0..70_usize).prop_map(|(lines, padding)| Step::Append(lines, padding)),
        4 => fault().prop_map(Step::Fault),
        2 => Just(Step::Heal),
        1 => prop_oneof![Just("~"), Just("~\n"), Just("~~~\n~")].prop_map(Step::Foreign),
        1 => Just(Step::Check),
        1 => Just(Step::Inspect),
        3 => (1..300_usize).prop_map(Step::Read),
        1 => Just(Step::Forget),
        2 => Just(Step::Reopen),
    ]
}

/// A journal on a disk of moods, and what is known of it.
struct World {
    directory: tempfile::TempDir,
    options: JournalOptions,
    disk: Disk,
    /// Absent only while it is opened again.
    journal: Option<Arc<Journal>>,
    appended: usize,
    acknowledged: Vec<String>,
    refused: Vec<String>,
    /// Ends of the journal, and how many lines had been acknowledged by then.
    ends: Vec<(JournalPosition, usize)>,
    follower: JournalFollower,
    seen: Vec<String>,
}

impl World {
    fn new(durability: Durability) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = JournalOptions { durability, segment_bytes_max: 150, ..written() };
        let disk = Disk::default();
        let journal = open_on(&disk, directory.path(), options);
        Self {
            follower: journal.follow(journal.start().unwrap()),
            directory,
            options,
            disk,
            journal: Some(journal),
            appended: 0,
            acknowledged: Vec::new(),
            refused: Vec::new(),
            ends: Vec::new(),
            seen: Vec::new(),
        }
    }

    fn journal(&self) -> &Arc<Journal> {
        self.journal.as_ref().unwrap()
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Append(lines, padding) => self.append(*lines, *padding).await,
            Step::Fault(fault) => self.disk.set(|faults| set(faults, fault)),
            Step::Heal => self.disk.set(disk::Faults::heal),
            Step::Foreign(bytes) => self.append_foreign(bytes),
            Step::Check => drop(self.journal().check()),
            Step::Inspect => self.journal().inspect(),
            Step::Read(bytes_max) => self.read(*bytes_max),
            Step::Forget => self.follower = self.journal().follow(self.follower.position()),
            Step::Reopen => self.reopen(),
        }
    }

    /// Appends lines that meet: the first is polled, and the others while it is written.
    async fn append(&mut self, count: usize, padding: usize) {
        let new = self.appended..self.appended + count;
        self.appended += count;
        let lines: Vec<_> = new.map(|number| format!("{number}{:->padding$}", "")).collect();
        let waiting = Waiting::default();
        if self.options.durability == Durability::Written {
            let (journal, waiting) = (Arc::clone(self.journal()), waiting.clone());
            let others = lines[1..].to_vec();
            self.disk.on_next_append(move || {
                for line in others {
                    waiting.poll_once(append_text(&journal, line));
                }
            });
        }
        let mut first = append_text(self.journal(), lines[0].clone());
        let polled = poll(&mut first);
        let mut others = waiting.take();
        if others.is_empty() {
            self.disk.forget_hooks();
            let others_now =
                lines[1..].iter().map(|line| append_text(self.journal(), line.clone()));
            others = others_now.collect();
        }
        let mut results = vec![match polled {
            Poll::Ready(result) => result,
            Poll::Pending => first.await,
        }];
        for other in others {
            results.push(other.await);
        }
        for (line, result) in lines.into_iter().zip(results) {
            let fate = if result.is_ok() { &mut self.acknowledged } else { &mut self.refused };
            fate.push(line);
        }
        self.ends.push((self.journal().end(), self.acknowledged.len()));
    }

    fn append_foreign(&self, bytes: &str) {
        let (_, path) = journal_segments(self.directory.path()).unwrap().pop().unwrap();
        let file = fs::OpenOptions::new().append(true).open(path).unwrap();
        io::Write::write_all(&mut &file, bytes.as_bytes()).unwrap();
    }

    fn read(&mut self, bytes_max: usize) {
        let end = self.journal().end();
        while let Ok(lines) = self.follower.read(bytes_max) {
            if lines.is_empty() {
                assert!(self.follower.position() >= end, "all that is acknowledged was read");
                break;
            }
            assert!(self.follower.position() <= end);
            self.seen.extend(texts(&lines).filter(|line| is_ours(line)));
        }
    }

    fn reopen(&mut self) {
        self.journal = None;
        self.disk = Disk::default();
        self.journal = Some(open_on(&self.disk, self.directory.path(), self.options));
        self.follower = self.journal().follow(self.follower.position());
    }

    /// The journal as it is in the end, against all that was said of it.
    async fn settle(mut self) -> TestCaseResult {
        self.reopen();
        self.append(1, 0).await;
        self.read(100);
        let all = self.read_from(self.journal().start().unwrap());
        let read: Vec<_> = all.iter().map(|(_, line)| line.clone()).collect();
        let mut found = lines(self.directory.path());
        found.retain(|line| is_ours(line));
        prop_assert_eq!(&found, &read);
        prop_assert_eq!(&self.seen, &read, "who followed all the time has seen just that");
        let (known, others): (Vec<_>, Vec<_>) =
            read.iter().cloned().partition(|line| self.acknowledged.contains(line));
        prop_assert_eq!(&known, &self.acknowledged, "each once, in order");
        // Written whole by a process that could neither acknowledge nor remove it before its end.
        prop_assert!(others.iter().all(|line| self.refused.contains(line)), "{:?}", others);
        for (end, acknowledged) in &self.ends {
            let behind = all.iter().filter(|(at, _)| at >= end).cloned();
            prop_assert_eq!(self.read_from(*end), behind.collect::<Vec<_>>());
            let before = all.iter().filter(|(at, _)| at < end).map(|(_, line)| line);
            let known = before.filter(|line| self.acknowledged.contains(line));
            prop_assert!(known.eq(self.acknowledged.iter().take(*acknowledged)));
        }
        Ok(())
    }

    /// What a follower reads that starts there now.
    fn read_from(&self, start: JournalPosition) -> Vec<(JournalPosition, String)> {
        let mut follower = self.journal().follow(start);
        let mut all = Vec::new();
        loop {
            let lines = follower.read(33).unwrap();
            if lines.is_empty() {
                return all;
            }
            let places = lines.with_positions().map(|(at, _)| at);
            all.extend(places.zip(texts(&lines)).filter(|(_, line)| is_ours(line)));
        }
    }
}

fn texts(lines: &Lines) -> impl Iterator<Item = String> {
    lines.iter().map(|line| String::from_utf8(line.to_vec()).unwrap())
}

/// Whether nobody else has a part in the line.
fn is_ours(line: &str) -> bool {
    !line.contains('~')
}

fn append_text(journal: &Arc<Journal>, line: String) -> Append {
    let journal = Arc::clone(journal);
    Box::pin(async move { journal.append(line.as_bytes()).await })
}

fn set(faults: &mut disk::Faults, fault: &Fault) {
    match *fault {
        Fault::Full(bytes) => faults.bytes_free = Some(bytes),
        Fault::Append(times) => faults.append_errors = times,
        Fault::Sync(times) => faults.sync_errors = times,
        Fault::Truncate(times) => faults.truncate_errors = times,
        Fault::Create(times) => faults.create_errors = times,
        Fault::Directory(times) => faults.directory_errors = times,
        Fault::Read(times) => faults.read_errors = times,
        Fault::Short(bytes) => faults.append_bytes_max = Some(bytes),
        Fault::Interrupted(times) => faults.interrupts = times,
        Fault::Killed(bytes) => faults.bytes_to_live = Some(bytes),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_disk_does_acknowledged_lines_are_there_once_and_in_order(
        is_synced: bool,
        steps in vec(step(), 1..40),
    ) {
        let durability = if is_synced { Durability::Fsync } else { Durability::Written };
        Builder::new_current_thread().build().unwrap().block_on(async {
            let mut world = World::new(durability);
            for step in &steps {
                world.step(step).await;
            }
            world.settle().await
        })?;
    }
}
