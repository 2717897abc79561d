//! Whoever else writes to the files of the journal, or cuts them: lines that are acknowledged stay
//! whole, and what is gone is said.

use super::*;

fn segment(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:016}.jsonl"))
}

/// What `echo >> FILE` does.
fn append_foreign(path: &Path, bytes: &[u8]) {
    use std::io::Write as _;
    fs::OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

fn cut(path: &Path, length: u64) {
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap();
}

fn place(segment: u64, offset: u64) -> JournalPosition {
    JournalPosition { segment, offset }
}

/// All that a follower has to say, until it has no more or meets an obstacle.
fn read_all(follower: &mut JournalFollower) -> (Vec<String>, Option<FollowError>) {
    let mut all = Vec::new();
    loop {
        match follower.read(100) {
            Ok(lines) if lines.is_empty() => return (all, None),
            Ok(lines) => {
                all.extend(lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()));
            }
            Err(error) => return (all, Some(error)),
        }
    }
}

fn assert_followed(follower: &mut JournalFollower, expected: &[&str]) {
    let (read, error) = read_all(follower);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(read, expected);
}

#[tokio::test]
async fn what_somebody_else_appends_is_left_behind_and_shifts_no_line() {
    for options in [written(), fsync()] {
        for (foreign, read) in [("\n", ""), ("x", "x"), ("not ours\n", "not ours")] {
            let directory = tempfile::tempdir().unwrap();
            let journal = open(directory.path(), options);
            journal.append(b"first").await.unwrap();
            let mut from_start = journal.follow(place(1, 0));
            let mut from_end = journal.follow(journal.end());
            append_foreign(&segment(directory.path(), 1), foreign.as_bytes());
            journal.append(b"second").await.unwrap();
            journal.append(b"third").await.unwrap();
            assert_eq!(journal.end(), place(2, 13));
            assert_eq!(file(directory.path(), "0000000000000002.jsonl"), "second\nthird\n");
            assert_followed(&mut from_start, &["first", read, "second", "third"]);
            assert_followed(&mut from_end, &[read, "second", "third"]);
            let found_bytes = u64::try_from(6 + foreign.len()).ok();
            assert_eq!(journal.counts().altered, 1);
            let at = place(1, 6);
            assert_eq!(journal.take_alterations(), [Alteration { at, found_bytes }]);
            assert_eq!(journal.take_alterations(), []);
            assert!(journal.is_healthy());
        }
    }
}

#[tokio::test]
async fn what_somebody_else_appends_in_the_middle_of_a_write_shifts_no_line() {
    for options in [written(), fsync()] {
        for foreign in ["\n", "half", "a line and\nhalf"] {
            let directory = tempfile::tempdir().unwrap();
            let disk = Disk::default();
            let journal = open_on(&disk, directory.path(), options);
            journal.append(b"first").await.unwrap();
            let mut follower = journal.follow(place(1, 0));
            let path = segment(directory.path(), 1);
            disk.on_next_append(move || append_foreign(&path, foreign.as_bytes()));
            journal.append(b"second").await.unwrap();
            journal.append(b"third").await.unwrap();
            assert_followed(&mut follower, &["first", "second", "third"]);
            assert_eq!(lines(directory.path()), ["first", "second", "third"]);
            assert_eq!(journal.counts().altered, 1);
        }
    }
}

#[tokio::test]
async fn a_segment_cut_in_the_middle_of_a_write_does_not_take_the_line_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let journal = open_on(&disk, directory.path(), written());
    journal.append(b"first").await.unwrap();
    let mut follower = journal.follow(journal.end());
    let path = segment(directory.path(), 1);
    disk.on_next_append(move || cut(&path, 0));
    journal.append(b"second").await.unwrap();
    assert_eq!(lines(directory.path()), ["second"]);
    assert_followed(&mut follower, &["second"]);
}

