//! Access keys.

use keyward_model::UniqueIdKind;

use super::Subject;
use super::samples::{account, account_record, credential_record, unique_id};
use crate::{
    Change, CommitError, CredentialOwner, CredentialRecord, CredentialStatus, StoreError, Write,
};

pub async fn a_credential_is_found_after_it_is_added(subject: &Subject) {
    let record = credential_record(1);
    put_account(subject).await;
    subject.write(vec![Write::PutCredential(record.clone())]).await;
    let credentials = subject.store.credentials();
    assert_eq!(credentials.find(&record.access_key_id).await.unwrap(), Some(record));
    let absent = credential_record(2).access_key_id;
    assert_eq!(credentials.find(&absent).await.unwrap(), None);
}

pub async fn a_credential_is_replaced_whole(subject: &Subject) {
    put_account(subject).await;
    let mut record = credential_record(1);
    subject.write(vec![Write::PutCredential(record.clone())]).await;
    record.status = CredentialStatus::Inactive;
    record.sealed_secret = super::sealed(1, "another");
    subject.write(vec![Write::PutCredential(record.clone())]).await;
    let found = subject.store.credentials().find(&record.access_key_id).await.unwrap();
    assert_eq!(found, Some(record));
}

pub async fn a_credential_is_gone_after_it_is_removed(subject: &Subject) {
    let id = credential_record(1).access_key_id;
    put_account(subject).await;
    subject.write(vec![Write::PutCredential(credential_record(1))]).await;
    subject.write(vec![Write::DeleteCredential(id.clone())]).await;
    assert_eq!(subject.store.credentials().find(&id).await.unwrap(), None);
    assert_eq!(
        subject.store.credentials().list(&account(0), &CredentialOwner::Root).await.unwrap(),
        []
    );
}

pub async fn credentials_are_listed_by_account(subject: &Subject) {
    put_account(subject).await;
    let mut other = credential_record(3);
    other.account = account(1);
    subject
        .write(vec![
            Write::PutAccount(account_record(1)),
            Write::PutCredential(credential_record(2)),
            Write::PutCredential(credential_record(1)),
            Write::PutCredential(other.clone()),
        ])
        .await;
    let credentials = subject.store.credentials();
    let listed = credentials.list(&account(0), &CredentialOwner::Root).await.unwrap();
    assert_eq!(listed, [credential_record(1), credential_record(2)]);
    assert_eq!(credentials.list(&account(1), &CredentialOwner::Root).await.unwrap(), [other]);
    assert_eq!(credentials.list(&account(2), &CredentialOwner::Root).await.unwrap(), []);
}

pub async fn a_credential_of_an_account_that_does_not_exist_is_refused(subject: &Subject) {
    let writes = vec![Write::PutCredential(credential_record(1))];
    let refused = subject.commit(Change { writes, ..Change::default() }).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Backend(_)))));
}

pub async fn credentials_are_listed_by_their_owner(subject: &Subject) {
    let user = |n| CredentialOwner::User(unique_id(UniqueIdKind::User, n));
    let service = |name: &str| CredentialOwner::Service(name.to_owned());
    let owned = |n, owner: CredentialOwner| CredentialRecord { owner, ..credential_record(n) };
    let elsewhere = CredentialRecord { account: account(1), ..owned(5, service("s3")) };
    let records = [
        owned(1, CredentialOwner::Root),
        owned(4, user(1)),
        owned(2, user(1)),
        owned(3, user(2)),
        owned(6, service("s3")),
        owned(7, service("root")),
        elsewhere.clone(),
    ];
    subject.write([0, 1].map(|n| Write::PutAccount(account_record(n))).into()).await;
    subject.write(records.map(Write::PutCredential).into()).await;
    for (owner, expected) in [
        (CredentialOwner::Root, vec![1]),
        (user(1), vec![2, 4]),
        (user(2), vec![3]),
        (user(3), vec![]),
        (service("s3"), vec![6]),
        (service("root"), vec![7]),
        (service("S3"), vec![]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|n| owned(n, owner.clone())).collect();
        let listed = subject.store.credentials().list(&account(0), &owner).await.unwrap();
        assert_eq!(listed, expected, "{owner}");
        if let CredentialOwner::User(id) = owner {
            assert_eq!(subject.store.credentials().of_user(&id).await.unwrap(), expected);
        }
    }
    let listed = subject.store.credentials().list(&account(1), &service("s3")).await.unwrap();
    assert_eq!(listed, [elsewhere]);
}

pub async fn a_credential_changes_hands(subject: &Subject) {
    put_account(subject).await;
    let user = CredentialOwner::User(unique_id(UniqueIdKind::User, 1));
    for owner in [CredentialOwner::Root, user, CredentialOwner::Root] {
        let record = CredentialRecord { owner, ..credential_record(1) };
        subject.write(vec![Write::PutCredential(record.clone())]).await;
        let found = subject.store.credentials().find(&record.access_key_id).await.unwrap();
        assert_eq!(found, Some(record));
    }
}

async fn put_account(subject: &Subject) {
    subject.write(vec![Write::PutAccount(account_record(0))]).await;
}
