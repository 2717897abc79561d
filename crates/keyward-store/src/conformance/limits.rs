//! Preconditions, each on both sides of its boundary.

use keyward_model::{KeyManager, KeyState, UniqueIdKind};

use super::Subject;
use super::samples::{
    account, account_record, alias, alias_record, all, credential_record, entity_record, grant_id,
    group_record, key, key_id, key_record, put_entity, put_grant, put_key, role_record, scope,
    tag_record, unique_id, user_record,
};
use crate::{
    Change, CommitError, CredentialOwner, CredentialRecord, EntityBody, EntityKind, EntityRelation,
    EntityTarget, Precondition, Scope, UserBody, Write,
};

pub async fn keys_below_counts_customer_keys_of_one_account_and_region_in_any_state(
    subject: &Subject,
) {
    let mut aws_managed = key_record(&key(90));
    aws_managed.manager = KeyManager::Aws;
    let elsewhere = Scope { region: "eu-west-1".parse().unwrap(), ..scope() };
    let somebody = Scope { account: account(5), ..scope() };
    subject
        .write(vec![
            Write::PutKey(Box::new(aws_managed)),
            put_key(&elsewhere.key(key_id(91))),
            put_key(&somebody.key(key_id(92))),
        ])
        .await;
    for (n, state) in (0..).zip(KeyState::ALL) {
        let record = crate::KeyRecord { state: *state, ..key_record(&key(n)) };
        let write = Write::PutKey(Box::new(record));
        subject.write_if(Precondition::KeysBelow(scope(), n + 1), write).await.unwrap();
    }
    let count = u32::try_from(KeyState::ALL.len()).unwrap();
    let at_limit = Precondition::KeysBelow(scope(), count);
    let refused = subject.write_if(at_limit.clone(), put_key(&key(50))).await.unwrap_err();
    assert!(matches!(refused, CommitError::AtLimit(it, at) if it == at_limit && at == count));
    subject.write(vec![Write::DeleteKey(key(0))]).await;
    subject.write_if(at_limit, put_key(&key(50))).await.unwrap();
}

pub async fn keys_below_follows_keys_that_are_written_again_or_change_hands(subject: &Subject) {
    let put = |n, manager| {
        let record = crate::KeyRecord { manager, ..key_record(&key(n)) };
        Write::PutKey(Box::new(record))
    };
    let refused_at = async |limit| {
        let precondition = Precondition::KeysBelow(scope(), limit);
        let change = Change { preconditions: vec![precondition], ..Change::default() };
        subject.commit(change).await.is_err()
    };
    for (writes, count) in [
        (vec![put(1, KeyManager::Customer), put(1, KeyManager::Customer)], 1),
        (vec![put(2, KeyManager::Aws), put(2, KeyManager::Aws)], 1),
        (vec![put(2, KeyManager::Customer)], 2),
        (vec![put(1, KeyManager::Aws)], 1),
        (vec![Write::DeleteKey(key(1)), Write::DeleteKey(key(9))], 1),
        (vec![Write::DeleteKey(key(2)), Write::DeleteKey(key(2))], 0),
    ] {
        subject.write(writes).await;
        assert!(refused_at(count).await);
        assert!(!refused_at(count + 1).await);
    }
    // A change that is rolled back takes its counts back.
    let preconditions = vec![Precondition::TagsAtMost(key(1), 0)];
    let writes = vec![put_key(&key(1)), Write::PutTag(tag_record(&key(1), "a", ""))];
    subject.commit(Change { preconditions, writes, ..Change::default() }).await.unwrap_err();
    assert!(!refused_at(1).await);
}

pub async fn grants_below_counts_the_grants_of_one_key(subject: &Subject) {
    subject.write(vec![put_key(&key(1)), put_key(&key(2)), put_grant(&key(2), 9)]).await;
    let below_two = || Precondition::GrantsBelow(key(1), 2);
    subject.write_if(below_two(), put_grant(&key(1), 1)).await.unwrap();
    subject.write_if(below_two(), put_grant(&key(1), 1)).await.unwrap();
    subject.write_if(below_two(), put_grant(&key(1), 2)).await.unwrap();
    let refused = subject.write_if(below_two(), put_grant(&key(1), 3)).await.unwrap_err();
    assert!(matches!(refused, CommitError::AtLimit(it, 2) if it == below_two()));
    let remove = |n| Write::DeleteGrant(key(1), grant_id(n));
    subject.write(vec![remove(1), remove(1), remove(7)]).await;
    subject.write_if(below_two(), put_grant(&key(1), 3)).await.unwrap();
    subject.write_if(below_two(), put_grant(&key(1), 4)).await.unwrap_err();
    subject.write(vec![Write::DeleteKey(key(1)), put_key(&key(1))]).await;
    let below_one = Precondition::GrantsBelow(key(1), 1);
    subject.write_if(below_one, put_grant(&key(1), 1)).await.unwrap();
}

