//! Opening and closing the file.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyward_model::Partition;
use keyward_store::conformance::NumberedKeys;
use keyward_store::conformance::samples::{domain_key_record, key, put_key, time};
use keyward_store::{Change, DeploymentRecord, Store, StoreError};
use keyward_store_sqlite::{Database, OpenError, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keyward.db");
    (directory, path)
}

fn open(path: &Path) -> SqliteStore {
    Database::open(path).unwrap().into_store(Arc::new(NumberedKeys::new(1))).unwrap()
}

async fn write(store: &SqliteStore) {
    store.commit(Change { writes: vec![put_key(&key(1))], ..Change::default() }).await.unwrap();
}

fn edit(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[tokio::test]
async fn the_file_and_its_log_are_for_their_owner_only() {
    let (directory, path) = place();
    let store = open(&path);
    write(&store).await;
    let mut files: Vec<_> = fs::read_dir(directory.path()).unwrap().map(Result::unwrap).collect();
    files.sort_by_key(fs::DirEntry::file_name);
    let names: Vec<_> = files.iter().map(|it| it.file_name().into_string().unwrap()).collect();
    assert_eq!(names, ["keyward.db", "keyward.db-shm", "keyward.db-wal"]);
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_closing_and_the_log_is_not() {
    let (directory, path) = place();
    let store = open(&path);
    write(&store).await;
    store.close().await.unwrap();
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    let store = open(&path);
    assert!(store.keys().find(&key(1)).await.unwrap().is_some());
}

#[test]
fn domain_keys_and_facts_are_read_before_rows_can_be_authenticated() {
    let (_directory, path) = place();
    let database = Database::open(&path).unwrap();
    assert_eq!(database.domain_keys().unwrap(), []);
    assert_eq!(database.find_deployment_unchecked().unwrap(), None);
    database.add_domain_key(&domain_key_record(1)).unwrap();
    assert!(database.add_domain_key(&domain_key_record(1)).is_err());
    assert_eq!(database.domain_keys().unwrap(), [domain_key_record(1)]);
}

#[tokio::test]
async fn the_facts_are_the_same_before_and_after_and_unchecked_only_before() {
    let (_directory, path) = place();
    let facts = DeploymentRecord {
        deployment_id: uuid::Uuid::from_u128(7),
        partition: Partition::Aws,
        is_development: false,
        regions: ["eu-central-1", "us-east-1"].map(|it| it.parse().unwrap()).into(),
        created_at: time(1),
    };
    let store = open(&path);
    store.deployment().create(facts.clone()).await.unwrap();
    store.close().await.unwrap();
    edit(&path, "UPDATE deployment SET partition = 'aws-cn'");
    let database = Database::open(&path).unwrap();
    let edited = DeploymentRecord { partition: Partition::AwsCn, ..facts };
    assert_eq!(database.find_deployment_unchecked().unwrap(), Some(edited));
    let store = database.into_store(Arc::new(NumberedKeys::new(1))).unwrap();
    let refused = store.deployment().find().await;
    assert!(matches!(refused, Err(StoreError::Forged { table: "deployment" })));
}

#[test]
fn a_database_of_a_newer_release_is_refused_and_left_alone() {
    let (_directory, path) = place();
    drop(Database::open(&path).unwrap());
    edit(&path, "PRAGMA user_version = 99");
    let before = fs::read(&path).unwrap();
    let refused = Database::open(&path).err().unwrap();
    assert!(matches!(refused, OpenError::NewerRelease { found: 99, known: 5 }), "{refused:?}");
    assert!(refused.to_string().contains("99"));
    assert!(before == fs::read(&path).unwrap());
}

#[test]
fn an_edited_migration_is_noticed() {
    let (_directory, path) = place();
    drop(Database::open(&path).unwrap());
    edit(&path, "UPDATE migrations SET checksum = zeroblob(8)");
    let refused = Database::open(&path).err().unwrap();
    assert!(matches!(refused, OpenError::EditedMigration { number: 1 }), "{refused:?}");
    edit(&path, "DELETE FROM migrations");
    let refused = Database::open(&path).err().unwrap();
    assert!(matches!(refused, OpenError::EditedMigration { number: 1 }), "{refused:?}");
}

#[test]
fn a_database_of_another_program_is_refused_and_left_alone() {
    let (_directory, path) = place();
    edit(&path, "CREATE TABLE bookmarks (url TEXT)");
    let before = fs::read(&path).unwrap();
    assert!(matches!(Database::open(&path), Err(OpenError::ForeignFile)));
    assert!(before == fs::read(&path).unwrap());
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let (_directory, path) = place();
    fs::write(&path, "once upon a time ".repeat(1000)).unwrap();
    assert!(matches!(Database::open(&path), Err(OpenError::Sqlite(_))));
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let (_directory, path) = place();
    let store = open(&path);
    write(&store).await;
    store.close().await.unwrap();
    let mut bytes = fs::read(&path).unwrap();
    // The header page stays; the pages of tables and indexes turn to noise.
    for page in bytes.chunks_mut(4096).skip(3).step_by(2) {
        page.fill(0xa5);
    }
    fs::write(&path, bytes).unwrap();
    let refused = Database::open(&path).err().unwrap();
    assert!(matches!(refused, OpenError::Damaged | OpenError::Sqlite(_)), "{refused:?}");
}

#[test]
fn a_directory_that_does_not_exist_is_named_as_the_trouble() {
    let (directory, _) = place();
    let refused = Database::open(&directory.path().join("absent").join("keyward.db"));
    assert!(matches!(refused, Err(OpenError::File(_))));
}

#[test]
fn code_in_the_schema_of_a_tampered_file_does_not_run() {
    let (_directory, path) = place();
    drop(Database::open(&path).unwrap());
    edit(
        &path,
        "CREATE TRIGGER spy AFTER INSERT ON domain_keys BEGIN DELETE FROM domain_keys; END",
    );
    let database = Database::open(&path).unwrap();
    database.add_domain_key(&domain_key_record(1)).unwrap();
    assert_eq!(database.domain_keys().unwrap(), [domain_key_record(1)]);
}
