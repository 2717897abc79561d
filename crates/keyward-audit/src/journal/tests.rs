mod altered;
mod disk;
mod faults;
mod follow;
mod holds;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::*;
use disk::Disk;

const GOLDEN: &str = include_str!("../../../../vectors/journal/v1.jsonl");

fn written() -> JournalOptions {
    JournalOptions::default()
}

fn fsync() -> JournalOptions {
    JournalOptions { durability: Durability::Fsync, ..written() }
}

fn open(directory: &Path, options: JournalOptions) -> Journal {
    Journal::open(directory, options).unwrap().0
}

fn open_on(disk: &Disk, directory: &Path, options: JournalOptions) -> Arc<Journal> {
    Arc::new(Journal::open_on(Arc::new(disk.clone()), directory, options).unwrap().0)
}

fn lines(directory: &Path) -> Vec<String> {
    let line = |line: io::Result<Vec<u8>>| String::from_utf8(line.unwrap()).unwrap();
    JournalReader::open(directory).unwrap().map(line).collect()
}

fn file(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name)).unwrap()
}

type Append = Pin<Box<dyn Future<Output = Result<(), JournalError>> + Send>>;

/// An append that is polled by hand.
fn append(journal: &Arc<Journal>, line: &'static str) -> Append {
    let journal = Arc::clone(journal);
    Box::pin(async move { journal.append(line.as_bytes()).await })
}

fn poll(append: &mut Append) -> Poll<Result<(), JournalError>> {
    append.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn lines_are_read_back_in_the_order_appended_across_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    for options in [written(), fsync(), written()] {
        let journal = open(directory.path(), options);
        journal.append(b"a").await.unwrap();
        journal.append("é".as_bytes()).await.unwrap();
        let counts = JournalCounts { appended_records: 2, appended_bytes: 5, ..Default::default() };
        assert_eq!(journal.counts(), counts);
        assert!(journal.is_healthy());
        journal.check().unwrap();
    }
    assert_eq!(lines(directory.path()), ["a", "é", "a", "é", "a", "é"]);
}

#[tokio::test]
async fn the_journal_is_for_its_owner_alone() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("data/journal");
    open(&directory, written()).append(b"a").await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(&directory.join("0000000000000001.jsonl")), 0o600);
}

#[tokio::test]
async fn what_is_not_one_line_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path(), written());
    for line in ["", "\n", "a\n", "a\nb"] {
        assert_eq!(journal.append(line.as_bytes()).await, Err(JournalError::NotOneLine));
    }
    assert_eq!(lines(directory.path()), [""; 0]);
}

#[tokio::test]
async fn a_torn_line_is_moved_aside_and_counted() {
    let directory = tempfile::tempdir().unwrap();
    open(directory.path(), written()).append(b"whole").await.unwrap();
    let segment = directory.path().join("0000000000000001.jsonl");
    let long = "x".repeat(200_000);
    let mut expected = vec!["whole"];
    for torn in ["{\"half", long.as_str()] {
        fs::write(&segment, format!("whole\n{torn}")).unwrap();
        let (journal, repair) = Journal::open(directory.path(), written()).unwrap();
        let torn_bytes = torn.len().try_into().unwrap();
        assert_eq!(repair, Repair { torn_lines: 1, torn_bytes });
        assert_eq!(journal.counts().torn_lines, 1);
        journal.append(b"next").await.unwrap();
        expected.push("next");
        assert_eq!(lines(directory.path()), expected);
    }
    assert_eq!(file(directory.path(), "0000000000000001.torn"), format!("{{\"half{long}"));
    assert_eq!(Journal::open(directory.path(), written()).unwrap().1, Repair::default());
}

