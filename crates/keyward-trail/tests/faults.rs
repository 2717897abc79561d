//! Delivery with a disk or database that fails at any point, or a process that is killed there:
//! afterwards each journal line is in exactly one file, and each file in exactly one digest.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "faults/disk.rs"]
mod disk;
#[path = "faults/reads.rs"]
mod reads;

use std::collections::BTreeSet;
use std::fs;
use std::future::Future as _;
use std::io;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use disk::{Fault, Faults, FaultyFiles, FaultyStore};
use keyward_audit::Hold;
use keyward_engine::ClockWatch;
use keyward_model::Clock as _;
use keyward_store::{Scope, TrailDigestRecord};
use keyward_testkit::{TestApp, TestOptions};
use keyward_trail::format::{Digest, gunzip};
use keyward_trail::{
    Delivery, DeliveryError, DeliveryOptions, DeliveryTask, DigestEnd, NotDelivered,
};
use serde_json::{Value, json};
use tokio::sync::oneshot;

const BYTES_MAX: usize = 64 << 20;

async fn app(faults: &Arc<Faults>) -> TestApp {
    let faults = Arc::clone(faults);
    let options = TestOptions {
        wrap_store: Some(Box::new(move |store| Arc::new(FaultyStore::new(faults, store)))),
        ..TestOptions::default()
    };
    TestApp::with(options).await
}

fn delivery(app: &TestApp, faults: &Arc<Faults>) -> Delivery {
    let files = Arc::new(FaultyFiles(Arc::clone(faults)));
    let options =
        DeliveryOptions { signing_key_days: 1, ..DeliveryOptions::new(app.trail_layout()) };
    Delivery::on(files, Arc::clone(app.engine()), options)
}

async fn deliver_all(delivery: &mut Delivery) -> Result<Vec<TrailDigestRecord>, DeliveryError> {
    delivery.deliver().await?;
    delivery.make_digests(DigestEnd::Now).await
}

