//! A journal that is held takes nothing.

use super::*;

fn sink() -> Hold {
    Hold::Sink("syslog".to_owned())
}

#[tokio::test]
async fn a_held_journal_takes_no_records_until_every_hold_is_released() {
    for options in [written(), fsync()] {
        let directory = tempfile::tempdir().unwrap();
        let journal = open(directory.path(), options);
        journal.append(b"before").await.unwrap();
        for hold in [Hold::Delivery, sink(), Hold::Delivery] {
            journal.hold(hold);
        }
        assert_eq!(journal.holds(), [Hold::Delivery, sink()]);
        for released in [None, Some(Hold::Delivery)] {
            if let Some(hold) = released {
                journal.release(&hold);
            }
            assert_eq!(journal.append(b"refused").await, Err(JournalError::Held));
            assert_eq!(journal.check(), Err(JournalError::Held));
            assert!(!journal.is_healthy() && journal.is_writable());
        }
        journal.release(&Hold::Delivery);
        journal.release(&sink());
        assert!(journal.is_healthy() && journal.holds().is_empty());
        journal.check().unwrap();
        journal.append(b"after").await.unwrap();
        assert_eq!(lines(directory.path()), ["before", "after"]);
        let counts = journal.counts();
        assert_eq!((counts.appended_records, counts.refused_records), (2, 4));
    }
}

#[tokio::test]
async fn lines_that_wait_when_the_journal_is_held_are_written() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let journal = open_on(&disk, directory.path(), written());
    let mut waiting = Waiting::default();
    let hooked = (Arc::clone(&journal), waiting.clone());
    disk.on_next_append(move || {
        let (journal, waiting) = hooked;
        waiting.poll_once(append(&journal, "2"));
        journal.hold(sink());
    });
    journal.append(b"1").await.unwrap();
    assert_eq!(waiting.finish(), [Poll::Ready(Ok(()))]);
    assert_eq!(lines(directory.path()), ["1", "2"]);
}

#[tokio::test]
async fn who_watches_hears_of_each_change_and_of_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let journal = open_on(&disk, directory.path(), written());
    let has_changed = || {
        let mut changed = Box::pin(journal.health_changed());
        changed.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
    };
    assert!(!has_changed());
    journal.hold(sink());
    assert!(has_changed());
    journal.hold(sink());
    journal.release(&Hold::Delivery);
    assert!(!has_changed());
    journal.release(&sink());
    assert!(has_changed());
    disk.set(|faults| faults.bytes_free = Some(0));
    journal.append(b"refused").await.unwrap_err();
    assert!(has_changed());
    journal.append(b"refused").await.unwrap_err();
    assert!(!has_changed());
    disk.set(|faults| faults.bytes_free = None);
    journal.check().unwrap();
    assert!(has_changed());
}

#[tokio::test]
async fn an_inspection_finds_that_there_is_room_again_and_counts_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let journal = open_on(&disk, directory.path(), written());
    disk.set(|faults| faults.bytes_free = Some(3));
    journal.append(b"123456789").await.unwrap_err();
    journal.inspect();
    assert!(!journal.is_writable());
    disk.set(|faults| faults.bytes_free = None);
    journal.inspect();
    assert!(journal.is_healthy());
    assert_eq!(journal.counts().refused_records, 1);
    journal.append(b"next").await.unwrap();
    assert_eq!(lines(directory.path()), ["next"]);
}

#[tokio::test]
async fn a_segment_that_was_taken_away_is_left_at_the_next_inspection() {
    for options in [written(), fsync()] {
        let parent = tempfile::tempdir().unwrap();
        let (here, gone) = (parent.path().join("journal"), parent.path().join("gone"));
        let journal = open(&here, options);
        journal.append(b"1").await.unwrap();
        journal.inspect();
        fs::rename(&here, &gone).unwrap();
        let mut late = journal.follow(JournalPosition { segment: 1, offset: 0 });
        // Where it lands now nobody would look for it, so nothing is acknowledged any more.
        journal.inspect();
        assert!(!journal.is_healthy());
        journal.append(b"refused").await.unwrap_err();
        assert!(late.read(100).is_err());
        fs::create_dir(&here).unwrap();
        journal.inspect();
        assert!(journal.is_healthy());
        journal.append(b"2").await.unwrap();
        assert_eq!((lines(&gone), lines(&here)), (vec!["1".to_owned()], vec!["2".to_owned()]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_does_not_answer_makes_the_journal_refuse_until_it_does() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let journal = open_on(&disk, directory.path(), written());
    let (answer, wait) = std::sync::mpsc::channel::<()>();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    disk.on_next_append(move || {
        begun.send(()).unwrap();
        wait.recv().unwrap();
    });
    let slow = Arc::clone(&journal);
    let slow = tokio::spawn(async move { slow.append(b"slow").await });
    has_begun.await.unwrap();
    for _ in 0..2 {
        journal.inspect();
        assert!(journal.is_healthy(), "it may be slow for a while");
    }
    journal.inspect();
    journal.inspect();
    assert!(!journal.is_healthy());
    journal.check().unwrap_err();
    answer.send(()).unwrap();
    slow.await.unwrap().unwrap();
    assert!(journal.is_healthy());
    assert_eq!(lines(directory.path()), ["slow"]);
}