#[test]
fn every_segment_is_mended_and_one_without_a_line_end_is_emptied() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("0000000000000001.jsonl"), "a\nhalf").unwrap();
    fs::write(directory.path().join("0000000000000002.jsonl"), "b\n").unwrap();
    fs::write(directory.path().join("0000000000000003.jsonl"), "\0\0\0").unwrap();
    let (_, repair) = Journal::open(directory.path(), written()).unwrap();
    assert_eq!(repair, Repair { torn_lines: 2, torn_bytes: 7 });
    assert_eq!(lines(directory.path()), ["a", "b"]);
}

#[tokio::test]
async fn a_full_segment_is_followed_by_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions { segment_bytes_max: 10, ..written() };
    let journal = open(directory.path(), options);
    for line in ["1234", "5678", "9", "longer than a segment", "x"] {
        journal.append(line.as_bytes()).await.unwrap();
    }
    drop(journal);
    // None of these is a segment.
    for name in ["notes.txt", "2.jsonl", "+000000000000009.jsonl", "0000000000000009.torn"] {
        fs::write(directory.path().join(name), "half").unwrap();
    }
    open(directory.path(), options).append(b"y").await.unwrap();
    let segment = |number| file(directory.path(), &format!("000000000000000{number}.jsonl"));
    assert_eq!(segment(1), "1234\n5678\n");
    assert_eq!(segment(2), "9\n");
    assert_eq!(segment(3), "longer than a segment\n");
    // A journal that is opened again begins another.
    assert_eq!((segment(4), segment(5)), ("x\n".to_owned(), "y\n".to_owned()));
    let all = ["1234", "5678", "9", "longer than a segment", "x", "y"];
    assert_eq!(lines(directory.path()), all);
}

