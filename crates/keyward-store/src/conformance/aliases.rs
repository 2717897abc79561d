//! Aliases.

use super::Subject;
use super::samples::{account, alias, alias_record, key, put_key, scope};
use crate::{AliasRecord, Scope, Write};

fn names(aliases: &[AliasRecord]) -> Vec<&str> {
    aliases.iter().map(|it| it.alias.name.as_str()).collect()
}

pub async fn an_alias_is_found_with_the_change_that_wrote_it(subject: &Subject) {
    let record = alias_record("alias/app", &key(1));
    let written = subject.write(vec![put_key(&key(1)), Write::PutAlias(record.clone())]).await;
    let found = subject.store.aliases().find(&alias("alias/app")).await.unwrap().unwrap();
    assert_eq!(found.record, record);
    assert_eq!(Some(&found.change), written.changes.get(1));
    assert_eq!(found.change.shard, alias("alias/app").shard());
}

pub async fn an_alias_moves_in_one_step(subject: &Subject) {
    let (old, new) = (key(1), key(2));
    subject.write(vec![put_key(&old), put_key(&new)]).await;
    subject.write(vec![Write::PutAlias(alias_record("alias/app", &old))]).await;
    subject.write(vec![Write::PutAlias(alias_record("alias/app", &new))]).await;
    let aliases = subject.store.aliases();
    let found = aliases.find(&alias("alias/app")).await.unwrap().unwrap();
    assert_eq!(found.record.target, new.key_id);
    assert_eq!(aliases.list_of_key(&old, None, 10).await.unwrap(), []);
    assert_eq!(aliases.list_of_key(&new, None, 10).await.unwrap(), [found.record]);
}

pub async fn an_alias_is_found_in_its_account_and_region_only(subject: &Subject) {
    let record = alias_record("alias/app", &key(1));
    subject.write(vec![put_key(&key(1)), Write::PutAlias(record)]).await;
    let elsewhere = Scope { region: "eu-west-1".parse().unwrap(), ..scope() };
    let somebody = Scope { account: account(5), ..scope() };
    for scope in [elsewhere, somebody] {
        let name = "alias/app".parse().unwrap();
        assert_eq!(subject.store.aliases().find(&scope.alias(name)).await.unwrap(), None);
        assert_eq!(subject.store.aliases().list(&scope, None, 10).await.unwrap(), []);
    }
    assert_eq!(subject.store.aliases().find(&alias("alias/App")).await.unwrap(), None);
}

pub async fn an_alias_is_gone_after_it_is_removed(subject: &Subject) {
    let record = alias_record("alias/app", &key(1));
    subject.write(vec![put_key(&key(1)), Write::PutAlias(record)]).await;
    subject.write(vec![Write::DeleteAlias(alias("alias/app"))]).await;
    assert_eq!(subject.store.aliases().find(&alias("alias/app")).await.unwrap(), None);
    assert_eq!(subject.store.aliases().list(&scope(), None, 10).await.unwrap(), []);
}

pub async fn aliases_are_listed_by_the_bytes_of_their_names(subject: &Subject) {
    let sorted = ["alias/-", "alias/9", "alias/Z", "alias/_", "alias/a", "alias/a/b", "alias/ab"];
    subject.write(vec![put_key(&key(1))]).await;
    for name in sorted.iter().rev() {
        subject.write(vec![Write::PutAlias(alias_record(name, &key(1)))]).await;
    }
    let aliases = subject.store.aliases();
    assert_eq!(names(&aliases.list(&scope(), None, 10).await.unwrap()), sorted);
    let after = "alias/Z".parse().unwrap();
    let page = aliases.list(&scope(), Some(&after), 2).await.unwrap();
    assert_eq!(names(&page), ["alias/_", "alias/a"]);
}

pub async fn aliases_of_a_key_are_those_that_point_to_it(subject: &Subject) {
    subject.write(vec![put_key(&key(1)), put_key(&key(2))]).await;
    for (name, target) in [("alias/c", 1), ("alias/a", 1), ("alias/b", 2), ("alias/d", 1)] {
        subject.write(vec![Write::PutAlias(alias_record(name, &key(target)))]).await;
    }
    let aliases = subject.store.aliases();
    let listed = aliases.list_of_key(&key(1), None, 10).await.unwrap();
    assert_eq!(names(&listed), ["alias/a", "alias/c", "alias/d"]);
    let after = "alias/a".parse().unwrap();
    let page = aliases.list_of_key(&key(1), Some(&after), 1).await.unwrap();
    assert_eq!(names(&page), ["alias/c"]);
}

pub async fn a_list_of_aliases_goes_on_behind_a_removed_one(subject: &Subject) {
    subject.write(vec![put_key(&key(1))]).await;
    for name in ["alias/a", "alias/b", "alias/c"] {
        subject.write(vec![Write::PutAlias(alias_record(name, &key(1)))]).await;
    }
    let removed = alias("alias/b");
    subject.write(vec![Write::DeleteAlias(removed.clone())]).await;
    let page = subject.store.aliases().list(&scope(), Some(&removed.name), 10).await.unwrap();
    assert_eq!(names(&page), ["alias/c"]);
}
