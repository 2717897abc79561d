//! Verification of what was delivered against the journal that is still there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use keyward_audit::JournalOptions;
use keyward_audit::files::RealFiles;
use keyward_model::Timestamp;
use keyward_store::{Change, TrailDigestRecord, TrailFileRecord, Write};
use keyward_testkit::{TestApp, TestOptions};
use keyward_trail::format::PublicKeys;
use keyward_trail::verify::{
    Buckets, Event, Finding, Problem, Range, Severity, Sources, Summary, verify,
};
use keyward_trail::{Cursors, DELIVERY, Delivered, DigestEnd, public_key};
use serde_json::json;

/// Records in two logs, delivered.
async fn deliver_some(app: &TestApp) -> Delivered {
    app.root().call("CreateKey", json!({})).await.unwrap();
    app.root_in("eu-central-1").call("ListKeys", json!({})).await.unwrap();
    app.root().call("ListKeys", json!({})).await.unwrap();
    let mut delivery = app.delivery();
    let mut delivered = delivery.deliver().await.unwrap();
    delivered.digests = delivery.make_digests(DigestEnd::Now).await.unwrap();
    delivered
}

async fn verified(app: &TestApp, range: &Range) -> (Summary, Vec<Finding>) {
    let trail = app.engine().store().trail();
    let mut keys = PublicKeys::default();
    for key in trail.all_signing_keys().await.unwrap() {
        keys.0.entry(key.region.clone()).or_default().push(public_key(key));
    }
    let (journal, layout) = (app.journal_directory(), app.trail_layout());
    let sources = Sources {
        files: &RealFiles,
        buckets: &Buckets::Below(layout.directory),
        trail: Some(trail),
        journal: Some(&journal),
        heads: &[],
        public_keys: &keys,
    };
    let mut findings = Vec::new();
    let mut tell = |event: Event<'_>| {
        if let Event::Found(finding) = event {
            findings.push(finding.clone());
        }
    };
    let summary = verify(&sources, range, &mut tell).await.unwrap();
    (summary, findings)
}

async fn verified_all(app: &TestApp) -> (Summary, Vec<Finding>) {
    verified(app, &Range::default()).await
}

fn segment(app: &TestApp, number: u64) -> PathBuf {
    app.journal_directory().join(format!("{number:016}.jsonl"))
}

fn path(app: &TestApp, file: &TrailFileRecord) -> PathBuf {
    app.trail_layout().object(&file.bucket, &file.name.object)
}

async fn write(app: &TestApp, writes: Vec<Write>) {
    app.engine().store().commit(Change { writes, ..Change::default() }).await.unwrap();
}

/// Makes it that a file, its row and its digest never were.
async fn forget(app: &TestApp, file: &TrailFileRecord, digest: &TrailDigestRecord) {
    fs::remove_file(path(app, file)).unwrap();
    let layout = app.trail_layout();
    fs::remove_file(layout.object(&digest.bucket, &digest.name.object)).unwrap();
    fs::remove_file(layout.metadata(&digest.bucket, &digest.name.object)).unwrap();
    let scope = digest.name.scope.clone();
    let digest = Write::DeleteTrailDigest(scope, digest.ended_at);
    write(app, vec![Write::DeleteTrailFile(file.name.clone()), digest]).await;
}

#[tokio::test]
async fn what_was_delivered_is_what_the_journal_says() {
    let app = TestApp::new().await;
    let mut files = 0;
    for _ in 0..3 {
        files += deliver_some(&app).await.files.len();
    }
    app.root().call("ListKeys", json!({})).await.unwrap();
    let (summary, findings) = verified_all(&app).await;
    assert_eq!(findings, []);
    assert!(summary.is_valid());
    assert_eq!(summary.journal_logs, u64::try_from(files).unwrap());
}

#[tokio::test]
async fn a_row_knows_the_lines_its_file_was_made_of() {
    let app = TestApp::new().await;
    let first = deliver_some(&app).await.files;
    let second = deliver_some(&app).await.files;
    let range = |file: &TrailFileRecord| file.journal.unwrap();
    assert_eq!((range(&first[0]).segment, range(&first[0]).from), (1, 0));
    assert!(first.iter().all(|file| file.journal == first[0].journal));
    assert_eq!(range(&second[0]).from, range(&first[0]).to);
    let cursor = Cursors::new(app.engine().clone()).load(DELIVERY).await.unwrap().unwrap();
    assert_eq!(range(&second[0]).to, cursor.offset);
}

