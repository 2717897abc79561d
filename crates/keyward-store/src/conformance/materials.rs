//! Sealed key material.

use keyward_model::{KeyMaterialState, RotationType};

use super::samples::{key, material_id, material_record, put_key, time};
use super::{Subject, sealed};
use crate::{MaterialRecord, ScopedKey, Write};

/// One record for each state, with every optional column present and absent.
fn varied_records(key: &ScopedKey) -> Vec<MaterialRecord> {
    let mut records = Vec::new();
    for (n, &state) in (0..).zip(KeyMaterialState::ALL.iter().cycle().take(64)) {
        let has = |bit: u8| n & (1 << bit) != 0;
        let rotation_type = *RotationType::ALL.get(usize::from(has(0))).unwrap();
        records.push(MaterialRecord {
            sealed: has(0).then(|| sealed(1, "material")),
            public_key: has(1).then(|| vec![n; 91]),
            state,
            rotated_at: has(2).then(|| time(n.into())),
            rotation_type: has(3).then_some(rotation_type),
            description: has(4).then(|| "Schlüssel ‹n› '\"\\; --\u{0}\n".repeat(n.into())),
            expires_at: has(5).then(|| time(u32::from(n) + 7)),
            ..material_record(key, n)
        });
    }
    records
}

pub async fn every_column_of_a_material_survives(subject: &Subject) {
    subject.write(vec![put_key(&key(1))]).await;
    for record in varied_records(&key(1)) {
        let (id, write) = (record.material_id, Write::PutMaterial(record.clone()));
        subject.write(vec![write]).await;
        assert_eq!(subject.store.materials().list(&key(1)).await.unwrap(), [record]);
        subject.write(vec![Write::DeleteMaterial(key(1), id)]).await;
    }
}

pub async fn a_material_is_replaced_whole(subject: &Subject) {
    subject.write(vec![put_key(&key(1))]).await;
    for record in varied_records(&key(1)) {
        let record = MaterialRecord { material_id: material_id(1), ..record };
        subject.write(vec![Write::PutMaterial(record.clone())]).await;
        assert_eq!(subject.store.materials().list(&key(1)).await.unwrap(), [record]);
    }
}

pub async fn a_material_is_gone_after_it_is_removed(subject: &Subject) {
    subject.write(vec![put_key(&key(1)), put_key(&key(2))]).await;
    for (key_number, n) in [(1, 1), (1, 2), (2, 1)] {
        let record = material_record(&key(key_number), n);
        subject.write(vec![Write::PutMaterial(record)]).await;
    }
    let remove = |n| Write::DeleteMaterial(key(1), material_id(n));
    let written = subject.write(vec![remove(1), remove(9)]).await;
    assert!(written.changes.iter().all(|change| change.shard == key(1).shard()));
    let materials = subject.store.materials();
    assert_eq!(materials.list(&key(1)).await.unwrap(), [material_record(&key(1), 2)]);
    assert_eq!(materials.list(&key(2)).await.unwrap(), [material_record(&key(2), 1)]);
}

pub async fn materials_due_for_expiry_are_here_and_come_earliest_first(subject: &Subject) {
    subject.write(vec![put_key(&key(1)), put_key(&key(2))]).await;
    let rows =
        [(1, 1, Some(30)), (2, 2, Some(10)), (1, 3, None), (1, 4, Some(20)), (2, 5, Some(31))];
    for (key_number, n, expires) in rows {
        let expires_at = expires.map(time);
        let record = MaterialRecord { expires_at, ..material_record(&key(key_number), n) };
        subject.write(vec![Write::PutMaterial(record)]).await;
    }
    let gone =
        MaterialRecord { sealed: None, expires_at: Some(time(1)), ..material_record(&key(2), 6) };
    subject.write(vec![Write::PutMaterial(gone)]).await;
    let materials = subject.store.materials();
    let due = |rows: &[(u32, u8)]| -> Vec<_> {
        rows.iter().map(|&(key_number, n)| (key(key_number), material_id(n))).collect()
    };
    assert_eq!(materials.due_for_expiry(time(9), 10).await.unwrap(), []);
    let found = materials.due_for_expiry(time(30), 10).await.unwrap();
    assert_eq!(found, due(&[(2, 2), (1, 4), (1, 1)]));
    let found = materials.due_for_expiry(time(30), 2).await.unwrap();
    assert_eq!(found, due(&[(2, 2), (1, 4)]));
    let next = [(key(2), time(10)), (key(1), time(20)), (key(1), time(30)), (key(2), time(31))];
    assert_eq!(materials.next_to_expire(10).await.unwrap(), next);
    assert_eq!(materials.next_to_expire(1).await.unwrap(), next[..1]);
}

pub async fn materials_are_listed_oldest_first(subject: &Subject) {
    subject.write(vec![put_key(&key(1))]).await;
    for n in [3, 1, 2] {
        subject.write(vec![Write::PutMaterial(material_record(&key(1), n))]).await;
    }
    let listed = subject.store.materials().list(&key(1)).await.unwrap();
    assert_eq!(listed, [1, 2, 3].map(|n| material_record(&key(1), n)));
}

pub async fn a_material_is_replaced_by_its_id(subject: &Subject) {
    let mut record = material_record(&key(1), 1);
    subject.write(vec![put_key(&key(1)), Write::PutMaterial(record.clone())]).await;
    record.sealed = Some(sealed(1, "sealed again"));
    record.created_at = time(9);
    subject.write(vec![Write::PutMaterial(record.clone())]).await;
    assert_eq!(subject.store.materials().list(&key(1)).await.unwrap(), [record]);
}

pub async fn materials_are_those_of_one_key(subject: &Subject) {
    subject.write(vec![put_key(&key(1)), put_key(&key(2))]).await;
    subject.write(vec![Write::PutMaterial(material_record(&key(1), 1))]).await;
    assert_eq!(subject.store.materials().list(&key(2)).await.unwrap(), []);
}
