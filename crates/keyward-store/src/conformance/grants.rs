//! Grants.

use keyward_model::{GrantOperation, UniqueIdKind};

use super::Subject;
use super::samples::{
    account, grant_id, grant_record, key, key_id, put_grant, put_key, scope, unique_id, user,
};
use crate::{
    Change, CommitError, GrantConstraints, GrantFilter, GrantPrincipal, GrantRecord, Scope,
    ScopedKey, StoreError, Write,
};

const SERVICE: &str = "dynamodb.us-east-1.amazonaws.com";

fn put(record: GrantRecord) -> Write {
    Write::PutGrant(Box::new(record))
}

fn ids_of(grants: &[GrantRecord]) -> Vec<u32> {
    let number = |grant: &GrantRecord| *grant.grant_id.as_bytes().last_chunk::<4>().unwrap();
    grants.iter().map(|grant| u32::from_be_bytes(number(grant))).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Records with every optional column present and absent, alone and together.
fn varied_records(key: &ScopedKey) -> Vec<GrantRecord> {
    let text = |n: u32| format!("Schlüssel ‹{n}› '\"\\; --\u{0}\n");
    (0..4096)
        .step_by(3)
        .map(|n: u32| {
            let has = |bit: u32| n & (1 << bit) != 0;
            let operations = usize::try_from(n).unwrap() % (GrantOperation::ALL.len() + 1);
            GrantRecord {
                name: has(0).then(|| text(n)),
                grantee_principal: has(1).then(|| text(n)),
                grantee_service_principal: has(2).then(|| text(n)),
                retiring_principal: has(3).then(|| text(n)),
                retiring_service_principal: has(4).then(|| text(n)),
                issuing_account: account(n),
                operations: GrantOperation::ALL.iter().rev().take(operations).copied().collect(),
                constraints: GrantConstraints {
                    encryption_context_equals: has(5).then(|| pairs(&[("", ""), ("a", "ü")])),
                    encryption_context_subset: has(6).then(|| pairs(&[])),
                    source_arn: has(7).then(|| text(n)),
                },
                fingerprint: has(8).then(|| *grant_id(n).as_bytes()),
                grantee_id: has(9).then(|| unique_id(UniqueIdKind::User, n)),
                retiring_id: has(10).then(|| unique_id(UniqueIdKind::Role, n)),
                created_by_service: has(11).then(|| text(n)),
                ..grant_record(key, n)
            }
        })
        .collect()
}

pub async fn every_column_of_a_grant_survives(subject: &Subject) {
    subject.write(vec![put_key(&key(1))]).await;
    subject.write(varied_records(&key(1)).into_iter().map(put).collect()).await;
    for record in varied_records(&key(1)) {
        let found = subject.store.grants().find(&key(1), &record.grant_id).await.unwrap();
        assert_eq!(found, Some(record));
    }
}

pub async fn a_grant_is_replaced_whole(subject: &Subject) {
    subject.write(vec![put_key(&key(1))]).await;
    for record in varied_records(&key(1)).into_iter().step_by(17) {
        let record = GrantRecord { grant_id: grant_id(1), ..record };
        subject.write(vec![put(record.clone())]).await;
        let found = subject.store.grants().find(&key(1), &grant_id(1)).await.unwrap();
        assert_eq!(found, Some(record));
    }
    let listed = subject.store.grants().list(&key(1), &GrantFilter::default(), None, 10).await;
    assert_eq!(ids_of(&listed.unwrap()), [1]);
}

pub async fn a_grant_is_found_in_its_key_only(subject: &Subject) {
    let elsewhere = Scope { region: "eu-west-1".parse().unwrap(), ..scope() }.key(key_id(1));
    subject.write(vec![put_key(&key(1)), put_key(&key(2)), put_key(&elsewhere)]).await;
    subject.write(vec![put_grant(&key(1), 1)]).await;
    for key in [key(2), elsewhere] {
        let grants = subject.store.grants();
        assert_eq!(grants.find(&key, &grant_id(1)).await.unwrap(), None);
        assert_eq!(grants.list(&key, &GrantFilter::default(), None, 10).await.unwrap(), []);
        assert_eq!(grants.count(&key).await.unwrap(), 0);
    }
}

pub async fn a_grant_is_gone_after_it_is_removed(subject: &Subject) {
    subject.write(vec![put_key(&key(1)), put_grant(&key(1), 1), put_grant(&key(1), 2)]).await;
    subject.write(vec![Write::DeleteGrant(key(1), grant_id(1))]).await;
    subject.write(vec![Write::DeleteGrant(key(1), grant_id(9))]).await;
    let grants = subject.store.grants();
    assert_eq!(grants.find(&key(1), &grant_id(1)).await.unwrap(), None);
    let listed = grants.list(&key(1), &GrantFilter::default(), None, 10).await.unwrap();
    assert_eq!(listed, [grant_record(&key(1), 2)]);
    assert_eq!(grants.count(&key(1)).await.unwrap(), 1);
}

pub async fn a_named_grant_is_found_by_its_fingerprint_in_its_key_only(subject: &Subject) {
    subject.write(vec![put_key(&key(1)), put_key(&key(2)), put_grant(&key(1), 1)]).await;
    let grants = subject.store.grants();
    let fingerprint = grant_id(1);
    let found = grants.find_named(&key(1), fingerprint.as_bytes()).await.unwrap();
    assert_eq!(found, Some(grant_record(&key(1), 1)));
    assert_eq!(grants.find_named(&key(2), fingerprint.as_bytes()).await.unwrap(), None);
    assert_eq!(grants.find_named(&key(1), grant_id(2).as_bytes()).await.unwrap(), None);
}

pub async fn a_fingerprint_stands_once_in_a_key(subject: &Subject) {
    let fingerprint = Some([7; 32]);
    let named = |key: &ScopedKey, n| put(GrantRecord { fingerprint, ..grant_record(key, n) });
    subject.write(vec![put_key(&key(1)), put_key(&key(2))]).await;
    subject.write(vec![named(&key(1), 1), named(&key(2), 2), named(&key(1), 1)]).await;
    let writes = vec![named(&key(1), 3)];
    let refused = subject.commit(Change { writes, ..Change::default() }).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Backend(_)))));
    assert_eq!(subject.store.grants().find(&key(1), &grant_id(3)).await.unwrap(), None);
}