#[tokio::test]
async fn a_journal_that_was_edited_later_is_told() {
    let app = TestApp::new().await;
    let delivered = deliver_some(&app).await;
    deliver_some(&app).await;
    let segment = segment(&app, 1);
    let lines = fs::read_to_string(&segment).unwrap();
    fs::write(&segment, lines.replacen("\"CreateKey\"", "\"DeleteKey\"", 1)).unwrap();
    let (summary, findings) = verified_all(&app).await;
    assert_eq!((summary.errors, summary.journal_logs), (1, 3), "{findings:?}");
    assert!(matches!(findings[0].problem, Problem::NotAsJournal(range) if range.from == 0));
    let object = &findings[0].file.as_ref().unwrap().object;
    assert!(delivered.files.iter().any(|file| file.name.object == *object));
}

#[tokio::test]
async fn files_rows_and_digests_that_are_gone_together_are_missed() {
    let app = TestApp::new().await;
    deliver_some(&app).await;
    let last = deliver_some(&app).await;
    let digest_of = |file: &TrailFileRecord| {
        let same = |digest: &&TrailDigestRecord| digest.name.scope == file.name.scope;
        last.digests.iter().find(same).unwrap()
    };
    let file = &last.files[0];
    forget(&app, file, digest_of(file)).await;
    let (summary, findings) = verified_all(&app).await;
    assert_eq!(summary.errors, 1, "{findings:?}");
    let range = file.journal.unwrap();
    assert_eq!(findings[0].problem, Problem::InNoFile { range, lines: file.records });
    assert_eq!(findings[0].scope.as_ref(), Some(&file.name.scope));
    // The rows of the others show nothing any more.
    for file in &last.files[1..] {
        forget(&app, file, digest_of(file)).await;
    }
    let (summary, findings) = verified_all(&app).await;
    assert_eq!(summary.errors, 2, "{findings:?}");
    // They may have been old enough, or of no interest.
    let removed_before = Some(file.newest);
    let (summary, _) = verified(&app, &Range { removed_before, ..Range::default() }).await;
    assert!(summary.is_valid());
    let range = Range { start: Some(file.newest), ..Range::default() };
    assert_eq!(verified(&app, &range).await.0.errors, 0);
    let range = Range { region: Some("eu-central-1".parse().unwrap()), ..Range::default() };
    assert_eq!(verified(&app, &range).await.0.errors, 1);
}

#[tokio::test]
async fn lines_that_are_no_records_are_told_and_their_file_too() {
    let app = TestApp::new().await;
    app.engine().journal().append(b"{\"not\":\"a record\"}").await.unwrap();
    deliver_some(&app).await;
    let (summary, findings) = verified_all(&app).await;
    assert_eq!(summary.errors, 0, "{findings:?}");
    let no_records =
        |finding: &&Finding| matches!(finding.problem, Problem::JournalNoRecords { lines: 1, .. });
    assert_eq!(findings.iter().find(no_records).unwrap().severity, Severity::Note);
    let set_aside =
        |finding: &&Finding| matches!(finding.problem, Problem::SetAside { bytes: 19, .. });
    assert_eq!(findings.iter().find(set_aside).unwrap().severity, Severity::Loss);
    assert!(summary.losses > 0 && !summary.is_valid());
    let far = Some(Timestamp::from_unix_ms(i64::MAX));
    let known = Range { losses_known_until: far, ..Range::default() };
    let (summary, findings) = verified(&app, &known).await;
    assert!(summary.is_valid());
    assert!(findings.iter().all(|finding| finding.severity == Severity::Note));
}

#[tokio::test]
async fn a_record_of_the_program_that_says_records_were_lost_is_a_loss() {
    let app = TestApp::new().await;
    deliver_some(&app).await;
    let cursors = Cursors::new(app.engine().clone());
    let place = cursors.load(DELIVERY).await.unwrap().unwrap();
    let inside = keyward_audit::JournalPosition { offset: place.offset + 5, ..place };
    app.root().call("ListKeys", json!({})).await.unwrap();
    app.root().call("ListKeys", json!({})).await.unwrap();
    cursors.store(DELIVERY, inside).await.unwrap();
    deliver_some(&app).await;
    let (summary, findings) = verified_all(&app).await;
    assert_eq!(summary.losses, 1, "{findings:?}");
    let loss = findings.iter().find(|finding| finding.severity == Severity::Loss).unwrap();
    let Problem::Loss { event: "AuditRecordsLost", at } = loss.problem else {
        unreachable!("{loss:?}")
    };
    // The line that was passed over is in no file, and the journal tells.
    let in_no_file =
        |finding: &Finding| matches!(finding.problem, Problem::InNoFile { lines: 1, .. });
    assert!(findings.iter().any(in_no_file), "{findings:?}");
    let known = Range { losses_known_until: Some(at), ..Range::default() };
    assert_eq!(verified(&app, &known).await.0.losses, 0);
}

