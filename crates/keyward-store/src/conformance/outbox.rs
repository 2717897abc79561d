//! Audit records that wait for delivery.

use super::Subject;
use super::samples::{audit_row, key, put_key};
use crate::{Change, ChangeNumber, Precondition};

fn audited(numbers: &[u32]) -> Change {
    Change { audit: numbers.iter().copied().map(audit_row).collect(), ..Change::default() }
}

pub async fn audit_records_wait_in_the_order_of_their_changes(subject: &Subject) {
    for numbers in [&[5, 1][..], &[4], &[2, 3]] {
        subject.commit(audited(numbers)).await.unwrap();
    }
    let outbox = subject.store.outbox();
    assert_eq!(outbox.pending(10).await.unwrap(), [5, 1, 4, 2, 3].map(audit_row));
    assert_eq!(outbox.pending(2).await.unwrap(), [5, 1].map(audit_row));
}

pub async fn a_delivered_record_is_gone_and_the_others_stay(subject: &Subject) {
    subject.commit(audited(&[1, 2, 3, 4])).await.unwrap();
    let outbox = subject.store.outbox();
    outbox.delivered(&[3, 1].map(|n| audit_row(n).event_id)).await.unwrap();
    assert_eq!(outbox.pending(10).await.unwrap(), [2, 4].map(audit_row));
    subject.commit(audited(&[5])).await.unwrap();
    assert_eq!(outbox.pending(10).await.unwrap(), [2, 4, 5].map(audit_row));
}

pub async fn a_record_is_delivered_twice_without_harm(subject: &Subject) {
    subject.commit(audited(&[1, 2])).await.unwrap();
    let outbox = subject.store.outbox();
    for _ in 0..2 {
        outbox.delivered(&[audit_row(1).event_id]).await.unwrap();
        assert_eq!(outbox.pending(10).await.unwrap(), [audit_row(2)]);
    }
}

pub async fn a_failed_change_leaves_no_audit_record(subject: &Subject) {
    let change = Change {
        preconditions: vec![Precondition::KeyAt(key(1), ChangeNumber { shard: 0, number: 1 })],
        writes: vec![put_key(&key(1))],
        audit: vec![audit_row(1)],
    };
    assert!(subject.commit(change).await.is_err());
    assert_eq!(subject.store.outbox().pending(10).await.unwrap(), []);
}

pub async fn an_audit_record_is_stored_once(subject: &Subject) {
    subject.commit(audited(&[1])).await.unwrap();
    let again = Change { writes: vec![put_key(&key(1))], ..audited(&[1]) };
    assert!(subject.commit(again).await.is_err());
    assert_eq!(subject.store.outbox().pending(10).await.unwrap(), [audit_row(1)]);
    assert_eq!(subject.store.keys().find(&key(1)).await.unwrap(), None);
}
