//! What a follower sees, and what it must not.

use super::*;

fn small(durability: Durability) -> JournalOptions {
    JournalOptions { durability, segment_bytes_max: 12, ..written() }
}

fn position(segment: u64, offset: u64) -> JournalPosition {
    JournalPosition { segment, offset }
}

/// All that a follower has to say now.
fn read_all(follower: &mut JournalFollower, bytes_max: usize) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let lines = follower.read(bytes_max).unwrap();
        if lines.is_empty() {
            return all;
        }
        all.extend(lines.iter().map(|line| String::from_utf8(line.to_vec()).unwrap()));
    }
}

#[tokio::test]
async fn a_follower_reads_every_line_once_over_all_segments_and_a_restart() {
    for durability in [Durability::Written, Durability::Fsync] {
        let directory = tempfile::tempdir().unwrap();
        let first = open(directory.path(), small(durability));
        let start = first.start().unwrap();
        assert_eq!((start, first.end()), (position(1, 0), position(1, 0)));
        let mut follower = first.follow(start);
        assert!(follower.read(100).unwrap().is_empty());
        for line in ["12345", "6789a", "bcdef", "longer than a segment"] {
            first.append(line.as_bytes()).await.unwrap();
        }
        assert_eq!(first.end(), position(3, 22));
        let expected = ["12345", "6789a", "bcdef", "longer than a segment"];
        assert_eq!(read_all(&mut follower, 7), expected);
        assert_eq!(follower.position(), first.end());
        let mut kept = first.follow(position(1, 6));
        drop(first);

        let second = open(directory.path(), small(durability));
        assert_eq!(second.end(), position(3, 22));
        second.append(b"x").await.unwrap();
        assert_eq!(second.end(), position(4, 2), "another segment");
        assert_eq!(read_all(&mut second.follow(follower.position()), 100), ["x"]);
        assert_eq!(read_all(&mut kept, 100), expected[1..], "of the journal it was made of");
        let mut late = second.follow(second.start().unwrap());
        assert_eq!(read_all(&mut late, 1).len(), 5);
    }
}

#[tokio::test]
async fn lines_know_where_they_begin() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path(), written());
    for line in ["a", "bc", "d"] {
        journal.append(line.as_bytes()).await.unwrap();
    }
    let lines = journal.follow(position(1, 2)).read(100).unwrap();
    let expected: [(_, &[u8]); 2] = [(position(1, 2), b"bc"), (position(1, 5), b"d")];
    assert!(lines.with_positions().eq(expected));
    assert_eq!(lines.bytes(), b"bc\nd\n");
}

#[tokio::test]
async fn a_follower_never_sees_a_line_that_is_cut_off_again() {
    for options in [written(), fsync()] {
        let directory = tempfile::tempdir().unwrap();
        let disk = Disk::default();
        let journal = open_on(&disk, directory.path(), options);
        journal.append(b"first").await.unwrap();
        let mut follower = journal.follow(position(1, 0));
        let follow = journal.follow(position(1, 0));
        // Half a line stays for a while, because it cannot be removed at once.
        disk.set(|faults| (faults.bytes_free, faults.truncate_errors) = (Some(8), 1));
        disk.on_next_append(move || {
            let mut follow = follow;
            assert_eq!(read_all(&mut follow, 100), ["first"]);
        });
        journal.append(b"not on record").await.unwrap_err();
        assert_eq!(file(directory.path(), "0000000000000001.jsonl"), "first\nnot on r");
        assert_eq!(read_all(&mut follower, 100), ["first"]);
        assert_eq!(follower.position(), journal.end());
        disk.set(|faults| (faults.bytes_free, faults.truncate_errors) = (None, 0));
        journal.append(b"next").await.unwrap();
        assert_eq!(read_all(&mut follower, 100), ["next"]);
    }
}

#[tokio::test]
async fn a_segment_shorter_than_what_was_read_of_it_is_not_filled_up() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path(), written());
    journal.append(b"survives").await.unwrap();
    journal.append(b"lost with the power").await.unwrap();
    let read = journal.end();
    drop(journal);
    fs::write(directory.path().join("0000000000000001.jsonl"), "survives\n").unwrap();
    let journal = open(directory.path(), written());
    let mut follower = journal.follow(read);
    assert!(follower.read(100).unwrap().is_empty());
    journal.append(b"a line as long as what was lost, and more").await.unwrap();
    assert_eq!(read_all(&mut follower, 100), ["a line as long as what was lost, and more"]);
}

