//! Internal services.

use keyward_model::UniqueIdKind;

use super::Subject;
use super::samples::{account, account_record, service_record, time, unique_id};
use crate::{Change, CommitError, ServiceKind, ServiceRecord, StoreError, Write};

fn put(record: &ServiceRecord) -> Write {
    Write::PutService(Box::new(record.clone()))
}

async fn put_accounts(subject: &Subject) {
    subject.write([0, 1].map(|n| Write::PutAccount(account_record(n))).into()).await;
}

async fn find(subject: &Subject, name: &str, n: u32) -> Option<ServiceRecord> {
    subject.store.services().find(name, &account(n)).await.unwrap()
}

/// Records with every optional column present and absent, alone and together.
fn varied_records(name: impl Fn(u32) -> String) -> Vec<ServiceRecord> {
    let vary = |n: u32| {
        let has = |bit: u32| n & (1 << bit) != 0;
        ServiceRecord {
            name: name(n),
            account: account(n % 2),
            kind: if has(0) { ServiceKind::AsItself } else { ServiceKind::OnBehalf },
            source_arn: has(1).then(|| format!("arn:aws:s3:::ü{n}")),
            source_account: has(2).then(|| account(n)),
            role: has(3).then(|| unique_id(UniqueIdKind::Role, n)),
            owned_account: has(4).then(|| account(n + 100)),
            created_at: time(n),
        }
    };
    (0..32).map(vary).collect()
}

pub async fn every_column_of_a_service_survives(subject: &Subject) {
    put_accounts(subject).await;
    let records = varied_records(|n| format!("service {n}"));
    subject.write(records.iter().map(put).collect()).await;
    for record in records {
        let found = subject.store.services().find(&record.name, &record.account).await.unwrap();
        assert_eq!(found, Some(record));
    }
}

pub async fn a_service_is_replaced_whole(subject: &Subject) {
    put_accounts(subject).await;
    for record in varied_records(|_| "s3".to_owned()) {
        let written = subject.write(vec![put(&record)]).await;
        let shard = ServiceRecord::shard("s3", &record.account);
        assert_eq!(written.changes.first().unwrap().shard, shard);
        let found = subject.store.services().find("s3", &record.account).await.unwrap();
        assert_eq!(found, Some(record));
    }
    assert_eq!(subject.store.services().list().await.unwrap().len(), 2);
}

pub async fn a_service_is_found_by_name_and_account(subject: &Subject) {
    put_accounts(subject).await;
    subject.write(vec![put(&service_record("s3"))]).await;
    assert_eq!(find(subject, "s3", 0).await, Some(service_record("s3")));
    assert_eq!(find(subject, "s3", 1).await, None);
    assert_eq!(find(subject, "s4", 0).await, None);
}

pub async fn a_service_is_gone_after_it_is_removed(subject: &Subject) {
    put_accounts(subject).await;
    let elsewhere = ServiceRecord { account: account(1), ..service_record("s3") };
    subject.write(vec![put(&service_record("s3")), put(&elsewhere)]).await;
    let delete = || Write::DeleteService("s3".to_owned(), account(0));
    subject.write(vec![delete(), delete()]).await;
    assert_eq!(find(subject, "s3", 0).await, None);
    assert_eq!(subject.store.services().list().await.unwrap(), [elsewhere]);
}

pub async fn services_are_listed_by_name_and_account(subject: &Subject) {
    put_accounts(subject).await;
    let elsewhere = ServiceRecord { account: account(1), ..service_record("b") };
    let [a, b, c] = ["a", "b", "c"].map(service_record);
    subject.write([&c, &elsewhere, &a, &b].map(put).into()).await;
    assert_eq!(subject.store.services().list().await.unwrap(), [a, b, elsewhere, c]);
}

pub async fn a_service_of_an_account_that_does_not_exist_is_refused(subject: &Subject) {
    let writes = vec![put(&service_record("s3"))];
    let refused = subject.commit(Change { writes, ..Change::default() }).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Backend(_)))));
}
