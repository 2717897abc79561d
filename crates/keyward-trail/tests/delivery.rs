//! Records on their way to log files and digests.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keyward_audit::{JournalOptions, JournalPosition, without_operator_note};
use keyward_crypto::{RsaVerifyingKey, sha256};
use keyward_engine::ClockWatch;
use keyward_model::LookupAttribute;
use keyward_store::{Change, Scope, TrailFilter, TrailSigningKeyRecord, TrailState, Write};
use keyward_testkit::{Client, TestApp, TestOptions};
use keyward_trail::format::{
    DIGEST_FILES_MAX, Digest, DigestMetadata, LogFileName, PublicKeys, block_sums, gunzip,
    signing_string,
};
use keyward_trail::{Cursors, DELIVERY, DeliveryOptions, DigestEnd, may_hold_event_id};
use serde_json::{Value, json};

const BYTES_MAX: usize = 64 << 20;

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(directory) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn log_files(app: &TestApp) -> Vec<PathBuf> {
    let bucket = app.trail_layout().directory.join("keyward-audit");
    let all = files(&bucket).into_iter();
    all.filter(|path| path.to_str().unwrap().contains("/CloudTrail/")).collect()
}

fn records(path: &Path) -> Vec<Value> {
    let content = gunzip(&fs::read(path).unwrap(), BYTES_MAX).unwrap();
    let content: Value = serde_json::from_slice(&content).unwrap();
    assert_eq!(content.as_object().unwrap().len(), 1);
    content["Records"].as_array().unwrap().clone()
}

fn sorted(mut records: Vec<Value>) -> Vec<Value> {
    records.sort_by_key(|record| record["eventID"].as_str().unwrap().to_owned());
    records
}

fn delivered_records(app: &TestApp) -> Vec<Value> {
    log_files(app).iter().flat_map(|path| records(path)).collect()
}

/// What a server does every minute.
async fn look_at_the_clock(app: &TestApp) {
    app.engine().check_clock(&mut ClockWatch::default()).await.unwrap();
}

fn scope(app: &TestApp) -> Scope {
    Scope { account: app.account(), region: "us-east-1".parse().unwrap() }
}

async fn make_some_records(client: &Client) {
    client.call("CreateKey", json!({})).await.unwrap();
    client.call("ListKeys", json!({})).await.unwrap();
}

