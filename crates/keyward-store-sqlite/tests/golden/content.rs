//! What a golden database holds: a row or two of everything, always the same.

use std::path::Path;
use std::sync::Arc;

use keyward_model::{KeyState, Partition};
use keyward_store::conformance::samples::{
    account_record, alias_record, audit_row, credential_record, domain_key_record, key, key_record,
    material_id, material_record, policy_record, tag_record, time,
};
use keyward_store::conformance::{NumberedKeys, sealed};
use keyward_store::{
    AliasRecord, Change, CredentialRecord, CredentialStatus, DeploymentRecord, KeyRecord,
    MaterialRecord, PolicyRecord, Store, TagRecord, Write,
};
use keyward_store_sqlite::Database;

pub(crate) fn deployment() -> DeploymentRecord {
    DeploymentRecord {
        deployment_id: uuid::Uuid::from_u128(0x0123_4567_89ab_4def_8123_4567_89ab_cdef),
        partition: Partition::Aws,
        regions: ["eu-central-1", "us-east-1"].map(|it| it.parse().unwrap()).into(),
        created_at: time(1),
    }
}

pub(crate) fn keys() -> [KeyRecord; 2] {
    let doomed = KeyRecord {
        state: KeyState::PendingDeletion,
        deletion_date: Some(time(9)),
        pending_window_days: Some(7),
        current_material: None,
        description: "wird gelöscht".to_owned(),
        ..key_record(&key(2))
    };
    [key_record(&key(1)), doomed]
}

pub(crate) fn materials() -> [MaterialRecord; 2] {
    let newer = MaterialRecord {
        material_id: material_id(2),
        sealed: sealed(2, "material 2"),
        created_at: time(2),
        ..material_record(&key(1), 1)
    };
    [material_record(&key(1), 1), newer]
}

pub(crate) fn policy() -> PolicyRecord {
    policy_record(&key(1), "{\"Version\":\"2012-10-17\",\"Statement\":[]}")
}

pub(crate) fn alias() -> AliasRecord {
    alias_record("alias/golden", &key(1))
}

pub(crate) fn tags() -> [TagRecord; 2] {
    [tag_record(&key(1), "owner", "Zoë"), tag_record(&key(1), "team", "")]
}

pub(crate) fn credentials() -> [CredentialRecord; 2] {
    let inactive = CredentialRecord { status: CredentialStatus::Inactive, ..credential_record(2) };
    [credential_record(1), inactive]
}

/// Writes a new database, some of it before and some after a rotation of the domain key.
pub(crate) async fn write(path: &Path) {
    let database = Database::open(path).unwrap();
    database.add_domain_key(&domain_key_record(1)).unwrap();
    database.add_domain_key(&domain_key_record(2)).unwrap();
    let rows = Arc::new(NumberedKeys::new(1));
    let store = database.into_store(rows.clone()).unwrap();
    store.deployment().create(deployment()).await.unwrap();
    store.deployment().remember_time(time(77)).await.unwrap();
    let put_keys = keys().map(|record| Write::PutKey(Box::new(record)));
    let [old_material, new_material] = materials().map(Write::PutMaterial);
    let mut writes: Vec<_> = put_keys.into();
    writes.extend([old_material, Write::PutPolicy(policy()), Write::PutAlias(alias())]);
    writes.extend(tags().map(Write::PutTag));
    let audit = vec![audit_row(2), audit_row(1)];
    store.commit(Change { writes, audit, ..Change::default() }).await.unwrap();
    rows.rotate();
    let mut writes = vec![new_material, Write::PutAccount(account_record(0))];
    writes.extend(credentials().map(Write::PutCredential));
    store.commit(Change { writes, ..Change::default() }).await.unwrap();
    store.close().await.unwrap();
}
