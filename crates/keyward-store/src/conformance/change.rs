//! One change as one transaction, and many at once.

use std::collections::BTreeMap;

use super::Subject;
use super::samples::{
    alias, alias_record, all, audit_row, key, key_record, policy_record, put_key, tag_record,
};
use crate::{Change, ChangeNumber, CommitError, Precondition, StoreError, Write};

pub async fn a_change_is_seen_by_every_read_after_it(subject: &Subject) {
    for n in 0..50 {
        subject.write(vec![put_key(&key(n))]).await;
        assert!(subject.store.keys().find(&key(n)).await.unwrap().is_some(), "key {n}");
    }
}

pub async fn a_change_without_writes_commits_its_audit_record(subject: &Subject) {
    let change = Change { audit: vec![audit_row(1)], ..Change::default() };
    assert_eq!(subject.commit(change).await.unwrap().changes, []);
    assert_eq!(subject.store.outbox().pending(10).await.unwrap(), [audit_row(1)]);
}

pub async fn writes_happen_in_their_order(subject: &Subject) {
    let record = || Write::PutAlias(alias_record("alias/app", &key(1)));
    let delete = || Write::DeleteAlias(alias("alias/app"));
    let written = subject.write(vec![put_key(&key(1)), record(), delete(), record()]).await;
    let found = subject.store.aliases().find(&alias("alias/app")).await.unwrap().unwrap();
    assert_eq!(Some(&found.change), written.changes.get(3));
    subject.write(vec![record(), delete()]).await;
    assert_eq!(subject.store.aliases().find(&alias("alias/app")).await.unwrap(), None);
}

pub async fn a_failed_precondition_undoes_nothing_and_writes_nothing(subject: &Subject) {
    subject.write(vec![put_key(&key(1))]).await;
    let change = Change {
        preconditions: vec![
            Precondition::AliasAbsent(alias("alias/app")),
            Precondition::TagsAtMost(key(1), 0),
        ],
        writes: vec![
            Write::PutAlias(alias_record("alias/app", &key(1))),
            Write::PutTag(tag_record(&key(1), "team", "blue")),
        ],
        audit: vec![audit_row(1)],
    };
    let refused = subject.commit(change).await.unwrap_err();
    assert!(matches!(refused, CommitError::AtLimit(Precondition::TagsAtMost(..), 1)));
    assert!(subject.store.keys().find(&key(1)).await.unwrap().is_some());
    assert_eq!(subject.store.aliases().find(&alias("alias/app")).await.unwrap(), None);
    assert_eq!(subject.store.tags().list(&key(1), None, 10).await.unwrap(), []);
    assert_eq!(subject.store.outbox().pending(10).await.unwrap(), []);
}

pub async fn a_failed_write_takes_back_the_writes_before_it(subject: &Subject) {
    let writes = vec![put_key(&key(1)), Write::PutPolicy(policy_record(&key(2), "{}"))];
    let audit = vec![audit_row(1)];
    let refused = subject.commit(Change { writes, audit, ..Change::default() }).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Backend(_)))));
    assert_eq!(subject.store.keys().find(&key(1)).await.unwrap(), None);
    assert_eq!(subject.store.outbox().pending(10).await.unwrap(), []);
}

pub async fn a_row_of_a_key_that_does_not_exist_is_refused(subject: &Subject) {
    for write in [
        Write::PutAlias(alias_record("alias/app", &key(1))),
        Write::PutMaterial(super::samples::material_record(&key(1), 1)),
        Write::PutPolicy(policy_record(&key(1), "{}")),
        Write::PutTag(tag_record(&key(1), "team", "blue")),
    ] {
        let refused = subject.commit(Change { writes: vec![write], ..Change::default() }).await;
        assert!(matches!(refused, Err(CommitError::Store(StoreError::Backend(_)))));
    }
}

pub async fn numbers_count_up_from_one_within_a_shard(subject: &Subject) {
    let shard = key(1).shard();
    for number in 1..=5 {
        let written = subject.write(vec![put_key(&key(1))]).await;
        assert_eq!(written.changes, [ChangeNumber { shard, number }]);
    }
    let written = subject.write(vec![put_key(&key(1)), put_key(&key(1))]).await;
    assert_eq!(written.changes, [6, 7].map(|number| ChangeNumber { shard, number }));
    let found = subject.store.keys().find(&key(1)).await.unwrap().unwrap();
    assert_eq!(found.change.number, 7);
}

