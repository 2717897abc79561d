//! Databases of earlier releases open and read as they were written. `vectors/store/v1.db` was made
//! by `cargo run -p keyward-store-sqlite --example write_golden`; such a file is never made again,
//! a release that adds a migration adds a file.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "golden/content.rs"]
mod content;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyward_store::Store;
use keyward_store::conformance::NumberedKeys;
use keyward_store::conformance::samples::{
    account, account_record, audit_row, domain_key_record, key, scope, time,
};
use keyward_store_sqlite::Database;
use rusqlite::Connection;
use rusqlite::types::Value;

const NEWEST: &str = "v1.db";

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/store")
}

#[tokio::test]
async fn a_database_of_every_release_reads_as_it_was_written() {
    let mut count = 0;
    for file in fs::read_dir(golden()).unwrap() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keyward.db");
        fs::copy(file.unwrap().path(), &path).unwrap();
        require_content(&path).await;
        count += 1;
    }
    assert!(count >= 1);
}

async fn require_content(path: &Path) {
    let database = Database::open(path).unwrap();
    assert_eq!(database.domain_keys().unwrap(), [1, 2].map(domain_key_record));
    let store = database.into_store(Arc::new(NumberedKeys::new(2))).unwrap();
    assert_eq!(store.deployment().find().await.unwrap(), Some(content::deployment()));
    assert_eq!(store.deployment().last_seen().await.unwrap(), Some(time(77)));
    assert_eq!(store.accounts().list().await.unwrap(), [account_record(0)]);
    assert_eq!(store.credentials().list(&account(0)).await.unwrap(), content::credentials());
    for record in content::keys() {
        assert_eq!(store.keys().find(&record.key).await.unwrap().unwrap().record, record);
    }
    assert_eq!(store.keys().list(&scope(), None, 10).await.unwrap().len(), 2);
    assert_eq!(store.materials().list(&key(1)).await.unwrap(), content::materials());
    let policy = store.policies().find(&key(1)).await.unwrap().unwrap();
    assert_eq!(policy.record, content::policy());
    let aliases = store.aliases().list(&scope(), None, 10).await.unwrap();
    assert_eq!(aliases, [content::alias()]);
    assert_eq!(store.tags().list(&key(1), None, 10).await.unwrap(), content::tags());
    assert_eq!(store.outbox().pending(10).await.unwrap(), [2, 1].map(audit_row));
    // All but the second material and the account is under the first domain key: by its code, or
    // as the access keys by their seal.
    assert_eq!(store.resealing().stale(2, 100).await.unwrap().len(), 10);
}

/// A change to canonical rows, shards, columns or the schema shows here, before it meets a database
/// in use.
#[tokio::test]
async fn this_release_writes_what_the_newest_golden_database_holds() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keyward.db");
    content::write(&path).await;
    let copy = directory.path().join("golden.db");
    fs::copy(golden().join(NEWEST), &copy).unwrap();
    let (written, golden) = (dump(&path), dump(&copy));
    assert!(golden.len() > 80, "{} rows", golden.len());
    assert_eq!(written, golden);
}

/// Every row of every table, the schema's included.
fn dump(path: &Path) -> Vec<(String, Vec<Value>)> {
    let connection = Connection::open(path).unwrap();
    let mut tables = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .unwrap();
    let tables: Vec<String> =
        tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut rows = Vec::new();
    for table in tables.into_iter().chain(["sqlite_schema".to_owned()]) {
        let columns = if table == "sqlite_schema" { "type, name, sql" } else { "*" };
        let mut statement =
            connection.prepare(&format!("SELECT {columns} FROM {table} ORDER BY 1, 2")).unwrap();
        let width = statement.column_count();
        let found = statement
            .query_map([], |row| (0..width).map(|column| row.get(column)).collect())
            .unwrap();
        rows.extend(found.map(|row| (table.clone(), row.unwrap())));
    }
    rows
}
