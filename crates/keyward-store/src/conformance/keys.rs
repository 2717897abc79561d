//! KMS keys.

use keyward_model::{KeyManager, KeySpec, KeyState, KeyUsage, MultiRegionSet, Origin, Region};

use super::Subject;
use super::samples::{
    account, alias, alias_record, all, import_token_id, key, key_id, key_record, put_key,
    put_whole_key, scope, time,
};
use crate::{GrantFilter, KeyRecord, Rotation, Scope, ScopedKey, Write};

/// One record for each value of each enum, with every optional column present and absent.
fn varied_records() -> Vec<KeyRecord> {
    (0..u32::try_from(KeySpec::ALL.len()).unwrap())
        .map(|n| {
            fn nth<T: Clone>(values: &[T], n: u32) -> T {
                values.iter().cycle().nth(usize::try_from(n).unwrap()).unwrap().clone()
            }
            KeyRecord {
                spec: nth(KeySpec::ALL, n),
                usage: nth(KeyUsage::ALL, n),
                origin: nth(Origin::ALL, n),
                manager: nth(KeyManager::ALL, n),
                state: nth(KeyState::ALL, n),
                multi_region: nth(&varied_sets(), n),
                description: "Schlüssel ‹n› '\"\\; --\u{0}\n".repeat(usize::try_from(n).unwrap()),
                created_at: time(n),
                deletion_date: (n % 3 == 0).then(|| time(n + 7)),
                pending_window_days: (n % 5 == 0).then_some(n),
                current_material: (n % 2 == 0)
                    .then(|| super::samples::material_id(u8::try_from(n).unwrap())),
                rotation: Rotation {
                    period_days: (n % 3 == 1).then_some(90 + n),
                    next_date: (n % 4 == 1).then(|| time(n + 90)),
                    on_demand_started: (n % 5 == 1).then(|| time(n + 9)),
                    on_demand_count: n % 7,
                },
                settles_at: (n % 2 == 0).then(|| time(n + 1)),
                ..key_record(&key(n))
            }
        })
        .collect()
}

fn region(name: &str) -> Region {
    name.parse().unwrap()
}

/// No set, the set a primary key is born with, and sets seen from a primary key and a replica.
fn varied_sets() -> [Option<MultiRegionSet>; 5] {
    let (here, east, west) = (scope().region, region("us-east-1"), region("us-west-2"));
    let alone = MultiRegionSet::of_primary(here.clone());
    let led_elsewhere = MultiRegionSet::of_primary(east.clone()).with_replica(here);
    [
        None,
        Some(alone.clone()),
        Some(alone.with_replica(west.clone()).with_replica(east)),
        Some(led_elsewhere.clone()),
        Some(led_elsewhere.with_replica(west)),
    ]
}