#[tokio::test]
async fn a_journal_that_ends_before_what_was_delivered_is_told() {
    let app = TestApp::new().await;
    let first = deliver_some(&app).await.files;
    let last = deliver_some(&app).await.files;
    let (kept, whole) = (first[0].journal.unwrap().to, last[0].journal.unwrap().to);
    fs::OpenOptions::new().write(true).open(segment(&app, 1)).unwrap().set_len(kept).unwrap();
    let (summary, findings) = verified_all(&app).await;
    assert_eq!((summary.errors, summary.journal_logs), (1, 2), "{findings:?}");
    let cut = Problem::JournalCut { segment: 1, bytes: kept, delivered: whole };
    assert_eq!(findings[0].problem, cut);
}

#[tokio::test]
async fn a_segment_in_between_that_is_gone_is_told_and_the_oldest_may_be() {
    let journal = JournalOptions { segment_bytes_max: 1, ..JournalOptions::default() };
    let app = TestApp::with(TestOptions { journal, ..TestOptions::default() }).await;
    deliver_some(&app).await;
    let last = deliver_some(&app).await;
    let segments = last.files.iter().map(|file| file.journal.unwrap().segment);
    let newest = segments.max().unwrap();
    assert!(newest > 4);
    fs::remove_file(segment(&app, 1)).unwrap();
    let (summary, findings) = verified_all(&app).await;
    assert!(summary.is_valid(), "{findings:?}");
    fs::remove_file(segment(&app, newest - 1)).unwrap();
    let (summary, findings) = verified_all(&app).await;
    assert_eq!(summary.errors, 1, "{findings:?}");
    let cut = |finding: &Finding| matches!(finding.problem, Problem::JournalCut { segment, bytes: 0, .. } if segment == newest - 1);
    assert!(cut(&findings[0]), "{findings:?}");
}

#[tokio::test]
async fn a_damaged_file_is_told_to_be_in_the_journal_if_it_is() {
    let app = TestApp::new().await;
    let delivered = deliver_some(&app).await;
    fs::write(path(&app, &delivered.files[0]), b"damaged").unwrap();
    fs::remove_file(path(&app, &delivered.files[1])).unwrap();
    let (summary, findings) = verified_all(&app).await;
    assert_eq!((summary.errors, summary.journal_logs), (2, 2), "{findings:?}");
    for finding in findings {
        assert_eq!(finding.kept, delivered.files[0].journal);
        assert!(finding.words().contains("still hold its content"));
    }
    let segment = segment(&app, 1);
    let lines = fs::read_to_string(&segment).unwrap();
    fs::write(&segment, lines.replace("\"eventSource\"", "\"eventShores\"")).unwrap();
    let (_, findings) = verified_all(&app).await;
    assert!(findings.iter().all(|finding| finding.kept.is_none()));
}

#[tokio::test]
async fn lines_of_files_from_before_lines_were_noted_are_not_missed() {
    let app = TestApp::new().await;
    let delivered = deliver_some(&app).await;
    deliver_some(&app).await;
    for file in &delivered.files {
        let row = app.engine().store().trail().file(&file.name).await.unwrap().unwrap();
        let old = TrailFileRecord { journal: None, ..row };
        write(&app, vec![Write::PutTrailFile(Box::new(old))]).await;
    }
    let (summary, findings) = verified_all(&app).await;
    assert!(summary.is_valid(), "{findings:?}");
    let [file, ..] = &delivered.files[..] else { unreachable!() };
    write(&app, vec![Write::DeleteTrailFile(file.name.clone())]).await;
    let (_, findings) = verified_all(&app).await;
    let in_no_file = |finding: &Finding| {
        matches!(finding.problem, Problem::InNoFile { .. })
            && finding.scope.as_ref() == Some(&file.name.scope)
    };
    assert!(findings.iter().any(in_no_file), "{findings:?}");
}
