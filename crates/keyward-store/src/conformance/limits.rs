//! Preconditions, each on both sides of its boundary.

use keyward_model::{KeyManager, KeyState};

use super::Subject;
use super::samples::{
    account, alias, alias_record, all, key, key_id, key_record, put_key, scope, tag_record,
};
use crate::{Change, CommitError, Precondition, Scope, Write};

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