#[tokio::test]
async fn a_follower_waits_until_there_is_something_to_read() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path(), written());
    let mut follower = journal.follow(journal.end());
    let before = journal.end();
    {
        let mut waiting = Box::pin(follower.changed());
        let mut also_waiting = Box::pin(journal.changed(before));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
        assert!(also_waiting.as_mut().poll(&mut cx).is_pending());
        journal.append(b"a").await.unwrap();
        waiting.await;
        also_waiting.await;
    }
    // It has not read, so there is no need to wait.
    follower.changed().await;
    assert_eq!(read_all(&mut follower, 100), ["a"]);
}

#[tokio::test]
async fn a_place_that_cannot_be_followed_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path(), small(Durability::Written));
    for line in ["12345", "6789a", "bcdef", "ghijk", "l"] {
        journal.append(line.as_bytes()).await.unwrap();
    }
    let read = |from| journal.follow(from).read(100).map(|lines| lines.iter().count());
    let error = read(position(9, 0)).unwrap_err();
    assert!(matches!(error, FollowError::Beyond { end, .. } if end == journal.end()), "{error}");
    assert!(matches!(read(position(1, 3)).unwrap_err(), FollowError::NotALine(_)));
    assert_eq!(journal.remove_before(position(2, 6)).unwrap(), 1);
    assert!(matches!(read(position(1, 6)).unwrap_err(), FollowError::Removed(_)));
    assert_eq!(journal.start().unwrap(), position(2, 0));
    assert_eq!(read(position(2, 0)).unwrap(), 2);
}

#[tokio::test]
async fn whole_segments_are_removed_but_never_the_newest() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path(), small(Durability::Written));
    for line in ["12345", "6789a", "bcdef", "ghijk", "l"] {
        journal.append(line.as_bytes()).await.unwrap();
    }
    fs::write(directory.path().join("0000000000000002.torn"), "half").unwrap();
    let numbers = || -> Vec<_> {
        journal.segments().unwrap().iter().map(|segment| (segment.number, segment.bytes)).collect()
    };
    assert_eq!(numbers(), [(1, 12), (2, 12), (3, 2)]);
    assert_eq!(journal.remove_before(position(1, 12)).unwrap(), 0);
    assert_eq!(journal.remove_before(position(2, 0)).unwrap(), 1);
    assert_eq!(numbers(), [(2, 12), (3, 2)]);
    assert_eq!(journal.remove_before(position(77, 0)).unwrap(), 1);
    assert_eq!(numbers(), [(3, 2)]);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_line_of_any_length_is_read_whole() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path(), written());
    let longest = "x".repeat(1024 * 1024 - 1);
    journal.append(longest.as_bytes()).await.unwrap();
    let longer = format!("{longest}x");
    assert_eq!(journal.append(longer.as_bytes()).await, Err(JournalError::TooLong));
    journal.append(b"y").await.unwrap();
    let mut follower = journal.follow(position(1, 0));
    let lines = follower.read(1).unwrap();
    assert!(lines.iter().eq([longest.as_bytes()]));
    assert_eq!(read_all(&mut follower, 1), ["y"]);
}

#[test]
fn a_position_is_written_as_two_numbers() {
    let place = position(18, 4096);
    assert_eq!(place.to_string(), "18:4096");
    assert_eq!("18:4096".parse(), Ok(place));
    for text in ["", "18", "18:", ":4", "18:+4", "18:4:1", "x:4", " 18:4", "99999999999999999999:1"]
    {
        assert_eq!(text.parse::<JournalPosition>(), Err(InvalidPosition), "{text}");
    }
    assert!(position(2, 0) > position(1, 9));
}

#[tokio::test]
async fn a_follower_skips_to_the_next_line_and_never_beyond_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path(), small(Durability::Written));
    for line in ["abc", "defg", "hijklmnop"] {
        journal.append(line.as_bytes()).await.unwrap();
    }
    for (from, to) in [
        (position(1, 1), position(1, 4)),
        (position(1, 4), position(1, 9)),
        (position(1, 9), position(2, 0)),
        (position(2, 3), position(2, 10)),
    ] {
        assert_eq!(journal.follow(from).skip().unwrap(), to, "from {from}");
    }
}