async fn append_from_many_tasks(directory: &Path, options: JournalOptions, each: usize) {
    let journal = Arc::new(open(directory, options));
    let tasks: Vec<_> = (0..64)
        .map(|task| {
            let journal = Arc::clone(&journal);
            tokio::spawn(async move {
                for number in 0..each {
                    let padding = "p".repeat(number % 97);
                    let line = format!("{task} {number} {padding} end");
                    journal.append(line.as_bytes()).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut next = [0; 64];
    for line in lines(directory) {
        let parts: Vec<_> = line.split(' ').collect();
        let (task, number): (usize, usize) = (parts[0].parse().unwrap(), parts[1].parse().unwrap());
        assert_eq!(number, next[task], "a task's lines are in its order, each once");
        assert_eq!((parts[2].len(), parts[3], parts.len()), (number % 97, "end", 4));
        next[task] += 1;
    }
    assert_eq!(next, [each; 64]);
    assert_eq!(journal.counts().appended_records, u64::try_from(64 * each).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lines_appended_at_once_are_whole_and_there_once() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions { segment_bytes_max: 300_000, ..written() };
    append_from_many_tasks(directory.path(), options, 1000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn synced_lines_appended_at_once_are_whole_and_there_once() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions { segment_bytes_max: 30_000, ..fsync() };
    append_from_many_tasks(directory.path(), options, 20).await;
}

#[tokio::test]
async fn a_full_disk_refuses_lines_until_there_is_room_again() {
    for options in [written(), fsync()] {
        let directory = tempfile::tempdir().unwrap();
        let disk = Disk::default();
        let journal = open_on(&disk, directory.path(), options);
        disk.set(|faults| faults.bytes_free = Some(25));
        journal.append(b"123456789").await.unwrap();
        journal.append(b"abcdefghi").await.unwrap();
        for _ in 0..3 {
            let full = Err(JournalError::Failed(io::ErrorKind::StorageFull));
            assert_eq!(journal.append(b"not on record").await, full);
            assert!(!journal.is_healthy());
            assert_eq!(journal.check(), full);
            // No part of a refused line stays behind.
            assert_eq!(file(directory.path(), "0000000000000001.jsonl").len(), 20);
        }
        disk.set(|faults| faults.bytes_free = None);
        journal.append(b"next").await.unwrap();
        assert!(journal.is_healthy());
        assert_eq!(lines(directory.path()), ["123456789", "abcdefghi", "next"]);
        let counts = journal.counts();
        // A check that fails stands for a record.
        assert_eq!((counts.appended_records, counts.refused_records), (3, 6));
    }
}

#[tokio::test]
async fn a_check_finds_that_there_is_room_again_and_leaves_no_trace() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let journal = open_on(&disk, directory.path(), written());
    disk.set(|faults| faults.bytes_free = Some(3));
    journal.append(b"123456789").await.unwrap_err();
    journal.check().unwrap_err();
    disk.set(|faults| faults.bytes_free = None);
    fs::write(directory.path().join("probe"), "left by a process that died").unwrap();
    journal.check().unwrap();
    assert!(journal.is_healthy());
    let names = fs::read_dir(directory.path()).unwrap();
    assert_eq!(names.count(), 1);
    assert_eq!(file(directory.path(), "0000000000000001.jsonl"), "");
}

#[tokio::test]
async fn half_a_line_that_could_not_be_removed_at_once_is_removed_before_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let journal = open_on(&disk, directory.path(), written());
    journal.append(b"first").await.unwrap();
    disk.set(|faults| (faults.bytes_free, faults.truncate_errors) = (Some(4), 2));
    journal.append(b"refused").await.unwrap_err();
    assert_eq!(file(directory.path(), "0000000000000001.jsonl"), "first\nrefu");
    disk.set(|faults| faults.bytes_free = None);
    // The truncation fails once more: nothing may be written behind the half line.
    journal.append(b"refused").await.unwrap_err();
    journal.append(b"next").await.unwrap();
    assert_eq!(lines(directory.path()), ["first", "next"]);
}

#[tokio::test]
async fn a_disk_that_takes_a_few_bytes_at_a_time_gets_whole_lines() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let journal = open_on(&disk, directory.path(), written());
    disk.set(|faults| (faults.append_bytes_max, faults.interrupts) = (Some(3), 5));
    journal.append(b"first line").await.unwrap();
    journal.append(b"second line").await.unwrap();
    assert_eq!(lines(directory.path()), ["first line", "second line"]);
}

#[tokio::test]
async fn a_line_whose_sync_failed_is_not_on_record_and_its_segment_is_left() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let journal = open_on(&disk, directory.path(), fsync());
    journal.append(b"first").await.unwrap();
    disk.set(|faults| faults.sync_errors = 1);
    let failed = Err(JournalError::Failed(io::Error::from_raw_os_error(5).kind()));
    assert_eq!(journal.append(b"refused").await, failed);
    journal.append(b"next").await.unwrap();
    assert_eq!(file(directory.path(), "0000000000000001.jsonl"), "first\n");
    assert_eq!(file(directory.path(), "0000000000000002.jsonl"), "next\n");
}

#[tokio::test]
async fn every_batch_is_synced_before_it_is_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let journal = open_on(&disk, directory.path(), fsync());
    for number in 1..=5 {
        journal.append(b"line").await.unwrap();
        disk.set(|faults| assert_eq!((faults.appends, faults.syncs), (number, number)));
    }
}

#[tokio::test]
async fn a_sync_reaches_every_segment_written_to_since_the_last() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let options = JournalOptions { segment_bytes_max: 6, ..written() };
    let journal = open_on(&disk, directory.path(), options);
    let syncs = || disk.set(|faults| faults.syncs);
    for line in [b"first", b"secon", b"third"] {
        journal.append(line).await.unwrap();
    }
    assert_eq!(syncs(), 0);
    journal.sync().await.unwrap();
    assert_eq!(syncs(), 3);
    journal.sync().await.unwrap();
    assert_eq!(syncs(), 3, "nothing was written");
    journal.append(b"fourth").await.unwrap();
    disk.set(|faults| faults.sync_errors = 1);
    journal.sync().await.unwrap_err();
    journal.sync().await.unwrap();
    assert_eq!(syncs(), 4);
    // An inspection syncs what was left, and keeps the newest for later.
    journal.append(b"fifth").await.unwrap();
    journal.inspect();
    assert_eq!(syncs(), 4);
    journal.append(b"sixth").await.unwrap();
    journal.inspect();
    assert!(syncs() > 4);
}

#[tokio::test]
async fn what_a_process_that_was_killed_has_written_is_synced_by_the_next() {
    let directory = tempfile::tempdir().unwrap();
    open(directory.path(), written()).append(b"first").await.unwrap();
    let disk = Disk::default();
    disk.set(|faults| faults.sync_errors = 1);
    Journal::open_on(Arc::new(disk.clone()), directory.path(), written()).unwrap_err();
    open_on(&disk, directory.path(), written());
    assert_eq!(disk.set(|faults| faults.syncs), 1);
}

#[tokio::test]
async fn a_segment_that_cannot_be_started_is_tried_again() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let options = JournalOptions { segment_bytes_max: 6, ..fsync() };
    let journal = open_on(&disk, directory.path(), options);
    journal.append(b"first").await.unwrap();
    // The file is made, but its name cannot be synced; the next has another number.
    disk.set(|faults| faults.directory_errors = 1);
    journal.append(b"refused").await.unwrap_err();
    journal.append(b"next").await.unwrap();
    assert_eq!(lines(directory.path()), ["first", "next"]);
    assert_eq!(file(directory.path(), "0000000000000003.jsonl"), "next\n");
}

