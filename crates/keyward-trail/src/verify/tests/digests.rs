use keyward_store::{Store as _, TrailState, Write};

use super::sample::{BUCKET, Sample, at};
use crate::format::{Digest, METADATA_SUFFIX, gunzip, gzip};
use crate::verify::{Damage, Problem, Range};

#[tokio::test]
async fn a_digest_that_is_gone_is_missing() {
    let sample = Sample::new().await;
    sample.remove(&sample.digests[0]);
    for told in [sample.verify().await, sample.verify_files().await] {
        assert_eq!(told.only(&sample.digests[0]), &Problem::Missing);
    }
}

#[tokio::test]
async fn only_the_database_knows_that_the_newest_digests_are_gone() {
    let sample = Sample::new().await;
    for digest in &sample.digests[1..] {
        sample.remove(digest);
    }
    let told = sample.verify().await;
    for digest in &sample.digests[1..] {
        assert_eq!(told.about(digest), &Problem::Missing);
    }
    assert_eq!(told.counts(), [1, 2, 6, 0]);
    let told = sample.verify_files().await;
    assert_eq!((told.counts(), told.summary.logs_unchecked), ([1, 0, 2, 0], 4));
}

#[tokio::test]
async fn the_changed_byte_of_a_digest_is_named() {
    let sample = Sample::new().await;
    for digest in &sample.digests {
        let stored = sample.read(digest);
        for offset in [0, 5, 100, 256, stored.len() - 1] {
            let (delivered, found) = sample.flip(digest, offset);
            let damage = Damage::Byte { offset, found, delivered };
            let told = sample.verify().await;
            assert_eq!(told.only(digest), &Problem::Damaged(damage));
            assert_eq!(told.counts(), [2, 1, 6, 0]);
            let told = sample.verify_files().await;
            assert!(matches!(told.only(digest), Problem::Damaged(_)), "{told:?}");
            sample.write(digest, &stored);
        }
    }
}

#[tokio::test]
async fn a_digest_edited_with_care_does_not_pass() {
    let sample = Sample::new().await;
    let digest = &sample.digests[2];
    let content = String::from_utf8(gunzip(&sample.read(digest), 1 << 20).unwrap()).unwrap();
    let edited = content.replace("2026-03-04T12:00:00Z", "2026-03-04T12:00:01Z");
    assert_ne!(edited, content);
    sample.write(digest, &gzip(edited.as_bytes()));
    assert_eq!(sample.verify_files().await.only(digest), &Problem::SignatureInvalid);
    assert!(matches!(sample.verify().await.only(digest), Problem::Damaged(_)));
    // With a digest after it, whose link tells that the content is another.
    let digest = &sample.digests[0];
    let content = String::from_utf8(gunzip(&sample.read(digest), 1 << 20).unwrap()).unwrap();
    sample.write(digest, &gzip(content.replace("10:00:00Z", "10:00:01Z").as_bytes()));
    let told = sample.verify_files().await;
    assert_eq!(told.about(digest), &Problem::Damaged(Damage::Content));
}

#[tokio::test]
async fn the_changed_byte_of_a_signature_file_is_named() {
    let sample = Sample::new().await;
    let older = format!("{}{METADATA_SUFFIX}", sample.digests[1]);
    let (delivered, found) = sample.flip(&older, 40);
    let damage = Problem::SignatureDamaged(Damage::Byte { offset: 40, found, delivered });
    for told in [sample.verify().await, sample.verify_files().await] {
        assert_eq!(told.only(&sample.digests[1]), &damage);
    }
    sample.remove(&older);
    for told in [sample.verify().await, sample.verify_files().await] {
        assert_eq!(told.only(&sample.digests[1]), &Problem::SignatureMissing);
    }
}

#[tokio::test]
async fn a_digest_under_another_name_has_moved() {
    let mut sample = Sample::new().await;
    let newest = sample.digests[2].clone();
    let later = sample.digest_name(at("2026-03-04T14:00:00Z"));
    for suffix in ["", METADATA_SUFFIX] {
        sample.write(&format!("{later}{suffix}"), &sample.read(&format!("{newest}{suffix}")));
    }
    let told = sample.verify_files().await;
    assert_eq!(told.only(&later), &Problem::Moved { to: newest });
    assert_eq!(told.counts(), [3, 1, 6, 0]);
    // In the place of the one that belongs there.
    sample.digest().await;
    let told = sample.verify_files().await;
    assert!(told.summary.is_valid(), "{told:?}");
}

