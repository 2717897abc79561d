//! When the wall clock is believed.

use std::time::Duration;

use keyward_engine::{ClockWatch, ScheduleError};
use keyward_testkit::TestApp;

#[tokio::test]
async fn small_leaps_are_believed_until_they_add_up() {
    let app = TestApp::new().await;
    let mut watch = ClockWatch::default();
    app.engine().check_clock(&mut watch).await.unwrap();
    for _ in 0..3 {
        app.clock().advance(Duration::from_mins(1));
        app.clock().leap(Duration::from_mins(19));
        app.engine().check_clock(&mut watch).await.unwrap();
    }
    app.clock().leap(Duration::from_mins(19));
    let refused = app.engine().check_clock(&mut watch).await;
    assert!(matches!(refused, Err(ScheduleError::ClockLeap { .. })), "{refused:?}");

    app.engine().accept_clock(&mut watch).await.unwrap();
    app.clock().leap(Duration::from_mins(19));
    app.engine().check_clock(&mut watch).await.unwrap();
}
