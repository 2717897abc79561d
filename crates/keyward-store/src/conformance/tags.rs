//! Tags of keys.

use super::Subject;
use super::samples::{key, put_key, tag_record};
use crate::{TagRecord, Write};

fn keys_of(tags: &[TagRecord]) -> Vec<&str> {
    tags.iter().map(|tag| tag.tag_key.as_str()).collect()
}

pub async fn tags_are_listed_by_the_bytes_of_their_keys(subject: &Subject) {
    let sorted = ["Team", "a b", "team", "z", "zz", "Ä", "é", "ß", "😀"];
    let mut sorted = sorted.map(str::to_owned);
    sorted.sort_unstable_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    subject.write(vec![put_key(&key(1))]).await;
    for name in sorted.iter().rev() {
        subject.write(vec![Write::PutTag(tag_record(&key(1), name, ""))]).await;
    }
    let tags = subject.store.tags();
    assert_eq!(keys_of(&tags.list(&key(1), None, 50).await.unwrap()), sorted);
    let page = tags.list(&key(1), Some(sorted.get(3).unwrap()), 2).await.unwrap();
    assert_eq!(keys_of(&page), sorted.get(4..6).unwrap());
}

pub async fn a_tag_is_replaced_by_its_key(subject: &Subject) {
    subject.write(vec![put_key(&key(1))]).await;
    for value in ["blue", ""] {
        subject.write(vec![Write::PutTag(tag_record(&key(1), "team", value))]).await;
    }
    let listed = subject.store.tags().list(&key(1), None, 10).await.unwrap();
    assert_eq!(listed, [tag_record(&key(1), "team", "")]);
}

pub async fn a_tag_is_gone_after_it_is_removed(subject: &Subject) {
    let put = |name| Write::PutTag(tag_record(&key(1), name, "blue"));
    subject.write(vec![put_key(&key(1)), put("a"), put("b")]).await;
    subject.write(vec![Write::DeleteTag(key(1), "a".to_owned())]).await;
    subject.write(vec![Write::DeleteTag(key(1), "absent".to_owned())]).await;
    let listed = subject.store.tags().list(&key(1), None, 10).await.unwrap();
    assert_eq!(keys_of(&listed), ["b"]);
}

pub async fn tags_are_those_of_one_key(subject: &Subject) {
    subject.write(vec![put_key(&key(1)), put_key(&key(2))]).await;
    subject.write(vec![Write::PutTag(tag_record(&key(1), "team", "blue"))]).await;
    assert_eq!(subject.store.tags().list(&key(2), None, 10).await.unwrap(), []);
}
