//! The audit trail behind the journal.

use keyward_model::LookupAttribute;

use super::Subject;
use super::samples::{
    account, scope, time, trail_digest_record, trail_file_record, trail_signing_key_record,
};
use crate::{
    Change, JournalRange, Scope, TrailCursorRecord, TrailDigestRecord, TrailFileRecord,
    TrailFilter, TrailObject, TrailState, TrailValues, Write,
};

fn elsewhere() -> Scope {
    Scope { account: account(1), region: "us-east-1".parse().unwrap() }
}

fn put_file(record: &TrailFileRecord) -> Write {
    Write::PutTrailFile(Box::new(record.clone()))
}

fn put_digest(record: &TrailDigestRecord) -> Write {
    Write::PutTrailDigest(Box::new(record.clone()))
}

fn put_values(file: &TrailObject, values: &[(LookupAttribute, &str)]) -> Write {
    let values = values.iter().map(|&(attribute, value)| (attribute, value.to_owned())).collect();
    Write::PutTrailValues(Box::new(TrailValues { file: file.clone(), values }))
}

fn cursor(name: &str, segment: u64, offset: u64) -> TrailCursorRecord {
    TrailCursorRecord { name: name.to_owned(), segment, offset }
}

/// Four delivered files, whose events span the times from their number to 10 later.
async fn four_files(subject: &Subject) -> [TrailFileRecord; 4] {
    let files = [1, 2, 3, 4].map(|n| trail_file_record(&scope(), n));
    subject.write(files.iter().map(put_file).collect()).await;
    files
}

async fn matching(subject: &Subject, filter: TrailFilter) -> Vec<String> {
    let found = subject.store.trail().matching_files(&scope(), &filter, None, 10).await.unwrap();
    found.into_iter().map(|file| file.name.object).collect()
}

fn objects(files: &[&TrailFileRecord]) -> Vec<String> {
    files.iter().map(|file| file.name.object.clone()).collect()
}

pub async fn a_cursor_is_found_by_its_name_where_it_was_put_last(subject: &Subject) {
    let trail = subject.store.trail();
    assert_eq!(trail.cursor("delivery").await.unwrap(), None);
    let (old, new) = (cursor("delivery", 1, 70), cursor("delivery", 2, 5_000_000_000));
    let put = |it: &TrailCursorRecord| Write::PutTrailCursor(it.clone());
    let written = subject.write(vec![put(&old), put(&cursor("a", 0, 0)), put(&new)]).await;
    assert_eq!(written.changes.first().unwrap().shard, TrailCursorRecord::shard("delivery"));
    assert_eq!(trail.cursor("delivery").await.unwrap(), Some(new.clone()));
    assert_eq!(trail.cursors().await.unwrap(), [cursor("a", 0, 0), new]);
    subject.write(vec![Write::DeleteTrailCursor("delivery".to_owned())]).await;
    assert_eq!(trail.cursor("delivery").await.unwrap(), None);
    assert_eq!(trail.cursors().await.unwrap(), [cursor("a", 0, 0)]);
}

pub async fn every_column_of_a_log_file_survives(subject: &Subject) {
    let trail = subject.store.trail();
    let journal = Some(JournalRange { segment: 3, from: 70, to: 5_000_000_000 });
    let full = TrailFileRecord { journal, ..trail_file_record(&scope(), 1) };
    let bare = TrailFileRecord {
        state: TrailState::Staged,
        event_ids: None,
        digest_ended_at: Some(time(9)),
        ..trail_file_record(&elsewhere(), 2)
    };
    let written = subject.write(vec![put_file(&full), put_file(&bare)]).await;
    assert_eq!(written.changes.first().unwrap().shard, TrailFileRecord::shard(&full.name));
    for record in [full, bare] {
        assert_eq!(trail.file(&record.name).await.unwrap(), Some(record.clone()));
        let mut other = record.name;
        other.scope.account = account(7);
        assert_eq!(trail.file(&other).await.unwrap(), None);
    }
}

