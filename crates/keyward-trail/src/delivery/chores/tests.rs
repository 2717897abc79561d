use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use keyward_audit::JournalOptions;
use keyward_engine::ClockWatch;
use keyward_testkit::{TestApp, TestOptions};

use super::*;
use crate::delivery::DeliveryOptions;
use crate::format::KeyPrefix;
use crate::layout::TrailLayout;

/// A deployment with a record of two accounts in files of short segments.
struct Trail {
    app: TestApp,
    directory: tempfile::TempDir,
    delivery: Delivery,
    chores: Chores,
}

impl Trail {
    async fn new() -> Self {
        let journal = JournalOptions { segment_bytes_max: 1000, ..JournalOptions::default() };
        let app = TestApp::with(TestOptions { journal, ..TestOptions::default() }).await;
        for client in [app.root(), app.other_account().await] {
            client.call("ListKeys", serde_json::json!({})).await.unwrap();
        }
        let directory = tempfile::tempdir().unwrap();
        let layout = TrailLayout {
            directory: directory.path().join("audit"),
            bucket: "bucket".parse().unwrap(),
            prefix: KeyPrefix::default(),
            name: "keyward".parse().unwrap(),
            home_region: app.engine().default_region().clone(),
        };
        let mut delivery = Delivery::new(Arc::clone(app.engine()), DeliveryOptions::new(layout));
        delivery.deliver().await.unwrap();
        app.engine().check_clock(&mut ClockWatch::default()).await.unwrap();
        app.clock().advance(Duration::from_hours(1));
        Self { app, directory, delivery, chores: Chores::default() }
    }

    /// Where digests of the first account go.
    fn digests(&self) -> PathBuf {
        let account = self.app.account();
        let account = format!("audit/bucket/AWSLogs/{account}/CloudTrail-Digest");
        self.directory.path().join(account)
    }

    async fn digest_after(&mut self, wait: Duration) {
        self.app.clock().advance(wait);
        self.chores.digest(&mut self.delivery).await;
    }

    fn must_hold(&self) -> bool {
        self.chores.must_hold(self.app.engine())
    }

    fn digest_count(&self) -> u64 {
        self.delivery.status().counts().digests
    }

    fn segments(&self) -> usize {
        self.app.engine().journal().segments().unwrap().len()
    }
}

#[tokio::test]
async fn digests_that_cannot_be_written_hold_the_journal_only_after_a_quarter_of_an_hour() {
    let mut trail = Trail::new().await;
    fs::write(trail.digests(), "in the way").unwrap();
    trail.digest_after(Duration::ZERO).await;
    assert!(trail.delivery.status().are_digests_failing());
    assert_eq!(trail.digest_count(), 1, "the other account has its digest");
    assert!(!trail.must_hold());
    trail.digest_after(Duration::from_mins(14)).await;
    assert!(!trail.must_hold());
    trail.delivery.deliver().await.unwrap();
    trail.digest_after(Duration::from_mins(1)).await;
    assert!(trail.must_hold());
    fs::remove_file(trail.digests()).unwrap();
    trail.digest_after(Duration::from_mins(1)).await;
    assert!(!trail.must_hold());
    assert!(!trail.delivery.status().are_digests_failing());
    assert_eq!(trail.digest_count(), 2);
}

#[tokio::test]
async fn by_a_clock_that_leapt_nothing_is_made_and_nothing_removed() {
    let mut trail = Trail::new().await;
    let segments = trail.segments();
    trail.app.clock().leap(Duration::from_hours(100_000 * 24));
    trail.digest_after(Duration::ZERO).await;
    trail.chores.make_room(&trail.delivery, true).await;
    assert_eq!((trail.digest_count(), trail.segments()), (0, segments));
    trail.app.engine().accept_clock(&mut ClockWatch::default()).await.unwrap();
    trail.chores.make_room(&trail.delivery, true).await;
    assert_eq!(trail.segments(), 1);
    trail.digest_after(Duration::ZERO).await;
    assert_eq!(trail.digest_count(), 2);
}

#[tokio::test]
async fn old_segments_make_room_every_minute_while_delivery_fails() {
    let mut trail = Trail::new().await;
    trail.app.clock().advance_days(100_000);
    let segments = trail.segments();
    assert!(segments > 1);
    let clock = trail.app.engine().machine_clock();
    let (this_hour, now) = (hour(clock.now()), clock.monotonic());
    trail.chores.made_room = Some((this_hour, now));
    trail.chores.make_room(&trail.delivery, true).await;
    assert_eq!(trail.segments(), segments);
    trail.chores.made_room = Some((this_hour, now.saturating_sub(RETRY)));
    trail.chores.make_room(&trail.delivery, false).await;
    assert_eq!(trail.segments(), segments);
    trail.chores.make_room(&trail.delivery, true).await;
    assert_eq!(trail.segments(), 1);
}

#[tokio::test]
async fn digests_that_are_not_tried_because_the_clock_leapt_hold_nothing() {
    let mut trail = Trail::new().await;
    fs::write(trail.digests(), "in the way").unwrap();
    for _ in 0..2 {
        trail.digest_after(Duration::from_mins(15)).await;
    }
    assert!(trail.must_hold());
    trail.app.clock().leap(Duration::from_hours(100_000 * 24));
    assert!(!trail.must_hold());
    trail.app.engine().accept_clock(&mut ClockWatch::default()).await.unwrap();
    assert!(trail.must_hold());
    fs::remove_file(trail.digests()).unwrap();
    trail.digest_after(RETRY).await;
    assert!(!trail.must_hold());
}

#[tokio::test]
async fn digests_that_an_operator_wanted_and_did_not_get_are_tried_again_within_the_hour() {
    let mut trail = Trail::new().await;
    trail.digest_after(Duration::ZERO).await;
    let digests = trail.digests();
    fs::rename(&digests, digests.with_extension("away")).unwrap();
    fs::write(&digests, "in the way").unwrap();
    trail.delivery.make_digests(DigestEnd::Now).await.unwrap_err();
    trail.digest_after(Duration::ZERO).await;
    assert!(trail.delivery.status().are_digests_failing());
    fs::remove_file(&digests).unwrap();
    fs::rename(digests.with_extension("away"), &digests).unwrap();
    trail.digest_after(RETRY).await;
    assert!(!trail.delivery.status().are_digests_failing());
}