pub async fn a_failed_change_takes_no_number(subject: &Subject) {
    let before = subject.write(vec![put_key(&key(1))]).await;
    let stale = ChangeNumber { shard: key(1).shard(), number: 99 };
    let refused = subject.write_if(Precondition::KeyAt(key(1), stale), put_key(&key(1))).await;
    assert!(refused.is_err());
    let refused = subject.write_if(Precondition::TagsAtMost(key(1), 0), tag(&key(1), "team")).await;
    assert!(refused.is_err());
    let after = subject.write(vec![put_key(&key(1))]).await;
    let number = |written: &crate::Committed| written.changes.first().unwrap().number;
    assert_eq!(number(&after), number(&before) + 1);
}

pub async fn concurrent_changes_take_every_number_once(subject: &Subject) {
    let changes = (0..200).map(|n| subject.write(vec![put_key(&key(n)), put_key(&key(n + 1))]));
    let mut taken: BTreeMap<u8, Vec<u64>> = BTreeMap::new();
    for written in all(changes).await {
        for change in written.changes {
            taken.entry(change.shard).or_default().push(change.number);
        }
    }
    assert_eq!(taken.values().map(Vec::len).sum::<usize>(), 400);
    assert!(taken.len() > 32, "the objects are spread over the shards");
    for (shard, mut numbers) in taken {
        numbers.sort_unstable();
        assert!((1..).zip(&numbers).all(|(expected, &it)| it == expected), "shard {shard}");
    }
}

pub async fn concurrent_changes_each_get_their_own_verdict(subject: &Subject) {
    subject.write((0..60).map(|n| put_key(&key(n))).collect()).await;
    let changes = (0..60).map(|n| {
        let tags_allowed = u32::from(n % 3 != 0);
        let precondition = Precondition::TagsAtMost(key(n), tags_allowed);
        subject.write_if(precondition, tag(&key(n), "team"))
    });
    for (n, verdict) in (0..).zip(all(changes).await) {
        assert_eq!(verdict.is_ok(), n % 3 != 0, "change {n}: {verdict:?}");
        let tags = subject.store.tags().list(&key(n), None, 10).await.unwrap();
        assert_eq!(tags.len(), usize::from(n % 3 != 0), "change {n}");
    }
}

pub async fn of_changes_that_rest_on_one_number_exactly_one_commits(subject: &Subject) {
    subject.write(vec![put_key(&key(1))]).await;
    let read = subject.store.keys().find(&key(1)).await.unwrap().unwrap();
    let changes = (0..30).map(|n| {
        let mut record = key_record(&key(1));
        record.description = format!("by caller {n}");
        let precondition = Precondition::KeyAt(key(1), read.change);
        subject.write_if(precondition, Write::PutKey(Box::new(record)))
    });
    let verdicts = all(changes).await;
    let winners: Vec<_> = (0..).zip(&verdicts).filter(|(_, it)| it.is_ok()).collect();
    assert_eq!(winners.len(), 1);
    let winner = winners.first().unwrap().0;
    for (_, verdict) in (0..).zip(&verdicts).filter(|(n, _)| *n != winner) {
        assert!(matches!(verdict, Err(CommitError::Conflict(Precondition::KeyAt(..)))));
    }
    let found = subject.store.keys().find(&key(1)).await.unwrap().unwrap();
    assert_eq!(found.record.description, format!("by caller {winner}"));
}

pub async fn of_changes_that_want_one_name_exactly_one_commits(subject: &Subject) {
    subject.write((0..30).map(|n| put_key(&key(n))).collect()).await;
    let changes = (0..30).map(|n| {
        let record = alias_record("alias/app", &key(n));
        let precondition = Precondition::AliasAbsent(alias("alias/app"));
        subject.write_if(precondition, Write::PutAlias(record))
    });
    let verdicts = all(changes).await;
    assert_eq!(verdicts.iter().filter(|it| it.is_ok()).count(), 1);
    let winner = (0..).zip(&verdicts).find(|(_, it)| it.is_ok()).unwrap().0;
    let found = subject.store.aliases().find(&alias("alias/app")).await.unwrap().unwrap();
    assert_eq!(found.record.target, key(winner).key_id);
}

fn tag(key: &crate::ScopedKey, tag_key: &str) -> Write {
    Write::PutTag(tag_record(key, tag_key, "blue"))
}