pub async fn a_log_file_is_replaced_whole_and_keeps_its_values(subject: &Subject) {
    let trail = subject.store.trail();
    let old = trail_file_record(&scope(), 1);
    let values = [(LookupAttribute::EventName, "Encrypt")];
    subject.write(vec![put_file(&old), put_values(&old.name, &values)]).await;
    let new = TrailFileRecord {
        name: old.name.clone(),
        state: TrailState::Staged,
        event_ids: None,
        ..trail_file_record(&scope(), 5)
    };
    subject.write(vec![put_file(&new)]).await;
    assert_eq!(trail.file(&old.name).await.unwrap(), Some(new));
    let encrypt = (LookupAttribute::EventName, "Encrypt".to_owned());
    assert_eq!(trail.values(&old.name).await.unwrap(), [encrypt]);
}

pub async fn a_log_file_is_gone_with_its_values_after_it_is_removed(subject: &Subject) {
    let trail = subject.store.trail();
    let [first, second, ..] = four_files(subject).await;
    let values = [(LookupAttribute::EventName, "Encrypt")];
    subject.write([&first, &second].map(|it| put_values(&it.name, &values)).into()).await;
    subject.write(vec![Write::DeleteTrailFile(first.name.clone())]).await;
    assert_eq!(trail.file(&first.name).await.unwrap(), None);
    assert_eq!(trail.values(&first.name).await.unwrap(), []);
    subject.write(vec![put_file(&first)]).await;
    assert_eq!(trail.values(&first.name).await.unwrap(), []);
    assert_eq!(trail.values(&second.name).await.unwrap().len(), 1);
    subject.write(vec![Write::DeleteTrailValues(second.name.clone())]).await;
    assert_eq!(trail.values(&second.name).await.unwrap(), []);
    assert_eq!(trail.file(&second.name).await.unwrap(), Some(second));
}

pub async fn values_stand_once_and_only_of_a_log_file_that_exists(subject: &Subject) {
    let [file, ..] = four_files(subject).await;
    let one = [(LookupAttribute::Username, "alice"), (LookupAttribute::Username, "bob")];
    let other = [(LookupAttribute::EventName, "alice"), (LookupAttribute::Username, "alice")];
    subject.write(vec![put_values(&file.name, &one), put_values(&file.name, &other)]).await;
    let expected = [
        (LookupAttribute::EventName, "alice".to_owned()),
        (LookupAttribute::Username, "alice".to_owned()),
        (LookupAttribute::Username, "bob".to_owned()),
    ];
    assert_eq!(subject.store.trail().values(&file.name).await.unwrap(), expected);
    let absent = trail_file_record(&scope(), 9).name;
    let writes = vec![put_values(&absent, &one)];
    assert!(subject.commit(Change { writes, ..Change::default() }).await.is_err());
}

pub async fn matching_files_are_those_of_one_account_and_region_newest_first(subject: &Subject) {
    let [first, second, third, fourth] = four_files(subject).await;
    subject.write(vec![put_file(&trail_file_record(&elsewhere(), 5))]).await;
    let staged = TrailFileRecord { state: TrailState::Staged, ..trail_file_record(&scope(), 6) };
    subject.write(vec![put_file(&staged)]).await;
    let all = [&staged, &fourth, &third, &second, &first];
    assert_eq!(matching(subject, TrailFilter::default()).await, objects(&all));
}

pub async fn matching_files_are_listed_page_by_page_when_times_are_alike(subject: &Subject) {
    let mut files = [1, 2, 3, 4, 5].map(|n| trail_file_record(&scope(), n));
    for file in &mut files {
        file.newest = time(100);
    }
    subject.write(files.iter().map(put_file).collect()).await;
    let (trail, all) = (subject.store.trail(), TrailFilter::default());
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = trail.matching_files(&scope(), &all, after.as_ref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.place());
        found.extend(page);
    }
    files.reverse();
    assert_eq!(found, files);
}

