//! What a hand on the database file can and cannot do without being noticed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;

use keyward_model::{
    AccountId, KeyState, MultiRegionSet, Partition, Region, Timestamp, UniqueIdKind,
};
use keyward_store::conformance::samples::{
    account, account_record, alias, alias_record, credential_record, entity_record, grant_id,
    grant_record, import_token_id, key, key_id, key_record, last_use_record, material_record,
    mfa_device_record, policy_record, principal_use_record, put_entity, put_key, put_whole_key,
    scope, service_record, tag_record, time, trail_cursor_record, trail_digest_record,
    trail_file_record, trail_signing_key_record, unique_id,
};
use keyward_store::conformance::{NumberedKeys, sealed};
use keyward_store::{
    Change, CommitError, CredentialOwner, DeploymentRecord, EntityBody, EntityKind, EntityRecord,
    EntityRelation, EntityTarget, GrantFilter, GrantRecord, JournalRange, KeyRecord, Precondition,
    Rotation, Scope, ServiceRecord, StaleRow, Store, StoreError, TrailFileRecord, TrailFilter,
    UsedPrincipal, UserBody, Write,
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
            is_development: false,
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
        this.write(principals()).await.unwrap();
        this.write(trail()).await.unwrap();
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
            refusals.note(self.store.credentials().list(&account, &CredentialOwner::Root).await);
            self.note_entities(&mut refusals, &account).await;
            for region in ["eu-central-1", "eu-west-1"] {
                let region: Region = region.parse().unwrap();
                self.note_scope(&mut refusals, &Scope { account, region }).await;
            }
        }
        refusals.note(self.store.credentials().find(&credential_record(1).access_key_id).await);
        refusals.note(self.store.services().list().await);
        for principal in [1, 9].map(access_key) {
            refusals.note(self.store.principal_uses().find(&principal).await);
        }
        for token_id in [import_token_id(1), import_token_id(2), [0; 32]] {
            refusals.note(self.store.import_wrapping_keys().find(&token_id).await);
        }
        let end = time(u32::MAX);
        refusals.note(self.store.trail().cursors().await);
        refusals.note(self.store.trail().digests_before(end, 100).await);
        refusals.note(self.store.trail().all_signing_keys().await);
        refusals.0
    }

    async fn note_entities(&self, refusals: &mut Refusals, account: &AccountId) {
        use EntityKind as K;
        let entities = self.store.entities();
        for kind in [K::Group, K::MfaDevice, K::OidcProvider, K::Policy, K::Role, K::User] {
            refusals.note(entities.list(account, kind, "", None, 100).await);
        }
        refusals.note(entities.find_by_id(&alice().unique_id.unwrap()).await);
    }

    async fn note_scope(&self, refusals: &mut Refusals, scope: &Scope) {
        refusals.note(self.store.keys().list(scope, None, 100).await);
        refusals.note(self.store.aliases().list(scope, None, 100).await);
        refusals.note(self.store.trail().list_files(scope, None, 100).await);
        let all = TrailFilter::default();
        refusals.note(self.store.trail().matching_files(scope, &all, None, 100).await);
        for key in [1, 2, 3].map(|n| scope.key(key_id(n))) {
            refusals.note(self.store.keys().find(&key).await);
            refusals.note(self.store.materials().list(&key).await);
            refusals.note(self.store.policies().find(&key).await);
            refusals.note(self.store.tags().list(&key, None, 100).await);
            refusals.note(self.store.aliases().list_of_key(&key, None, 100).await);
            let all = GrantFilter::default();
            refusals.note(self.store.grants().list(&key, &all, None, 100).await);
            refusals.note(self.store.last_uses().find(&key).await);
            refusals.note(self.store.keys().members(&scope.account, &key.key_id).await);
        }
    }
}

fn access_key(n: u32) -> UsedPrincipal {
    UsedPrincipal::AccessKey(credential_record(n).access_key_id)
}

/// A user with an attached policy.
fn alice() -> EntityRecord {
    let attached_policies = vec!["arn:aws:iam::aws:policy/p".to_owned()];
    let body = UserBody { attached_policies, ..UserBody::default() };
    entity_record(1, "Alice", EntityBody::User(body))
}

