//! The last use of each key.

use super::Subject;
use super::samples::{key, last_use_record, put_key};
use crate::{LastUseRecord, Write};

fn put(record: &LastUseRecord) -> Write {
    Write::PutLastUse(record.clone())
}

pub async fn a_last_use_is_found_with_the_change_that_wrote_it(subject: &Subject) {
    let record = last_use_record(&key(1), 5);
    subject.write(vec![put_key(&key(1))]).await;
    assert_eq!(subject.store.last_uses().find(&key(1)).await.unwrap(), None);
    let written = subject.write(vec![put(&record)]).await;
    assert_eq!(written.changes.first().unwrap().shard, LastUseRecord::shard(&key(1)));
    assert_eq!(subject.store.last_uses().find(&key(1)).await.unwrap(), Some(record));
}

pub async fn the_newest_use_wins_whatever_the_order(subject: &Subject) {
    subject.write(vec![put_key(&key(1))]).await;
    for (n, newest) in [(5, 5), (9, 9), (3, 9), (12, 12), (11, 12)] {
        let mut record = last_use_record(&key(1), n);
        record.operation = format!("operation {n}");
        let written = subject.write(vec![put(&record)]).await;
        assert_eq!(written.changes.len(), 1);
        let found = subject.store.last_uses().find(&key(1)).await.unwrap().unwrap();
        assert_eq!(found.operation, format!("operation {newest}"));
        assert_eq!(found.used_at, last_use_record(&key(1), newest).used_at);
        assert_eq!(found.event_id, last_use_record(&key(1), newest).event_id);
        assert_eq!(found.request_id, last_use_record(&key(1), newest).request_id);
    }
    let mut same_time = last_use_record(&key(1), 12);
    "another".clone_into(&mut same_time.operation);
    subject.write(vec![put(&same_time)]).await;
    let found = subject.store.last_uses().find(&key(1)).await.unwrap().unwrap();
    assert_eq!(found.operation, "operation 12");
}

pub async fn a_use_of_a_key_that_is_gone_is_not_remembered(subject: &Subject) {
    subject.write(vec![put_key(&key(1)), put_key(&key(2)), Write::DeleteKey(key(1))]).await;
    let uses = [1, 2].map(|n| last_use_record(&key(n), n));
    let written = subject.write(uses.iter().map(put).collect()).await;
    assert_eq!(written.changes.len(), 2);
    let [_, second] = uses;
    assert_eq!(subject.store.last_uses().find(&key(1)).await.unwrap(), None);
    assert_eq!(subject.store.last_uses().find(&key(2)).await.unwrap(), Some(second));
}

pub async fn last_uses_are_those_of_one_key(subject: &Subject) {
    subject.write(vec![put_key(&key(1)), put_key(&key(2))]).await;
    subject.write(vec![put(&last_use_record(&key(1), 1))]).await;
    assert_eq!(subject.store.last_uses().find(&key(2)).await.unwrap(), None);
}