pub async fn a_column_of_a_key_alone_survives(subject: &Subject) {
    let rotation = Rotation::default();
    let plain = key_record(&key(1));
    let mut records: Vec<_> =
        varied_sets().map(|multi_region| KeyRecord { multi_region, ..plain.clone() }).into();
    for rotation in [
        Rotation { period_days: Some(365), ..rotation },
        Rotation { next_date: Some(time(5)), ..rotation },
        Rotation { on_demand_started: Some(time(5)), ..rotation },
        Rotation { on_demand_count: 25, ..rotation },
    ] {
        records.push(KeyRecord { rotation, ..plain.clone() });
    }
    records.push(KeyRecord { settles_at: Some(time(5)), ..plain });
    for record in records {
        subject.write(vec![Write::PutKey(Box::new(record.clone()))]).await;
        let found = subject.store.keys().find(&key(1)).await.unwrap().unwrap();
        assert_eq!(found.record, record);
    }
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

pub async fn keys_due_for_rotation_are_enabled_primary_ones_earliest_first(subject: &Subject) {
    let [single, alone, primary, replica, _] = varied_sets();
    for (n, next, state, multi_region) in [
        (1, Some(30), KeyState::Enabled, single.clone()),
        (2, Some(10), KeyState::Enabled, alone),
        (3, Some(20), KeyState::Enabled, primary),
        (4, Some(15), KeyState::Enabled, replica),
        (5, Some(15), KeyState::Disabled, single.clone()),
        (6, Some(31), KeyState::Enabled, single.clone()),
        (7, None, KeyState::Enabled, single.clone()),
        (8, Some(5), KeyState::PendingDeletion, single),
    ] {
        let rotation = Rotation { next_date: next.map(time), ..Rotation::default() };
        let record = KeyRecord { state, multi_region, rotation, ..key_record(&key(n)) };
        subject.write(vec![Write::PutKey(Box::new(record))]).await;
    }
    let aws_managed = KeyRecord {
        manager: KeyManager::Aws,
        rotation: Rotation { next_date: Some(time(25)), ..Rotation::default() },
        ..key_record(&key(9))
    };
    subject.write(vec![Write::PutKey(Box::new(aws_managed))]).await;
    let keys = subject.store.keys();
    assert_eq!(keys.due_for_rotation(time(9), 10).await.unwrap(), []);
    assert_eq!(keys.due_for_rotation(time(30), 10).await.unwrap(), [2, 3, 9, 1].map(key));
    assert_eq!(keys.due_for_rotation(time(30), 2).await.unwrap(), [2, 3].map(key));
}

pub async fn aws_managed_keys_without_a_rotation_are_found(subject: &Subject) {
    for (n, manager, next_date) in [
        (1, KeyManager::Aws, None),
        (2, KeyManager::Aws, Some(time(30))),
        (3, KeyManager::Customer, None),
        (4, KeyManager::Aws, None),
    ] {
        let rotation = Rotation { next_date, ..Rotation::default() };
        let record = KeyRecord { manager, rotation, ..key_record(&key(n)) };
        subject.write(vec![Write::PutKey(Box::new(record))]).await;
    }
    let keys = subject.store.keys();
    let found = keys.aws_managed_without_rotation(10).await.unwrap();
    let found_keys: Vec<_> = found.iter().map(|found| found.record.key.clone()).collect();
    assert_eq!(found_keys, [1, 4].map(key));
    assert_eq!(keys.find(&key(1)).await.unwrap().as_ref(), found.first());
    assert_eq!(keys.aws_managed_without_rotation(1).await.unwrap().len(), 1);
}

pub async fn unsettled_keys_come_earliest_first(subject: &Subject) {
    for (n, settles) in [(1, Some(30)), (2, Some(10)), (3, None), (4, Some(20)), (5, Some(31))] {
        let record = KeyRecord { settles_at: settles.map(time), ..key_record(&key(n)) };
        subject.write(vec![Write::PutKey(Box::new(record))]).await;
    }
    let keys = subject.store.keys();
    assert_eq!(keys.unsettled(time(9), 10).await.unwrap(), []);
    assert_eq!(keys.unsettled(time(30), 10).await.unwrap(), [2, 4, 1].map(key));
    assert_eq!(keys.unsettled(time(30), 2).await.unwrap(), [2, 4].map(key));
}

pub async fn members_are_those_of_one_set_in_the_order_of_regions(subject: &Subject) {
    let put = |scope: &Scope, n, set: Option<&MultiRegionSet>| {
        let multi_region = set.cloned();
        let record = KeyRecord { multi_region, ..key_record(&scope.key(key_id(n))) };
        Write::PutKey(Box::new(record))
    };
    let [east, here, west] = ["us-east-1", "eu-central-1", "us-west-2"]
        .map(|name| Scope { region: region(name), ..scope() });
    let set = MultiRegionSet::of_primary(east.region.clone()).with_replica(here.region.clone());
    let somebody = Scope { account: account(5), region: west.region.clone() };
    let written = subject
        .write(vec![
            put(&east, 1, Some(&set)),
            put(&here, 1, Some(&set)),
            put(&somebody, 1, Some(&MultiRegionSet::of_primary(west.region.clone()))),
            put(&west, 2, Some(&MultiRegionSet::of_primary(west.region.clone()))),
            put(&here, 3, None),
        ])
        .await;
    let keys = subject.store.keys();
    let members = keys.members(&account(0), &key_id(1)).await.unwrap();
    let regions: Vec<_> = members.iter().map(|it| it.record.key.scope.region.as_str()).collect();
    assert_eq!(regions, ["eu-central-1", "us-east-1"]);
    assert!(members.iter().all(|it| it.record.multi_region.as_ref() == Some(&set)));
    let changes: Vec<_> = members.iter().rev().map(|it| it.change).collect();
    assert_eq!(changes, written.changes.get(..2).unwrap());
    assert_eq!(keys.members(&account(0), &key_id(3)).await.unwrap(), []);
    assert_eq!(keys.members(&account(1), &key_id(1)).await.unwrap(), []);
}

pub async fn a_deleted_key_takes_everything_with_it_and_nothing_else(subject: &Subject) {
    subject.write(put_whole_key(&key(1), "alias/one")).await;
    subject.write(put_whole_key(&key(2), "alias/two")).await;
    subject.write(vec![Write::DeleteKey(key(1))]).await;
    assert_eq!(rows_of(subject, &key(1)).await, [0; 8]);
    assert_eq!(rows_of(subject, &key(2)).await, [1; 8]);
    subject.write(put_whole_key(&key(1), "alias/one")).await;
    assert_eq!(rows_of(subject, &key(1)).await, [1; 8]);
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

async fn rows_of(subject: &Subject, key: &ScopedKey) -> [usize; 8] {
    let store = &subject.store;
    let number = u32::from_str_radix(key.key_id.as_str().get(..8).unwrap(), 16).unwrap();
    let wrapping_keys = store.import_wrapping_keys();
    let wrapping_key = wrapping_keys.find(&import_token_id(number)).await.unwrap();
    [
        usize::from(store.keys().find(key).await.unwrap().is_some()),
        store.materials().list(key).await.unwrap().len(),
        usize::from(store.policies().find(key).await.unwrap().is_some()),
        store.aliases().list_of_key(key, None, 10).await.unwrap().len(),
        store.tags().list(key, None, 10).await.unwrap().len(),
        store.grants().list(key, &GrantFilter::default(), None, 10).await.unwrap().len(),
        usize::from(wrapping_key.is_some_and(|found| found.key == *key)),
        usize::from(store.last_uses().find(key).await.unwrap().is_some()),
    ]
}
