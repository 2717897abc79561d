//! What a hand on the database file can and cannot do without being noticed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;

use keyward_model::{Partition, Region};
use keyward_store::conformance::samples::{
    account, account_record, alias, alias_record, credential_record, key, key_id, key_record,
    material_record, policy_record, put_key, put_whole_key, scope, tag_record, time,
};
use keyward_store::conformance::{NumberedKeys, sealed};
use keyward_store::{
    Change, CommitError, DeploymentRecord, Precondition, Scope, StaleRow, Store, StoreError, Write,
};
use keyward_store_sqlite::{Database, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;

/// A store with two whole keys and a bare one, and a hand on its file.
struct Forger {
    store: SqliteStore,
    hand: Connection,
    rows: Arc<NumberedKeys>,
    _directory: TempDir,
}

impl Forger {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keyward.db");
        let rows = Arc::new(NumberedKeys::new(1));
        let store = Database::open(&path).unwrap().into_store(rows.clone()).unwrap();
        let facts = DeploymentRecord {
            deployment_id: uuid::Uuid::from_u128(1),
            partition: Partition::Aws,
            regions: vec!["eu-central-1".parse().unwrap()],
            created_at: time(1),
        };
        store.deployment().create(facts).await.unwrap();
        let hand = Connection::open(&path).unwrap();
        hand.pragma_update(None, "foreign_keys", false).unwrap();
        let this = Self { store, hand, rows, _directory: directory };
        this.write(put_whole_key(&key(1), "alias/one")).await.unwrap();
        this.write(put_whole_key(&key(2), "alias/two")).await.unwrap();
        this.write(vec![put_key(&key(3)), Write::PutAccount(account_record(0))]).await.unwrap();
        this.write(vec![Write::PutCredential(credential_record(1))]).await.unwrap();
        assert_eq!(this.forged_tables().await, BTreeSet::new());
        this
    }

    async fn write(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        self.store.commit(Change { writes, ..Change::default() }).await.map(|_| ())
    }

    /// Runs SQL with what the file's owner has: everything but the key of the codes.
    fn forge(&self, sql: &str) {
        assert!(self.hand.execute(sql, []).unwrap() > 0, "nothing done: {sql}");
    }

    /// The tables that some read refuses.
    async fn forged_tables(&self) -> BTreeSet<&'static str> {
        let mut refusals = Refusals(BTreeSet::new());
        refusals.note(self.store.deployment().find().await);
        refusals.note(self.store.accounts().list().await);
        for account in [account(0), account(1)] {
            refusals.note(self.store.credentials().list(&account).await);
            for region in ["eu-central-1", "eu-west-1"] {
                let region: Region = region.parse().unwrap();
                self.note_scope(&mut refusals, &Scope { account, region }).await;
            }
        }
        refusals.note(self.store.keys().due_for_deletion(time(u32::MAX), 100).await);
        refusals.0
    }

    async fn note_scope(&self, refusals: &mut Refusals, scope: &Scope) {
        refusals.note(self.store.keys().list(scope, None, 100).await);
        refusals.note(self.store.aliases().list(scope, None, 100).await);
        for key in [1, 2, 3].map(|n| scope.key(key_id(n))) {
            refusals.note(self.store.keys().find(&key).await);
            refusals.note(self.store.materials().list(&key).await);
            refusals.note(self.store.policies().find(&key).await);
            refusals.note(self.store.tags().list(&key, None, 100).await);
            refusals.note(self.store.aliases().list_of_key(&key, None, 100).await);
        }
    }
}

