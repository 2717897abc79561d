//! What a forged row leaves in the log.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io;
use std::sync::{Arc, Mutex};

use keyward_store::conformance::NumberedKeys;
use keyward_store::conformance::samples::{key, put_whole_key};
use keyward_store::{Change, Store};
use keyward_store_sqlite::Database;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_forged_row_is_logged_once_by_its_table_only() {
    let lines = Lines::default();
    let sink = lines.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || sink.clone()).init();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keyward.db");
    let rows = Arc::new(NumberedKeys::new(1));
    let store = Database::open(&path).unwrap().into_store(rows).unwrap();
    let writes = put_whole_key(&key(1), "alias/app");
    store.commit(Change { writes, ..Change::default() }).await.unwrap();
    let hand = rusqlite::Connection::open(&path).unwrap();
    hand.execute_batch("UPDATE tags SET tag_value = 'forged'").unwrap();
    store.tags().list(&key(1), None, 10).await.unwrap_err();
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let errors: Vec<_> = log.lines().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(errors.len(), 1, "{log}");
    assert!(errors.iter().all(|line| line.contains("table=\"tags\"")), "{log}");
    assert!(!log.contains("forged") && !log.contains(key(1).key_id.as_str()), "{log}");
}
