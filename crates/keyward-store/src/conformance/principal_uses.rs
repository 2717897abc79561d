//! The last use of each access key and role.

use super::Subject;
use super::samples::{
    account_record, credential_record, principal_use_record, put_entity, role_record, user_record,
};
use crate::{PrincipalUseRecord, UsedPrincipal, Write};

/// An access key and a role, which exist.
async fn principals(subject: &Subject) -> [UsedPrincipal; 2] {
    let (credential, role) = (credential_record(1), role_record(1, "app"));
    let principals = [access_key(1), UsedPrincipal::Role(role.unique_id.unwrap())];
    let credential = Write::PutCredential(credential);
    subject.write(vec![Write::PutAccount(account_record(0)), credential, put_entity(role)]).await;
    principals
}

fn access_key(n: u32) -> UsedPrincipal {
    UsedPrincipal::AccessKey(credential_record(n).access_key_id)
}

fn put(principal: &UsedPrincipal, n: u32) -> Write {
    Write::PutPrincipalUse(principal_use_record(principal.clone(), n))
}

async fn find(subject: &Subject, principal: &UsedPrincipal) -> Option<PrincipalUseRecord> {
    subject.store.principal_uses().find(principal).await.unwrap()
}

pub async fn the_newest_use_of_a_principal_wins_whatever_the_order(subject: &Subject) {
    for principal in principals(subject).await {
        assert_eq!(find(subject, &principal).await, None);
        for (n, newest) in [(5, 5), (9, 9), (3, 9), (12, 12), (11, 12)] {
            let written = subject.write(vec![put(&principal, n)]).await;
            let shard = PrincipalUseRecord::shard(&principal);
            assert_eq!(written.changes.first().unwrap().shard, shard);
            let expected = principal_use_record(principal.clone(), newest);
            assert_eq!(find(subject, &principal).await, Some(expected));
        }
        let region = "us-east-1".parse().unwrap();
        let other = PrincipalUseRecord {
            service: "sts".to_owned(),
            region,
            ..principal_use_record(principal.clone(), 13)
        };
        subject.write(vec![Write::PutPrincipalUse(other.clone())]).await;
        assert_eq!(find(subject, &principal).await, Some(other));
    }
}

pub async fn a_use_of_a_principal_that_is_gone_is_not_remembered(subject: &Subject) {
    let [key, role] = principals(subject).await;
    let name = role_record(1, "app").entity_name();
    subject.write(vec![Write::DeleteEntity(name), put(&role, 1), put(&key, 1)]).await;
    assert_eq!(find(subject, &role).await, None);
    assert!(find(subject, &key).await.is_some());
    let written = subject.write(vec![put(&access_key(2), 1)]).await;
    assert_eq!(written.changes.len(), 1);
    assert_eq!(find(subject, &access_key(2)).await, None);
}

pub async fn a_last_use_goes_with_the_principal(subject: &Subject) {
    let [key, role] = principals(subject).await;
    let record = role_record(1, "app");
    subject.write(vec![put(&key, 1), put(&role, 1), put_entity(record.clone())]).await;
    assert!(find(subject, &role).await.is_some());
    subject.write(vec![Write::DeleteCredential(credential_record(1).access_key_id)]).await;
    assert_eq!(find(subject, &key).await, None);
    subject.write(vec![Write::DeleteEntity(user_record(1, "app").entity_name())]).await;
    assert!(find(subject, &role).await.is_some());
    subject.write(vec![Write::DeleteEntity(record.entity_name())]).await;
    assert_eq!(find(subject, &role).await, None);
}

pub async fn last_uses_of_principals_do_not_touch_each_other(subject: &Subject) {
    let [key, role] = principals(subject).await;
    subject.write(vec![put(&key, 1)]).await;
    assert_eq!(find(subject, &role).await, None);
    subject.write(vec![put(&role, 2)]).await;
    assert_eq!(find(subject, &key).await, Some(principal_use_record(key, 1)));
}