pub async fn matching_files_may_hold_an_event_of_the_range(subject: &Subject) {
    // Their events span 1 to 11, 2 to 12, 3 to 13 and 4 to 14.
    let [first, second, third, fourth] = four_files(subject).await;
    let range = |from, to| TrailFilter { from, to, ..TrailFilter::default() };
    for (filter, expected) in [
        (range(Some(time(13)), None), vec![&fourth, &third]),
        (range(Some(time(15)), None), vec![]),
        (range(None, Some(time(2))), vec![&second, &first]),
        (range(None, Some(time(0))), vec![]),
        (range(Some(time(12)), Some(time(3))), vec![&third, &second]),
    ] {
        assert_eq!(matching(subject, filter).await, objects(&expected));
    }
}

pub async fn matching_files_hold_the_value(subject: &Subject) {
    use LookupAttribute as A;
    let [first, second, third, _] = four_files(subject).await;
    let writes = vec![
        put_values(&first.name, &[(A::EventName, "Encrypt"), (A::Username, "alice")]),
        put_values(&second.name, &[(A::EventName, "Decrypt"), (A::EventName, "Encrypt")]),
        put_values(&third.name, &[(A::Username, "Encrypt")]),
    ];
    subject.write(writes).await;
    let with = |attribute, value: &str| TrailFilter {
        attribute: Some((attribute, value.to_owned())),
        ..TrailFilter::default()
    };
    for (filter, expected) in [
        (with(A::EventName, "Encrypt"), vec![&second, &first]),
        (with(A::EventName, "encrypt"), vec![]),
        (with(A::EventName, "Decrypt"), vec![&second]),
        (with(A::Username, "Encrypt"), vec![&third]),
        (with(A::Username, "alice"), vec![&first]),
        (with(A::EventId, "Encrypt"), vec![]),
        (TrailFilter { from: Some(time(12)), ..with(A::EventName, "Encrypt") }, vec![&second]),
    ] {
        assert_eq!(matching(subject, filter).await, objects(&expected));
    }
    let (trail, encrypt) = (subject.store.trail(), with(A::EventName, "Encrypt"));
    let after = second.place();
    let next = trail.matching_files(&scope(), &encrypt, Some(&after), 10).await.unwrap();
    assert_eq!(next, [first]);
}

pub async fn files_are_listed_by_name_page_by_page(subject: &Subject) {
    let [first, second, third, fourth] = four_files(subject).await;
    subject.write(vec![put_file(&trail_file_record(&elsewhere(), 1))]).await;
    let trail = subject.store.trail();
    let page = trail.list_files(&scope(), None, 2).await.unwrap();
    assert_eq!(page, [first, second.clone()]);
    let after = second.name.object.as_str();
    let page = trail.list_files(&scope(), Some(after), 9).await.unwrap();
    assert_eq!(page, [third, fourth]);
}

pub async fn the_newest_file_is_the_one_delivered_last(subject: &Subject) {
    let trail = subject.store.trail();
    assert_eq!(trail.newest_file(&scope()).await.unwrap(), None);
    let [.., mut last] = four_files(subject).await;
    subject.write(vec![put_file(&trail_file_record(&elsewhere(), 8))]).await;
    assert_eq!(trail.newest_file(&scope()).await.unwrap(), Some(last.clone()));
    last.digest_ended_at = Some(time(50));
    subject.write(vec![put_file(&last)]).await;
    assert_eq!(trail.newest_file(&scope()).await.unwrap(), Some(last));
}

pub async fn files_are_found_by_the_lines_they_were_made_of(subject: &Subject) {
    let trail = subject.store.trail();
    let file = |scope: &Scope, n, segment, from| {
        let journal = Some(JournalRange { segment, from, to: from + 50 });
        TrailFileRecord { journal, ..trail_file_record(scope, n) }
    };
    let [first, second] = [file(&scope(), 1, 3, 0), file(&scope(), 2, 3, 50)];
    let beside = file(&elsewhere(), 3, 3, 50);
    let later = file(&scope(), 4, 7, 0);
    let unknown = trail_file_record(&scope(), 5);
    let files = [&later, &first, &beside, &unknown, &second];
    subject.write(files.map(put_file).into()).await;
    for (place, found) in [
        ((0, 0), vec![&first]),
        ((3, 0), vec![&first]),
        ((3, 1), vec![&second, &beside]),
        ((3, 50), vec![&second, &beside]),
        ((3, 51), vec![&later]),
        ((7, 0), vec![&later]),
        ((7, 1), vec![]),
        ((u64::MAX, u64::MAX), vec![]),
    ] {
        let files = trail.next_journal_files(place.0, place.1).await.unwrap();
        assert_eq!(files.iter().collect::<Vec<_>>(), found, "{place:?}");
    }
}