#[tokio::test]
async fn more_than_may_wait_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let options = JournalOptions { pending_bytes_max: 10, ..written() };
    let journal = open_on(&disk, directory.path(), options);
    assert_eq!(journal.append(b"1234567890").await, Err(JournalError::Overloaded));
    let mut waiting = Waiting::default();
    // While the first is written, one more fits and the next does not.
    let hooked = (Arc::clone(&journal), waiting.clone());
    disk.on_next_append(move || {
        let (journal, waiting) = hooked;
        waiting.poll_once(append(&journal, "12345678"));
        assert_eq!(poll(&mut append(&journal, "1")), Poll::Ready(Err(JournalError::Overloaded)));
    });
    journal.append(b"123456789").await.unwrap();
    assert_eq!(waiting.finish(), [Poll::Ready(Ok(()))]);
    assert_eq!(lines(directory.path()), ["123456789", "12345678"]);
    assert_eq!(journal.counts().refused_records, 2);
}

/// Appends that were polled once, while another was writing.
#[derive(Clone, Default)]
struct Waiting(Arc<std::sync::Mutex<Vec<Append>>>);

impl Waiting {
    fn poll_once(&self, mut append: Append) {
        assert_eq!(poll(&mut append), Poll::Pending);
        self.0.lock().unwrap().push(append);
    }

    fn finish(&mut self) -> Vec<Poll<Result<(), JournalError>>> {
        self.0.lock().unwrap().iter_mut().map(poll).collect()
    }

    fn take(&self) -> Vec<Append> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn drop_all(&self) {
        self.0.lock().unwrap().clear();
    }
}

/// Appends five lines so that the first writer has written four and the lead is due to pass.
/// `meet_last` is called while the fourth is written.
fn pass_the_lead(
    directory: &Path,
    meet_last: impl FnOnce(&Arc<Journal>, &Waiting) + Send + 'static,
) -> (Arc<Journal>, Waiting) {
    let disk = Disk::default();
    let journal = open_on(&disk, directory, written());
    let waiting = Waiting::default();
    for line in ["2", "3", "4"] {
        let hooked = (Arc::clone(&journal), waiting.clone());
        disk.on_next_append(move || hooked.1.poll_once(append(&hooked.0, line)));
    }
    let hooked = (Arc::clone(&journal), waiting.clone());
    disk.on_next_append(move || meet_last(&hooked.0, &hooked.1));
    assert_eq!(poll(&mut append(&journal, "1")), Poll::Ready(Ok(())));
    (journal, waiting)
}

