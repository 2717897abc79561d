//! Databases of earlier releases open and read as they were written. Each file of `vectors/store`
//! was made by `cargo run -p keyward-store-sqlite --example write_golden`; none is ever made again,
//! a release that adds a migration adds a file.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "golden/content.rs"]
mod content;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyward_model::MultiRegionSet;
use keyward_store::conformance::NumberedKeys;
use keyward_store::conformance::samples::{
    account, account_record, audit_row, domain_key_record, key, key_id, key_record, scope, time,
};
use keyward_store::{
    CanonicalRow, Change, ChangeNumber, CommitError, CredentialOwner, DeploymentRecord,
    EntityTarget, GrantFilter, KeyRecord, Precondition, RowAuthenticator, Store,
};
use keyward_store_sqlite::{Database, SqliteStore};
use rusqlite::Connection;
use rusqlite::types::Value;

const NEWEST: &str = "v5.db";

/// The migration that a golden database was made with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Made {
    By0001,
    By0002,
    By0003,
    By0004,
    By0005,
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/store")
}

#[tokio::test]
async fn a_database_of_every_release_reads_as_it_was_written() {
    let mut count = 0;
    for file in fs::read_dir(golden()).unwrap() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keyward.db");
        let file = file.unwrap();
        fs::copy(file.path(), &path).unwrap();
        require_content(&path, made(&file.file_name().into_string().unwrap())).await;
        count += 1;
    }
    assert!(count >= 5);
}

fn made(file: &str) -> Made {
    match file {
        "v1.db" => Made::By0001,
        "v2.db" => Made::By0002,
        "v3.db" => Made::By0003,
        "v4.db" => Made::By0004,
        "v5.db" => Made::By0005,
        _ => panic!("no content is known of {file}"),
    }
}

async fn require_content(path: &Path, made: Made) {
    let database = Database::open(path).unwrap();
    assert_eq!(database.domain_keys().unwrap(), [1, 2].map(domain_key_record));
    let store = database.into_store(Arc::new(NumberedKeys::new(2))).unwrap();
    let is_development = made >= Made::By0002;
    let facts = DeploymentRecord { is_development, ..content::deployment() };
    assert_eq!(store.deployment().find().await.unwrap(), Some(facts));
    assert_eq!(store.deployment().last_seen().await.unwrap(), Some(time(77)));
    let hidden = (made >= Made::By0003).then(content::hidden_account_of_0003);
    let accounts: Vec<_> = [account_record(0)].into_iter().chain(hidden).collect();
    assert_eq!(store.accounts().list().await.unwrap(), accounts);
    assert_eq!(
        store.credentials().list(&account(0), &CredentialOwner::Root).await.unwrap(),
        content::credentials()
    );
    for record in content::keys() {
        assert_eq!(store.keys().find(&record.key).await.unwrap().unwrap().record, record);
    }
    let key_count = if made == Made::By0001 { 2 } else { 5 };
    assert_eq!(store.keys().list(&scope(), None, 10).await.unwrap().len(), key_count);
    require_key_count(&store, u32::try_from(key_count).unwrap()).await;
    assert_eq!(store.materials().list(&key(1)).await.unwrap(), content::materials());
    let policy = store.policies().find(&key(1)).await.unwrap().unwrap();
    assert_eq!(policy.record, content::policy());
    let aliases = store.aliases().list(&scope(), None, 10).await.unwrap();
    assert_eq!(aliases, [content::alias()]);
    assert_eq!(store.tags().list(&key(1), None, 10).await.unwrap(), content::tags());
    assert_eq!(store.outbox().pending(10).await.unwrap(), [2, 1].map(audit_row));
    // All but the second material and the account is under the first domain key: by its code, or
    // as the access keys by their seal.
    let stale = match made {
        Made::By0001 => 10,
        Made::By0002 => 21,
        Made::By0003 => 24,
        // The signing key's seal too.
        Made::By0004 | Made::By0005 => 25,
    };
    assert_eq!(store.resealing().stale(2, 100).await.unwrap().len(), stale);
    if made >= Made::By0002 {
        require_content_of_0002(&store).await;
    }
    if made >= Made::By0003 {
        require_content_of_0003(&store).await;
    }
    if made >= Made::By0004 {
        require_content_of_0004(&store, made).await;
    }
}

async fn require_content_of_0002(store: &SqliteStore) {
    let offset = store.deployment().clock_offset_ms().await.unwrap();
    assert_eq!(offset, content::CLOCK_OFFSET_MS);
    for record in content::keys_of_0002() {
        assert_eq!(store.keys().find(&record.key).await.unwrap().unwrap().record, record);
    }
    assert_eq!(store.materials().list(&key(5)).await.unwrap(), content::materials_of_0002());
    let all = GrantFilter::default();
    let grants = store.grants().list(&key(3), &all, None, 10).await.unwrap();
    assert_eq!(grants, content::grants_of_0002());
    let wrapping_key = content::import_wrapping_key_of_0002();
    let found = store.import_wrapping_keys().find(&wrapping_key.token_id).await.unwrap();
    assert_eq!(found, Some(wrapping_key));
    let last_use = store.last_uses().find(&key(3)).await.unwrap();
    assert_eq!(last_use, Some(content::last_use_of_0002()));
}

