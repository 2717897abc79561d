use keyward_model::Timestamp;
use keyward_store::{Store as _, TrailObject, TrailState, Write};

use super::sample::{Sample, at, records};
use crate::format::gzip;
use crate::verify::{Damage, Problem, Range};

#[tokio::test]
async fn the_changed_byte_of_a_log_file_is_named() {
    let sample = Sample::new().await;
    let log = &sample.logs[1][0];
    let stored = sample.read(log);
    for offset in [0, 4, 9, 10, 255, 256, 300, 700, stored.len() - 5, stored.len() - 1] {
        let (delivered, found) = sample.flip(log, offset);
        let told = sample.verify().await;
        let damage = Damage::Byte { offset, found, delivered };
        assert_eq!(told.only(log), &Problem::Damaged(damage));
        assert_eq!(told.counts(), [3, 0, 5, 1]);
        let told = sample.verify_files().await;
        assert!(matches!(told.only(log), Problem::Damaged(_)), "{told:?}");
        assert_eq!(told.counts(), [3, 0, 5, 1]);
        sample.write(log, &stored);
    }
    assert!(sample.verify().await.summary.is_valid());
}

#[tokio::test]
async fn of_several_changes_the_first_is_told() {
    let sample = Sample::new().await;
    let log = &sample.logs[2][1];
    let stored = sample.read(log);
    let (delivered, found) = sample.flip(log, 300);
    sample.flip(log, 600);
    let damage = Damage::Byte { offset: 300, found, delivered };
    assert_eq!(sample.verify().await.only(log), &Problem::Damaged(damage));
    sample.flip(log, 301);
    let damage = Damage::Block { from: 256, to: 512 };
    assert_eq!(sample.verify().await.only(log), &Problem::Damaged(damage));
    sample.write(log, &[&stored[..400], &stored[401..]].concat());
    assert_eq!(sample.verify().await.only(log), &Problem::Damaged(damage));
}

#[tokio::test]
async fn a_cut_or_longer_log_file_is_told_with_its_end() {
    let sample = Sample::new().await;
    let log = &sample.logs[0][0];
    let stored = sample.read(log);
    let length = stored.len();
    for offset in [0, 5, 256, 400, length - 1] {
        sample.write(log, &stored[..offset]);
        let delivered = Some(length.try_into().unwrap());
        let damage = Damage::Truncated { offset, delivered };
        assert_eq!(sample.verify().await.only(log), &Problem::Damaged(damage));
        let damage = Damage::Truncated { offset, delivered: None };
        assert_eq!(sample.verify_files().await.only(log), &Problem::Damaged(damage));
    }
    for added in [b"x".to_vec(), gzip(b"{}")] {
        sample.write(log, &[&stored[..], &added].concat());
        let damage = Problem::Damaged(Damage::Appended { offset: length });
        assert_eq!(sample.verify().await.only(log), &damage);
        assert_eq!(sample.verify_files().await.only(log), &damage);
    }
}

