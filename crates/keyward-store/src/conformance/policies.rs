//! Key policies.

use super::Subject;
use super::samples::{key, policy_record, put_key};
use crate::{PolicyRecord, Write};

pub async fn a_policy_is_found_with_the_change_that_wrote_it(subject: &Subject) {
    let record = policy_record(&key(1), &"{ \"Ä\": [1] } ".repeat(2_000));
    let written = subject.write(vec![put_key(&key(1)), Write::PutPolicy(record.clone())]).await;
    let found = subject.store.policies().find(&key(1)).await.unwrap().unwrap();
    assert_eq!(found.record, record);
    assert_eq!(Some(&found.change), written.changes.get(1));
    assert_eq!(found.change.shard, key(1).shard());
}

pub async fn a_policy_is_replaced(subject: &Subject) {
    subject.write(vec![put_key(&key(1))]).await;
    for document in ["{}", "{\"Version\":\"2012-10-17\"}"] {
        subject.write(vec![Write::PutPolicy(policy_record(&key(1), document))]).await;
    }
    let found = subject.store.policies().find(&key(1)).await.unwrap().unwrap();
    assert_eq!(found.record.document, "{\"Version\":\"2012-10-17\"}");
}

pub async fn a_key_without_a_policy_has_none(subject: &Subject) {
    subject.write(vec![put_key(&key(1)), put_key(&key(2))]).await;
    subject.write(vec![Write::PutPolicy(policy_record(&key(1), "{}"))]).await;
    assert_eq!(subject.store.policies().find(&key(2)).await.unwrap(), None);
}

pub async fn the_bindings_of_a_policy_are_replaced_with_it(subject: &Subject) {
    subject.write(vec![put_key(&key(1))]).await;
    let bound = |arn: &str, id: &str| (arn.to_owned(), id.to_owned());
    for bindings in [
        vec![bound("arn:aws:iam::111100000000:role/ü", "AROAXXXXXXXXXXXXXXXXX"), bound("\"", "")],
        vec![bound("a", "b")],
        vec![],
    ] {
        let bindings = bindings.into_iter().collect();
        let record = PolicyRecord { bindings, ..policy_record(&key(1), "{}") };
        subject.write(vec![Write::PutPolicy(record.clone())]).await;
        let found = subject.store.policies().find(&key(1)).await.unwrap().unwrap();
        assert_eq!(found.record, record);
    }
}