pub async fn a_grant_without_a_fingerprint_stands_beside_others(subject: &Subject) {
    let nameless = |n| put(GrantRecord { fingerprint: None, ..grant_record(&key(1), n) });
    subject.write(vec![put_key(&key(1)), nameless(1), nameless(2)]).await;
    let grants = subject.store.grants();
    let listed = grants.list(&key(1), &GrantFilter::default(), None, 10).await.unwrap();
    assert_eq!(ids_of(&listed), [1, 2]);
}

pub async fn grants_are_listed_in_the_order_of_ids_page_by_page(subject: &Subject) {
    subject.write(vec![put_key(&key(1))]).await;
    let ids: Vec<_> = (0..25).map(|n| n * 1_000_003).collect();
    subject.write(ids.iter().rev().map(|n| put_grant(&key(1), *n)).collect()).await;
    let alice = user("alice");
    let of_alice = GrantFilter { grantee_principal: Some(alice.clone()), ..GrantFilter::default() };
    for filter in [GrantFilter::default(), of_alice] {
        let mut listed: Vec<GrantRecord> = Vec::new();
        loop {
            let after = listed.last().map(|grant| grant.grant_id);
            let grants = subject.store.grants();
            let page = grants.list(&key(1), &filter, after.as_ref(), 10).await.unwrap();
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= 10);
            listed.extend(page);
        }
        assert_eq!(ids_of(&listed), ids);
    }
    let grantee = GrantPrincipal::Principal(&alice);
    let listed = subject.store.grants().of_grantees(&key(1), &[grantee]).await.unwrap();
    assert_eq!(ids_of(&listed), ids);
}

/// Two grants to each of two users and one to a service, in two keys.
async fn put_mixed(subject: &Subject) {
    for (key, first) in [(key(1), 0), (key(2), 100)] {
        let to = |n, name| {
            let grantee_principal = Some(user(name));
            put(GrantRecord { grantee_principal, ..grant_record(&key, first + n) })
        };
        let to_service = GrantRecord {
            grantee_principal: None,
            grantee_service_principal: Some(SERVICE.to_owned()),
            retiring_principal: None,
            retiring_service_principal: Some(SERVICE.to_owned()),
            ..grant_record(&key, first + 5)
        };
        let writes =
            vec![put_key(&key), to(4, "alice"), to(1, "bob"), to(3, "bob"), to(2, "alice")];
        subject.write(writes).await;
        subject.write(vec![put(to_service)]).await;
    }
}

pub async fn grants_are_listed_by_every_member_of_the_filter(subject: &Subject) {
    put_mixed(subject).await;
    let service = || Some(SERVICE.to_owned());
    for (id, grantee, service, expected) in [
        (None, None, None, vec![1, 2, 3, 4, 5]),
        (None, Some("alice"), None, vec![2, 4]),
        (None, Some("bob"), None, vec![1, 3]),
        (None, Some("carol"), None, vec![]),
        (None, None, service(), vec![5]),
        (None, Some("alice"), service(), vec![]),
        (Some(4), None, None, vec![4]),
        (Some(4), Some("alice"), None, vec![4]),
        (Some(4), Some("bob"), None, vec![]),
        (Some(4), None, service(), vec![]),
        (Some(5), None, service(), vec![5]),
        (Some(104), None, None, vec![]),
    ] {
        let filter = GrantFilter {
            grant_id: id.map(grant_id),
            grantee_principal: grantee.map(user),
            grantee_service_principal: service,
        };
        let grants = subject.store.grants();
        let listed = grants.list(&key(1), &filter, None, 10).await.unwrap();
        assert_eq!(ids_of(&listed), expected, "{filter:?}");
        let behind = grants.list(&key(1), &filter, Some(&grant_id(3)), 1).await.unwrap();
        let expected: Vec<_> = expected.into_iter().filter(|n| *n > 3).take(1).collect();
        assert_eq!(ids_of(&behind), expected, "{filter:?} behind the third");
    }
}

