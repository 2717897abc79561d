use std::fs;

use keyward_audit::{Fragment, add_operator_note};

use super::super::samples::{event_id, record_of};
use super::*;
use crate::format::gzip;

const ACCOUNT: &str = "111122223333";
const OTHER: &str = "444455556666";

/// A trail made by hand.
struct Trail {
    directory: tempfile::TempDir,
    files: u32,
}

/// What was taken, as numbers of events, and what was missed.
#[derive(Default)]
struct Taken {
    numbers: Vec<u64>,
    notes: Vec<Option<String>>,
    missed: usize,
    enough: Option<usize>,
}

impl Taker for Taken {
    fn take(&mut self, found: Found<'_>) -> ControlFlow<()> {
        let id = Event::read(found.record).unwrap().id.to_string();
        self.numbers.push(id[24..].parse().unwrap());
        self.notes.push(found.note.map(|note| String::from_utf8(note.to_vec()).unwrap()));
        if Some(self.numbers.len()) == self.enough {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn miss(&mut self, _file: &Path, _error: &dyn Error) {
        self.missed += 1;
    }
}

impl Trail {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("journal")).unwrap();
        Self { directory, files: 0 }
    }

    fn places(&self) -> Places {
        let path = self.directory.path();
        Places { journal: path.join("journal"), audit: path.join("audit") }
    }

    /// A file of these events, delivered so many minutes after ten.
    fn deliver(&mut self, account: &str, minute: u32, numbers: &[u64]) -> PathBuf {
        self.files += 1;
        let records: Vec<_> = numbers
            .iter()
            .map(|number| String::from_utf8(record_of(account, *number, "")).unwrap())
            .collect();
        let directory = self
            .places()
            .audit
            .join(format!("bucket/AWSLogs/{account}/CloudTrail/us-west-2/2026/03/04"));
        fs::create_dir_all(&directory).unwrap();
        let name = format!(
            "{account}_CloudTrail_us-west-2_20260304T10{minute:02}Z_{:016}.json.gz",
            self.files
        );
        let path = directory.join(name);
        let content = format!(r#"{{"Records":[{}]}}"#, records.join(","));
        fs::write(&path, gzip(content.as_bytes())).unwrap();
        path
    }

    fn journal(&self, segment: u64, events: &[(&str, u64)]) {
        let mut content = Vec::new();
        for (account, number) in events {
            let mut line = record_of(account, *number, "");
            let mut note = Fragment::default();
            note.add().text("reason", &format!("because of {number}"));
            add_operator_note(&mut line, &note);
            content.extend(line);
            content.push(b'\n');
        }
        content.extend(b"{\"half");
        fs::write(self.places().journal.join(format!("{segment:016}.jsonl")), content).unwrap();
    }

    fn search(&self, filter: &Filter, order: Order) -> Taken {
        let mut taken = Taken::default();
        search(&self.places(), filter, (order, false), &mut taken).unwrap();
        taken
    }

    fn numbers(&self, filter: &Filter) -> Vec<u64> {
        let forward = self.search(filter, Order::OldestFirst).numbers;
        let mut backward = self.search(filter, Order::NewestFirst).numbers;
        backward.reverse();
        assert_eq!(forward, backward);
        forward
    }
}

fn mine(numbers: impl IntoIterator<Item = u64>) -> Vec<(&'static str, u64)> {
    numbers.into_iter().map(|number| (ACCOUNT, number)).collect()
}

/// So many seconds after 10:15.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_ms(1_772_619_300_000 + seconds * 1000)
}