async fn require_content_of_0003(store: &SqliteStore) {
    for record in content::credentials_of_0003() {
        let listed = store.credentials().list(&account(0), &record.owner).await.unwrap();
        assert_eq!(listed, [record]);
    }
    let policy = store.policies().find(&key(3)).await.unwrap().unwrap();
    assert_eq!(policy.record, content::policy_of_0003());
    let grant = content::grant_of_0003();
    assert_eq!(store.grants().find(&key(4), &grant.grant_id).await.unwrap(), Some(grant));
    let mut references = 0;
    for record in content::entities_of_0003() {
        let found = store.entities().find(&record.entity_name()).await.unwrap().unwrap().record;
        assert_eq!(found, record);
        for (relation, target) in record.body.references() {
            let target = EntityTarget::new(record.account, relation, target);
            let referrers = store.entities().referrers(&target, None, 10).await.unwrap();
            assert!(referrers.contains(&record.entity_name()), "{target:?}");
            references += 1;
        }
    }
    assert_eq!(references, 8);
    assert_eq!(store.services().list().await.unwrap(), [content::service_of_0003()]);
    for record in content::principal_uses_of_0003() {
        let found = store.principal_uses().find(&record.principal).await.unwrap();
        assert_eq!(found, Some(record));
    }
}

async fn require_content_of_0004(store: &SqliteStore, made: Made) {
    let trail = store.trail();
    assert_eq!(trail.cursors().await.unwrap(), content::trail_cursors_of_0004());
    let files = trail.list_files(&scope(), None, 10).await.unwrap();
    let mut expected = content::trail_files_of_0004().to_vec();
    expected.extend((made >= Made::By0005).then(content::trail_file_of_0005));
    assert_eq!(files, expected);
    let mut values = content::trail_values_of_0004();
    values.values.sort_by_key(|(attribute, _)| attribute.as_str());
    assert_eq!(trail.values(&values.file).await.unwrap(), values.values);
    let digests = trail.list_digests(&scope(), None, 10).await.unwrap();
    assert_eq!(digests, content::trail_digests_of_0004());
    let keys = trail.all_signing_keys().await.unwrap();
    assert_eq!(keys, [content::trail_signing_key_of_0004()]);
}

/// The count kept beside the keys, also for keys written before there was one.
async fn require_key_count(store: &SqliteStore, count: u32) {
    let preconditions = vec![Precondition::KeysBelow(scope(), count)];
    let refused = store.commit(Change { preconditions, ..Change::default() }).await;
    assert!(matches!(refused, Err(CommitError::AtLimit(_, found)) if found == count));
}

/// Rows of the first release say less, in a form of their own; the golden database of 0001 holds no
/// multi-Region key, so one is made of a row it holds.
#[tokio::test]
async fn a_multi_region_key_written_by_0001_is_the_only_member_of_its_set() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keyward.db");
    fs::copy(golden().join("v1.db"), &path).unwrap();
    let connection = Connection::open(&path).unwrap();
    let (shard, number) = connection
        .query_row("SELECT change_shard, change_number FROM keys WHERE row = 1", [], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?))
        })
        .unwrap();
    let change = ChangeNumber { shard, number: number.try_into().unwrap() };
    let form = CanonicalRow::new("keys")
        .bytes(b"111100000000")
        .bytes(b"eu-central-1")
        .bytes(b"00000001-1234-4abc-8def-1234567890ab")
        .bytes(b"SYMMETRIC_DEFAULT")
        .bytes(b"ENCRYPT_DECRYPT")
        .bytes(b"AWS_KMS")
        .bytes(b"CUSTOMER")
        .bytes(b"Enabled")
        .integer(1)
        .bytes(b"for tests")
        .integer(time(1).unix_ms())
        .optional(None)
        .optional(None)
        .optional(Some(&[1; 32]))
        .finish(change);
    let mac = NumberedKeys::new(1).tag(&form).unwrap();
    connection
        .execute("UPDATE keys SET is_multi_region = 1, mac = ?1 WHERE row = 1", [&mac[..]])
        .unwrap();
    drop(connection);
    let store = Database::open(&path).unwrap().into_store(Arc::new(NumberedKeys::new(2))).unwrap();
    let found = store.keys().find(&key(1)).await.unwrap().unwrap().record;
    let set = MultiRegionSet::of_primary("eu-central-1".parse().unwrap());
    assert_eq!(found, KeyRecord { multi_region: Some(set), ..key_record(&key(1)) });
    let members = store.keys().members(&account(0), &key_id(1)).await.unwrap();
    assert_eq!(members.into_iter().map(|it| it.record).collect::<Vec<_>>(), [found]);
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