#[tokio::test]
async fn after_some_rounds_the_lead_passes_to_one_who_waits() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, mut waiting) = pass_the_lead(directory.path(), |journal, waiting| {
        waiting.poll_once(append(journal, "5"));
    });
    assert_eq!(lines(directory.path()), ["1", "2", "3", "4"]);
    assert_eq!(waiting.finish(), [Poll::Ready(Ok(())); 4]);
    journal.append(b"6").await.unwrap();
    assert_eq!(lines(directory.path()), ["1", "2", "3", "4", "5", "6"]);
}

#[tokio::test]
async fn a_lead_passed_to_an_append_that_is_dropped_is_not_lost() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, waiting) = pass_the_lead(directory.path(), |journal, waiting| {
        waiting.poll_once(append(journal, "5"));
    });
    waiting.drop_all();
    assert_eq!(lines(directory.path()), ["1", "2", "3", "4", "5"]);
    journal.append(b"6").await.unwrap();
    assert_eq!(lines(directory.path()), ["1", "2", "3", "4", "5", "6"]);
}

#[tokio::test]
async fn the_lead_passes_over_those_who_are_gone() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, mut waiting) = pass_the_lead(directory.path(), |journal, waiting| {
        waiting.poll_once(append(journal, "5"));
        assert_eq!(poll(&mut append(journal, "6")), Poll::Pending);
    });
    assert_eq!(lines(directory.path()), ["1", "2", "3", "4"]);
    assert_eq!(waiting.finish(), [Poll::Ready(Ok(())); 4]);
    journal.append(b"7").await.unwrap();
    assert_eq!(lines(directory.path()), ["1", "2", "3", "4", "5", "6", "7"]);
}

#[tokio::test]
async fn with_nobody_left_to_lead_the_writer_writes_on() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, _) = pass_the_lead(directory.path(), |journal, _| {
        assert_eq!(poll(&mut append(journal, "5")), Poll::Pending);
    });
    assert_eq!(lines(directory.path()), ["1", "2", "3", "4", "5"]);
    journal.append(b"6").await.unwrap();
    assert_eq!(lines(directory.path()), ["1", "2", "3", "4", "5", "6"]);
}

#[tokio::test]
async fn lines_that_belong_together_are_on_record_all_or_none() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let options = JournalOptions { pending_bytes_max: 10, ..written() };
    let journal = open_on(&disk, directory.path(), options);
    journal.append_together(&[b"own", b"owner"]).await.unwrap();
    assert_eq!(
        journal.append_together(&[b"own", b"owners"]).await.unwrap_err(),
        JournalError::Overloaded
    );
    disk.set(|faults| faults.bytes_free = Some(6));
    let full = JournalError::Failed(io::ErrorKind::StorageFull);
    assert_eq!(journal.append_together(&[b"own", b"else"]).await.unwrap_err(), full);
    assert_eq!(
        journal.append_together(&[b"own", b""]).await.unwrap_err(),
        JournalError::NotOneLine
    );
    assert_eq!(lines(directory.path()), ["own", "owner"]);
    assert_eq!(journal.counts().appended_records, 2);
    assert_eq!(journal.counts().refused_records, 4);
}

#[tokio::test]
async fn all_lines_of_a_failed_batch_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let journal = open_on(&disk, directory.path(), written());
    let mut waiting = Waiting::default();
    let hooked = (disk.clone(), Arc::clone(&journal), waiting.clone());
    disk.on_next_append(move || {
        let (disk, journal, waiting) = hooked;
        waiting.poll_once(append(&journal, "2"));
        waiting.poll_once(append(&journal, "3"));
        // Room for the line under way and one of the two that are written together.
        disk.set(|faults| faults.bytes_free = Some(4));
    });
    journal.append(b"1").await.unwrap();
    let full = Poll::Ready(Err(JournalError::Failed(io::ErrorKind::StorageFull)));
    assert_eq!(waiting.finish(), [full, full]);
    assert_eq!(lines(directory.path()), ["1"]);
}