pub async fn a_file_is_undigested_until_a_digest_lists_it(subject: &Subject) {
    let trail = subject.store.trail();
    let [mut first, second, third, fourth] = four_files(subject).await;
    let staged = TrailFileRecord { state: TrailState::Staged, ..trail_file_record(&scope(), 2) };
    let staged = TrailFileRecord { name: trail_file_record(&scope(), 7).name, ..staged };
    subject.write(vec![put_file(&staged), put_file(&trail_file_record(&elsewhere(), 1))]).await;
    let until = third.delivered_at;
    let never = time(u32::MAX);
    let found = trail.undigested_files(&scope(), (until, never), 10).await.unwrap();
    assert_eq!(found, [first.clone(), second.clone(), third.clone()]);
    // Delivered while the clock was ahead: after a time that has not come.
    let (until, ahead) = (first.delivered_at, third.delivered_at);
    let found = trail.undigested_files(&scope(), (until, ahead), 10).await.unwrap();
    assert_eq!(found, [first.clone(), fourth.clone()]);
    first.digest_ended_at = Some(time(50));
    subject.write(vec![put_file(&first)]).await;
    let found = trail.undigested_files(&scope(), (never, never), 2).await.unwrap();
    assert_eq!(found, [second, third]);
    assert_eq!(trail.files_of_digest(&scope(), time(50)).await.unwrap(), [first]);
    assert_eq!(trail.files_of_digest(&scope(), time(51)).await.unwrap(), []);
    assert_eq!(trail.files_of_digest(&elsewhere(), time(50)).await.unwrap(), []);
    assert_eq!(fourth.digest_ended_at, None);
}

pub async fn staged_files_and_digests_are_those_on_their_way(subject: &Subject) {
    let trail = subject.store.trail();
    let mut file = trail_file_record(&scope(), 1);
    let mut digest = trail_digest_record(&scope(), 1);
    file.state = TrailState::Staged;
    digest.state = TrailState::Staged;
    let others =
        [put_file(&trail_file_record(&scope(), 2)), put_digest(&trail_digest_record(&scope(), 2))];
    subject.write([put_file(&file), put_digest(&digest)].into_iter().chain(others).collect()).await;
    assert_eq!(trail.staged_files(10).await.unwrap(), [file.clone()]);
    assert_eq!(trail.staged_digests(10).await.unwrap(), [digest.clone()]);
    file.state = TrailState::Delivered;
    digest.state = TrailState::Delivered;
    subject.write(vec![put_file(&file), put_digest(&digest)]).await;
    assert_eq!(trail.staged_files(10).await.unwrap(), []);
    assert_eq!(trail.staged_digests(10).await.unwrap(), []);
}

pub async fn indexed_files_are_those_with_a_filter_oldest_first(subject: &Subject) {
    let trail = subject.store.trail();
    // Their newest events are at 11, 12, 13 and 14.
    let [first, mut second, third, _] = four_files(subject).await;
    second.event_ids = None;
    subject.write(vec![put_file(&second)]).await;
    let found = trail.indexed_files_before(time(14), 10).await.unwrap();
    assert_eq!(found, [first.clone(), third]);
    assert_eq!(trail.indexed_files_before(time(14), 1).await.unwrap(), [first]);
    assert_eq!(trail.indexed_files_before(time(11), 10).await.unwrap(), []);
}

