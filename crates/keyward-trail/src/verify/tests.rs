mod digests;
mod log_files;
mod sample;

use keyward_store::{TrailObject, Write};

use super::*;
use sample::{Sample, at};

#[tokio::test]
async fn what_was_delivered_is_valid() {
    let sample = Sample::new().await;
    for told in [sample.verify().await, sample.verify_files().await] {
        assert_eq!(told.findings, []);
        assert_eq!(told.counts(), [3, 0, 6, 0]);
        let covered = (at("2026-03-04T10:00:00Z"), at("2026-03-04T13:00:00Z"));
        assert_eq!(told.summary.covered, Some(covered));
        assert!(told.summary.is_valid());
    }
}

#[tokio::test]
async fn nothing_delivered_is_nothing_wrong_if_the_database_says_so() {
    let sample = Sample::empty();
    assert_eq!(sample.verify().await.summary, Summary::default());
    assert!(Summary::default().is_valid());
    let told = sample.verify_files().await;
    assert_eq!(told.summary.unverified, Some(Unverified::Nothing));
    assert!(!told.summary.is_valid());
}

#[tokio::test]
async fn log_files_before_the_first_digest_are_valid_by_the_database_alone() {
    let mut sample = Sample::empty();
    sample.log(5).await;
    let told = sample.verify().await;
    assert_eq!((told.counts(), told.summary.logs_undigested), ([0, 0, 1, 0], 1));
    assert!(told.summary.is_valid());
    assert_eq!(sample.verify_files().await.summary.unverified, Some(Unverified::NoDigests));
}

#[tokio::test]
async fn a_copy_without_its_digests_cannot_be_verified() {
    let sample = Sample::new().await;
    let digests = sample.path("AWSLogs/111122223333/CloudTrail-Digest");
    std::fs::remove_dir_all(digests).unwrap();
    let told = sample.verify_files().await;
    assert_eq!((told.findings, told.summary.logs_unchecked), (vec![], 6));
    assert_eq!(told.summary.unverified, Some(Unverified::NoDigests));
    assert!(!told.summary.is_valid());
}

#[tokio::test]
async fn a_copy_is_valid_up_to_its_newest_digest_and_no_further() {
    let mut sample = Sample::new().await;
    sample.log(5).await;
    let told = sample.verify_files().await;
    assert_eq!(told.summary.unverified, Some(Unverified::LogFiles(1)));
    assert!(!told.summary.is_valid());
    let sooner = Range { end: Some(at("2026-03-04T13:00:00Z")), ..Range::default() };
    assert!(sample.verify_range(&sooner, false).await.summary.is_valid());
}

#[tokio::test]
async fn what_is_asked_for_and_is_not_there_is_not_valid() {
    let sample = Sample::new().await;
    let account = Some("444455556666".parse().unwrap());
    let region = Some("eu-west-1".parse().unwrap());
    let start = Some(at("2026-03-04T18:00:00Z"));
    for range in [
        Range { account, ..Range::default() },
        Range { region, ..Range::default() },
        Range { start, ..Range::default() },
    ] {
        for with_database in [true, false] {
            let told = sample.verify_range(&range, with_database).await;
            assert_eq!(told.summary.unverified, Some(Unverified::Nothing), "{range:?}");
            assert!(!told.summary.is_valid());
        }
    }
}

#[tokio::test]
async fn an_account_whose_directory_is_gone_is_missed() {
    let sample = Sample::new().await;
    std::fs::remove_dir_all(sample.root()).unwrap();
    let told = sample.verify().await;
    assert_eq!(told.counts(), [0, 3, 0, 6]);
    assert!(told.findings.iter().all(|finding| finding.problem == Problem::Missing));
}

