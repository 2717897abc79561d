//! Moving rows from an older domain key to the current one.

use std::collections::BTreeSet;

use keyward_model::{Partition, UniqueIdKind};

use super::samples::{
    account, account_record, alias, credential_record, entity_record, grant_id,
    import_wrapping_key_record, key, material_record, mfa_device_record, principal_use_record,
    put_entity, put_key, put_whole_key, scope, service_record, time, trail_cursor_record,
    trail_digest_record, trail_file_record, trail_signing_key_record, unique_id,
};
use super::{Subject, sealed};
use crate::{
    DeploymentRecord, EntityBody, EntityRecord, EntityRelation, EntityTarget, MaterialRecord,
    StaleRow, UsedPrincipal, UserBody, Write,
};

/// One row in every table, under domain key 1; then key 2 is current.
async fn rotated(subject: &Subject) {
    let facts = DeploymentRecord {
        deployment_id: uuid::Uuid::from_u128(1),
        partition: Partition::Aws,
        regions: vec!["eu-central-1".parse().unwrap()],
        is_development: true,
        created_at: time(1),
    };
    subject.store.deployment().create(facts).await.unwrap();
    subject.write(put_whole_key(&key(1), "alias/app")).await;
    subject.write(vec![Write::PutAccount(account_record(0))]).await;
    let principal = UsedPrincipal::AccessKey(credential_record(1).access_key_id);
    let writes = vec![
        Write::PutCredential(credential_record(1)),
        put_entity(member()),
        put_entity(mfa_device_record(1, "phone")),
        Write::PutPrincipalUse(principal_use_record(principal, 1)),
        Write::PutService(Box::new(service_record("s3"))),
        Write::PutTrailCursor(trail_cursor_record(1)),
        Write::PutTrailDigest(Box::new(trail_digest_record(&scope(), 1))),
        Write::PutTrailFile(Box::new(trail_file_record(&scope(), 1))),
        Write::PutTrailSigningKey(Box::new(trail_signing_key_record(&scope().region, 1))),
    ];
    subject.write(writes).await;
    assert_eq!(stale(subject).await, []);
    subject.rows.rotate();
}

/// A user with something for the index of references.
fn member() -> EntityRecord {
    let groups = vec![unique_id(UniqueIdKind::Group, 1)];
    let body = UserBody { groups, ..UserBody::default() };
    entity_record(1, "alice", EntityBody::User(body))
}

async fn stale(subject: &Subject) -> Vec<StaleRow> {
    subject.store.resealing().stale(subject.rows.current(), 100).await.unwrap()
}

/// The row with its value sealed under the current key.
fn sealed_again(subject: &Subject, row: &StaleRow) -> StaleRow {
    let seal = |old: &Vec<u8>| {
        sealed(subject.rows.current(), std::str::from_utf8(old.get(4..).unwrap()).unwrap())
    };
    StaleRow { sealed: row.sealed.as_ref().map(seal), ..row.clone() }
}

async fn reseal_all(subject: &Subject) {
    for row in stale(subject).await {
        subject.write(vec![Write::Reseal(sealed_again(subject, &row))]).await;
    }
}

pub async fn rows_of_every_table_are_stale_after_a_rotation(subject: &Subject) {
    rotated(subject).await;
    let rows = stale(subject).await;
    let tables: BTreeSet<_> = rows.iter().map(|row| row.table).collect();
    assert_eq!(rows.len(), 19);
    assert_eq!(tables.len(), 18, "{tables:?}");
    let material = rows.iter().find(|row| row.table == MaterialRecord::TABLE).unwrap();
    let record = material_record(&key(1), 1);
    assert_eq!(material.identity, MaterialRecord::row_identity(&record.key, &record.material_id));
    assert_eq!(material.sealed, record.sealed);
    assert_eq!(material.previous, record.sealed);
    let credential = rows.iter().find(|row| row.table == "credentials").unwrap();
    let record = credential_record(1);
    assert_eq!(credential.identity, record.access_key_id.as_str().as_bytes());
    assert_eq!(credential.sealed.as_ref(), Some(&record.sealed_secret));
    let wrapping_key = rows.iter().find(|row| row.table == "import_wrapping_keys").unwrap();
    let record = import_wrapping_key_record(&key(1), 1);
    assert_eq!(wrapping_key.identity, record.token_id);
    assert_eq!(wrapping_key.sealed.as_ref(), Some(&record.sealed_private_key));
    let signing_key = rows.iter().find(|row| row.table == "trail_signing_keys").unwrap();
    let record = trail_signing_key_record(&scope().region, 1);
    assert_eq!(signing_key.identity, record.fingerprint.as_bytes());
    assert_eq!(signing_key.sealed.as_ref(), Some(&record.sealed_private_key));
    let of_entities = rows.iter().filter(|row| row.table == EntityRecord::TABLE);
    let found: Vec<_> = of_entities.map(|row| (row.identity.clone(), row.sealed.clone())).collect();
    let device = mfa_device_record(1, "phone");
    let seed = device.body.sealed().map(Vec::from);
    let expected = [
        (member().entity_name().row_identity(), None),
        (device.entity_name().row_identity(), seed),
    ];
    assert_eq!(found, expected);
}