pub async fn scopes_are_those_with_a_file_or_digest(subject: &Subject) {
    let trail = subject.store.trail();
    assert_eq!(trail.scopes().await.unwrap(), []);
    let other = Scope { account: account(0), region: "eu-west-1".parse().unwrap() };
    let writes = vec![
        put_file(&trail_file_record(&elsewhere(), 1)),
        put_file(&trail_file_record(&elsewhere(), 2)),
        put_digest(&trail_digest_record(&elsewhere(), 1)),
        put_digest(&trail_digest_record(&scope(), 1)),
        put_file(&trail_file_record(&other, 1)),
    ];
    subject.write(writes).await;
    assert_eq!(trail.scopes().await.unwrap(), [scope(), other, elsewhere()]);
}

pub async fn every_column_of_a_digest_survives(subject: &Subject) {
    let trail = subject.store.trail();
    let first = TrailDigestRecord { previous: None, ..trail_digest_record(&scope(), 1) };
    let second = trail_digest_record(&scope(), 2);
    assert!(second.previous.is_some());
    let written = subject.write(vec![put_digest(&first), put_digest(&second)]).await;
    assert_eq!(written.changes.first().unwrap().shard, TrailDigestRecord::shard(&scope()));
    for record in [&first, &second] {
        let found = trail.digest(&scope(), record.ended_at).await.unwrap();
        assert_eq!(found.as_ref(), Some(record));
    }
    assert_eq!(trail.digest(&elsewhere(), first.ended_at).await.unwrap(), None);
    let replaced = TrailDigestRecord {
        started_at: first.started_at,
        ended_at: first.ended_at,
        ..trail_digest_record(&scope(), 5)
    };
    subject.write(vec![put_digest(&replaced)]).await;
    assert_eq!(trail.digest(&scope(), first.ended_at).await.unwrap(), Some(replaced));
}

pub async fn digests_are_listed_oldest_first_and_the_newest_is_found(subject: &Subject) {
    let trail = subject.store.trail();
    assert_eq!(trail.newest_digest(&scope()).await.unwrap(), None);
    let digests = [3, 1, 2].map(|n| trail_digest_record(&scope(), n));
    let other = trail_digest_record(&elsewhere(), 9);
    subject.write(digests.iter().chain([&other]).map(put_digest).collect()).await;
    let [third, first, second] = digests;
    assert_eq!(trail.newest_digest(&scope()).await.unwrap(), Some(third.clone()));
    let listed = trail.list_digests(&scope(), None, 2).await.unwrap();
    assert_eq!(listed, [first.clone(), second.clone()]);
    let listed = trail.list_digests(&scope(), Some(second.ended_at), 9).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&third));
    let old = trail.digests_before(third.ended_at, 9).await.unwrap();
    assert_eq!(old, [first.clone(), second.clone()]);
    assert_eq!(trail.digests_before(time(u32::MAX), 4).await.unwrap().last(), Some(&other));
    subject.write(vec![Write::DeleteTrailDigest(scope(), first.ended_at)]).await;
    assert_eq!(trail.list_digests(&scope(), None, 9).await.unwrap(), [second, third]);
}

pub async fn signing_keys_are_those_of_one_region_oldest_first(subject: &Subject) {
    let trail = subject.store.trail();
    let region = |name: &str| name.parse().unwrap();
    let keys = [3, 1, 2].map(|n| trail_signing_key_record(&region("eu-central-1"), n));
    let other = trail_signing_key_record(&region("us-east-1"), 4);
    let put = |it: &_| Write::PutTrailSigningKey(Box::new(Clone::clone(it)));
    subject.write(keys.iter().chain([&other]).map(put).collect()).await;
    let [third, first, mut second] = keys;
    let found = trail.signing_keys(&region("eu-central-1")).await.unwrap();
    assert_eq!(found, [first.clone(), second.clone(), third.clone()]);
    second.valid_to = time(99);
    subject.write(vec![put(&second)]).await;
    let found = trail.all_signing_keys().await.unwrap();
    assert_eq!(found, [first, second, third, other]);
}