#[tokio::test]
async fn a_file_of_someone_else_is_told_and_an_error_where_the_database_would_know_it() {
    let sample = Sample::new().await;
    let side = sample.digest_name(at("2026-03-04T12:30:00Z")) + crate::format::METADATA_SUFFIX;
    for stray in [
        "AWSLogs/notes.txt",
        "AWSLogs/11112222333",
        "AWSLogs/111122223333/CloudTrail-Insight",
        "AWSLogs/111122223333/CloudTrail/us_west_2",
        "AWSLogs/111122223333/CloudTrail/us-west-2/2026/03/04/notes.txt",
        &side,
    ] {
        sample.write(stray, b"");
        let told = sample.verify_files().await;
        assert_eq!(told.only(stray), &Problem::Foreign);
        assert!(told.summary.is_valid());
        assert_eq!(sample.verify().await.only(stray), &Problem::Unknown);
        sample.remove(stray);
    }
}

#[tokio::test]
async fn what_lies_beside_the_buckets_and_beside_their_logs_is_told() {
    let sample = Sample::new().await;
    let root = sample.root();
    for known in ["public-keys.json", "staging/any", "lost+found/any", "unreadable.jsonl"] {
        let path = root.join(known);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, b"").unwrap();
    }
    std::fs::create_dir_all(sample.path("empty")).unwrap();
    assert_eq!(sample.verify().await.findings, []);
    for stray in ["y.json", "other-bucket/x", "keyward-audit/x.txt", "keyward-audit/a/b/c"] {
        let path = root.join(stray);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, b"").unwrap();
        let told = sample.verify().await;
        assert_eq!(told.findings.len(), 1, "{stray}: {told:?}");
        assert_eq!(told.findings[0].problem, Problem::Unknown);
        let file = told.findings[0].file.as_ref().unwrap().to_string();
        assert!(stray.starts_with(&file), "{stray}: {file}");
        let is_in_bucket = stray.starts_with(sample::BUCKET);
        assert_eq!(sample.verify_files().await.findings.len(), usize::from(is_in_bucket));
        std::fs::remove_file(&path).unwrap();
    }
}

#[tokio::test]
async fn links_are_told_wherever_they_lie_but_for_whole_buckets() {
    let sample = Sample::new().await;
    let elsewhere = sample.root().join("staging");
    std::fs::create_dir_all(&elsewhere).unwrap();
    let day = "AWSLogs/111122223333/CloudTrail/us-west-2/2026/03/04";
    let region = "AWSLogs/111122223333/CloudTrail/us-west-2";
    for linked in [&sample.logs[0][0], &sample.digests[1], day, region, "AWSLogs"] {
        let target = elsewhere.join("moved");
        std::fs::rename(sample.path(linked), &target).unwrap();
        std::os::unix::fs::symlink(&target, sample.path(linked)).unwrap();
        let told = sample.verify().await;
        assert_eq!(told.only(linked), &Problem::Link);
        assert_eq!(sample.verify_files().await.only(linked), &Problem::Link);
        sample.remove(linked);
        std::fs::rename(&target, sample.path(linked)).unwrap();
    }
    let (bucket, target) = (sample.root().join(sample::BUCKET), elsewhere.join("bucket"));
    std::fs::rename(&bucket, &target).unwrap();
    std::os::unix::fs::symlink(&target, &bucket).unwrap();
    assert_eq!(sample.verify().await.findings, []);
}

#[tokio::test]
async fn a_range_is_all_that_is_read() {
    let sample = Sample::new().await;
    for log in sample.logs.iter().flatten() {
        sample.remove(log);
    }
    let second = Range {
        start: Some(at("2026-03-04T11:00:00Z")),
        end: Some(at("2026-03-04T11:30:00Z")),
        ..Range::default()
    };
    for with_database in [true, false] {
        let told = sample.verify_range(&second, with_database).await;
        assert_eq!(told.counts(), [1, 0, 0, 2]);
        let covered = (at("2026-03-04T11:00:00Z"), at("2026-03-04T12:00:00Z"));
        assert_eq!(told.summary.covered, Some(covered));
        assert_eq!(told.about(&sample.logs[1][0]), &Problem::Missing);
    }
}