#[tokio::test]
async fn every_record_is_in_a_file_of_its_account_and_region() {
    let app = TestApp::new().await;
    make_some_records(&app.root()).await;
    make_some_records(&app.root_in("eu-central-1")).await;
    make_some_records(&app.other_account().await).await;
    let delivered = app.deliver().await;
    assert_eq!(delivered.files.len(), 3);
    assert_eq!(sorted(delivered_records(&app)), sorted(app.audit()));
    for path in log_files(&app) {
        let bucket = app.trail_layout().directory.join("keyward-audit");
        let key = path.strip_prefix(&bucket).unwrap().to_str().unwrap();
        let name: LogFileName = key.parse().unwrap();
        for record in records(&path) {
            assert_eq!(record["recipientAccountId"], name.account.as_str());
            assert_eq!(record["awsRegion"], name.region.as_str());
            assert!(record.get("operatorNote").is_none());
        }
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mode = fs::metadata(path.parent().unwrap()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
    assert_eq!(files(&app.trail_layout().staging()), Vec::<PathBuf>::new());
    assert_eq!(app.deliver().await.files, []);
    let cursor = Cursors::new(app.engine().clone()).load(DELIVERY).await.unwrap();
    assert_eq!(cursor, Some(app.engine().journal().end()));
}

#[tokio::test]
async fn a_row_says_what_its_file_holds() {
    let app = TestApp::new().await;
    make_some_records(&app.root()).await;
    let [file] = app.deliver().await.files.try_into().unwrap();
    let trail = app.engine().store().trail();
    assert_eq!(trail.file(&file.name).await.unwrap(), Some(file.clone()));
    assert_eq!(file.state, TrailState::Delivered);
    let path = app.trail_layout().object(&file.bucket, &file.name.object);
    let stored = fs::read(&path).unwrap();
    let content = gunzip(&stored, BYTES_MAX).unwrap();
    assert_eq!(file.hash, sha256(&[&content]));
    assert_eq!(file.blocks, block_sums(&stored));
    assert_eq!(file.bytes, u64::try_from(content.len()).unwrap());
    assert_eq!(file.stored_bytes, u64::try_from(stored.len()).unwrap());
    let records = records(&path);
    assert_eq!(file.records, u64::try_from(records.len()).unwrap());
    let filter = file.event_ids.unwrap();
    for record in &records {
        let id = record["eventID"].as_str().unwrap().parse().unwrap();
        assert!(may_hold_event_id(&filter, &id));
    }
    let values = trail.values(&file.name).await.unwrap();
    for value in ["CreateKey", "ListKeys"] {
        assert!(values.contains(&(LookupAttribute::EventName, value.to_owned())), "{values:?}");
        let attribute = Some((LookupAttribute::EventName, value.to_owned()));
        let filter = TrailFilter { attribute, ..TrailFilter::default() };
        let found = trail.matching_files(&scope(&app), &filter, None, 9).await.unwrap();
        assert_eq!(found.len(), 1);
    }
    assert!(values.contains(&(LookupAttribute::ReadOnly, "true".to_owned())));
}

#[tokio::test]
async fn a_line_that_is_no_record_stops_nothing_and_is_kept() {
    let app = TestApp::new().await;
    let journal = app.engine().journal();
    journal.append(b"{\"not\":\"a record\"}").await.unwrap();
    make_some_records(&app.root()).await;
    journal.append(b"\xff\xfe").await.unwrap();
    let mut delivery = app.delivery();
    let end = journal.end();
    delivery.deliver().await.unwrap();
    let last: Value = serde_json::from_slice(app.journal().last().unwrap()).unwrap();
    assert_eq!(last["eventName"], "AuditLinesUnreadable");
    let expected = json!({ "from": "1:0", "to": end.to_string(), "count": 2 });
    assert_eq!(last["requestParameters"], expected);
    delivery.deliver().await.unwrap();
    assert_eq!(delivered_records(&app).len(), app.journal().len() - 2);
    let kept = fs::read(app.trail_layout().unreadable()).unwrap();
    assert_eq!(kept, b"{\"not\":\"a record\"}\n\xff\xfe\n");
    assert_eq!(delivery.status().counts().unreadable_lines, 2);
}

#[tokio::test]
async fn a_batch_beyond_the_limit_becomes_several_files() {
    let app = TestApp::new().await;
    for _ in 0..6 {
        make_some_records(&app.root()).await;
    }
    let options =
        DeliveryOptions { file_bytes_max: 3000, ..DeliveryOptions::new(app.trail_layout()) };
    let mut delivery = keyward_trail::Delivery::new(app.engine().clone(), options);
    let delivered = delivery.deliver().await.unwrap();
    assert!(delivered.files.len() > 3);
    assert!(delivered.files.iter().all(|file| file.bytes < 6000));
    assert_eq!(sorted(delivered_records(&app)), sorted(app.audit()));
}

/// Delivers with the cursor at a place; how many records beside that of the loss, and from where on.
async fn deliver_from(app: &TestApp, place: JournalPosition) -> (u64, Value) {
    Cursors::new(app.engine().clone()).store(DELIVERY, place).await.unwrap();
    let mut delivery = app.delivery();
    let mut files = delivery.deliver().await.unwrap().files;
    assert_eq!(delivery.status().counts().losses, 1);
    files.extend(delivery.deliver().await.unwrap().files);
    let last = app.audit().pop().unwrap();
    assert_eq!(last["eventName"], "AuditRecordsLost");
    assert_eq!(last["requestParameters"]["from"], place.to_string());
    assert!(delivered_records(app).contains(&last));
    let records: u64 = files.iter().map(|file| file.records).sum();
    (records - 1, last["requestParameters"]["to"].clone())
}

#[tokio::test]
async fn a_journal_that_ends_before_the_cursor_is_another_one_unless_it_was_delivered() {
    let app = TestApp::new().await;
    make_some_records(&app.root()).await;
    let end = app.engine().journal().end();
    let beyond = JournalPosition { offset: end.offset + 5_000_000, ..end };
    let all = u64::try_from(app.journal().len()).unwrap();
    assert_eq!(deliver_from(&app, beyond).await, (all, json!("1:0")));
    let end = app.engine().journal().end();
    let beyond = JournalPosition { offset: end.offset + 5_000_000, ..end };
    assert_eq!(deliver_from(&app, beyond).await, (0, json!(end.to_string())));
}

#[tokio::test]
async fn a_cursor_inside_a_line_goes_forward_to_the_next_and_never_back() {
    let app = TestApp::new().await;
    make_some_records(&app.root()).await;
    app.deliver().await;
    let cursor = app.engine().journal().end();
    make_some_records(&app.root()).await;
    let inside = JournalPosition { offset: cursor.offset + 3, ..cursor };
    let (records, to) = deliver_from(&app, inside).await;
    assert_eq!(records, 1);
    assert!(to.as_str().unwrap().parse::<JournalPosition>().unwrap() > inside);
}

#[tokio::test]
async fn behind_the_end_of_a_segment_delivery_begins_with_what_it_has_not_delivered_of_it() {
    let journal = JournalOptions { segment_bytes_max: 1000, ..JournalOptions::default() };
    let app = TestApp::with(TestOptions { journal, ..TestOptions::default() }).await;
    make_some_records(&app.root()).await;
    let place = JournalPosition { segment: 1, offset: 1_000_000 };
    let all = u64::try_from(app.journal().len()).unwrap();
    assert_eq!(deliver_from(&app, place).await, (all, json!("1:0")));
    let app = TestApp::new().await;
    make_some_records(&app.root()).await;
    app.deliver().await;
    let delivered = app.engine().journal().end();
    make_some_records(&app.root()).await;
    let place = JournalPosition { offset: 1_000_000, ..delivered };
    assert_eq!(deliver_from(&app, place).await, (2, json!(delivered.to_string())));
}

/// The newest segment of the journal.
fn live_segment(app: &TestApp) -> PathBuf {
    files(&app.journal_directory()).pop().unwrap()
}

/// The records of the journal, but for what is none.
fn readable_records(app: &TestApp) -> Vec<Value> {
    let lines = app.journal().into_iter();
    lines.filter_map(|line| serde_json::from_slice(&without_operator_note(&line)).ok()).collect()
}

#[tokio::test]
async fn what_somebody_appends_to_the_journal_costs_no_record_and_is_on_record() {
    for foreign in ["\n", "x", "not a record\n"] {
        let app = TestApp::new().await;
        let mut delivery = app.delivery();
        for _ in 0..2 {
            make_some_records(&app.root()).await;
            delivery.deliver().await.unwrap();
            make_some_records(&app.root()).await;
            let path = live_segment(&app);
            let mut segment = fs::OpenOptions::new().append(true).open(path).unwrap();
            std::io::Write::write_all(&mut segment, foreign.as_bytes()).unwrap();
            make_some_records(&app.root()).await;
        }
        let at = app.engine().journal().end();
        app.engine().record_alterations().await.unwrap();
        delivery.deliver().await.unwrap();
        // What was set aside is on record as well.
        delivery.deliver().await.unwrap();
        assert_eq!(delivery.status().counts().losses, 0);
        assert_eq!(delivery.status().counts().unreadable_lines, 2);
        assert_eq!(sorted(delivered_records(&app)), sorted(readable_records(&app)));
        let mut altered = readable_records(&app);
        altered.retain(|record| record["eventName"] == "AuditJournalAltered");
        assert_eq!(altered.len(), 2);
        let parameters = &altered[1]["requestParameters"];
        let place: JournalPosition = parameters["at"].as_str().unwrap().parse().unwrap();
        assert_eq!(place.segment + 1, at.segment);
        let found = u64::try_from(foreign.len()).unwrap() + place.offset;
        assert_eq!(parameters["foundBytes"], found);
    }
}

#[tokio::test]
async fn a_journal_cut_while_it_is_written_costs_what_was_cut_and_stops_nothing() {
    let app = TestApp::new().await;
    let mut delivery = app.delivery();
    make_some_records(&app.root()).await;
    delivery.deliver().await.unwrap();
    let delivered = app.engine().journal().end();
    make_some_records(&app.root()).await;
    fs::File::options().write(true).open(live_segment(&app)).unwrap().set_len(0).unwrap();
    // Nothing was written since, and nothing waits for it.
    delivery.deliver().await.unwrap();
    assert_eq!(delivery.status().counts().losses, 1);
    make_some_records(&app.root()).await;
    delivery.deliver().await.unwrap();
    assert_eq!(delivery.status().counts().losses, 1);
    let found = readable_records(&app);
    let [lost, rest @ ..] = &found[..] else { panic!() };
    assert_eq!(lost["eventName"], "AuditRecordsLost");
    assert_eq!(lost["requestParameters"], json!({ "from": delivered.to_string(), "to": "2:0" }));
    assert_eq!(rest.len(), 2);
    assert!(found.iter().all(|record| delivered_records(&app).contains(record)));
}

#[tokio::test]
async fn a_segment_taken_away_while_it_is_written_stops_nothing() {
    let app = TestApp::new().await;
    let mut delivery = app.delivery();
    app.root().call("ListKeys", json!({})).await.unwrap();
    delivery.deliver().await.unwrap();
    make_some_records(&app.root()).await;
    fs::remove_file(live_segment(&app)).unwrap();
    delivery.deliver().await.unwrap();
    make_some_records(&app.root()).await;
    delivery.deliver().await.unwrap();
    assert_eq!(delivery.status().counts().losses, 1);
    assert_eq!(app.audit().len(), 3);
    assert!(app.audit().iter().all(|record| delivered_records(&app).contains(record)));
}

/// Checks the chain of an account's Region as it stands in files, and answers how many files each
/// digest lists.
fn check_chain(app: &TestApp) -> Vec<usize> {
    let layout = app.trail_layout();
    let keys = PublicKeys::parse(&fs::read(layout.public_keys()).unwrap()).unwrap();
    let region = "us-east-1".parse().unwrap();
    let bucket = layout.directory.join("keyward-audit");
    let directory = format!("AWSLogs/{}/CloudTrail-Digest/us-east-1", app.account());
    let mut counts = Vec::new();
    let mut listed = BTreeSet::new();
    let mut previous: Option<(Digest, String, String)> = None;
    let is_digest = |path: &PathBuf| path.extension().unwrap() == "gz";
    for path in files(&bucket.join(directory)).into_iter().filter(is_digest) {
        let content = gunzip(&fs::read(&path).unwrap(), BYTES_MAX).unwrap();
        let digest = Digest::parse(&content).unwrap();
        let hash = hex::encode(sha256(&[&content]));
        let metadata = format!("{}.metadata.json", path.display());
        let metadata = DigestMetadata::parse(&fs::read(metadata).unwrap()).unwrap();
        assert_eq!(bucket.join(&digest.object), path);
        match (&previous, &digest.previous) {
            (None, None) => {}
            (Some((before, hash, signature)), Some(link)) => {
                assert_eq!((&link.object, &link.hash), (&before.object, hash));
                assert_eq!(&link.signature, signature);
                assert_eq!(digest.start, before.end);
            }
            other => unreachable!("{other:?}"),
        }
        let key = keys.find(&region, &digest.public_key_fingerprint).unwrap();
        let key = RsaVerifyingKey::parse(&key.value).unwrap();
        let text = signing_string(&digest, &hash);
        let signature = hex::decode(&metadata.signature).unwrap();
        key.verify_pkcs1_sha256(text.as_bytes(), &signature).unwrap();
        for file in &digest.log_files {
            let stored = fs::read(bucket.join(&file.object)).unwrap();
            let content = gunzip(&stored, BYTES_MAX).unwrap();
            assert_eq!(file.hash, hex::encode(sha256(&[&content])));
            assert!(listed.insert(file.object.clone()), "listed twice");
        }
        counts.push(digest.log_files.len());
        previous = Some((digest, hash, metadata.signature));
    }
    counts
}

#[tokio::test]
async fn digests_are_chained_and_list_each_file_once_and_empty_hours_too() {
    let app = TestApp::new().await;
    look_at_the_clock(&app).await;
    let mut delivery = app.delivery();
    assert_eq!(delivery.make_digests(DigestEnd::Hour).await.unwrap(), []);
    make_some_records(&app.root()).await;
    delivery.deliver().await.unwrap();
    make_some_records(&app.root()).await;
    delivery.deliver().await.unwrap();
    app.clock().advance(Duration::from_hours(1));
    assert_eq!(delivery.make_digests(DigestEnd::Hour).await.unwrap().len(), 1);
    assert_eq!(delivery.make_digests(DigestEnd::Hour).await.unwrap(), []);
    // Three silent hours, of which a server that was down makes one.
    app.clock().advance(Duration::from_hours(3));
    delivery.make_digests(DigestEnd::Hour).await.unwrap();
    make_some_records(&app.root()).await;
    delivery.deliver().await.unwrap();
    delivery.make_digests(DigestEnd::Now).await.unwrap();
    delivery.make_digests(DigestEnd::Now).await.unwrap();
    assert_eq!(check_chain(&app), [2, 0, 1, 0]);
}

#[tokio::test]
async fn a_digest_lists_what_was_delivered_before_its_end() {
    let app = TestApp::new().await;
    look_at_the_clock(&app).await;
    let mut delivery = app.delivery();
    make_some_records(&app.root()).await;
    delivery.deliver().await.unwrap();
    app.clock().advance(Duration::from_hours(1));
    make_some_records(&app.root()).await;
    delivery.deliver().await.unwrap();
    delivery.make_digests(DigestEnd::Hour).await.unwrap();
    app.clock().advance(Duration::from_hours(1));
    delivery.make_digests(DigestEnd::Hour).await.unwrap();
    assert_eq!(check_chain(&app), [1, 1]);
}

#[tokio::test]
async fn a_signing_key_is_replaced_when_its_time_is_over() {
    let app = TestApp::new().await;
    let mut delivery = app.delivery();
    make_some_records(&app.root()).await;
    delivery.deliver().await.unwrap();
    delivery.make_digests(DigestEnd::Now).await.unwrap();
    app.clock().advance_days(364);
    delivery.make_digests(DigestEnd::Now).await.unwrap();
    app.clock().advance_days(1);
    delivery.make_digests(DigestEnd::Now).await.unwrap();
    assert_eq!(check_chain(&app), [1, 0, 0]);
    let keys = app.engine().store().trail().all_signing_keys().await.unwrap();
    assert_eq!(keys.len(), 2);
    let digests = app.engine().store().trail().list_digests(&scope(&app), None, 9).await.unwrap();
    let fingerprints: Vec<_> = digests.iter().map(|it| &*it.fingerprint).collect();
    let [old, new] = keys.iter().map(|it| &*it.fingerprint).collect::<Vec<_>>()[..] else {
        unreachable!()
    };
    assert_eq!(fingerprints, [old, old, new]);
    assert!(keys[0].valid_from <= digests[0].started_at);
}

#[tokio::test]
async fn what_is_too_old_is_removed_and_nothing_else() {
    let app = TestApp::new().await;
    look_at_the_clock(&app).await;
    let options = DeliveryOptions {
        files_days: 10,
        history_days: 5,
        ..DeliveryOptions::new(app.trail_layout())
    };
    let mut delivery = keyward_trail::Delivery::new(app.engine().clone(), options);
    make_some_records(&app.root()).await;
    delivery.deliver().await.unwrap();
    delivery.make_digests(DigestEnd::Now).await.unwrap();
    app.clock().advance_days(6);
    make_some_records(&app.root()).await;
    delivery.deliver().await.unwrap();
    delivery.make_digests(DigestEnd::Now).await.unwrap();
    delivery.remove_old().await.unwrap();
    let trail = app.engine().store().trail();
    let rows = trail.list_files(&scope(&app), None, 9).await.unwrap();
    let is_indexed: Vec<_> = rows.iter().map(|file| file.event_ids.is_some()).collect();
    assert_eq!(is_indexed, [false, true]);
    assert_eq!(trail.values(&rows[0].name).await.unwrap(), []);
    assert_ne!(trail.values(&rows[1].name).await.unwrap(), []);
    assert_eq!(check_chain(&app), [1, 1]);
    app.clock().advance_days(5);
    delivery.remove_old().await.unwrap();
    assert_eq!(trail.list_files(&scope(&app), None, 9).await.unwrap().len(), 1);
    assert_eq!(log_files(&app).len(), 1);
    let bucket = app.trail_layout().directory.join("keyward-audit");
    let digests = files(&bucket);
    let months = format!("AWSLogs/{}/CloudTrail/us-east-1/2026/03", app.account());
    assert_eq!(fs::read_dir(bucket.join(months)).unwrap().count(), 1, "empty days are gone");
    assert_eq!(digests.len(), 3, "a file, a digest and its signature: {digests:?}");
    app.clock().advance_days(50);
    delivery.remove_old().await.unwrap();
    assert_eq!(log_files(&app).len(), 1, "the newest digest and its files stay");
}

#[tokio::test]
async fn segments_are_kept_for_readers_that_are_named_and_for_no_others() {
    let journal = JournalOptions { segment_bytes_max: 1000, ..JournalOptions::default() };
    let app = TestApp::with(TestOptions { journal, ..TestOptions::default() }).await;
    for _ in 0..5 {
        make_some_records(&app.root()).await;
    }
    let segments = || {
        let segments = app.engine().journal().segments().unwrap();
        segments.into_iter().map(|segment| segment.number).collect::<Vec<_>>()
    };
    let all = segments();
    assert!(all.len() > 4);
    let cursors = Cursors::new(app.engine().clone());
    let place = |segment| JournalPosition { segment, offset: 0 };
    cursors.store("slow", place(all[2])).await.unwrap();
    cursors.store("gone", place(all[0])).await.unwrap();
    app.deliver().await;
    look_at_the_clock(&app).await;
    app.clock().advance_days(100_000);
    let removing = async |readers: &[&str]| {
        let readers = readers.iter().map(|name| (*name).to_owned()).collect();
        let options = DeliveryOptions { readers, ..DeliveryOptions::new(app.trail_layout()) };
        let mut delivery = keyward_trail::Delivery::new(app.engine().clone(), options);
        delivery.remove_old().await.unwrap();
        segments()
    };
    assert_eq!(removing(&["slow"]).await, all[2..]);
    assert_eq!(removing(&[]).await, all[all.len() - 1..]);
}

#[tokio::test]
async fn by_a_clock_that_is_not_believed_nothing_is_removed_and_no_hourly_digest_made() {
    let app = TestApp::new().await;
    let options = DeliveryOptions { files_days: 10, ..DeliveryOptions::new(app.trail_layout()) };
    let mut delivery = keyward_trail::Delivery::new(app.engine().clone(), options);
    make_some_records(&app.root()).await;
    delivery.deliver().await.unwrap();
    delivery.remove_old().await.unwrap_err();
    look_at_the_clock(&app).await;
    for _ in 0..2 {
        app.clock().advance_days(1);
        delivery.make_digests(DigestEnd::Hour).await.unwrap();
    }
    app.clock().leap(Duration::from_hours(100 * 24));
    delivery.remove_old().await.unwrap_err();
    delivery.make_digests(DigestEnd::Hour).await.unwrap_err();
    assert_eq!(log_files(&app).len(), 1);
    assert_eq!(check_chain(&app), [1, 0]);
    app.engine().accept_clock(&mut ClockWatch::default()).await.unwrap();
    delivery.remove_old().await.unwrap();
    assert_eq!(log_files(&app).len(), 0);
}

#[tokio::test]
async fn a_signing_key_that_does_not_open_is_replaced() {
    let app = TestApp::new().await;
    let mut delivery = app.delivery();
    make_some_records(&app.root()).await;
    delivery.deliver().await.unwrap();
    delivery.make_digests(DigestEnd::Now).await.unwrap();
    let [key] = app.engine().store().trail().all_signing_keys().await.unwrap().try_into().unwrap();
    let broken = TrailSigningKeyRecord { sealed_private_key: vec![1; 60], ..key };
    let writes = vec![Write::PutTrailSigningKey(Box::new(broken))];
    app.engine().store().commit(Change { writes, ..Change::default() }).await.unwrap();
    for _ in 0..2 {
        delivery.make_digests(DigestEnd::Now).await.unwrap();
    }
    assert_eq!(check_chain(&app), [1, 0, 0]);
    assert_eq!(app.engine().store().trail().all_signing_keys().await.unwrap().len(), 2);
}

#[tokio::test]
async fn files_delivered_while_the_clock_was_ahead_are_in_the_next_digest() {
    let app = TestApp::new().await;
    let mut delivery = app.delivery();
    make_some_records(&app.root()).await;
    delivery.deliver().await.unwrap();
    app.clock().leap(Duration::from_hours(24 * 400));
    make_some_records(&app.root()).await;
    delivery.deliver().await.unwrap();
    app.clock().set_back(Duration::from_hours(24 * 400));
    delivery.make_digests(DigestEnd::Now).await.unwrap();
    assert_eq!(check_chain(&app), [2]);
}

#[tokio::test]
async fn what_is_in_staging_and_was_not_made_here_stays_and_stops_nothing() {
    let app = TestApp::new().await;
    make_some_records(&app.root()).await;
    let staging = app.trail_layout().staging();
    let [leftover, ours, stray] = [
        format!("{}_CloudTrail_us-east-1_20260304T1015Z_AAAAAAAAAAAAAAAA.json.gz", app.account()),
        format!("{}_CloudTrail_us-east-1_20260304T1015Z_BBBBBBBBBBBBBBBB.json.gz", app.account()),
        "lost+found".to_owned(),
    ]
    .map(|name| staging.join(name));
    fs::create_dir_all(&ours).unwrap();
    fs::create_dir(&stray).unwrap();
    fs::write(&leftover, "half").unwrap();
    fs::write(staging.join("notes.txt"), "mine").unwrap();
    assert_eq!(app.deliver().await.files.len(), 1);
    assert!(!leftover.exists());
    assert!(ours.exists() && stray.exists() && staging.join("notes.txt").exists());
}

#[tokio::test]
async fn a_backlog_of_files_becomes_digests_a_second_apart() {
    let app = TestApp::new().await;
    make_some_records(&app.root()).await;
    let mut delivery = app.delivery();
    let [file] = delivery.deliver().await.unwrap().files.try_into().unwrap();
    // Rows are enough: digests are made of them.
    let row = |number: usize| {
        let object = file.name.object.replace(".json.gz", &format!("{number}.json.gz"));
        let name = keyward_store::TrailObject { object, ..file.name.clone() };
        Write::PutTrailFile(Box::new(keyward_store::TrailFileRecord { name, ..file.clone() }))
    };
    let writes = (1..DIGEST_FILES_MAX + 9).map(row).collect();
    app.engine().store().commit(Change { writes, ..Change::default() }).await.unwrap();
    let digests = delivery.make_digests(DigestEnd::Now).await.unwrap();
    let trail = app.engine().store().trail();
    let mut counts = Vec::new();
    for digest in &digests {
        let files = trail.files_of_digest(&scope(&app), digest.ended_at).await.unwrap();
        counts.push(files.len());
    }
    assert_eq!(counts, [DIGEST_FILES_MAX, 9]);
    assert_eq!(digests[1].started_at, digests[0].ended_at);
    assert_eq!(digests[1].ended_at, digests[0].ended_at.plus(Duration::from_secs(1)));
}

#[tokio::test]
async fn an_older_database_is_found_and_overwrites_no_digest_and_no_public_key() {
    let app = TestApp::new().await;
    make_some_records(&app.root()).await;
    app.deliver().await;
    app.delivery().make_digests(DigestEnd::Now).await.unwrap();
    let layout = app.trail_layout();
    let trail = app.engine().store().trail();
    let [digest] = trail.list_digests(&scope(&app), None, 9).await.unwrap().try_into().unwrap();
    let path = layout.object(&digest.bucket, &digest.name.object);
    let evidence = fs::read(&path).unwrap();
    let keys = fs::read(layout.public_keys()).unwrap();
    // As the rows would be without the digest and its key.
    let [file] = trail.list_files(&scope(&app), None, 9).await.unwrap().try_into().unwrap();
    let [key] = trail.all_signing_keys().await.unwrap().try_into().unwrap();
    let bare = keyward_store::TrailFileRecord { digest_ended_at: None, ..file };
    let writes = vec![
        Write::PutTrailFile(Box::new(bare)),
        Write::DeleteTrailDigest(scope(&app), digest.ended_at),
    ];
    app.engine().store().commit(Change { writes, ..Change::default() }).await.unwrap();

    let mut delivery = app.delivery();
    delivery.deliver().await.unwrap();
    assert!(delivery.status().is_database_older());
    assert_eq!(app.last_record()["eventName"], "AuditDatabaseOlder");
    assert_eq!(app.last_record()["requestParameters"]["digestChains"], 1);
    let [new] = delivery.make_digests(DigestEnd::Now).await.unwrap().try_into().unwrap();
    assert_eq!(new.ended_at, digest.ended_at.plus(Duration::from_secs(1)));
    assert_eq!(fs::read(&path).unwrap(), evidence);

    // A key that the database does not know.
    let text = String::from_utf8(keys).unwrap();
    let foreign = text.replace("us-east-1", "eu-central-1");
    assert!(!foreign.contains(key.region.as_str()));
    fs::write(layout.public_keys(), foreign).unwrap();
    let mut delivery = app.delivery();
    delivery.deliver().await.unwrap();
    let held = PublicKeys::parse(&fs::read(layout.public_keys()).unwrap()).unwrap();
    assert_eq!(held.0.values().map(Vec::len).collect::<Vec<_>>(), [1, 1]);
    let told = || {
        let names = app.audit().into_iter().map(|record| record["eventName"].clone());
        names.filter(|name| *name == "AuditDatabaseOlder").count()
    };
    assert_eq!(told(), 2);
    delivery.deliver().await.unwrap();
    delivery.make_digests(DigestEnd::Now).await.unwrap();
    app.delivery().deliver().await.unwrap();
    assert_eq!(told(), 2);
}

#[tokio::test]
async fn a_tree_that_is_gone_is_not_taken_for_an_older_database() {
    let app = TestApp::new().await;
    make_some_records(&app.root()).await;
    app.deliver().await;
    app.delivery().make_digests(DigestEnd::Now).await.unwrap();
    let directory = app.trail_layout().directory;
    for is_made in [false, true] {
        fs::remove_dir_all(&directory).unwrap();
        if is_made {
            fs::create_dir_all(directory.join("keyward-audit")).unwrap();
        }
        let mut delivery = app.delivery();
        delivery.deliver().await.unwrap();
        delivery.make_digests(DigestEnd::Now).await.unwrap();
        assert!(!delivery.status().is_database_older());
    }
    assert!(app.audit().iter().all(|record| record["eventName"] != "AuditDatabaseOlder"));
}

#[tokio::test]
async fn a_file_that_took_the_place_of_a_staged_one_is_not_overwritten() {
    let app = TestApp::new().await;
    make_some_records(&app.root()).await;
    let mut delivery = app.delivery();
    let [file] = delivery.deliver().await.unwrap().files.try_into().unwrap();
    let layout = app.trail_layout();
    let place = layout.object(&file.bucket, &file.name.object);
    let staged = layout.staged(&file.name.object);
    let content = fs::read(&place).unwrap();
    let again = keyward_store::TrailFileRecord { state: TrailState::Staged, ..file.clone() };
    let writes = vec![Write::PutTrailFile(Box::new(again))];
    app.engine().store().commit(Change { writes, ..Change::default() }).await.unwrap();
    fs::write(&staged, &content).unwrap();
    fs::write(&place, "another").unwrap();
    app.delivery().finish().await.unwrap_err();
    assert_eq!(fs::read(&place).unwrap(), b"another");
    // Killed between the two names: the same file under both.
    fs::write(&place, &content).unwrap();
    app.delivery().finish().await.unwrap();
    assert!(!staged.exists());
    assert_eq!(fs::read(&place).unwrap(), content);
}
