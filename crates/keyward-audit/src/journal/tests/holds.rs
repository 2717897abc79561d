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
            released.iter().for_each(|hold| journal.release(hold));
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
        assert_eq!((counts.appended_records, counts.refused_records), (2, 2));
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
