//! The tests every backend must pass.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use keyward_store::Store;
use keyward_store::conformance::NumberedKeys;
use keyward_store_sqlite::Database;
use tempfile::TempDir;

async fn fresh(rows: Arc<NumberedKeys>) -> (Arc<dyn Store>, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(&directory.path().join("keyward.db")).unwrap();
    (Arc::new(database.into_store(rows).unwrap()), directory)
}

keyward_store::conformance_tests!(fresh);
