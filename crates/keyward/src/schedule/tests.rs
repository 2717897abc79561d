use std::time::Duration;

use keyward_crypto::{RootKeyFile, Seal};
use keyward_testkit::TestApp;
use tokio::sync::Mutex;

use super::*;
use crate::admin::{Command, Deliverer};
use crate::data_dir::DataDir;

/// What a server that has just started works with.
fn started(app: &TestApp) -> Schedule {
    let seal = Seal::from_root_key_file(&RootKeyFile::generate().unwrap()).unwrap();
    let dir = DataDir::locate(Some("unused".into())).unwrap();
    let deliverer = Deliverer::Here(Box::new(Mutex::new(app.delivery())));
    let desk = Arc::new(Desk::new(Arc::clone(app.engine()), seal, dir, deliverer));
    let mut config = Config::default();
    config.schedule.domain_key_days = 10_000;
    Schedule::new(desk, &config, None, Readiness::new()).unwrap()
}

/// A key at the beginning of its 30 days, and the schedule after its first round.
async fn with_a_key_to_delete(app: &TestApp) -> (String, Schedule) {
    let key = app.root().create_key().await;
    app.root().schedule_deletion(&key).await;
    let mut schedule = started(app);
    schedule.round().await;
    (key, schedule)
}

async fn is_deleted(app: &TestApp, key: &str) -> bool {
    let input = serde_json::json!({ "KeyId": key });
    app.root().call("DescribeKey", input).await.is_err()
}

#[tokio::test]
async fn a_key_is_deleted_when_its_waiting_period_is_over() {
    let app = TestApp::new().await;
    let (key, mut schedule) = with_a_key_to_delete(&app).await;
    app.clock().advance_days(29);
    schedule.round().await;
    assert!(!is_deleted(&app, &key).await);
    app.clock().advance_days(2);
    schedule.round().await;
    assert!(is_deleted(&app, &key).await);
}

#[tokio::test]
async fn after_a_leap_no_key_is_deleted_until_the_time_is_accepted() {
    let app = TestApp::new().await;
    let (key, mut schedule) = with_a_key_to_delete(&app).await;
    app.clock().leap(Duration::from_hours(31 * 24));
    for _ in 0..3 {
        schedule.round().await;
        assert!(!is_deleted(&app, &key).await);
        assert_eq!(schedule.readiness.notes(), [CLOCK_NOTE]);
    }
    schedule.desk.carry_out(&Command::ClockAccept {}, "uid 0").await.unwrap();
    schedule.round().await;
    assert!(is_deleted(&app, &key).await);
    assert!(schedule.readiness.notes().is_empty());
}

#[tokio::test]
async fn a_leap_is_not_believed_after_a_restart_either() {
    let app = TestApp::new().await;
    let (key, _) = with_a_key_to_delete(&app).await;
    app.clock().leap(Duration::from_hours(31 * 24));
    let mut restarted = started(&app);
    restarted.round().await;
    assert!(!is_deleted(&app, &key).await);
    restarted.desk.carry_out(&Command::ClockAccept {}, "uid 0").await.unwrap();
    restarted.round().await;
    assert!(is_deleted(&app, &key).await);
}

#[tokio::test]
async fn while_a_leap_stands_time_that_passes_deletes_nothing() {
    let app = TestApp::new().await;
    let (key, mut schedule) = with_a_key_to_delete(&app).await;
    app.clock().advance_days(29);
    schedule.round().await;
    app.clock().leap(Duration::from_hours(300));
    schedule.round().await;
    assert!(schedule.has_leapt);
    app.clock().advance_days(2);
    schedule.round().await;
    assert!(!is_deleted(&app, &key).await, "the leap was believed");
}

#[tokio::test]
async fn a_server_stopped_overnight_goes_on_without_being_told() {
    let app = TestApp::new().await;
    let (key, mut schedule) = with_a_key_to_delete(&app).await;
    app.clock().advance(Duration::from_hours(30 * 24 - 1));
    schedule.round().await;
    app.clock().leap(Duration::from_hours(12));
    let mut restarted = started(&app);
    restarted.round().await;
    assert!(is_deleted(&app, &key).await);
}

#[tokio::test]
async fn a_deletion_cancelled_in_time_is_not_done() {
    let app = TestApp::new().await;
    let (key, mut schedule) = with_a_key_to_delete(&app).await;
    app.root().ok("CancelKeyDeletion", serde_json::json!({ "KeyId": &key })).await;
    app.clock().advance_days(31);
    schedule.round().await;
    assert!(!is_deleted(&app, &key).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_says_who_keeps_the_journal_from_taking_records() {
    let app = TestApp::new().await;
    let mut schedule = started(&app);
    let journal = app.engine().journal();
    schedule.watch_journal().await;
    assert!(schedule.readiness.reasons().is_empty());
    let sink = Hold::Sink("syslog".to_owned());
    journal.hold(sink.clone());
    journal.hold(Hold::Delivery);
    std::fs::rename(app.journal_directory(), app.journal_directory().with_extension("x")).unwrap();
    schedule.watch_journal().await;
    let reasons = [
        "audit records cannot be delivered to log files",
        "the audit journal cannot be written",
        "the audit sink `syslog` does not take records in time",
    ];
    assert_eq!(schedule.readiness.reasons(), reasons);
    journal.release(&Hold::Delivery);
    schedule.tell_of_journal().await;
    assert_eq!(schedule.readiness.reasons(), reasons[1..]);
    journal.release(&sink);
    std::fs::create_dir(app.journal_directory()).unwrap();
    schedule.watch_journal().await;
    assert!(schedule.readiness.reasons().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delivery_that_hangs_is_found_and_readiness_says_so() {
    let app = TestApp::new().await;
    let mut schedule = started(&app);
    app.root().create_key().await;
    app.deliver().await;
    app.delivery().make_digests(keyward_trail::DigestEnd::Now).await.unwrap();
    // Whoever reads it waits for somebody to write, as for a file system that is gone.
    let keys = app.trail_layout().public_keys();
    std::fs::remove_file(&keys).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &keys, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)
        .unwrap();
    let task = keyward_trail::DeliveryTask::start(app.delivery()).unwrap();
    schedule.desk = Arc::new(Desk::new(
        Arc::clone(app.engine()),
        Seal::from_root_key_file(&RootKeyFile::generate().unwrap()).unwrap(),
        DataDir::locate(Some("unused".into())).unwrap(),
        Deliverer::Beside(task),
    ));
    let writer = tokio::task::block_in_place(|| std::fs::File::options().write(true).open(&keys));
    schedule.watch_journal().await;
    assert!(schedule.readiness.reasons().is_empty());
    app.clock().advance(Duration::from_mins(7));
    schedule.watch_journal().await;
    let reason = "delivery of audit records to log files does not come to an end";
    assert_eq!(schedule.readiness.reasons(), [reason]);
    schedule.desk.carry_out(&Command::AuditDeliver { digest: false }, "uid 0").await.unwrap_err();
    drop(writer);
    while app.engine().journal().check().is_err() {
        tokio::task::yield_now().await;
    }
    schedule.watch_journal().await;
    assert!(schedule.readiness.reasons().is_empty());
}