#[tokio::test]
async fn what_was_old_enough_to_be_removed_is_not_missed() {
    let sample = Sample::new().await;
    sample.remove(&sample.digests[0]);
    for log in sample.logs[..2].iter().flatten() {
        sample.remove(log);
    }
    let range = Range { removed_before: Some(at("2026-03-04T11:11:00Z")), ..Range::default() };
    for with_database in [true, false] {
        let told = sample.verify_range(&range, with_database).await;
        assert_eq!(told.only(&sample.digests[0]), &Problem::Removed);
        assert!(told.summary.is_valid());
        assert_eq!(told.counts(), [2, 0, 2, 0]);
    }
    let sooner = Range { removed_before: Some(at("2026-03-04T11:10:59Z")), ..Range::default() };
    let told = sample.verify_range(&sooner, true).await;
    assert_eq!(told.about(&sample.logs[1][1]), &Problem::Missing);
}

/// Without the files of the first hours, and without their rows if these are removed, too.
async fn sample_without(hours: std::ops::Range<usize>, with_rows: bool) -> Sample {
    let sample = Sample::new().await;
    for hour in hours {
        sample.remove(&sample.digests[hour]);
        sample.remove(&format!("{}{}", sample.digests[hour], crate::format::METADATA_SUFFIX));
        for log in &sample.logs[hour] {
            sample.remove(log);
            let name = TrailObject { scope: sample.scope.clone(), object: log.clone() };
            if with_rows {
                sample.put(vec![Write::DeleteTrailFile(name)]).await;
            }
        }
        if with_rows {
            let end = at(["2026-03-04T11:00:00Z", "2026-03-04T12:00:00Z"][hour]);
            sample.put(vec![Write::DeleteTrailDigest(sample.scope.clone(), end)]).await;
        }
    }
    sample
}

#[tokio::test]
async fn what_the_database_forgot_before_all_it_knows_was_removed() {
    let sample = sample_without(0..2, true).await;
    let told = sample.verify().await;
    assert_eq!(told.only(&sample.digests[1]), &Problem::Removed);
    assert_eq!(told.counts(), [1, 0, 2, 0]);
    // What it knows, or forgot in between, is missed.
    let known = sample_without(0..1, false).await;
    assert_eq!(known.verify().await.about(&known.digests[0]), &Problem::Missing);
    let between = sample_without(1..2, true).await;
    assert_eq!(between.verify().await.about(&between.digests[1]), &Problem::Missing);
}

#[tokio::test]
async fn a_copy_may_begin_where_nothing_older_is_left() {
    let sample = sample_without(0..2, true).await;
    let told = sample.verify_files().await;
    assert_eq!(told.only(&sample.digests[1]), &Problem::Removed);
    assert!(told.summary.is_valid());
    let asked = Range { start: Some(at("2026-03-04T11:30:00Z")), ..Range::default() };
    let told = sample.verify_range(&asked, false).await;
    assert_eq!(told.only(&sample.digests[1]), &Problem::Missing);
    let between = sample_without(1..2, true).await;
    assert_eq!(between.verify_files().await.about(&between.digests[1]), &Problem::Missing);
    let log = &sample.logs[0][0];
    sample.write(log, b"left");
    let told = sample.verify_files().await;
    assert_eq!(told.about(&sample.digests[1]), &Problem::Missing);
}

#[tokio::test]
async fn a_forged_row_is_told_and_the_files_speak_for_themselves() {
    let sample = Sample::new().await;
    let hand = rusqlite::Connection::open(sample.database()).unwrap();
    hand.execute("UPDATE trail_files SET hash = zeroblob(32) WHERE row = 2", []).unwrap();
    let told = sample.verify().await;
    assert!(matches!(told.findings[0].problem, Problem::Database(_)), "{told:?}");
    assert_eq!(told.counts(), [3, 0, 6, 0]);
    assert!(!told.summary.is_valid());
}