#[tokio::test]
async fn digests_that_changed_places_say_where_they_belong() {
    let sample = Sample::new().await;
    let (older, newer) = (&sample.digests[0], &sample.digests[1]);
    for suffix in ["", METADATA_SUFFIX] {
        let (a, b) = (format!("{older}{suffix}"), format!("{newer}{suffix}"));
        let (first, second) = (sample.read(&a), sample.read(&b));
        sample.write(&a, &second);
        sample.write(&b, &first);
    }
    let told = sample.verify().await;
    let place = |object: &str| format!("{BUCKET}/{object}");
    assert_eq!(told.about(older), &Problem::Moved { to: place(newer) });
    assert_eq!(told.about(newer), &Problem::Moved { to: place(older) });
    let told = sample.verify_files().await;
    assert!(matches!(told.about(newer), Problem::Moved { .. }), "{told:?}");
}

#[tokio::test]
async fn a_whole_older_state_is_noticed_by_what_was_noted_elsewhere() {
    let mut sample = Sample::new().await;
    let heads = sample.verify().await.heads;
    assert_eq!(heads.len(), 1);
    assert_eq!((&heads[0].object, &*heads[0].bucket), (&sample.digests[2], BUCKET));
    sample.noted = heads;
    sample.log(5).await;
    sample.digest().await;
    assert_eq!(sample.verify().await.findings, []);
    assert_eq!(sample.verify_files().await.findings, []);
    // Before the newest two were made.
    let mut older = Sample::empty();
    for _ in 0..2 {
        older.log(5).await;
        older.digest().await;
    }
    older.noted = sample.noted.clone();
    for told in [older.verify().await, older.verify_files().await] {
        assert_eq!(told.only(&sample.digests[2]), &Problem::NotInChain);
        assert!(!told.summary.is_valid());
    }
    let sooner = Range { end: Some(older.ended_at), ..Range::default() };
    assert_eq!(older.verify_range(&sooner, true).await.findings, []);
    let later = Range { removed_before: Some(at("2026-03-04T13:00:00Z")), ..Range::default() };
    assert!(
        older
            .verify_range(&later, true)
            .await
            .findings
            .iter()
            .all(|it| { it.problem != Problem::NotInChain })
    );
    // An hour that was made anew.
    older.log(6).await;
    older.digest().await;
    assert_eq!(older.verify().await.only(&sample.digests[2]), &Problem::NotAsNoted);
    // An account of which nothing is left.
    let mut empty = Sample::empty();
    empty.noted = sample.noted.clone();
    assert_eq!(empty.verify().await.only(&sample.digests[2]), &Problem::NotInChain);
}

#[tokio::test]
async fn a_digest_that_nothing_links_to_is_told() {
    let sample = Sample::new().await;
    let end = at("2026-03-04T12:30:00Z");
    let stray = Digest {
        account: sample.scope.account,
        start: at("2026-03-04T12:00:00Z"),
        end,
        bucket: BUCKET.to_owned(),
        object: sample.digest_name(end),
        public_key_fingerprint: sample.keys.0[&sample.scope.region][0].fingerprint.clone(),
        newest_event: None,
        oldest_event: None,
        previous: None,
        log_files: Vec::new(),
    };
    sample.write_digest(&stray);
    for told in [sample.verify().await, sample.verify_files().await] {
        assert_eq!(told.only(&stray.object), &Problem::OutsideChain);
    }
}

#[tokio::test]
async fn a_chain_that_begins_anew_is_told_and_no_error() {
    let mut sample = Sample::new().await;
    sample.forget_previous();
    let (start, end) = (at("2026-03-04T15:00:00Z"), at("2026-03-04T16:00:00Z"));
    let digest = sample.digest_of(start, end).await;
    let told = sample.verify_files().await;
    let from = at("2026-03-04T13:00:00Z");
    assert_eq!(told.only(&digest), &Problem::Restart { from, to: start });
    assert!(told.summary.is_valid());
    assert_eq!(told.counts(), [4, 0, 6, 0]);
}