pub async fn grants_of_a_grantee_are_those_of_one_key(subject: &Subject) {
    put_mixed(subject).await;
    let grants = subject.store.grants();
    let (alice, carol) = (user("alice"), user("carol"));
    for (grantee, expected) in [
        (GrantPrincipal::Principal(&alice), vec![102, 104]),
        (GrantPrincipal::Principal(&carol), vec![]),
        (GrantPrincipal::Principal(SERVICE), vec![]),
        (GrantPrincipal::Service(SERVICE), vec![105]),
        (GrantPrincipal::Service(&alice), vec![]),
    ] {
        let listed = grants.of_grantees(&key(2), &[grantee]).await.unwrap();
        assert_eq!(ids_of(&listed), expected, "{grantee:?}");
    }
}

pub async fn grants_of_several_grantees_come_grantee_by_grantee(subject: &Subject) {
    put_mixed(subject).await;
    let grants = subject.store.grants();
    let (alice, bob, carol) = (user("alice"), user("bob"), user("carol"));
    let arn = GrantPrincipal::Principal;
    for (grantees, expected) in [
        (vec![], vec![]),
        (vec![arn(&bob), arn(&carol), arn(&alice)], vec![1, 3, 2, 4]),
        (vec![arn(&alice), GrantPrincipal::Service(SERVICE)], vec![2, 4, 5]),
    ] {
        let listed = grants.of_grantees(&key(1), &grantees).await.unwrap();
        assert_eq!(ids_of(&listed), expected, "{grantees:?}");
    }
}

pub async fn retirable_grants_are_those_of_one_region_and_every_account(subject: &Subject) {
    put_mixed(subject).await;
    let elsewhere = Scope { region: "eu-west-1".parse().unwrap(), ..scope() }.key(key_id(3));
    let somebodys = Scope { account: account(5), ..scope() }.key(key_id(4));
    let other = GrantRecord { retiring_principal: Some(user("eve")), ..grant_record(&key(1), 6) };
    let nobody = GrantRecord { retiring_principal: None, ..grant_record(&key(1), 7) };
    let writes = vec![
        put_key(&elsewhere),
        put_key(&somebodys),
        put_grant(&elsewhere, 8),
        put_grant(&somebodys, 50),
        put(other),
        put(nobody),
    ];
    subject.write(writes).await;
    let (bob, region) = (user("bob"), scope().region);
    let by_bob = GrantPrincipal::Principal(&bob);
    let grants = subject.store.grants();
    let listed = grants.list_retirable(&region, by_bob, None, 20).await.unwrap();
    assert_eq!(ids_of(&listed), [1, 2, 3, 4, 50, 101, 102, 103, 104]);
    let page = grants.list_retirable(&region, by_bob, Some(&grant_id(4)), 2).await.unwrap();
    assert_eq!(ids_of(&page), [50, 101]);
    let by_service = GrantPrincipal::Service(SERVICE);
    let listed = grants.list_retirable(&region, by_service, None, 20).await.unwrap();
    assert_eq!(ids_of(&listed), [5, 105]);
    let page = grants.list_retirable(&region, by_service, Some(&grant_id(5)), 20).await.unwrap();
    assert_eq!(ids_of(&page), [105]);
}

pub async fn a_change_of_grants_counts_in_a_shard_of_their_own(subject: &Subject) {
    subject.write(vec![put_key(&key(1))]).await;
    let numbers = async |write| subject.write(vec![write]).await.changes;
    let first = numbers(put_grant(&key(1), 1)).await;
    let removed = numbers(Write::DeleteGrant(key(1), grant_id(1))).await;
    numbers(Write::DeleteKey(key(1))).await;
    let last = numbers(Write::DeleteGrant(key(1), grant_id(1))).await;
    let (first, last) = (first.first().unwrap(), last.first().unwrap());
    assert_eq!(first.shard, GrantRecord::shard(&key(1)));
    assert_eq!(removed.first().unwrap().number, first.number + 1);
    // One for the key's deletion, one for this removal.
    assert!(last.number >= first.number + 3, "{first:?}, {last:?}");
}

pub async fn a_grant_of_a_key_that_does_not_exist_is_refused(subject: &Subject) {
    let writes = vec![put_grant(&key(1), 1)];
    let refused = subject.commit(Change { writes, ..Change::default() }).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Backend(_)))));
}