pub async fn grant_absent_fails_when_the_key_has_the_fingerprint(subject: &Subject) {
    subject.write(vec![put_key(&key(1)), put_key(&key(2)), put_grant(&key(2), 1)]).await;
    let absent = || Precondition::GrantAbsent(key(1), *grant_id(1).as_bytes());
    subject.write_if(absent(), put_grant(&key(1), 1)).await.unwrap();
    let refused = subject.write_if(absent(), put_grant(&key(1), 2)).await.unwrap_err();
    assert!(matches!(refused, CommitError::Conflict(it) if it == absent()));
    subject.write(vec![Write::DeleteGrant(key(1), grant_id(1))]).await;
    subject.write_if(absent(), put_grant(&key(1), 1)).await.unwrap();
}

pub async fn grant_present_fails_when_the_grant_went(subject: &Subject) {
    subject.write(vec![put_key(&key(1)), put_key(&key(2)), put_grant(&key(1), 1)]).await;
    let present = |n| Precondition::GrantPresent(key(n), grant_id(1));
    let remove = || Write::DeleteGrant(key(1), grant_id(1));
    let refused = subject.write_if(present(2), remove()).await.unwrap_err();
    assert!(matches!(refused, CommitError::Conflict(it) if it == present(2)));
    subject.write_if(present(1), remove()).await.unwrap();
    let refused = subject.write_if(present(1), remove()).await.unwrap_err();
    assert!(matches!(refused, CommitError::Conflict(it) if it == present(1)));
}

pub async fn key_absent_fails_when_the_region_holds_the_key(subject: &Subject) {
    let elsewhere = Scope { region: "eu-west-1".parse().unwrap(), ..scope() }.key(key_id(1));
    subject.write(vec![put_key(&elsewhere)]).await;
    let absent = || Precondition::KeyAbsent(key(1));
    subject.write_if(absent(), put_key(&key(1))).await.unwrap();
    let refused = subject.write_if(absent(), put_key(&key(1))).await.unwrap_err();
    assert!(matches!(refused, CommitError::Conflict(it) if it == absent()));
}

pub async fn aliases_below_counts_the_aliases_of_one_key(subject: &Subject) {
    let put = |name, n| Write::PutAlias(alias_record(name, &key(n)));
    subject.write(vec![put_key(&key(1)), put_key(&key(2)), put("alias/x", 2)]).await;
    let below_two = || Precondition::AliasesBelow(key(1), 2);
    subject.write_if(below_two(), put("alias/a", 1)).await.unwrap();
    subject.write_if(below_two(), put("alias/b", 1)).await.unwrap();
    let refused = subject.write_if(below_two(), put("alias/c", 1)).await.unwrap_err();
    assert!(matches!(refused, CommitError::AtLimit(it, 2) if it == below_two()));
    subject.write(vec![put("alias/a", 2)]).await;
    subject.write_if(below_two(), put("alias/c", 1)).await.unwrap();
}

pub async fn tags_at_most_counts_when_the_writes_are_done(subject: &Subject) {
    let put = |name| Write::PutTag(tag_record(&key(1), name, "blue"));
    subject.write(vec![put_key(&key(1)), put_key(&key(2))]).await;
    subject.write(vec![Write::PutTag(tag_record(&key(2), "other", "key"))]).await;
    let most_two = |writes| Change {
        preconditions: vec![Precondition::TagsAtMost(key(1), 2)],
        writes,
        ..Change::default()
    };
    subject.commit(most_two(vec![put("a"), put("b")])).await.unwrap();
    let refused = subject.commit(most_two(vec![put("c")])).await.unwrap_err();
    assert!(matches!(refused, CommitError::AtLimit(Precondition::TagsAtMost(..), 3)));
    subject.commit(most_two(vec![put("a")])).await.unwrap();
    let exchanged = vec![put("c"), Write::DeleteTag(key(1), "a".to_owned())];
    subject.commit(most_two(exchanged)).await.unwrap();
}