#[tokio::test]
async fn a_closing_journal_writes_what_still_waits() {
    let directory = tempfile::tempdir().unwrap();
    let journal = Arc::new(open(directory.path(), fsync()));
    let mut appends = ["1", "2", "3"].map(|line| append(&journal, line));
    for append in &mut appends {
        // Ready or not: the thread may be quick.
        let _ = poll(append);
    }
    drop(appends);
    drop(journal);
    assert_eq!(lines(directory.path()), ["1", "2", "3"]);
}

#[test]
fn the_first_form_of_the_journal_is_still_read() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("0000000000000001.jsonl"), GOLDEN).unwrap();
    let read = lines(directory.path());
    assert_eq!(read.len(), 9);
    assert!(read.iter().map(String::as_str).eq(GOLDEN.lines()));
}

#[tokio::test]
async fn event_ids_are_found_in_the_newest_segments_and_nowhere_else_in_a_record() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions { segment_bytes_max: 4096, ..written() };
    let journal = open(directory.path(), options);
    for line in GOLDEN.lines() {
        journal.append(line.as_bytes()).await.unwrap();
    }
    let [encrypt, deletion, forged, absent]: [Uuid; 4] = [
        "c7d2f4b1-6f3e-4b7c-8a55-19e0b3d6c842",
        "52c9e7f1-0b4d-4a86-93e2-d8f1a6b7c035",
        "11111111-2222-4333-8444-555555555555",
        "99999999-2222-4333-8444-555555555555",
    ]
    .map(|id| id.parse().unwrap());
    let line = format!(
        r#"{{"requestParameters":{{"encryptionContext":{{"eventID":"{forged}"}}}},"eventID":"{}"}}"#,
        Uuid::nil()
    );
    journal.append(line.as_bytes()).await.unwrap();
    journal.append(b"no record").await.unwrap();
    let found = journal.contains_event_ids(&[encrypt, deletion, forged, absent]).await.unwrap();
    assert_eq!(found, HashSet::from([encrypt, deletion]));
    assert_eq!(journal.contains_event_ids(&[]).await.unwrap(), HashSet::new());

    // Many segments later they are found all the same; an hour later they are out of reach.
    for _ in 0..8 {
        journal.append("x".repeat(4096).as_bytes()).await.unwrap();
    }
    assert_eq!(journal.contains_event_ids(&[encrypt]).await.unwrap(), HashSet::from([encrypt]));
    age(&directory.path().join("0000000000000001.jsonl"));
    age(&directory.path().join("0000000000000002.jsonl"));
    assert_eq!(journal.contains_event_ids(&[encrypt]).await.unwrap(), HashSet::new());
}

/// Makes a file look as if it had been written an hour before it was.
fn age(path: &Path) {
    let file = fs::File::options().write(true).open(path).unwrap();
    let written = file.metadata().unwrap().modified().unwrap();
    file.set_modified(written - std::time::Duration::from_hours(1)).unwrap();
}

#[test]
fn a_reader_leaves_out_a_line_that_has_no_end_yet_and_stops_at_one_too_long() {
    let directory = tempfile::tempdir().unwrap();
    let segment = directory.path().join("0000000000000001.jsonl");
    fs::write(&segment, "a\nb\nhalf").unwrap();
    assert_eq!(lines(directory.path()), ["a", "b"]);
    let longest = "x".repeat(1024 * 1024 - 1);
    fs::write(&segment, format!("{longest}\nx{longest}\nnot read\n")).unwrap();
    let mut reader = JournalReader::open(directory.path()).unwrap();
    assert_eq!(reader.next().unwrap().unwrap().len(), longest.len());
    assert_eq!(reader.next().unwrap().unwrap_err().kind(), io::ErrorKind::InvalidData);
    assert!(reader.next().is_none());
}

#[test]
fn a_journal_that_cannot_be_opened_says_where() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, "").unwrap();
    let error = Journal::open(&path, written()).unwrap_err();
    assert_eq!(error.path, path);
    JournalReader::open(&directory.path().join("absent")).unwrap_err();
}