pub async fn nothing_is_stale_once_every_row_is_resealed(subject: &Subject) {
    rotated(subject).await;
    reseal_all(subject).await;
    assert_eq!(stale(subject).await, []);
}

pub async fn a_resealed_row_reads_as_before_but_for_its_seal(subject: &Subject) {
    rotated(subject).await;
    let store = &subject.store;
    let group = unique_id(UniqueIdKind::Group, 1).to_string();
    let target = EntityTarget::new(account(0), EntityRelation::Group, group);
    let principal = UsedPrincipal::AccessKey(credential_record(1).access_key_id);
    let read = async || {
        (
            store.deployment().find().await.unwrap().unwrap(),
            store.keys().find(&key(1)).await.unwrap().unwrap().record,
            store.policies().find(&key(1)).await.unwrap().unwrap().record,
            store.aliases().find(&alias("alias/app")).await.unwrap().unwrap().record,
            store.tags().list(&key(1), None, 10).await.unwrap(),
            store.accounts().list().await.unwrap(),
            store.grants().find(&key(1), &grant_id(1)).await.unwrap().unwrap(),
            store.last_uses().find(&key(1)).await.unwrap().unwrap(),
            store.entities().find(&member().entity_name()).await.unwrap().unwrap().record,
            store.entities().referrers(&target, None, 10).await.unwrap(),
            store.services().list().await.unwrap(),
            (
                store.principal_uses().find(&principal).await.unwrap().unwrap(),
                store.trail().cursors().await.unwrap(),
                store.trail().list_files(&scope(), None, 10).await.unwrap(),
                store.trail().list_digests(&scope(), None, 10).await.unwrap(),
            ),
        )
    };
    let before = read().await;
    reseal_all(subject).await;
    assert_eq!(read().await, before);
    let mut material = material_record(&key(1), 1);
    material.sealed = Some(sealed(2, "material 1"));
    assert_eq!(store.materials().list(&key(1)).await.unwrap(), [material]);
    let mut credential = credential_record(1);
    credential.sealed_secret = sealed(2, "secret 1");
    let found = store.credentials().find(&credential.access_key_id).await.unwrap();
    assert_eq!(found, Some(credential));
    let mut wrapping_key = import_wrapping_key_record(&key(1), 1);
    wrapping_key.sealed_private_key = sealed(2, "private key 1");
    let found = store.import_wrapping_keys().find(&wrapping_key.token_id).await.unwrap();
    assert_eq!(found, Some(wrapping_key));
    let mut signing_key = trail_signing_key_record(&scope().region, 1);
    signing_key.sealed_private_key = sealed(2, "signing key 1");
    assert_eq!(store.trail().all_signing_keys().await.unwrap(), [signing_key]);
    let mut device = mfa_device_record(1, "phone");
    device.body.replace_sealed(sealed(2, "seed 1")).unwrap();
    let found = store.entities().find(&device.entity_name()).await.unwrap().unwrap();
    assert_eq!(found.record, device);
}

pub async fn a_resealed_row_takes_a_number(subject: &Subject) {
    subject.write(vec![put_key(&key(1))]).await;
    let before = subject.store.keys().find(&key(1)).await.unwrap().unwrap();
    subject.rows.rotate();
    reseal_all(subject).await;
    let after = subject.store.keys().find(&key(1)).await.unwrap().unwrap();
    assert_eq!(after.change.shard, before.change.shard);
    assert_eq!(after.change.number, before.change.number + 1);
}