fn ids(records: &[Value]) -> Vec<String> {
    let mut ids: Vec<_> =
        records.iter().map(|record| record["eventID"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// All that must be true once everything is delivered; how many records there are.
async fn check(app: &TestApp) -> usize {
    let layout = app.trail_layout();
    let trail = app.engine().store().trail();
    assert!(fs::read_dir(layout.staging()).unwrap().next().is_none());
    assert_eq!(trail.staged_files(9).await.unwrap(), []);
    assert_eq!(trail.staged_digests(9).await.unwrap(), []);
    let mut records = Vec::new();
    for scope in trail.scopes().await.unwrap() {
        let listed = digests(app, &scope).await;
        for file in trail.list_files(&scope, None, 10_000).await.unwrap() {
            let stored = fs::read(layout.object(&file.bucket, &file.name.object)).unwrap();
            let content = gunzip(&stored, BYTES_MAX).unwrap();
            let content: Value = serde_json::from_slice(&content).unwrap();
            records.extend(content["Records"].as_array().unwrap().clone());
            assert!(file.digest_ended_at.is_some());
            assert!(listed.contains(&file.name.object));
        }
    }
    let journal: Vec<Value> =
        app.journal().iter().filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert_eq!(ids(&records), ids(&journal));
    records.len()
}

/// The files that the chain lists, as it stands in files; none is listed twice.
async fn digests(app: &TestApp, scope: &Scope) -> BTreeSet<String> {
    let layout = app.trail_layout();
    let mut listed = BTreeSet::new();
    let mut previous: Option<TrailDigestRecord> = None;
    let trail = app.engine().store().trail();
    for row in trail.list_digests(scope, None, 10_000).await.unwrap() {
        let stored = fs::read(layout.object(&row.bucket, &row.name.object)).unwrap();
        let digest = Digest::parse(&gunzip(&stored, BYTES_MAX).unwrap()).unwrap();
        assert!(layout.metadata(&row.bucket, &row.name.object).exists());
        assert_eq!(
            row.previous.as_ref().map(|it| &it.object),
            previous.as_ref().map(|it| &it.name.object)
        );
        assert_eq!(digest.previous.map(|it| it.object), previous.map(|it| it.name.object));
        for file in digest.log_files {
            assert!(listed.insert(file.object), "listed twice");
        }
        previous = Some(row);
    }
    listed
}

/// How many lines are on record as unreadable.
fn unreadable_on_record(app: &TestApp) -> usize {
    let count = |line: &Vec<u8>| {
        let record: Value = serde_json::from_slice(line).ok()?;
        assert_ne!(record["eventName"], "AuditRecordsLost");
        let is_one = record["eventName"] == "AuditLinesUnreadable";
        is_one.then(|| record["requestParameters"]["count"].as_u64().unwrap())
    };
    app.journal().iter().filter_map(count).sum::<u64>().try_into().unwrap()
}

/// Lets the fault happen at every operation of a delivery, one after the other. With `is_restarted`
/// another process goes on, else the same.
async fn fail_everywhere(fault: Fault, is_restarted: bool) {
    let faults = Faults::new();
    let app = app(&faults).await;
    let mut same = delivery(&app, &faults);
    let mut unreadable = 0;
    for operations in 0_i64.. {
        app.root().call("CreateKey", json!({})).await.unwrap();
        app.root_in("eu-central-1").call("ListKeys", json!({})).await.unwrap();
        app.engine().journal().append(b"no record").await.unwrap();
        unreadable += 1;
        // A new signing key now and then, so that making one is interrupted too.
        app.clock().advance(Duration::from_mins(288));
        faults.arm(operations, fault);
        let mut first = delivery(&app, &faults);
        let running = if is_restarted { &mut first } else { &mut same };
        let result = deliver_all(running).await;
        let has_failed = faults.disarm();
        // A failed removal of what is not there, and the like, are no failures of delivery.
        assert!(has_failed || result.is_ok(), "{result:?}");
        app.engine().deliver_outbox().await.unwrap();
        let mut other = delivery(&app, &faults);
        let other = if is_restarted { &mut other } else { &mut same };
        // What is on record because of a delivery is delivered by the next.
        other.deliver().await.unwrap();
        deliver_all(other).await.unwrap();
        check(&app).await;
        assert_eq!(unreadable_on_record(&app), unreadable);
        let kept = fs::read_to_string(app.trail_layout().unreadable()).unwrap();
        let kept = kept.matches("no record").count();
        assert!(if is_restarted { kept >= unreadable } else { kept == unreadable }, "{kept}");
        if !has_failed {
            assert!(operations > 30, "only {operations} operations");
            return;
        }
    }
}

#[tokio::test]
async fn a_process_killed_anywhere_loses_nothing_and_delivers_nothing_twice() {
    fail_everywhere(Fault::Kill, true).await;
}

#[tokio::test]
async fn a_disk_full_anywhere_loses_nothing_and_delivers_nothing_twice() {
    fail_everywhere(Fault::Once(io::ErrorKind::StorageFull), false).await;
}

#[tokio::test]
async fn a_disk_that_fails_anywhere_for_once_loses_nothing_and_delivers_nothing_twice() {
    // Of no kind that has a name, as EIO.
    fail_everywhere(Fault::Once(io::ErrorKind::Other), false).await;
}

#[tokio::test]
async fn a_write_that_takes_a_part_anywhere_loses_nothing_and_delivers_nothing_twice() {
    fail_everywhere(Fault::Short, false).await;
}

#[tokio::test]
async fn a_removal_of_what_is_old_that_fails_anywhere_is_finished_by_the_next() {
    for fault in [Fault::Once(io::ErrorKind::Other), Fault::DoneButRefused, Fault::Kill] {
        let faults = Faults::new();
        let app = app(&faults).await;
        app.engine().check_clock(&mut ClockWatch::default()).await.unwrap();
        for operations in 0_i64.. {
            app.root().call("ListKeys", json!({})).await.unwrap();
            app.root_in("eu-central-1").call("ListKeys", json!({})).await.unwrap();
            deliver_all(&mut keeping_a_day(&app, &faults)).await.unwrap();
            app.clock().advance_days(3);
            app.root().call("ListKeys", json!({})).await.unwrap();
            deliver_all(&mut keeping_a_day(&app, &faults)).await.unwrap();
            faults.arm(operations, fault);
            let result = keeping_a_day(&app, &faults).remove_old().await;
            let has_failed = faults.disarm();
            keeping_a_day(&app, &faults).remove_old().await.unwrap();
            check_kept(&app).await;
            if !has_failed {
                assert!(result.is_ok(), "{result:?}");
                assert!(operations > 10, "only {operations} operations");
                break;
            }
        }
    }
}

fn keeping_a_day(app: &TestApp, faults: &Arc<Faults>) -> Delivery {
    let files = Arc::new(FaultyFiles(Arc::clone(faults)));
    let layout = app.trail_layout();
    let options =
        DeliveryOptions { files_days: 1, journal_days: 1, ..DeliveryOptions::new(layout) };
    Delivery::on(files, Arc::clone(app.engine()), options)
}

/// What is in files is in the database and the other way round, and of each chain no digest but the
/// newest is old.
async fn check_kept(app: &TestApp) {
    let layout = app.trail_layout();
    let trail = app.engine().store().trail();
    let old = app.clock().now().unix_ms() - 86_400_000;
    let mut kept = BTreeSet::new();
    for scope in trail.scopes().await.unwrap() {
        let digests = trail.list_digests(&scope, None, 100).await.unwrap();
        let (_, earlier) = digests.split_last().unwrap();
        assert!(earlier.iter().all(|digest| digest.ended_at.unix_ms() >= old), "{earlier:?}");
        for digest in digests {
            kept.insert(layout.object(&digest.bucket, &digest.name.object));
            kept.insert(layout.metadata(&digest.bucket, &digest.name.object));
        }
        for file in trail.list_files(&scope, None, 100).await.unwrap() {
            kept.insert(layout.object(&file.bucket, &file.name.object));
        }
    }
    assert!(kept.len() >= 3, "{kept:?}");
    let mut found = BTreeSet::new();
    let mut directories = vec![layout.directory.join("keyward-audit")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                found.insert(path);
            }
        }
    }
    assert_eq!(found, kept);
}

#[tokio::test]
async fn a_commit_said_to_have_failed_loses_nothing_and_delivers_nothing_twice() {
    fail_everywhere(Fault::DoneButRefused, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_is_held_while_delivery_fails_and_released_when_it_works() {
    let faults = Faults::new();
    let app = app(&faults).await;
    app.root().call("ListKeys", json!({})).await.unwrap();
    faults.arm(0, Fault::Kill);
    let task = DeliveryTask::start(delivery(&app, &faults)).unwrap();
    let refused = task.deliver(false).await;
    assert!(matches!(refused, Err(NotDelivered::Failed(_))));
    assert_eq!(app.engine().journal().holds(), [Hold::Delivery]);
    assert_eq!(task.status().latest_error(), Some("InternalError"));
    app.root().call("ListKeys", json!({})).await.unwrap_err();
    faults.disarm();
    app.engine().check_clock(&mut ClockWatch::default()).await.unwrap();
    let delivered = task.deliver(true).await.unwrap();
    assert_eq!(delivered.digests.len(), 1);
    assert_eq!(app.engine().journal().holds(), []);
    assert_eq!(task.status().latest_error(), None);
    app.root().call("ListKeys", json!({})).await.unwrap();
    assert_ne!(task.status().lag_bytes(app.engine().journal()), 0);
    task.deliver(true).await.unwrap();
    assert_eq!(task.status().lag_bytes(app.engine().journal()), 0);
    task.stop(Duration::MAX).await;
    assert!(matches!(task.deliver(false).await, Err(NotDelivered::Stopped(_))));
    check(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_waits_since_it_came_and_not_since_one_before_it_came() {
    let faults = Faults::new();
    let app = app(&faults).await;
    let options = DeliveryOptions {
        file_age: Duration::from_hours(1),
        ..DeliveryOptions::new(app.trail_layout())
    };
    let files = Arc::new(FaultyFiles(Arc::clone(&faults)));
    let delivery = Delivery::on(files, Arc::clone(app.engine()), options);
    let task = DeliveryTask::start(delivery).unwrap();
    // What an earlier process left is overdue; from here on, nothing is before an hour has gone.
    task.deliver(false).await.unwrap();
    for _ in 0..2 {
        app.root().call("ListKeys", json!({})).await.unwrap();
        app.clock().advance(Duration::from_mins(1));
        let engine = Arc::clone(app.engine());
        faults.meanwhile(move || {
            let mut append = pin!(engine.journal().append(b"another"));
            let written = append.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(written, Poll::Ready(Ok(()))));
        });
        task.deliver(false).await.unwrap();
        assert_ne!(task.status().lag_bytes(app.engine().journal()), 0);
        assert_eq!(task.status().waiting_since(), Some(app.clock().now()));
    }
    task.stop(Duration::MAX).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_that_hangs_holds_the_journal_until_its_step_ends_and_no_stop() {
    let faults = Faults::new();
    let app = app(&faults).await;
    app.root().call("ListKeys", json!({})).await.unwrap();
    let (hang, release) = mpsc::channel::<()>();
    let (hangs, hanging) = oneshot::channel();
    faults.meanwhile(move || {
        hangs.send(()).unwrap();
        release.recv().unwrap_err();
    });
    let task = DeliveryTask::start(delivery(&app, &faults)).unwrap();
    hanging.await.unwrap();
    let (journal, status) = (app.engine().journal(), task.status());
    let watch = || status.watch(journal, app.clock().monotonic());
    app.clock().advance(Duration::from_mins(6));
    watch();
    assert_eq!(journal.holds(), [], "a file waits five minutes, and everything for a minute");
    app.clock().advance(Duration::from_millis(1));
    watch();
    assert_eq!(journal.holds(), [Hold::Delivery]);
    assert!(matches!(task.deliver(false).await, Err(NotDelivered::Stuck)));
    drop(hang);
    // Until the thread has noticed.
    while let Err(NotDelivered::Stuck) = task.deliver(false).await {}
    assert_eq!(journal.holds(), []);
    watch();
    assert_eq!(journal.holds(), []);

    app.root().call("ListKeys", json!({})).await.unwrap();
    let (_hang, release) = mpsc::channel::<()>();
    let (hangs, hanging) = oneshot::channel();
    faults.meanwhile(move || {
        hangs.send(()).unwrap();
        release.recv().unwrap_err();
    });
    tokio::select! {
        _ = task.deliver(false) => unreachable!("it hangs"),
        hangs = hanging => hangs.unwrap(),
    }
    task.stop(Duration::from_millis(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_ends_releases_the_journal_before_the_others_have() {
    let faults = Faults::new();
    let app = app(&faults).await;
    for _ in 0..9 {
        app.root().call("CreateKey", json!({})).await.unwrap();
    }
    let files = Arc::new(FaultyFiles(Arc::clone(&faults)));
    let options =
        DeliveryOptions { file_bytes_max: 3000, ..DeliveryOptions::new(app.trail_layout()) };
    let mut delivery = Delivery::on(files, Arc::clone(app.engine()), options);
    let (status, engine) = (Arc::clone(delivery.status()), Arc::clone(app.engine()));
    faults.meanwhile(move || {
        let later = engine.machine_clock().monotonic() + Duration::from_mins(7);
        status.watch(engine.journal(), later);
        assert_eq!(engine.journal().holds(), [Hold::Delivery]);
    });
    assert!(delivery.deliver().await.unwrap().files.len() > 2);
    assert_eq!(app.engine().journal().holds(), []);
}

#[tokio::test]
async fn the_row_of_a_committed_record_stays_until_the_record_is_on_the_disk() {
    let faults = Faults::new();
    let options = TestOptions {
        journal_files: Arc::new(FaultyFiles(Arc::clone(&faults))),
        ..TestOptions::default()
    };
    let app = TestApp::with(options).await;
    app.engine().deliver_outbox().await.unwrap();
    faults.refuse_syncs(true);
    // As many as are removed together, and one more.
    for _ in 0..=256 {
        app.root().call("CreateKey", json!({})).await.unwrap();
    }
    app.engine().deliver_outbox().await.unwrap_err();
    let outbox = app.engine().store().outbox();
    assert_eq!(outbox.pending(1000).await.unwrap().len(), 257);
    faults.refuse_syncs(false);
    app.engine().deliver_outbox().await.unwrap();
    assert_eq!(outbox.pending(1000).await.unwrap(), []);
    let created = app.audit().into_iter().filter(|record| record["eventName"] == "CreateKey");
    assert_eq!(created.count(), 257);
}
