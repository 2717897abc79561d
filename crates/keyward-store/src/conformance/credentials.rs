//! Access keys.

use super::Subject;
use super::samples::{account, account_record, credential_record};
use crate::{Change, CommitError, CredentialOwner, CredentialStatus, StoreError, Write};

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

async fn put_account(subject: &Subject) {
    subject.write(vec![Write::PutAccount(account_record(0))]).await;
}