struct Refusals(BTreeSet<&'static str>);

impl Refusals {
    fn note<T>(&mut self, read: Result<T, StoreError>) {
        match read {
            Ok(_) => {}
            Err(StoreError::Forged { table }) => {
                self.0.insert(table);
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Every table of rows that decide, with another value of the right type for each column.
fn edits() -> Vec<(&'static str, &'static str, &'static str)> {
    let mut edits = vec![
        ("accounts", "account", "'111100000001'"),
        ("aliases", "name", "'alias/other'"),
        ("aliases", "target", "'00000003-1234-4abc-8def-1234567890ab'"),
        ("aliases", "updated_at", "updated_at + 1"),
        ("credentials", "access_key_id", "'AKIA0000000000000009'"),
        ("credentials", "account", "'111100000001'"),
        ("credentials", "sealed_secret", "zeroblob(length(sealed_secret))"),
        ("credentials", "status", "'Inactive'"),
        ("deployment", "deployment_id", "zeroblob(16)"),
        ("deployment", "partition", "'aws-cn'"),
        ("deployment", "regions", "'eu-central-1,eu-west-1'"),
        ("key_materials", "material_id", "zeroblob(32)"),
        ("key_materials", "sealed", "CAST(substr(sealed, 1, 4) || 'another' AS BLOB)"),
        ("key_policies", "document", "'{\"Statement\":[]}'"),
        ("keys", "current_material", "NULL"),
        ("keys", "deletion_date", "1"),
        ("keys", "description", "''"),
        ("keys", "is_multi_region", "1"),
        ("keys", "manager", "'AWS'"),
        ("keys", "origin", "'EXTERNAL'"),
        ("keys", "pending_window_days", "7"),
        ("keys", "spec", "'HMAC_256'"),
        ("keys", "state", "'Disabled'"),
        ("keys", "usage", "'SIGN_VERIFY'"),
        ("tags", "tag_key", "'owner'"),
        ("tags", "tag_value", "'red'"),
    ];
    for table in ["aliases", "key_materials", "key_policies", "keys", "tags"] {
        edits.push((table, "account", "'111100000001'"));
        edits.push((table, "region", "'eu-west-1'"));
    }
    for table in ["key_materials", "key_policies", "keys", "tags"] {
        edits.push((table, "key_id", "'00000003-1234-4abc-8def-1234567890ab'"));
    }
    for table in ["accounts", "aliases", "credentials", "deployment", "key_materials", "keys"] {
        edits.push((table, "created_at", "created_at + 1"));
    }
    for table in TABLES {
        edits.push((table, "change_shard", "(change_shard + 1) % 64"));
        edits.push((table, "change_number", "change_number + 1"));
        edits.push((table, "domain_key", "domain_key + 1"));
        edits.push((table, "mac", "CAST(substr(mac, 1, 35) || '!' AS BLOB)"));
    }
    edits
}

const TABLES: [&str; 8] = [
    "accounts",
    "aliases",
    "credentials",
    "deployment",
    "key_materials",
    "key_policies",
    "keys",
    "tags",
];

#[tokio::test]
async fn an_edited_column_is_noticed_whichever_it_is() {
    let forger = Forger::new().await;
    forger.write(vec![Write::DeleteKey(key(3))]).await.unwrap();
    for (table, column, value) in edits() {
        let row = format!("(SELECT min(row) FROM {table})");
        let backup = format!(
            "CREATE TEMP TABLE before AS SELECT row AS r, {column} AS c FROM {table}
             WHERE row = {row}"
        );
        forger.hand.execute_batch(&backup).unwrap();
        forger.forge(&format!("UPDATE {table} SET {column} = {value} WHERE row = {row}"));
        let refused = forger.forged_tables().await;
        assert_eq!(refused, BTreeSet::from([table]), "{table}.{column}");
        forger.forge(&format!(
            "UPDATE {table} SET {column} = (SELECT c FROM before)
             WHERE row = (SELECT r FROM before)"
        ));
        forger.hand.execute_batch("DROP TABLE temp.before").unwrap();
        assert_eq!(forger.forged_tables().await, BTreeSet::new(), "{table}.{column} put back");
    }
}

#[tokio::test]
async fn no_column_is_left_out_of_these_tests() {
    let forger = Forger::new().await;
    let covered: BTreeSet<_> =
        edits().into_iter().map(|(table, column, _)| format!("{table}.{column}")).collect();
    let mut statement = forger
        .hand
        .prepare(
            "SELECT schema.name || '.' || info.name
             FROM sqlite_schema AS schema, pragma_table_info(schema.name) AS info
             WHERE schema.type = 'table' AND info.name != 'row'
               AND EXISTS (SELECT 1 FROM pragma_table_info(schema.name) WHERE name = 'mac')",
        )
        .unwrap();
    let columns: BTreeSet<String> =
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(columns, covered);
}

#[tokio::test]
async fn a_word_that_means_nothing_is_noticed() {
    for (table, column) in [
        ("aliases", "target"),
        ("credentials", "status"),
        ("deployment", "partition"),
        ("deployment", "regions"),
        ("keys", "manager"),
        ("keys", "origin"),
        ("keys", "spec"),
        ("keys", "state"),
        ("keys", "usage"),
    ] {
        let forger = Forger::new().await;
        forger.forge(&format!("UPDATE {table} SET {column} = 'nonsense'"));
        assert_eq!(forger.forged_tables().await, BTreeSet::from([table]), "{table}.{column}");
    }
}

#[tokio::test]
async fn a_row_moved_to_another_key_is_noticed() {
    for table in ["key_materials", "key_policies", "tags"] {
        let forger = Forger::new().await;
        let (from, to) = (key_id(1), key_id(3));
        forger.forge(&format!("UPDATE {table} SET key_id = '{to}' WHERE key_id = '{from}'"));
        assert_eq!(forger.forged_tables().await, BTreeSet::from([table]));
    }
}

#[tokio::test]
async fn an_invented_row_is_noticed() {
    let forger = Forger::new().await;
    forger.forge(
        "INSERT INTO tags (account, region, key_id, tag_key, tag_value,
                           change_shard, change_number, domain_key, mac)
         SELECT account, region, key_id, 'invented', tag_value,
                change_shard, change_number, domain_key, mac FROM tags LIMIT 1",
    );
    forger.forge(
        "INSERT INTO accounts (account, created_at, change_shard, change_number, domain_key, mac)
         VALUES ('111100000007', 1, 1, 1, 1, zeroblob(36))",
    );
    assert_eq!(forger.forged_tables().await, BTreeSet::from(["accounts", "tags"]));
}

#[tokio::test]
async fn two_codes_that_changed_places_are_noticed() {
    for table in ["aliases", "key_materials", "key_policies", "keys", "tags"] {
        let forger = Forger::new().await;
        forger.forge(&format!(
            "UPDATE {table} SET mac = (SELECT mac FROM {table} AS other
                                       WHERE other.row = 3 - {table}.row) WHERE row IN (1, 2)"
        ));
        assert_eq!(forger.forged_tables().await, BTreeSet::from([table]));
    }
}

#[tokio::test]
async fn two_sealed_values_that_changed_places_are_noticed() {
    let forger = Forger::new().await;
    forger.write(vec![Write::PutMaterial(material_record(&key(1), 2))]).await.unwrap();
    forger.forge(
        "UPDATE key_materials SET sealed = (SELECT sealed FROM key_materials AS other
                                            WHERE other.row = 4 - key_materials.row)
         WHERE row IN (1, 3)",
    );
    assert_eq!(forger.forged_tables().await, BTreeSet::from(["key_materials"]));
}

#[tokio::test]
async fn an_older_code_under_newer_content_is_noticed() {
    let forger = Forger::new().await;
    forger.hand.execute_batch("CREATE TEMP TABLE old AS SELECT * FROM keys WHERE row = 1").unwrap();
    let mut disabled = key_record(&key(1));
    disabled.state = keyward_model::KeyState::Disabled;
    forger.write(vec![Write::PutKey(Box::new(disabled))]).await.unwrap();
    forger.forge(
        "UPDATE keys SET (change_shard, change_number, mac) =
             (SELECT change_shard, change_number, mac FROM old) WHERE row = 1",
    );
    assert_eq!(forger.forged_tables().await, BTreeSet::from(["keys"]));
}

/// Not detected, and said so in the security notes: the codes prove that a row was written, not that
/// it is the last one written.
#[tokio::test]
async fn a_whole_older_row_put_back_is_believed() {
    let forger = Forger::new().await;
    forger.hand.execute_batch("CREATE TEMP TABLE old AS SELECT * FROM keys WHERE row = 1").unwrap();
    let mut disabled = key_record(&key(1));
    disabled.state = keyward_model::KeyState::Disabled;
    forger.write(vec![Write::PutKey(Box::new(disabled))]).await.unwrap();
    forger.forge("REPLACE INTO keys SELECT * FROM old");
    let found = forger.store.keys().find(&key(1)).await.unwrap().unwrap();
    assert_eq!(found.record, key_record(&key(1)));
}

/// Not detected either: nothing counts the rows.
#[tokio::test]
async fn a_removed_row_is_not_missed() {
    let forger = Forger::new().await;
    forger.forge("DELETE FROM key_policies");
    assert_eq!(forger.store.policies().find(&key(1)).await.unwrap(), None);
}

#[tokio::test]
async fn a_forged_row_gets_no_new_code_when_resealed() {
    let forger = Forger::new().await;
    forger.forge("UPDATE tags SET tag_value = 'red' WHERE row = 1");
    forger.forge("UPDATE key_materials SET created_at = 1 WHERE row = 1");
    forger.rows.rotate();
    let stale = forger.store.resealing().stale(2, 100).await.unwrap();
    for table in ["key_materials", "tags"] {
        let row = stale.iter().find(|row| row.table == table && row.handle == 1).unwrap();
        let row = StaleRow { sealed: row.sealed.as_ref().map(|_| sealed(2, "new")), ..row.clone() };
        let refused = forger.write(vec![Write::Reseal(row)]).await;
        assert!(matches!(refused, Err(CommitError::Store(StoreError::Forged { .. }))));
    }
    assert_eq!(forger.forged_tables().await, BTreeSet::from(["key_materials", "tags"]));
}

#[tokio::test]
async fn a_precondition_on_a_forged_row_is_an_error() {
    let forger = Forger::new().await;
    let key_change = forger.store.keys().find(&key(1)).await.unwrap().unwrap().change;
    let one = alias("alias/one");
    let alias_change = forger.store.aliases().find(&one).await.unwrap().unwrap().change;
    forger.forge("UPDATE keys SET description = 'forged' WHERE row = 1");
    forger.forge("UPDATE aliases SET updated_at = 1 WHERE row = 1");
    for precondition in [
        Precondition::KeyAt(key(1), key_change),
        Precondition::AliasAt(one.clone(), alias_change),
        Precondition::AliasAbsent(one.clone()),
    ] {
        let preconditions = vec![precondition];
        let writes = vec![Write::PutAlias(alias_record("alias/new", &key(3)))];
        let change = Change { preconditions, writes, ..Change::default() };
        let refused = forger.store.commit(change).await;
        assert!(matches!(refused, Err(CommitError::Store(StoreError::Forged { .. }))));
    }
    assert_eq!(forger.store.aliases().find(&alias("alias/new")).await.unwrap(), None);
}

#[tokio::test]
async fn a_forged_row_is_replaced_or_removed_like_any_other() {
    let forger = Forger::new().await;
    forger.forge("UPDATE key_policies SET document = 'forged' WHERE row = 1");
    forger.forge("UPDATE aliases SET created_at = 1 WHERE row = 2");
    forger.write(vec![Write::PutPolicy(policy_record(&key(1), "{}"))]).await.unwrap();
    forger.write(vec![Write::DeleteKey(key(2))]).await.unwrap();
    assert_eq!(forger.forged_tables().await, BTreeSet::new());
    forger.write(vec![Write::PutTag(tag_record(&key(1), "a", "b"))]).await.unwrap();
    let listed = forger.store.keys().list(&scope(), None, 10).await.unwrap();
    assert_eq!(listed, [key_id(1), key_id(3)]);
}

#[tokio::test]
async fn a_row_outside_its_type_is_unreadable_where_no_code_guards_it() {
    let forger = Forger::new().await;
    forger.forge("INSERT INTO outbox (event_id, line) VALUES (x'00', x'00')");
    let refused = forger.store.outbox().pending(10).await;
    assert!(matches!(refused, Err(StoreError::Unreadable { table: "outbox" })));
    forger
        .forge("INSERT INTO domain_keys (number, wrapped, created_at) VALUES (5000000000, x'', 0)");
    let refused = forger.store.domain_keys().list().await;
    assert!(matches!(refused, Err(StoreError::Unreadable { table: "domain_keys" })));
}
