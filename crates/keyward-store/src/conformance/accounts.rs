//! Accounts.

use super::Subject;
use super::samples::{account, account_record};
use crate::{AccountRecord, Write};

pub async fn an_account_is_found_after_it_is_added(subject: &Subject) {
    subject.write(vec![Write::PutAccount(account_record(7))]).await;
    let found = subject.store.accounts().find(&account(7)).await.unwrap();
    assert_eq!(found, Some(account_record(7)));
}

pub async fn an_account_is_of_use_to_nobody_before_it_is_added(subject: &Subject) {
    subject.write(vec![Write::PutAccount(account_record(7))]).await;
    assert_eq!(subject.store.accounts().find(&account(8)).await.unwrap(), None);
}

pub async fn accounts_are_listed_in_the_order_of_ids(subject: &Subject) {
    assert_eq!(subject.store.accounts().list().await.unwrap(), []);
    subject.write([9, 2, 5].map(|n| Write::PutAccount(account_record(n))).into()).await;
    let listed = subject.store.accounts().list().await.unwrap();
    assert_eq!(listed, [2, 5, 9].map(account_record));
}

pub async fn the_owner_of_a_hidden_account_survives(subject: &Subject) {
    for owner_service in [Some("backup".to_owned()), Some(String::new()), None] {
        let record = AccountRecord { owner_service, ..account_record(1) };
        subject.write(vec![Write::PutAccount(record.clone())]).await;
        assert_eq!(subject.store.accounts().find(&account(1)).await.unwrap(), Some(record));
    }
}