#[tokio::test]
async fn records_in_another_order_are_an_edit() {
    let sample = Sample::new().await;
    let log = &sample.logs[0][0];
    let content = String::from_utf8(records(0)).unwrap();
    let inner = content.strip_prefix(r#"{"Records":["#).unwrap().strip_suffix("]}").unwrap();
    let mut parts: Vec<_> = inner.split("},").collect();
    parts.swap(3, 4);
    let reordered = format!(r#"{{"Records":[{}]}}"#, parts.join("},"));
    sample.write(log, &gzip(reordered.as_bytes()));
    assert_eq!(sample.verify_files().await.only(log), &Problem::Damaged(Damage::Content));
    assert!(matches!(sample.verify().await.only(log), Problem::Damaged(_)));
}

#[tokio::test]
async fn without_a_database_the_place_where_json_breaks_is_told() {
    let sample = Sample::new().await;
    let log = &sample.logs[0][1];
    let mut content = records(1);
    content[12] = b'x';
    sample.write(log, &gzip(&content));
    let damage = Damage::Json { offset: 12 };
    assert_eq!(sample.verify_files().await.only(log), &Problem::Damaged(damage));
}

#[tokio::test]
async fn the_same_content_compressed_anew_is_another_file() {
    let sample = Sample::new().await;
    let log = &sample.logs[0][0];
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    std::io::Write::write_all(&mut encoder, &records(0)).unwrap();
    sample.write(log, &encoder.finish().unwrap());
    assert!(matches!(sample.verify().await.only(log), Problem::Damaged(_)));
}

#[tokio::test]
async fn files_that_changed_places_are_told_by_each_other() {
    let sample = Sample::new().await;
    let (older, newer) = (&sample.logs[0][0], &sample.logs[2][1]);
    let (a, b) = (sample.read(older), sample.read(newer));
    sample.write(older, &b);
    sample.write(newer, &a);
    for told in [sample.verify().await, sample.verify_files().await] {
        assert_eq!(told.about(older), &Problem::ContentOf(newer.clone()));
        assert_eq!(told.about(newer), &Problem::ContentOf(older.clone()));
        assert_eq!(told.counts(), [3, 0, 4, 2]);
    }
}

#[tokio::test]
async fn a_log_file_that_is_gone_is_missing() {
    let sample = Sample::new().await;
    let log = &sample.logs[1][1];
    sample.remove(log);
    for told in [sample.verify().await, sample.verify_files().await] {
        assert_eq!(told.only(log), &Problem::Missing);
        assert_eq!(told.counts(), [3, 0, 5, 1]);
    }
}

#[tokio::test]
async fn a_renamed_log_file_is_missing_and_unknown() {
    let sample = Sample::new().await;
    let log = &sample.logs[0][0];
    let other = sample.log_name(at("2026-03-04T10:05:00Z"), 99);
    std::fs::rename(sample.path(log), sample.path(&other)).unwrap();
    for (told, problem) in [
        (sample.verify().await, Problem::Unknown),
        (sample.verify_files().await, Problem::Unlisted),
    ] {
        assert_eq!(told.about(log), &Problem::Missing);
        assert_eq!(told.about(&other), &problem);
    }
}

#[tokio::test]
async fn a_log_file_newer_than_every_digest_waits_for_its_own() {
    let mut sample = Sample::new().await;
    let log = sample.log(5).await;
    let told = sample.verify().await;
    assert_eq!((told.counts(), told.summary.logs_undigested), ([3, 0, 7, 0], 1));
    let told = sample.verify_files().await;
    assert_eq!((told.counts(), told.summary.logs_unchecked), ([3, 0, 6, 0], 1));

    let (delivered, found) = sample.flip(&log, 500);
    let damage = Damage::Byte { offset: 500, found, delivered };
    assert_eq!(sample.verify().await.only(&log), &Problem::Damaged(damage));
    sample.remove(&log);
    assert_eq!(sample.verify().await.only(&log), &Problem::Missing);
    assert!(sample.verify_files().await.summary.is_valid());
}

#[tokio::test]
async fn a_file_on_its_way_is_verified_where_it_waits() {
    let mut sample = Sample::new().await;
    let log = sample.log(5).await;
    let name = TrailObject { scope: sample.scope.clone(), object: log.clone() };
    let mut row = sample.store.trail().file(&name).await.unwrap().unwrap();
    row.state = TrailState::Staged;
    sample.put(vec![Write::PutTrailFile(Box::new(row))]).await;
    assert_eq!(sample.verify().await.findings, []);
    let waiting = sample.stage(&log);
    let told = sample.verify().await;
    assert_eq!(told.only(&log), &Problem::NotDelivered);
    assert_eq!(told.counts(), [3, 0, 7, 0]);
    assert!(told.summary.is_valid());
    std::fs::remove_file(waiting).unwrap();
    assert_eq!(sample.verify().await.only(&log), &Problem::Missing);
}

#[tokio::test]
async fn log_files_whose_digest_nobody_knows_any_more_tell_of_it() {
    let sample = Sample::new().await;
    let end = at("2026-03-04T13:00:00Z");
    sample.put(vec![Write::DeleteTrailDigest(sample.scope.clone(), end)]).await;
    sample.remove(&sample.digests[2]);
    let told = sample.verify().await;
    for log in &sample.logs[2] {
        assert_eq!(told.about(log), &Problem::NoDigest { end });
    }
    // It does not belong to what is asked for.
    let sooner = Range { end: Some(at("2026-03-04T12:00:00Z")), ..Range::default() };
    assert!(sample.verify_range(&sooner, true).await.summary.is_valid());
}

#[tokio::test]
async fn a_log_file_that_the_digest_of_its_time_leaves_out_is_told() {
    let mut sample = Sample::new().await;
    let log = sample.log(5).await;
    let name = TrailObject { scope: sample.scope.clone(), object: log.clone() };
    let mut row = sample.store.trail().file(&name).await.unwrap().unwrap();
    row.digest_ended_at = Some(at("2026-03-04T12:00:00Z"));
    sample.put(vec![Write::PutTrailFile(Box::new(row))]).await;
    assert_eq!(sample.verify().await.only(&log), &Problem::LeftOut);
}

#[tokio::test]
async fn a_file_that_is_not_one_of_the_day_it_lies_in_is_missed_and_told() {
    let sample = Sample::new().await;
    let log = &sample.logs[0][0];
    let moved = log.replace("/04/", "/05/");
    sample.write(&moved, &sample.read(log));
    sample.remove(log);
    let told = sample.verify().await;
    assert_eq!(told.about(log), &Problem::Missing);
    assert_eq!(told.about(&moved), &Problem::Unknown);
}

#[tokio::test]
async fn log_files_of_a_lost_digest_are_vouched_for_by_the_database_alone() {
    let sample = Sample::new().await;
    sample.remove(&sample.digests[1]);
    let (delivered, found) = sample.flip(&sample.logs[1][0], 20);
    let told = sample.verify().await;
    assert_eq!(told.about(&sample.digests[1]), &Problem::Missing);
    let damage = Damage::Byte { offset: 20, found, delivered };
    assert_eq!(told.about(&sample.logs[1][0]), &Problem::Damaged(damage));
    assert_eq!(told.counts(), [2, 1, 5, 1]);
    let told = sample.verify_files().await;
    assert_eq!(told.only(&sample.digests[1]), &Problem::Missing);
    assert_eq!((told.counts(), told.summary.logs_unchecked), ([2, 1, 4, 0], 2));
}

#[tokio::test]
async fn times_before_the_epoch_hurt_nobody() {
    let mut sample = Sample::empty();
    sample.ended_at = Timestamp::from_unix_ms(0);
    sample.log(0).await;
    sample.digest().await;
    assert_eq!(sample.verify().await.counts(), [1, 0, 1, 0]);
}
