//! Keys to wrap imported material under.

use keyward_model::{WrappingAlgorithm, WrappingKeySpec};

use super::samples::{import_token_id, import_wrapping_key_record, key, put_key, time};
use super::{Subject, sealed};
use crate::{ImportWrappingKeyRecord, Write};

fn put(record: &ImportWrappingKeyRecord) -> Write {
    Write::PutImportWrappingKey(Box::new(record.clone()))
}

pub async fn every_column_of_an_import_wrapping_key_survives(subject: &Subject) {
    subject.write(vec![put_key(&key(1))]).await;
    let specs = WrappingKeySpec::ALL.iter().cycle();
    for (n, (&algorithm, &spec)) in (0..).zip(WrappingAlgorithm::ALL.iter().zip(specs)) {
        let record = ImportWrappingKeyRecord {
            algorithm,
            wrapping_key_spec: spec,
            ..import_wrapping_key_record(&key(1), n)
        };
        let written = subject.write(vec![put(&record)]).await;
        let shard = ImportWrappingKeyRecord::shard(&record.token_id);
        assert_eq!(written.changes.first().unwrap().shard, shard);
        let found = subject.store.import_wrapping_keys().find(&record.token_id).await.unwrap();
        assert_eq!(found, Some(record));
    }
}

pub async fn an_import_wrapping_key_is_replaced_by_its_token(subject: &Subject) {
    subject.write(vec![put_key(&key(1)), put_key(&key(2))]).await;
    subject.write(vec![put(&import_wrapping_key_record(&key(1), 1))]).await;
    let record = ImportWrappingKeyRecord {
        token_id: import_token_id(1),
        algorithm: WrappingAlgorithm::RsaAesKeyWrapSha256,
        wrapping_key_spec: WrappingKeySpec::Rsa2048,
        sealed_private_key: sealed(1, "another"),
        ..import_wrapping_key_record(&key(2), 5)
    };
    subject.write(vec![put(&record)]).await;
    let found = subject.store.import_wrapping_keys().find(&import_token_id(1)).await.unwrap();
    assert_eq!(found, Some(record));
}

pub async fn an_import_wrapping_key_is_gone_after_it_is_removed(subject: &Subject) {
    let records = [1, 2].map(|n| import_wrapping_key_record(&key(1), n));
    subject.write(vec![put_key(&key(1))]).await;
    subject.write(records.iter().map(put).collect()).await;
    subject.write([1, 9].map(|n| Write::DeleteImportWrappingKey(import_token_id(n))).into()).await;
    let keys = subject.store.import_wrapping_keys();
    let [_, second] = records;
    assert_eq!(keys.find(&import_token_id(1)).await.unwrap(), None);
    assert_eq!(keys.find(&import_token_id(2)).await.unwrap(), Some(second));
}

pub async fn expired_import_wrapping_keys_come_earliest_first(subject: &Subject) {
    subject.write(vec![put_key(&key(1))]).await;
    for (n, expires) in [(1, 30), (2, 10), (4, 20), (5, 31)] {
        let expires_at = time(expires);
        let record =
            ImportWrappingKeyRecord { expires_at, ..import_wrapping_key_record(&key(1), n) };
        subject.write(vec![put(&record)]).await;
    }
    let keys = subject.store.import_wrapping_keys();
    assert_eq!(keys.expired(time(9), 10).await.unwrap(), [[0; 32]; 0]);
    assert_eq!(keys.expired(time(30), 10).await.unwrap(), [2, 4, 1].map(import_token_id));
    assert_eq!(keys.expired(time(30), 2).await.unwrap(), [2, 4].map(import_token_id));
}