#[test]
fn each_event_is_found_once_whether_delivered_or_not() {
    let mut trail = Trail::new();
    assert!(trail.numbers(&Filter::default()).is_empty());
    trail.journal(1, &mine(1..=3));
    assert_eq!(trail.numbers(&Filter::default()), [1, 2, 3]);
    trail.deliver(ACCOUNT, 16, &[2, 1]);
    assert_eq!(trail.numbers(&Filter::default()), [1, 2, 3]);
    trail.deliver(ACCOUNT, 17, &[3, 4]);
    trail.journal(2, &mine(4..=6));
    assert_eq!(trail.numbers(&Filter::default()), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn files_are_read_though_the_journal_has_forgotten_their_lines() {
    let mut trail = Trail::new();
    trail.deliver(ACCOUNT, 16, &[1, 2]);
    trail.deliver(ACCOUNT, 17, &[3, 4]);
    assert_eq!(trail.numbers(&Filter::default()), [1, 2, 3, 4]);
    trail.journal(8, &mine(4..=5));
    assert_eq!(trail.numbers(&Filter::default()), [1, 2, 3, 4, 5]);
    fs::remove_dir_all(trail.places().journal).unwrap();
    assert_eq!(trail.numbers(&Filter::default()), [1, 2, 3, 4]);
}

#[test]
fn files_of_one_batch_are_put_together_by_time() {
    let mut trail = Trail::new();
    trail.journal(1, &[(ACCOUNT, 1), (OTHER, 2), (ACCOUNT, 3), (OTHER, 4), (OTHER, 5)]);
    trail.deliver(OTHER, 16, &[4, 2]);
    trail.deliver(ACCOUNT, 16, &[1, 3]);
    assert_eq!(trail.numbers(&Filter::default()), [1, 2, 3, 4, 5]);
}

#[test]
fn a_batch_of_which_one_file_is_not_in_place_yet_hides_nothing() {
    let mut trail = Trail::new();
    trail.journal(1, &[(ACCOUNT, 1), (OTHER, 2), (ACCOUNT, 3), (OTHER, 4), (OTHER, 5)]);
    trail.deliver(ACCOUNT, 16, &[3]);
    // The file of 1 is in place already, those of the other account are not.
    trail.deliver(ACCOUNT, 15, &[1]);
    assert_eq!(trail.numbers(&Filter::default()), [1, 3, 2, 4, 5]);
}

#[test]
fn a_batch_over_two_minutes_is_found_once() {
    let mut trail = Trail::new();
    trail.journal(1, &[(ACCOUNT, 1), (OTHER, 2), (ACCOUNT, 3), (OTHER, 4), (OTHER, 5)]);
    trail.deliver(ACCOUNT, 16, &[1, 3]);
    trail.deliver(OTHER, 17, &[2, 4]);
    let mut found = trail.numbers(&Filter::default());
    found.sort_unstable();
    assert_eq!(found, [1, 2, 3, 4, 5]);
}

#[test]
fn filters_choose_accounts_and_times() {
    let mut trail = Trail::new();
    trail.journal(1, &[(OTHER, 4), (ACCOUNT, 5), (OTHER, 300), (ACCOUNT, 301)]);
    trail.deliver(ACCOUNT, 16, &[1, 2]);
    trail.deliver(OTHER, 16, &[3]);
    trail.deliver(OTHER, 17, &[4]);
    trail.deliver(ACCOUNT, 17, &[5]);
    let of =
        |account: &str| Filter { accounts: vec![account.parse().unwrap()], ..Filter::default() };
    assert_eq!(trail.numbers(&of(ACCOUNT)), [1, 2, 5, 301]);
    assert_eq!(trail.numbers(&of(OTHER)), [3, 4, 300]);
    let within = |since, until| Filter { since, until, ..Filter::default() };
    assert_eq!(trail.numbers(&within(Some(at(2)), Some(at(4)))), [2, 3, 4]);
    assert_eq!(trail.numbers(&within(Some(at(5)), None)), [5, 300, 301]);
    assert!(trail.numbers(&within(None, Some(at(0)))).is_empty());
}

#[test]
fn events_delivered_days_late_are_found_by_their_time() {
    let mut trail = Trail::new();
    trail.deliver(ACCOUNT, 16, &[1]);
    // What had to wait: delivered in the same minute of another day, beside what was new then.
    let late = trail.deliver(ACCOUNT, 17, &[2]);
    let day =
        trail.places().audit.join("bucket/AWSLogs/111122223333/CloudTrail/us-west-2/2026/03/09");
    fs::create_dir_all(&day).unwrap();
    let name = late.file_name().unwrap().to_str().unwrap().replace("20260304", "20260309");
    fs::rename(&late, day.join(name)).unwrap();
    assert_eq!(trail.numbers(&Filter { until: Some(at(30)), ..Filter::default() }), [1, 2]);
}

#[test]
fn a_file_that_cannot_be_read_is_told_and_the_others_are_read() {
    let mut trail = Trail::new();
    trail.journal(1, &mine(1..=4));
    trail.deliver(ACCOUNT, 16, &[1]);
    let bad = trail.deliver(ACCOUNT, 17, &[2]);
    trail.deliver(ACCOUNT, 18, &[3]);
    fs::write(bad, b"not gzip").unwrap();
    let taken = trail.search(&Filter::default(), Order::OldestFirst);
    assert_eq!((taken.numbers, taken.missed), (vec![1, 3, 4], 1));
}

#[test]
fn nothing_is_read_beyond_what_is_wanted() {
    let mut trail = Trail::new();
    trail.deliver(ACCOUNT, 16, &[1, 2]);
    trail.journal(1, &mine(3..=4));
    for (order, expected) in [(Order::OldestFirst, [1, 2]), (Order::NewestFirst, [4, 3])] {
        let mut taken = Taken { enough: Some(2), ..Taken::default() };
        search(&trail.places(), &Filter::default(), (order, false), &mut taken).unwrap();
        assert_eq!(taken.numbers, expected);
    }
}

#[test]
fn notes_are_found_as_long_as_the_journal_has_them() {
    let mut trail = Trail::new();
    trail.deliver(ACCOUNT, 16, &[1, 2]);
    trail.journal(1, &mine(2..=3));
    let mut taken = Taken::default();
    search(&trail.places(), &Filter::default(), (Order::OldestFirst, true), &mut taken).unwrap();
    assert_eq!(taken.numbers, [1, 2, 3]);
    let note = |number: u64| Some(format!(r#"{{"reason":"because of {number}"}}"#));
    assert_eq!(taken.notes, [None, note(2), note(3)]);
    assert_eq!(trail.search(&Filter::default(), Order::OldestFirst).notes, [None, None, None]);
}

#[test]
fn other_files_in_the_directory_are_none_of_ours() {
    let mut trail = Trail::new();
    let file = trail.deliver(ACCOUNT, 16, &[1]);
    fs::write(file.with_file_name("notes.txt"), "x").unwrap();
    let staging = trail.places().audit.join("staging");
    fs::create_dir_all(&staging).unwrap();
    fs::copy(&file, staging.join(file.file_name().unwrap())).unwrap();
    fs::write(trail.places().audit.join("public-keys.json"), "{}").unwrap();
    assert_eq!(trail.numbers(&Filter::default()), [1]);
    assert_eq!(event_id(1).len(), 36);
}