pub async fn alias_absent_fails_when_there_is_one(subject: &Subject) {
    subject.write(vec![put_key(&key(1))]).await;
    let put = || Write::PutAlias(alias_record("alias/app", &key(1)));
    let absent = || Precondition::AliasAbsent(alias("alias/app"));
    subject.write_if(absent(), put()).await.unwrap();
    let refused = subject.write_if(absent(), put()).await.unwrap_err();
    assert!(matches!(refused, CommitError::Conflict(it) if it == absent()));
}

pub async fn alias_at_fails_when_the_alias_moved_or_went(subject: &Subject) {
    let put = || Write::PutAlias(alias_record("alias/app", &key(1)));
    let written = subject.write(vec![put_key(&key(1)), put()]).await;
    let at = Precondition::AliasAt(alias("alias/app"), *written.changes.get(1).unwrap());
    let moved = subject.write_if(at.clone(), put()).await.unwrap();
    let refused = subject.write_if(at.clone(), put()).await.unwrap_err();
    assert!(matches!(refused, CommitError::Conflict(it) if it == at));
    let at = Precondition::AliasAt(alias("alias/app"), *moved.changes.first().unwrap());
    subject.write(vec![Write::DeleteAlias(alias("alias/app"))]).await;
    let refused = subject.write_if(at.clone(), put()).await.unwrap_err();
    assert!(matches!(refused, CommitError::Conflict(it) if it == at));
}

pub async fn key_at_fails_when_the_key_changed_or_went(subject: &Subject) {
    let written = subject.write(vec![put_key(&key(1))]).await;
    let at = Precondition::KeyAt(key(1), *written.changes.first().unwrap());
    let changed = subject.write_if(at.clone(), put_key(&key(1))).await.unwrap();
    let refused = subject.write_if(at.clone(), put_key(&key(1))).await.unwrap_err();
    assert!(matches!(refused, CommitError::Conflict(it) if it == at));
    let at = Precondition::KeyAt(key(1), *changed.changes.first().unwrap());
    subject.write(vec![Write::DeleteKey(key(1))]).await;
    let refused = subject.write_if(at.clone(), put_key(&key(1))).await.unwrap_err();
    assert!(matches!(refused, CommitError::Conflict(it) if it == at));
}

pub async fn racing_changes_do_not_pass_a_limit_together(subject: &Subject) {
    let changes =
        (0..30).map(|n| subject.write_if(Precondition::KeysBelow(scope(), 10), put_key(&key(n))));
    let verdicts = all(changes).await;
    assert_eq!(verdicts.iter().filter(|it| it.is_ok()).count(), 10);
    assert_eq!(subject.store.keys().list(&scope(), None, 100).await.unwrap().len(), 10);
}

pub async fn credential_present_fails_when_the_access_key_went(subject: &Subject) {
    let put = || Write::PutCredential(credential_record(1));
    subject.write(vec![Write::PutAccount(account_record(0)), put()]).await;
    let present = || Precondition::CredentialPresent(credential_record(1).access_key_id);
    subject.write_if(present(), put()).await.unwrap();
    subject.write(vec![Write::DeleteCredential(credential_record(1).access_key_id)]).await;
    let refused = subject.write_if(present(), put()).await.unwrap_err();
    assert!(matches!(refused, CommitError::Conflict(it) if it == present()));
}

pub async fn credentials_below_counts_the_access_keys_of_one_owner(subject: &Subject) {
    let user = |n| CredentialOwner::User(unique_id(UniqueIdKind::User, n));
    let put = |n, owner| Write::PutCredential(CredentialRecord { owner, ..credential_record(n) });
    subject.write([0, 1].map(|n| Write::PutAccount(account_record(n))).into()).await;
    subject.write(vec![put(8, CredentialOwner::Root), put(9, user(2))]).await;
    let below_two = || Precondition::CredentialsBelow(account(0), user(1), 2);
    subject.write_if(below_two(), put(1, user(1))).await.unwrap();
    subject.write_if(below_two(), put(1, user(1))).await.unwrap();
    subject.write_if(below_two(), put(2, user(1))).await.unwrap();
    let refused = subject.write_if(below_two(), put(3, user(1))).await.unwrap_err();
    assert!(matches!(refused, CommitError::AtLimit(it, 2) if it == below_two()));
    let elsewhere = Precondition::CredentialsBelow(account(1), user(1), 1);
    subject.write_if(elsewhere, put(2, user(2))).await.unwrap();
    subject.write_if(below_two(), put(3, user(1))).await.unwrap();
}