pub async fn a_row_that_changed_meanwhile_keeps_its_seal(subject: &Subject) {
    rotated(subject).await;
    let rows = stale(subject).await;
    let mut material = material_record(&key(1), 1);
    material.sealed = Some(sealed(2, "another"));
    let mut credential = credential_record(1);
    credential.sealed_secret = sealed(2, "another");
    let mut wrapping_key = import_wrapping_key_record(&key(1), 1);
    wrapping_key.sealed_private_key = sealed(2, "another");
    let mut device = mfa_device_record(1, "phone");
    device.body.replace_sealed(sealed(2, "another")).unwrap();
    let writes = vec![
        Write::PutMaterial(material.clone()),
        Write::PutCredential(credential.clone()),
        Write::PutImportWrappingKey(Box::new(wrapping_key.clone())),
        put_entity(device.clone()),
    ];
    subject.write(writes).await;
    for row in rows {
        subject.write(vec![Write::Reseal(sealed_again(subject, &row))]).await;
    }
    assert_eq!(subject.store.materials().list(&key(1)).await.unwrap(), [material]);
    let found = subject.store.credentials().find(&credential.access_key_id).await.unwrap();
    assert_eq!(found, Some(credential));
    let found = subject.store.import_wrapping_keys().find(&wrapping_key.token_id).await.unwrap();
    assert_eq!(found, Some(wrapping_key));
    let found = subject.store.entities().find(&device.entity_name()).await.unwrap().unwrap();
    assert_eq!(found.record, device);
}

pub async fn material_that_went_or_came_meanwhile_keeps_its_place(subject: &Subject) {
    let here = material_record(&key(1), 1);
    let gone = MaterialRecord { sealed: None, ..material_record(&key(1), 2) };
    let writes = vec![Write::PutMaterial(here.clone()), Write::PutMaterial(gone.clone())];
    subject.write(vec![put_key(&key(1))]).await;
    subject.write(writes).await;
    subject.rows.rotate();
    let rows = stale(subject).await;
    let sealed_values: Vec<_> =
        rows.iter().filter(|it| it.table == MaterialRecord::TABLE).map(|it| &it.sealed).collect();
    assert_eq!(sealed_values, [&here.sealed, &gone.sealed]);
    let here = MaterialRecord { sealed: None, ..here };
    let gone = MaterialRecord { sealed: Some(sealed(2, "imported")), ..gone };
    let writes = vec![Write::PutMaterial(here.clone()), Write::PutMaterial(gone.clone())];
    subject.write(writes).await;
    for row in rows {
        subject.write(vec![Write::Reseal(sealed_again(subject, &row))]).await;
    }
    assert_eq!(subject.store.materials().list(&key(1)).await.unwrap(), [here, gone]);
}

pub async fn material_that_is_gone_is_resealed_by_its_code_alone(subject: &Subject) {
    let gone = MaterialRecord { sealed: None, ..material_record(&key(1), 1) };
    subject.write(vec![put_key(&key(1)), Write::PutMaterial(gone.clone())]).await;
    subject.rows.rotate();
    reseal_all(subject).await;
    assert_eq!(stale(subject).await, []);
    assert_eq!(subject.store.materials().list(&key(1)).await.unwrap(), [gone]);
}

pub async fn a_row_that_went_meanwhile_stays_gone(subject: &Subject) {
    rotated(subject).await;
    let rows = stale(subject).await;
    let device = mfa_device_record(1, "phone").entity_name();
    let writes = vec![Write::DeleteKey(key(1)), Write::DeleteEntity(device.clone())];
    subject.write(writes).await;
    for row in rows {
        let written = subject.write(vec![Write::Reseal(sealed_again(subject, &row))]).await;
        assert_eq!(written.changes.len(), 1);
    }
    assert_eq!(subject.store.keys().find(&key(1)).await.unwrap(), None);
    assert_eq!(subject.store.materials().list(&key(1)).await.unwrap(), []);
    assert_eq!(subject.store.entities().find(&device).await.unwrap(), None);
    assert_eq!(stale(subject).await, []);
}

pub async fn a_value_sealed_before_a_rotation_and_stored_after_is_stale(subject: &Subject) {
    let in_flight = material_record(&key(1), 1);
    subject.rows.rotate();
    subject.write(vec![put_key(&key(1)), Write::PutMaterial(in_flight)]).await;
    let tables: Vec<_> = stale(subject).await.iter().map(|row| row.table).collect();
    assert_eq!(tables, [MaterialRecord::TABLE]);
    reseal_all(subject).await;
    assert_eq!(stale(subject).await, []);
}

pub async fn stale_rows_come_in_bounded_lists(subject: &Subject) {
    rotated(subject).await;
    let resealing = subject.store.resealing();
    for limit in 0..=8 {
        let rows = resealing.stale(2, limit).await.unwrap();
        assert_eq!(rows.len(), usize::try_from(limit).unwrap());
    }
    while let [row, ..] = &resealing.stale(2, 1).await.unwrap()[..] {
        subject.write(vec![Write::Reseal(sealed_again(subject, row))]).await;
    }
    assert_eq!(stale(subject).await, []);
}
