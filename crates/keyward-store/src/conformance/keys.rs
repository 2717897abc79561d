//! KMS keys.

use keyward_model::{KeyManager, KeySpec, KeyState, KeyUsage, Origin};

use super::Subject;
use super::samples::{
    account, alias, alias_record, all, key, key_id, key_record, put_key, put_whole_key, scope, time,
};
use crate::{KeyRecord, Scope, ScopedKey, Write};

/// One record for each value of each enum, with every optional column present and absent.
fn varied_records() -> Vec<KeyRecord> {
    (0..u32::try_from(KeySpec::ALL.len()).unwrap())
        .map(|n| {
            fn nth<T: Copy>(values: &[T], n: u32) -> T {
                *values.iter().cycle().nth(usize::try_from(n).unwrap()).unwrap()
            }
            KeyRecord {
                spec: nth(KeySpec::ALL, n),
                usage: nth(KeyUsage::ALL, n),
                origin: nth(Origin::ALL, n),
                manager: nth(KeyManager::ALL, n),
                state: nth(KeyState::ALL, n),
                is_multi_region: n % 2 == 1,
                description: "Schlüssel ‹n› '\"\\; --\u{0}\n".repeat(usize::try_from(n).unwrap()),
                created_at: time(n),
                deletion_date: (n % 3 == 0).then(|| time(n + 7)),
                pending_window_days: (n % 5 == 0).then_some(n),
                current_material: (n % 2 == 0)
                    .then(|| super::samples::material_id(u8::try_from(n).unwrap())),
                ..key_record(&key(n))
            }
        })
        .collect()
}

pub async fn every_column_of_a_key_survives(subject: &Subject) {
    for record in varied_records() {
        let written = subject.write(vec![Write::PutKey(Box::new(record.clone()))]).await;
        let found = subject.store.keys().find(&record.key).await.unwrap().unwrap();
        assert_eq!(found.record, record);
        assert_eq!(written.changes, [found.change]);
        assert_eq!(found.change.shard, record.key.shard());
    }
}

pub async fn a_key_is_replaced_whole(subject: &Subject) {
    for record in varied_records() {
        let record = KeyRecord { key: key(1), ..record };
        subject.write(vec![Write::PutKey(Box::new(record.clone()))]).await;
        let found = subject.store.keys().find(&key(1)).await.unwrap().unwrap();
        assert_eq!(found.record, record);
    }
    assert_eq!(subject.store.keys().list(&scope(), None, 10).await.unwrap(), [key_id(1)]);
}

pub async fn a_key_is_found_in_its_account_and_region_only(subject: &Subject) {
    subject.write(vec![put_key(&key(1))]).await;
    let elsewhere = Scope { region: "eu-west-1".parse().unwrap(), ..scope() };
    let somebody = Scope { account: account(5), ..scope() };
    for scope in [elsewhere, somebody] {
        assert_eq!(subject.store.keys().find(&scope.key(key_id(1))).await.unwrap(), None);
        assert_eq!(subject.store.keys().list(&scope, None, 10).await.unwrap(), []);
    }
    assert_eq!(subject.store.keys().find(&key(2)).await.unwrap(), None);
}

pub async fn keys_are_listed_in_the_order_of_ids_page_by_page(subject: &Subject) {
    let ids: Vec<_> = (0..25).map(|n| key_id(n * 1_000_003)).collect();
    all(ids.iter().rev().map(|id| subject.write(vec![put_key(&scope().key(*id))]))).await;
    let mut listed = Vec::new();
    loop {
        let page = subject.store.keys().list(&scope(), listed.last(), 10).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 10);
        listed.extend(page);
    }
    assert_eq!(listed, ids);
}

pub async fn keys_due_for_deletion_come_earliest_first(subject: &Subject) {
    for (n, due) in [(1, Some(30)), (2, Some(10)), (3, None), (4, Some(20)), (5, Some(31))] {
        let mut record = key_record(&key(n));
        record.deletion_date = due.map(time);
        record.state = if due.is_some() { KeyState::PendingDeletion } else { KeyState::Enabled };
        subject.write(vec![Write::PutKey(Box::new(record))]).await;
    }
    let keys = subject.store.keys();
    assert_eq!(keys.due_for_deletion(time(9), 10).await.unwrap(), []);
    assert_eq!(keys.due_for_deletion(time(30), 10).await.unwrap(), [2, 4, 1].map(key));
    assert_eq!(keys.due_for_deletion(time(30), 2).await.unwrap(), [2, 4].map(key));
}

pub async fn a_deleted_key_takes_everything_with_it_and_nothing_else(subject: &Subject) {
    subject.write(put_whole_key(&key(1), "alias/one")).await;
    subject.write(put_whole_key(&key(2), "alias/two")).await;
    subject.write(vec![Write::DeleteKey(key(1))]).await;
    assert_eq!(rows_of(subject, &key(1)).await, [0; 5]);
    assert_eq!(rows_of(subject, &key(2)).await, [1; 5]);
    subject.write(put_whole_key(&key(1), "alias/one")).await;
    assert_eq!(rows_of(subject, &key(1)).await, [1; 5]);
}

pub async fn a_deleted_key_takes_a_number_for_each_alias(subject: &Subject) {
    let names = ["alias/a", "alias/b", "alias/c"];
    subject.write(vec![put_key(&key(1)), put_key(&key(2))]).await;
    subject.write(names.map(|name| Write::PutAlias(alias_record(name, &key(1)))).into()).await;
    let numbers = async || {
        let mut writes = Vec::new();
        for name in names {
            writes.push(Write::DeleteAlias(alias(name)));
        }
        subject.write(writes).await.changes
    };
    let before = numbers().await;
    subject.write(names.map(|name| Write::PutAlias(alias_record(name, &key(1)))).into()).await;
    let written = subject.write(vec![Write::DeleteKey(key(1))]).await;
    assert_eq!(written.changes.first().unwrap().shard, key(1).shard());
    for (before, after) in before.iter().zip(numbers().await) {
        // One for the alias put back, one for the key's deletion, one for this removal.
        assert!(after.number >= before.number + 3, "{before:?}, {after:?}");
    }
}

async fn rows_of(subject: &Subject, key: &ScopedKey) -> [usize; 5] {
    let store = &subject.store;
    [
        usize::from(store.keys().find(key).await.unwrap().is_some()),
        store.materials().list(key).await.unwrap().len(),
        usize::from(store.policies().find(key).await.unwrap().is_some()),
        store.aliases().list_of_key(key, None, 10).await.unwrap().len(),
        store.tags().list(key, None, 10).await.unwrap().len(),
    ]
}