pub async fn entity_absent_fails_whichever_spelling_is_there(subject: &Subject) {
    subject.write(vec![Write::PutAccount(account_record(0))]).await;
    subject.write(vec![put_entity(role_record(1, "Alice"))]).await;
    let absent = |name: &str| Precondition::EntityAbsent(user_record(1, name).entity_name());
    subject.write_if(absent("alice"), put_entity(user_record(1, "Alice"))).await.unwrap();
    for name in ["alice", "Alice", "ALICE"] {
        let put = put_entity(user_record(2, name));
        let refused = subject.write_if(absent(name), put).await.unwrap_err();
        assert!(matches!(refused, CommitError::Conflict(it) if it == absent("Alice")));
    }
    subject.write_if(absent("alice2"), put_entity(user_record(2, "alice2"))).await.unwrap();
}

pub async fn entity_at_fails_when_the_entity_changed_or_went(subject: &Subject) {
    let put = || put_entity(user_record(1, "alice"));
    let name = user_record(1, "alice").entity_name();
    let written = subject.write(vec![Write::PutAccount(account_record(0)), put()]).await;
    let at = Precondition::EntityAt(name.clone(), *written.changes.get(1).unwrap());
    let changed = subject.write_if(at.clone(), put()).await.unwrap();
    let refused = subject.write_if(at.clone(), put()).await.unwrap_err();
    assert!(matches!(refused, CommitError::Conflict(it) if it == at));
    let at = Precondition::EntityAt(name.clone(), *changed.changes.first().unwrap());
    subject.write(vec![Write::DeleteEntity(name)]).await;
    let refused = subject.write_if(at.clone(), put()).await.unwrap_err();
    assert!(matches!(refused, CommitError::Conflict(it) if it == at));
}

pub async fn entities_below_counts_one_kind_in_one_account(subject: &Subject) {
    subject.write([0, 1].map(|n| Write::PutAccount(account_record(n))).into()).await;
    let mut elsewhere = user_record(8, "a");
    elsewhere.account = account(1);
    subject.write(vec![put_entity(role_record(9, "a")), put_entity(elsewhere)]).await;
    let below_two = || Precondition::EntitiesBelow(account(0), EntityKind::User, 2);
    let put = |n, name| put_entity(user_record(n, name));
    subject.write_if(below_two(), put(1, "a")).await.unwrap();
    subject.write_if(below_two(), put(1, "A")).await.unwrap();
    subject.write_if(below_two(), put(2, "b")).await.unwrap();
    let refused = subject.write_if(below_two(), put(3, "c")).await.unwrap_err();
    assert!(matches!(refused, CommitError::AtLimit(it, 2) if it == below_two()));
    subject.write(vec![Write::DeleteEntity(user_record(1, "a").entity_name())]).await;
    subject.write_if(below_two(), put(3, "c")).await.unwrap();
}

pub async fn not_referenced_fails_while_an_entity_names_the_target(subject: &Subject) {
    let group = group_record(1, "team");
    let id = group.unique_id.unwrap();
    let member = |groups| {
        let body = UserBody { groups, ..UserBody::default() };
        put_entity(entity_record(1, "alice", EntityBody::User(body)))
    };
    subject.write(vec![Write::PutAccount(account_record(0)), put_entity(group.clone())]).await;
    let target = EntityTarget::new(account(0), EntityRelation::Group, id.to_string());
    let free = || Precondition::NotReferenced(target.clone());
    let delete = || Write::DeleteEntity(group.entity_name());
    subject.write_if(free(), member(vec![id])).await.unwrap();
    let refused = subject.write_if(free(), delete()).await.unwrap_err();
    assert!(matches!(refused, CommitError::Conflict(it) if it == free()));
    subject.write(vec![member(vec![])]).await;
    subject.write_if(free(), delete()).await.unwrap();
}