/// An MFA device, a user, a service and the last use of an access key.
fn principals() -> Vec<Write> {
    let service = ServiceRecord {
        source_arn: Some("arn:aws:s3:::a".to_owned()),
        source_account: Some(account(5)),
        role: Some(unique_id(UniqueIdKind::Role, 5)),
        ..service_record("s3")
    };
    vec![
        put_entity(mfa_device_record(1, "phone")),
        put_entity(alice()),
        Write::PutService(Box::new(service)),
        Write::PutPrincipalUse(principal_use_record(access_key(1), 1)),
    ]
}

/// One row in each table of the trail.
fn trail() -> Vec<Write> {
    let journal = Some(JournalRange { segment: 3, from: 70, to: 900 });
    let file = TrailFileRecord { journal, ..trail_file_record(&scope(), 1) };
    vec![
        Write::PutTrailCursor(trail_cursor_record(1)),
        Write::PutTrailDigest(Box::new(trail_digest_record(&scope(), 1))),
        Write::PutTrailFile(Box::new(file)),
        Write::PutTrailSigningKey(Box::new(trail_signing_key_record(&scope().region, 1))),
    ]
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

/// A table, a column, and another value of the right type for it.
type Edit = (&'static str, &'static str, &'static str);

/// What keys and their material say.
const EDITS_OF_KEYS: &[Edit] = &[
    ("key_materials", "description", "''"),
    ("key_materials", "expires_at", "1"),
    ("key_materials", "material_id", "zeroblob(32)"),
    ("key_materials", "public_key", "x''"),
    ("key_materials", "rotated_at", "1"),
    ("key_materials", "rotation_type", "'ON_DEMAND'"),
    ("key_materials", "sealed", "NULL"),
    ("key_materials", "state", "'PENDING_ROTATION'"),
    ("key_materials", "sealed", "CAST(substr(sealed, 1, 4) || 'another' AS BLOB)"),
    ("keys", "current_material", "NULL"),
    ("keys", "deletion_date", "1"),
    ("keys", "description", "''"),
    ("keys", "is_multi_region", "1"),
    ("keys", "next_rotation", "1"),
    ("keys", "on_demand_count", "1"),
    ("keys", "on_demand_started", "1"),
    ("keys", "primary_region", "'eu-west-1'"),
    ("keys", "replica_regions", "'eu-west-1'"),
    ("keys", "rotation_period_days", "365"),
    ("keys", "settles_at", "1"),
    ("keys", "manager", "'AWS'"),
    ("keys", "origin", "'EXTERNAL'"),
    ("keys", "pending_window_days", "7"),
    ("keys", "spec", "'HMAC_256'"),
    ("keys", "state", "'Disabled'"),
    ("keys", "usage", "'SIGN_VERIFY'"),
];

/// What the other tables of rows that decide say.
const OTHER_EDITS: &[Edit] = &[
    ("accounts", "account", "'111100000001'"),
    ("accounts", "owner_service", "'s3'"),
    ("aliases", "name", "'alias/other'"),
    ("aliases", "target", "'00000003-1234-4abc-8def-1234567890ab'"),
    ("aliases", "updated_at", "updated_at + 1"),
    ("credentials", "access_key_id", "'AKIA0000000000000009'"),
    ("credentials", "account", "'111100000001'"),
    ("credentials", "owner", "'service/s3'"),
    ("credentials", "owner", "'user/AIDAYYYYYYYYYYYYYYYYY'"),
    ("credentials", "sealed_secret", "zeroblob(length(sealed_secret))"),
    ("credentials", "status", "'Inactive'"),
    ("deployment", "deployment_id", "zeroblob(16)"),
    ("deployment", "partition", "'aws-cn'"),
    ("deployment", "regions", "'eu-central-1,eu-west-1'"),
    ("deployment", "is_development", "1"),
    ("grants", "created_by_service", "''"),
    ("grants", "encryption_context_equals", "x''"),
    ("grants", "encryption_context_subset", "NULL"),
    ("grants", "encryption_context_subset", "x'00000001610000000162'"),
    ("grants", "encryption_context_subset", "x'ff'"),
    ("grants", "fingerprint", "NULL"),
    ("grants", "grant_id", "zeroblob(32)"),
    ("grants", "grantee_id", "'AIDAYYYYYYYYYYYYYYYYY'"),
    ("grants", "grantee_principal", "retiring_principal"),
    ("grants", "grantee_service_principal", "grantee_principal"),
    ("grants", "issuing_account", "'111100000001'"),
    ("grants", "name", "NULL"),
    ("grants", "operations", "'Decrypt'"),
    ("grants", "operations", "'Encrypt,Decrypt'"),
    ("grants", "retiring_id", "'AIDAYYYYYYYYYYYYYYYYY'"),
    ("grants", "retiring_principal", "grantee_principal"),
    ("grants", "retiring_service_principal", "retiring_principal"),
    ("grants", "source_arn", "''"),
    ("iam_entities", "account", "'111100000001'"),
    ("iam_entities", "body", "replace(body, '\"last_step\":0', '\"last_step\":1')"),
    ("iam_entities", "body", "body || ' '"),
    ("iam_entities", "kind", "'group'"),
    ("iam_entities", "name", "'Phone'"),
    ("iam_entities", "name", "'other'"),
    ("iam_entities", "name_folded", "'other'"),
    ("iam_entities", "path", "'/a/'"),
    ("iam_entities", "sealed", "NULL"),
    ("iam_entities", "sealed", "zeroblob(length(sealed))"),
    ("iam_entities", "unique_id", "'AIDAZZZZZZZZZZZZZZZZZ'"),
    ("import_wrapping_keys", "algorithm", "'RSAES_OAEP_SHA_1'"),
    ("import_wrapping_keys", "expires_at", "expires_at + 1"),
    ("import_wrapping_keys", "sealed_private_key", "zeroblob(length(sealed_private_key))"),
    ("import_wrapping_keys", "token_id", "zeroblob(32)"),
    ("import_wrapping_keys", "wrapping_key_spec", "'RSA_2048'"),
    ("key_policies", "bindings", "'{\"a\":\"b\"}'"),
    ("key_policies", "document", "'{\"Statement\":[]}'"),
    ("last_uses", "event_id", "zeroblob(16)"),
    ("last_uses", "operation", "'Decrypt'"),
    ("last_uses", "request_id", "zeroblob(16)"),
    ("last_uses", "used_at", "used_at + 1"),
    ("principal_uses", "principal", "'access-key/AKIA0000000000000009'"),
    ("principal_uses", "region", "'eu-west-1'"),
    ("principal_uses", "service", "'sts'"),
    ("principal_uses", "used_at", "used_at + 1"),
    ("services", "account", "'111100000001'"),
    ("services", "kind", "'as-itself'"),
    ("services", "name", "'s4'"),
    ("services", "owned_account", "'111100000001'"),
    ("services", "role", "NULL"),
    ("services", "source_account", "NULL"),
    ("services", "source_arn", "'arn:aws:s3:::b'"),
    ("tags", "tag_key", "'owner'"),
    ("tags", "tag_value", "'red'"),
];

/// What the audit trail says of itself.
const EDITS_OF_THE_TRAIL: &[Edit] = &[
    ("trail_cursors", "name", "'other'"),
    ("trail_cursors", "offset", "\"offset\" + 1"),
    ("trail_cursors", "segment", "segment + 1"),
    ("trail_digests", "account", "'111100000001'"),
    ("trail_digests", "blocks", "zeroblob(length(blocks))"),
    ("trail_digests", "bucket", "'other'"),
    ("trail_digests", "bytes", "bytes + 1"),
    ("trail_digests", "ended_at", "ended_at + 1"),
    ("trail_digests", "fingerprint", "'other'"),
    ("trail_digests", "hash", "zeroblob(32)"),
    ("trail_digests", "object", "'other'"),
    ("trail_digests", "previous_bucket", "'other'"),
    ("trail_digests", "previous_bucket", "NULL"),
    ("trail_digests", "previous_hash", "zeroblob(32)"),
    ("trail_digests", "previous_object", "'other'"),
    ("trail_digests", "previous_signature", "x''"),
    ("trail_digests", "region", "'eu-west-1'"),
    ("trail_digests", "signature", "x''"),
    ("trail_digests", "started_at", "started_at + 1"),
    ("trail_digests", "state", "'staged'"),
    ("trail_digests", "stored_bytes", "stored_bytes + 1"),
    ("trail_files", "account", "'111100000001'"),
    ("trail_files", "blocks", "zeroblob(length(blocks))"),
    ("trail_files", "bucket", "'other'"),
    ("trail_files", "bytes", "bytes + 1"),
    ("trail_files", "delivered_at", "delivered_at + 1"),
    ("trail_files", "digest_ended_at", "1"),
    ("trail_files", "event_ids", "NULL"),
    ("trail_files", "event_ids", "zeroblob(length(event_ids))"),
    ("trail_files", "hash", "zeroblob(32)"),
    ("trail_files", "journal_from", "journal_from + 1"),
    ("trail_files", "journal_segment", "NULL"),
    ("trail_files", "journal_segment", "journal_segment + 1"),
    ("trail_files", "journal_to", "journal_to + 1"),
    ("trail_files", "newest", "newest + 1"),
    ("trail_files", "object", "'other'"),
    ("trail_files", "oldest", "oldest + 1"),
    ("trail_files", "records", "records + 1"),
    ("trail_files", "region", "'eu-west-1'"),
    ("trail_files", "state", "'staged'"),
    ("trail_files", "stored_bytes", "stored_bytes + 1"),
    ("trail_signing_keys", "fingerprint", "'other'"),
    ("trail_signing_keys", "public_key", "x''"),
    ("trail_signing_keys", "region", "'eu-west-1'"),
    ("trail_signing_keys", "sealed_private_key", "zeroblob(length(sealed_private_key))"),
    ("trail_signing_keys", "valid_from", "valid_from + 1"),
    ("trail_signing_keys", "valid_to", "valid_to + 1"),
];

/// Every column of every table of rows that decide.
fn edits() -> Vec<Edit> {
    let mut edits = [EDITS_OF_KEYS, OTHER_EDITS, EDITS_OF_THE_TRAIL].concat();
    for table in TABLES.into_iter().filter(|it| *it == "aliases" || OF_KEYS.contains(it)) {
        edits.push((table, "account", "'111100000001'"));
        edits.push((table, "region", "'eu-west-1'"));
    }
    for table in OF_KEYS {
        edits.push((table, "key_id", "'00000003-1234-4abc-8def-1234567890ab'"));
    }
    let undated = ["key_policies", "last_uses", "principal_uses", "tags"];
    let is_dated = |table: &&str| !undated.contains(table) && !table.starts_with("trail_");
    for table in TABLES.into_iter().filter(is_dated) {
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

const TABLES: [&str; 18] = [
    "accounts",
    "aliases",
    "credentials",
    "deployment",
    "grants",
    "iam_entities",
    "import_wrapping_keys",
    "key_materials",
    "key_policies",
    "keys",
    "last_uses",
    "principal_uses",
    "services",
    "tags",
    "trail_cursors",
    "trail_digests",
    "trail_files",
    "trail_signing_keys",
];

/// The tables with a row for each of the two whole keys, by the key's id.
const OF_KEYS: [&str; 7] = [
    "grants",
    "import_wrapping_keys",
    "key_materials",
    "key_policies",
    "keys",
    "last_uses",
    "tags",
];

#[tokio::test]
async fn an_edited_column_is_noticed_whichever_it_is() {
    let forger = Forger::new().await;
    forger.write(vec![Write::DeleteKey(key(3))]).await.unwrap();
    for (table, column, value) in edits() {
        let column = format!("\"{column}\"");
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
        ("credentials", "owner"),
        ("credentials", "status"),
        ("deployment", "partition"),
        ("deployment", "regions"),
        ("grants", "grantee_id"),
        ("grants", "issuing_account"),
        ("grants", "operations"),
        ("iam_entities", "body"),
        ("iam_entities", "kind"),
        ("import_wrapping_keys", "algorithm"),
        ("import_wrapping_keys", "wrapping_key_spec"),
        ("key_materials", "rotation_type"),
        ("key_materials", "state"),
        ("key_policies", "bindings"),
        ("keys", "manager"),
        ("keys", "origin"),
        ("keys", "primary_region"),
        ("keys", "spec"),
        ("keys", "state"),
        ("keys", "usage"),
        ("principal_uses", "region"),
        ("services", "kind"),
        ("services", "role"),
        ("trail_digests", "state"),
        ("trail_files", "state"),
        ("trail_signing_keys", "region"),
    ] {
        let forger = Forger::new().await;
        forger.forge(&format!("UPDATE {table} SET {column} = 'nonsense'"));
        assert_eq!(forger.forged_tables().await, BTreeSet::from([table]), "{table}.{column}");
    }
}

#[tokio::test]
async fn a_row_moved_to_another_key_is_noticed() {
    for table in OF_KEYS.into_iter().filter(|table| *table != "keys") {
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
    for table in OF_KEYS.into_iter().chain(["aliases"]) {
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

/// A column at its default has no place in the form of a row written by the first release, so the
/// others must not be able to stand in for one another.
#[tokio::test]
async fn a_value_that_moved_to_another_column_is_noticed() {
    for (table, from, to) in [
        ("grants", "grantee_principal", "grantee_service_principal"),
        ("grants", "encryption_context_subset", "encryption_context_equals"),
        ("grants", "retiring_principal", "retiring_service_principal"),
        ("grants", "grantee_id", "retiring_id"),
        ("grants", "grantee_id", "created_by_service"),
        ("key_materials", "expires_at", "rotated_at"),
        ("key_materials", "description", "rotation_type"),
        ("keys", "next_rotation", "on_demand_started"),
        ("keys", "settles_at", "rotation_period_days"),
        ("keys", "deletion_date", "settles_at"),
        ("services", "source_account", "owned_account"),
        ("trail_digests", "previous_bucket", "previous_object"),
    ] {
        let forger = Forger::new().await;
        let mut dated = key_record(&key(1));
        dated.rotation.next_date = Some(time(5));
        dated.settles_at = Some(Timestamp::from_unix_ms(365));
        dated.deletion_date = Some(time(6));
        let mut imported = material_record(&key(1), 1);
        imported.expires_at = Some(time(5));
        imported.description = Some("ON_DEMAND".to_owned());
        let grantee_id = Some(unique_id(UniqueIdKind::User, 1));
        let bound = GrantRecord { grantee_id, ..grant_record(&key(1), 1) };
        let writes = vec![
            Write::PutKey(Box::new(dated)),
            Write::PutMaterial(imported),
            Write::PutGrant(Box::new(bound)),
        ];
        forger.write(writes).await.unwrap();
        assert_eq!(forger.forged_tables().await, BTreeSet::new());
        forger.forge(&format!("UPDATE {table} SET {to} = {from}, {from} = NULL WHERE row = 1"));
        assert_eq!(forger.forged_tables().await, BTreeSet::from([table]), "{table}.{from}");
    }
}

#[tokio::test]
async fn a_log_file_cannot_be_made_one_whose_lines_nobody_knows() {
    let forger = Forger::new().await;
    let columns = ["journal_segment", "journal_from", "journal_to"];
    let nothing = columns.map(|column| format!("{column} = NULL")).join(", ");
    forger.forge(&format!("UPDATE trail_files SET {nothing}"));
    assert_eq!(forger.forged_tables().await, BTreeSet::from(["trail_files"]));
}

#[tokio::test]
async fn a_set_edited_in_any_way_is_noticed() {
    let [here, east, west] =
        ["eu-central-1", "us-east-1", "us-west-2"].map(|it| it.parse::<Region>().unwrap());
    let alone = MultiRegionSet::of_primary(here);
    let set = alone.clone().with_replica(east).with_replica(west);
    for (set, edit) in [
        (&set, "is_multi_region = 0"),
        (&set, "is_multi_region = 0, primary_region = NULL, replica_regions = NULL"),
        (&set, "primary_region = NULL"),
        (&set, "primary_region = NULL, replica_regions = NULL"),
        (&set, "primary_region = 'us-east-1', replica_regions = 'eu-central-1,us-west-2'"),
        (&set, "replica_regions = NULL"),
        (&set, "replica_regions = ''"),
        (&set, "replica_regions = 'us-east-1'"),
        (&set, "replica_regions = 'us-west-2,us-east-1'"),
        (&set, "replica_regions = 'us-east-1,us-west-2,'"),
        (&set, "replica_regions = 'us-east-1,us-west-2,us-west-2'"),
        (&alone, "is_multi_region = 0"),
        (&alone, "primary_region = 'us-east-1', replica_regions = ''"),
        (&alone, "primary_region = region, replica_regions = ''"),
        (&alone, "primary_region = region, replica_regions = 'us-east-1'"),
    ] {
        let forger = Forger::new().await;
        let mut record = key_record(&key(1));
        record.multi_region = Some(set.clone());
        forger.write(vec![Write::PutKey(Box::new(record))]).await.unwrap();
        assert_eq!(forger.forged_tables().await, BTreeSet::new());
        forger.forge(&format!("UPDATE keys SET {edit} WHERE row = 1"));
        assert_eq!(forger.forged_tables().await, BTreeSet::from(["keys"]), "{edit}");
    }
}

/// The codes cannot help here: the counts have none. But nothing gets stuck.
#[tokio::test]
async fn a_count_edited_by_hand_keeps_nothing_from_its_removal() {
    let forger = Forger::new().await;
    forger.forge("UPDATE key_counts SET count = 0");
    forger.forge("UPDATE grant_counts SET count = 0");
    forger.write(vec![Write::DeleteGrant(key(1), grant_id(1))]).await.unwrap();
    forger.write([1, 2, 3].map(|n| Write::DeleteKey(key(n))).into()).await.unwrap();
    assert_eq!(forger.store.keys().list(&scope(), None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_forged_last_use_does_not_keep_true_ones_out() {
    let forger = Forger::new().await;
    forger.forge("UPDATE last_uses SET used_at = used_at + 1000000 WHERE row = 1");
    assert_eq!(forger.forged_tables().await, BTreeSet::from(["last_uses"]));
    forger.write(vec![Write::PutLastUse(last_use_record(&key(1), 5))]).await.unwrap();
    let found = forger.store.last_uses().find(&key(1)).await.unwrap();
    assert_eq!(found, Some(last_use_record(&key(1), 5)));
}

#[tokio::test]
async fn a_forged_use_of_a_principal_does_not_keep_true_ones_out() {
    let forger = Forger::new().await;
    forger.forge("UPDATE principal_uses SET used_at = used_at + 1000000");
    let used = principal_use_record(access_key(1), 5);
    forger.write(vec![Write::PutPrincipalUse(used.clone())]).await.unwrap();
    let found = forger.store.principal_uses().find(&access_key(1)).await.unwrap();
    assert_eq!(found, Some(used));
}

#[tokio::test]
async fn an_entity_without_something_attached_to_it_is_noticed() {
    for (from, to) in [("user", "user"), ("user", "group")] {
        let forger = Forger::new().await;
        let bare = entity_record(1, "Alice", EntityBody::User(UserBody::default()));
        let bare = bare.body.to_text();
        forger.forge(&format!(
            "UPDATE iam_entities SET body = '{bare}', kind = '{to}' WHERE kind = '{from}'"
        ));
        assert_eq!(forger.forged_tables().await, BTreeSet::from(["iam_entities"]), "{to}");
    }
}

/// Its members carry no code: they say where to look, and the entities say what is so.
#[tokio::test]
async fn an_index_of_references_edited_by_hand_changes_nothing_entities_say() {
    let forger = Forger::new().await;
    let policy = EntityTarget::new(account(0), EntityRelation::Policy, "arn:aws:iam::aws:policy/p");
    forger.forge("DELETE FROM iam_references");
    assert_eq!(forger.store.entities().referrers(&policy, None, 10).await.unwrap(), []);
    let found = forger.store.entities().find(&alice().entity_name()).await.unwrap().unwrap();
    assert_eq!(found.record, alice());
    forger.write(vec![put_entity(alice())]).await.unwrap();
    let referrers = forger.store.entities().referrers(&policy, None, 10).await.unwrap();
    assert_eq!(referrers, [alice().entity_name()]);
    forger.forge("UPDATE iam_references SET referrer_kind = 'nonsense'");
    let refused = forger.store.entities().referrers(&policy, None, 10).await;
    assert!(matches!(refused, Err(StoreError::Unreadable { table: "iam_references" })));
}

/// They carry no code: they say where to look, and the files say what is so.
#[tokio::test]
async fn values_of_a_log_file_edited_by_hand_change_nothing_files_say() {
    let forger = Forger::new().await;
    let file = trail_file_record(&scope(), 1);
    forger.forge("INSERT INTO trail_values VALUES (1, 'nonsense', '')");
    assert_eq!(forger.forged_tables().await, BTreeSet::new());
    let refused = forger.store.trail().values(&file.name).await;
    assert!(matches!(refused, Err(StoreError::Unreadable { table: "trail_values" })));
    forger.write(vec![Write::DeleteTrailValues(file.name.clone())]).await.unwrap();
    assert_eq!(forger.store.trail().values(&file.name).await.unwrap(), []);
}

#[tokio::test]
async fn an_older_code_under_newer_content_is_noticed() {
    let forger = Forger::new().await;
    forger.hand.execute_batch("CREATE TEMP TABLE old AS SELECT * FROM keys WHERE row = 1").unwrap();
    let mut disabled = key_record(&key(1));
    disabled.state = KeyState::Disabled;
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
    disabled.state = KeyState::Disabled;
    forger.write(vec![Write::PutKey(Box::new(disabled))]).await.unwrap();
    forger.forge("REPLACE INTO keys SELECT * FROM old");
    let found = forger.store.keys().find(&key(1)).await.unwrap().unwrap();
    assert_eq!(found.record, key_record(&key(1)));
}

#[tokio::test]
async fn a_forged_row_that_is_due_keeps_no_other_waiting_and_is_not_acted_on() {
    let forger = Forger::new().await;
    let due = |n| KeyRecord {
        deletion_date: Some(time(n)),
        settles_at: Some(time(n)),
        state: KeyState::Enabled,
        rotation: Rotation { next_date: Some(time(n)), ..Rotation::default() },
        ..key_record(&key(n))
    };
    let writes = [2, 3].map(|n| Write::PutKey(Box::new(due(n))));
    forger.write(writes.into()).await.unwrap();
    forger.forge(
        "UPDATE keys SET deletion_date = 1, settles_at = 1, next_rotation = 1 WHERE row < 3",
    );
    let (keys, now) = (forger.store.keys(), time(9));
    assert_eq!(keys.due_for_deletion(now, 1).await.unwrap(), [key(3)]);
    assert_eq!(keys.due_for_rotation(now, 1).await.unwrap(), [key(3)]);
    assert_eq!(keys.unsettled(now, 1).await.unwrap(), [key(3)]);
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
    forger.forge("UPDATE grants SET operations = 'Sign' WHERE row = 1");
    forger.forge("UPDATE import_wrapping_keys SET expires_at = 1 WHERE row = 1");
    forger.forge("UPDATE last_uses SET operation = 'Sign' WHERE row = 1");
    forger.forge("UPDATE iam_entities SET path = '/a/' WHERE row = 1");
    forger.forge("UPDATE principal_uses SET service = 'sts' WHERE row = 1");
    forger.forge("UPDATE services SET source_arn = NULL WHERE row = 1");
    forger.forge("UPDATE trail_cursors SET segment = 9 WHERE row = 1");
    forger.forge("UPDATE trail_digests SET bucket = '' WHERE row = 1");
    forger.forge("UPDATE trail_files SET records = 1 WHERE row = 1");
    forger.forge("UPDATE trail_signing_keys SET valid_to = 1 WHERE row = 1");
    forger.rows.rotate();
    let stale = forger.store.resealing().stale(2, 100).await.unwrap();
    let tables = [
        "grants",
        "iam_entities",
        "import_wrapping_keys",
        "key_materials",
        "last_uses",
        "principal_uses",
        "services",
        "tags",
        "trail_cursors",
        "trail_digests",
        "trail_files",
        "trail_signing_keys",
    ];
    for table in tables {
        let row = stale.iter().find(|row| row.table == table && row.handle == 1).unwrap();
        let row = StaleRow { sealed: row.sealed.as_ref().map(|_| sealed(2, "new")), ..row.clone() };
        let refused = forger.write(vec![Write::Reseal(row)]).await;
        assert!(matches!(refused, Err(CommitError::Store(StoreError::Forged { .. }))));
    }
    assert_eq!(forger.forged_tables().await, BTreeSet::from(tables));
}

#[tokio::test]
async fn a_precondition_on_a_forged_row_is_an_error() {
    let forger = Forger::new().await;
    let key_change = forger.store.keys().find(&key(1)).await.unwrap().unwrap().change;
    let one = alias("alias/one");
    let alias_change = forger.store.aliases().find(&one).await.unwrap().unwrap().change;
    forger.forge("UPDATE keys SET description = 'forged' WHERE row = 1");
    forger.forge("UPDATE aliases SET updated_at = 1 WHERE row = 1");
    let user = alice().entity_name();
    let user_change = forger.store.entities().find(&user).await.unwrap().unwrap().change;
    forger.forge("UPDATE grants SET operations = 'Sign' WHERE row = 1");
    forger.forge("UPDATE iam_entities SET path = '/a/'");
    for precondition in [
        Precondition::EntityAbsent(user.clone()),
        Precondition::EntityAt(user, user_change),
        Precondition::GrantAbsent(key(1), *grant_id(1).as_bytes()),
        Precondition::GrantPresent(key(1), grant_id(1)),
        Precondition::KeyAbsent(key(1)),
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
