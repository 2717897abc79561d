//! The writer beside readers, other processes and callers who lose patience.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use keyward_store::conformance::NumberedKeys;
use keyward_store::conformance::samples::{all, audit_row, key, put_key, scope};
use keyward_store::{Change, CommitError, Committed, Store, StoreError};
use keyward_store_sqlite::{Database, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;

fn open() -> (TempDir, PathBuf, SqliteStore) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keyward.db");
    let database = Database::open(&path).unwrap();
    let store = database.into_store(Arc::new(NumberedKeys::new(1))).unwrap();
    (directory, path, store)
}

async fn put(store: &SqliteStore, n: u32) -> Result<Committed, CommitError> {
    let (writes, audit) = (vec![put_key(&key(n))], vec![audit_row(n)]);
    store.commit(Change { writes, audit, ..Change::default() }).await
}

async fn count(store: &SqliteStore) -> usize {
    store.keys().list(&scope(), None, 10_000).await.unwrap().len()
}

#[tokio::test]
async fn a_read_left_open_holds_up_no_writer() {
    let (_directory, path, store) = open();
    put(&store, 1).await.unwrap();
    let reader = Connection::open(&path).unwrap();
    let mut statement = reader.prepare("SELECT row FROM keys").unwrap();
    let mut rows = statement.query([]).unwrap();
    rows.next().unwrap().unwrap();
    for n in 2..50 {
        put(&store, n).await.unwrap();
    }
    assert_eq!(count(&store).await, 49);
    assert!(rows.next().unwrap().is_none(), "the open read keeps its own view");
}

#[tokio::test]
async fn a_caller_that_has_read_and_not_yet_committed_holds_up_no_writer() {
    let (_directory, _path, store) = open();
    put(&store, 1).await.unwrap();
    let slow = store.keys().find(&key(1)).await.unwrap().unwrap();
    for n in 2..50 {
        put(&store, n).await.unwrap();
    }
    assert_eq!(slow.record.key, key(1));
}

#[tokio::test]
async fn beyond_its_bound_the_queue_refuses_at_once() {
    let (_directory, path, store) = open();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // The writer waits for the lock with at most one batch; the queue behind it fills up.
    let mut waiting: Vec<_> = (0..2_000).map(|n| Box::pin(put(&store, n))).collect();
    let mut refused = 0;
    waiting.retain_mut(|change| {
        match change.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            std::task::Poll::Pending => true,
            std::task::Poll::Ready(verdict) => {
                assert!(matches!(verdict, Err(CommitError::Store(StoreError::Backend(_)))));
                refused += 1;
                false
            }
        }
    });
    assert!((2_000 - 1_024 - 256..=2_000 - 1_024).contains(&refused), "{refused} refused");
    other.execute_batch("ROLLBACK").unwrap();
    let queued = waiting.len();
    for verdict in all(waiting).await {
        verdict.unwrap();
    }
    assert_eq!(count(&store).await, queued);
}

#[tokio::test]
async fn a_change_goes_on_when_its_caller_goes_away() {
    let (_directory, path, store) = open();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    {
        let mut change = pin!(put(&store, 1));
        let polled = change.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
    }
    other.execute_batch("ROLLBACK").unwrap();
    put(&store, 2).await.unwrap();
    assert_eq!(count(&store).await, 2);
    assert_eq!(store.outbox().pending(10).await.unwrap(), [1, 2].map(audit_row));
}

#[tokio::test]
async fn closing_waits_for_queued_changes() {
    let (_directory, path, store) = open();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for n in 0..20 {
        let mut change = pin!(put(&store, n));
        assert!(change.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    other.execute_batch("ROLLBACK").unwrap();
    store.close().await.unwrap();
    let store = Database::open(&path).unwrap().into_store(Arc::new(NumberedKeys::new(1))).unwrap();
    assert_eq!(count(&store).await, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_on_many_threads_read_what_they_wrote() {
    let (_directory, _path, store) = open();
    let store = Arc::new(store);
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for n in 0..25 {
                    put(&store, task * 100 + n).await.unwrap();
                    assert!(store.keys().find(&key(task * 100 + n)).await.unwrap().is_some());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(count(&store).await, 200);
}