#[tokio::test]
async fn time_that_no_digest_or_two_digests_cover_is_told() {
    let mut sample = Sample::new().await;
    let (end, start) = (at("2026-03-04T13:00:00Z"), at("2026-03-04T13:30:00Z"));
    let digest = sample.digest_of(start, at("2026-03-04T14:00:00Z")).await;
    let told = sample.verify().await;
    assert_eq!(told.only(&digest), &Problem::Gap { from: end, to: start });

    let mut sample = Sample::new().await;
    let start = at("2026-03-04T12:30:00Z");
    let digest = sample.digest_of(start, at("2026-03-04T14:00:00Z")).await;
    let told = sample.verify().await;
    assert_eq!(told.only(&digest), &Problem::Overlap { from: start, to: end });
}

#[tokio::test]
async fn a_log_file_listed_twice_is_told() {
    let mut sample = Sample::new().await;
    let log = sample.logs[2][0].clone();
    let content = gunzip(&sample.read(&sample.digests[2]), 1 << 20).unwrap();
    let listed = Digest::parse(&content).unwrap().log_files.remove(0);
    let digest = sample.digest().await;
    let content = gunzip(&sample.read(&digest), 1 << 20).unwrap();
    let mut repeated = Digest::parse(&content).unwrap();
    repeated.log_files.push(listed);
    sample.write_digest(&repeated);
    assert_eq!(sample.verify_files().await.only(&log), &Problem::Repeated);
}

#[tokio::test]
async fn a_signed_digest_other_than_the_linked_one_breaks_the_chain() {
    let sample = Sample::new().await;
    let digest = &sample.digests[1];
    let content = gunzip(&sample.read(digest), 1 << 20).unwrap();
    let mut other = Digest::parse(&content).unwrap();
    other.log_files.pop();
    sample.write_digest(&other);
    let told = sample.verify_files().await;
    let later = sample.digests[2].clone();
    assert_eq!(told.about(digest), &Problem::LinkBroken { later });
    assert!(matches!(sample.verify().await.about(digest), Problem::Damaged(_)));
}

#[tokio::test]
async fn a_digest_newer_than_the_database_is_unknown_to_it() {
    let mut sample = Sample::new().await;
    let digest = sample.digest().await;
    sample
        .put(vec![Write::DeleteTrailDigest(sample.scope.clone(), at("2026-03-04T14:00:00Z"))])
        .await;
    assert_eq!(sample.verify().await.only(&digest), &Problem::Unknown);
    assert!(sample.verify_files().await.summary.is_valid());
}

#[tokio::test]
async fn a_digest_on_its_way_is_verified_where_it_waits() {
    let sample = Sample::new().await;
    let newest = sample.store.trail().newest_digest(&sample.scope).await.unwrap().unwrap();
    let staged = keyward_store::TrailDigestRecord { state: TrailState::Staged, ..newest };
    sample.put(vec![Write::PutTrailDigest(Box::new(staged))]).await;
    assert_eq!(sample.verify().await.findings, []);
    let digest = &sample.digests[2];
    let waiting = sample.stage(digest);
    let told = sample.verify().await;
    assert_eq!(told.only(digest), &Problem::NotDelivered);
    assert_eq!(told.counts(), [3, 0, 6, 0]);
    sample.stage(&format!("{digest}{METADATA_SUFFIX}"));
    assert!(sample.verify().await.summary.is_valid());
    std::fs::remove_file(waiting).unwrap();
    assert_eq!(sample.verify().await.only(digest), &Problem::Missing);
}

#[tokio::test]
async fn without_its_public_key_a_digest_is_not_valid() {
    let mut sample = Sample::new().await;
    let fingerprint = sample.keys.0[&sample.scope.region][0].fingerprint.clone();
    sample.keys.0.clear();
    for told in [sample.verify().await, sample.verify_files().await] {
        assert_eq!(told.summary.digests_invalid, 3);
        let unknown = Problem::NoPublicKey { fingerprint: fingerprint.clone() };
        assert_eq!(told.about(&sample.digests[0]), &unknown);
    }
}
