//! What the deployment as a whole remembers.

use keyward_model::Partition;
use uuid::Uuid;

use super::Subject;
use super::samples::{all, time};
use crate::DeploymentRecord;

fn record(n: u128) -> DeploymentRecord {
    DeploymentRecord {
        deployment_id: Uuid::from_u128(n),
        partition: Partition::AwsUsGov,
        regions: ["us-gov-west-1", "us-gov-east-1"].map(|it| it.parse().unwrap()).into(),
        is_development: n % 2 == 1,
        created_at: time(1),
    }
}

pub async fn the_facts_are_written_once(subject: &Subject) {
    let deployment = subject.store.deployment();
    assert_eq!(deployment.find().await.unwrap(), None);
    deployment.create(record(1)).await.unwrap();
    assert_eq!(deployment.find().await.unwrap(), Some(record(1)));
    assert!(deployment.create(record(2)).await.is_err());
    assert_eq!(deployment.find().await.unwrap(), Some(record(1)));
}

pub async fn facts_written_at_the_same_time_are_written_once(subject: &Subject) {
    let deployment = subject.store.deployment();
    let created = all((0..10).map(|n| deployment.create(record(n)))).await;
    assert_eq!(created.iter().filter(|it| it.is_ok()).count(), 1);
    let winner = (0..).zip(&created).find(|(_, it)| it.is_ok()).unwrap().0;
    assert_eq!(deployment.find().await.unwrap(), Some(record(winner)));
}

pub async fn the_time_last_written_is_remembered_even_when_it_is_earlier(subject: &Subject) {
    let deployment = subject.store.deployment();
    assert_eq!(deployment.last_seen().await.unwrap(), None);
    for n in [5, 9, 3] {
        deployment.remember_time(time(n)).await.unwrap();
        assert_eq!(deployment.last_seen().await.unwrap(), Some(time(n)));
    }
}

pub async fn the_clock_is_ahead_by_the_sum_of_its_moves(subject: &Subject) {
    let deployment = subject.store.deployment();
    assert_eq!(deployment.clock_offset_ms().await.unwrap(), 0);
    for (by, ahead) in [(5_000, 5_000), (-7_000, -2_000), (i64::MAX, i64::MAX - 2_000)] {
        assert_eq!(deployment.move_clock(by).await.unwrap(), ahead);
        assert_eq!(deployment.clock_offset_ms().await.unwrap(), ahead);
    }
    assert!(deployment.move_clock(2_001).await.is_err());
    assert_eq!(deployment.clock_offset_ms().await.unwrap(), i64::MAX - 2_000);
}

pub async fn the_clocks_offset_and_the_time_last_seen_do_not_touch_each_other(subject: &Subject) {
    let deployment = subject.store.deployment();
    deployment.move_clock(5_000).await.unwrap();
    assert_eq!(deployment.last_seen().await.unwrap(), None);
    deployment.remember_time(time(9)).await.unwrap();
    assert_eq!(deployment.clock_offset_ms().await.unwrap(), 5_000);
    deployment.move_clock(1).await.unwrap();
    assert_eq!(deployment.last_seen().await.unwrap(), Some(time(9)));
}
