//! Wrapped domain keys.

use super::Subject;
use super::samples::{domain_key_record, key, material_record, put_key};
use crate::{Change, CommitError, StoreError, Write};

pub async fn domain_keys_are_listed_in_the_order_of_numbers(subject: &Subject) {
    let domain_keys = subject.store.domain_keys();
    assert_eq!(domain_keys.list().await.unwrap(), []);
    for number in [2, 1, 3] {
        domain_keys.add(domain_key_record(number)).await.unwrap();
    }
    assert_eq!(domain_keys.list().await.unwrap(), [1, 2, 3].map(domain_key_record));
}

pub async fn a_number_is_given_to_one_domain_key_only(subject: &Subject) {
    let domain_keys = subject.store.domain_keys();
    domain_keys.add(domain_key_record(1)).await.unwrap();
    let mut other = domain_key_record(1);
    other.wrapped = vec![9];
    assert!(domain_keys.add(other).await.is_err());
    assert_eq!(domain_keys.list().await.unwrap(), [domain_key_record(1)]);
}

pub async fn a_destroyed_domain_key_is_gone(subject: &Subject) {
    let domain_keys = subject.store.domain_keys();
    for number in [1, 2] {
        domain_keys.add(domain_key_record(number)).await.unwrap();
    }
    domain_keys.destroy(1).await.unwrap();
    assert_eq!(domain_keys.list().await.unwrap(), [domain_key_record(2)]);
}

pub async fn a_domain_key_with_rows_under_it_is_not_destroyed(subject: &Subject) {
    let domain_keys = subject.store.domain_keys();
    for number in [1, 2] {
        domain_keys.add(domain_key_record(number)).await.unwrap();
    }
    subject.write(vec![put_key(&key(1))]).await;
    assert!(domain_keys.destroy(1).await.is_err());
    assert_eq!(domain_keys.list().await.unwrap(), [1, 2].map(domain_key_record));
    subject.write(vec![Write::DeleteKey(key(1))]).await;
    domain_keys.destroy(1).await.unwrap();
}

pub async fn nothing_is_stored_under_a_destroyed_domain_key(subject: &Subject) {
    let domain_keys = subject.store.domain_keys();
    for number in [1, 2] {
        domain_keys.add(domain_key_record(number)).await.unwrap();
    }
    subject.rows.rotate();
    domain_keys.destroy(1).await.unwrap();
    let sealed_before = Write::PutMaterial(material_record(&key(1), 1));
    let writes = vec![put_key(&key(1)), sealed_before];
    let refused = subject.commit(Change { writes, ..Change::default() }).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Backend(_)))));
    assert_eq!(subject.store.keys().find(&key(1)).await.unwrap(), None);
}
