mod digests;
mod log_files;
mod sample;

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
async fn nothing_delivered_is_nothing_wrong() {
    let sample = Sample::empty();
    for told in [sample.verify().await, sample.verify_files().await] {
        assert_eq!(told.summary, Summary::default());
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
async fn a_file_of_someone_else_is_told_and_no_error() {
    let sample = Sample::new().await;
    let stray = "AWSLogs/111122223333/CloudTrail/us-west-2/2026/03/04/notes.txt";
    sample.write(stray, b"");
    let told = sample.verify().await;
    assert_eq!(told.only(stray), &Problem::Foreign);
    assert!(told.summary.is_valid());
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
    let other = Range { region: Some("eu-west-1".parse().unwrap()), ..Range::default() };
    assert_eq!(sample.verify_range(&other, true).await.summary, Summary::default());
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
