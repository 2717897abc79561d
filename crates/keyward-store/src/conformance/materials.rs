//! Sealed key material.

use super::samples::{key, material_record, put_key, time};
use super::{Subject, sealed};
use crate::Write;

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
    record.sealed = sealed(1, "sealed again");
    record.created_at = time(9);
    subject.write(vec![Write::PutMaterial(record.clone())]).await;
    assert_eq!(subject.store.materials().list(&key(1)).await.unwrap(), [record]);
}

pub async fn materials_are_those_of_one_key(subject: &Subject) {
    subject.write(vec![put_key(&key(1)), put_key(&key(2))]).await;
    subject.write(vec![Write::PutMaterial(material_record(&key(1), 1))]).await;
    assert_eq!(subject.store.materials().list(&key(2)).await.unwrap(), []);
}