#[tokio::test]
async fn a_follower_says_where_a_segment_was_cut_and_goes_on_behind_it() {
    // Before a line is appended or an inspection comes, and after.
    for is_noticed in [false, true] {
        for (length, left, at) in [(0, vec![], 0), (6, vec!["first"], 6)] {
            let directory = tempfile::tempdir().unwrap();
            let journal = open(directory.path(), written());
            journal.append(b"first").await.unwrap();
            journal.append(b"second").await.unwrap();
            let mut follower = journal.follow(place(1, 0));
            cut(&segment(directory.path(), 1), length);
            if is_noticed {
                journal.append(b"third").await.unwrap();
            }
            let (read, error) = read_all(&mut follower);
            assert_eq!(read, left);
            assert!(matches!(error, Some(FollowError::Cut(it)) if it == place(1, at)), "{error:?}");
            journal.inspect();
            assert_eq!(journal.end().segment, 2, "nothing more is entrusted to the segment");
            assert_eq!(follower.skip().unwrap(), place(2, 0));
            journal.append(b"last").await.unwrap();
            let expected = if is_noticed { vec!["third", "last"] } else { vec!["last"] };
            assert_followed(&mut follower, &expected);
            let alteration = Alteration { at: place(1, 13), found_bytes: Some(length) };
            assert_eq!(journal.take_alterations(), [alteration]);
        }
    }
}

#[tokio::test]
async fn what_is_left_of_a_line_that_was_cut_is_no_line_of_the_newest_segment() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path(), written());
    journal.append(b"first").await.unwrap();
    let mut follower = journal.follow(place(1, 0));
    cut(&segment(directory.path(), 1), 3);
    assert!(
        matches!(read_all(&mut follower), (read, Some(FollowError::Cut(_))) if read.is_empty())
    );
    journal.append(b"second").await.unwrap();
    let (read, error) = read_all(&mut follower);
    assert_eq!(read, ["fir"]);
    assert!(matches!(error, Some(FollowError::Cut(it)) if it == place(1, 3)));
}

#[tokio::test]
async fn a_follower_that_has_read_all_of_a_segment_does_not_miss_what_is_cut_from_it() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path(), written());
    journal.append(b"first").await.unwrap();
    let mut follower = journal.follow(place(1, 0));
    assert_followed(&mut follower, &["first"]);
    cut(&segment(directory.path(), 1), 0);
    journal.append(b"second").await.unwrap();
    assert_followed(&mut follower, &["second"]);
}

#[tokio::test]
async fn half_a_line_that_could_not_be_removed_goes_with_what_somebody_appended_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let journal = open_on(&disk, directory.path(), written());
    journal.append(b"first").await.unwrap();
    disk.set(|faults| (faults.bytes_free, faults.truncate_errors) = (Some(3), 1));
    journal.append(b"refused").await.unwrap_err();
    append_foreign(&segment(directory.path(), 1), b"and more\n");
    disk.set(|faults| faults.bytes_free = None);
    journal.append(b"next").await.unwrap();
    assert_eq!(lines(directory.path()), ["first", "next"]);
    assert_eq!(journal.counts().altered, 1);
    assert_eq!(journal.end().segment, 2);
}

#[tokio::test]
async fn a_segment_that_was_cut_is_not_filled_up_when_a_failed_write_is_mended() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let journal = open_on(&disk, directory.path(), written());
    journal.append(b"first").await.unwrap();
    disk.set(|faults| (faults.bytes_free, faults.truncate_errors) = (Some(3), 1));
    journal.append(b"refused").await.unwrap_err();
    cut(&segment(directory.path(), 1), 2);
    disk.set(|faults| faults.bytes_free = None);
    journal.append(b"next").await.unwrap();
    assert_eq!(file(directory.path(), "0000000000000001.jsonl"), "fi");
    assert_eq!(file(directory.path(), "0000000000000002.jsonl"), "next\n");
}

#[tokio::test]
async fn an_alteration_is_found_by_an_inspection_as_well() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path(), written());
    journal.append(b"first").await.unwrap();
    let mut follower = journal.follow(place(1, 0));
    append_foreign(&segment(directory.path(), 1), b"x\n");
    journal.inspect();
    assert_eq!((journal.end(), journal.counts().altered), (place(2, 0), 1));
    assert_followed(&mut follower, &["first", "x"]);
    assert_eq!(follower.position(), journal.end());
    journal.inspect();
    assert_eq!((journal.end(), journal.counts().altered), (place(2, 0), 1));
}

#[tokio::test]
async fn of_many_alterations_a_few_are_told_and_all_count() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path(), written());
    for number in 1..=30 {
        journal.append(b"line").await.unwrap();
        append_foreign(&segment(directory.path(), number), b"\n");
    }
    journal.append(b"line").await.unwrap();
    assert_eq!(journal.counts().altered, 30);
    let told = journal.take_alterations();
    assert_eq!((told.len(), told[0].at), (16, place(1, 5)));
    assert_eq!(lines(directory.path()).iter().filter(|line| *line == "line").count(), 31);
}
