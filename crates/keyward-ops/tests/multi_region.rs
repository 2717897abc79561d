//! The set of a multi-Region key: whatever happens to its members, all of them tell the same set.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeSet;

use keyward_testkit::{Client, Refused, TestApp, TestOptions};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const REGIONS: [&str; 4] = ["us-east-1", "eu-central-1", "ap-south-1", "sa-east-1"];

async fn app() -> TestApp {
    TestApp::with(TestOptions { regions: REGIONS.to_vec(), ..TestOptions::default() }).await
}

fn set_of(metadata: &Value) -> (String, BTreeSet<String>) {
    let set = metadata.get("MultiRegionConfiguration").unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let replicas = set.get("ReplicaKeys").and_then(Value::as_array).unwrap();
    let region = |key: &Value| text(key.get("Region").unwrap());
    (region(set.get("PrimaryKey").unwrap()), replicas.iter().map(region).collect())
}

/// The set, once it is clear that every member tells the same one and that there are no others.
async fn agreed_set(app: &TestApp, key: &str) -> (String, BTreeSet<String>) {
    let mut sets = Vec::new();
    let mut members = BTreeSet::new();
    for region in REGIONS {
        let described = app.root_in(region).call("DescribeKey", json!({ "KeyId": key })).await;
        if let Ok(described) = described {
            let metadata = described.get("KeyMetadata").unwrap();
            let (primary, replicas) = set_of(metadata);
            let role = if primary == region { "PRIMARY" } else { "REPLICA" };
            let told = metadata.pointer("/MultiRegionConfiguration/MultiRegionKeyType").unwrap();
            assert_eq!(told, role, "{region}");
            sets.push((primary, replicas));
            members.insert(region.to_owned());
        }
    }
    let (primary, replicas) = sets.pop().unwrap();
    assert!(sets.iter().all(|set| *set == (primary.clone(), replicas.clone())), "{sets:?}");
    let named: BTreeSet<_> = replicas.iter().chain([&primary]).cloned().collect();
    assert_eq!(named, members);
    (primary, replicas)
}

/// In the database, at one moment: there is a row in each Region of the set, and no other.
async fn rows_agree(app: &TestApp, key: &str) {
    let (account, key) = (app.root().caller().account, key.parse().unwrap());
    let members = app.engine().store().keys().members(&account, &key).await.unwrap();
    let there: BTreeSet<_> =
        members.iter().map(|member| member.record.key.scope.region.clone()).collect();
    for member in members {
        let set = member.record.multi_region.unwrap();
        assert_eq!(set.regions().cloned().collect::<BTreeSet<_>>(), there);
    }
}

fn regions(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

async fn delete(client: &Client, key: &str, days: u32) -> Result<Value, Refused> {
    client.call("ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": days })).await
}

#[tokio::test]
async fn a_deleted_replica_leaves_every_members_set_and_can_be_made_again() {
    let app = app().await;
    let root = app.root();
    let key = root.create_multi_region_key().await;
    let ciphertext = root.encrypt(&key, b"secret").await;
    for region in REGIONS.iter().skip(1) {
        root.replicate(&key, region).await;
    }
    delete(&app.root_in("eu-central-1"), &key, 7).await.unwrap();
    app.clock().advance_days(7);
    app.do_due_work().await;
    let expected = ("us-east-1".to_owned(), regions(&["ap-south-1", "sa-east-1"]));
    assert_eq!(agreed_set(&app, &key).await, expected);

    root.replicate(&key, "eu-central-1").await;
    assert_eq!(agreed_set(&app, &key).await.1, regions(&REGIONS[1..]));
    let input = json!({ "CiphertextBlob": ciphertext });
    app.root_in("eu-central-1").ok("Decrypt", input).await;
}

#[tokio::test]
async fn the_waiting_period_of_a_primary_key_begins_when_its_last_replica_is_deleted() {
    let app = app().await;
    let root = app.root();
    let key = root.create_multi_region_key().await;
    for region in ["eu-central-1", "ap-south-1"] {
        root.replicate(&key, region).await;
    }
    delete(&root, &key, 7).await.unwrap();
    delete(&app.root_in("eu-central-1"), &key, 10).await.unwrap();
    delete(&app.root_in("ap-south-1"), &key, 20).await.unwrap();
    let state = async |days| {
        app.clock().advance_days(days);
        app.do_due_work().await;
        let described = root.call("DescribeKey", json!({ "KeyId": key })).await.ok()?;
        let metadata = described.get("KeyMetadata")?;
        Some((metadata.get("KeyState")?.clone(), metadata.get("DeletionDate").cloned()))
    };
    let waiting = Some((json!("PendingReplicaDeletion"), None));
    assert_eq!(state(10).await, waiting);
    assert_eq!(state(9).await, waiting);
    // 20 days after the beginning the last replica goes; 7 days are left.
    let date = json!(1_772_619_302.123 + 27.0 * 86_400.0);
    assert_eq!(state(1).await, Some((json!("PendingDeletion"), Some(date))));
    assert!(state(6).await.is_some());
    assert_eq!(state(1).await, None);
}

#[tokio::test]
async fn a_replica_whose_deletion_is_cancelled_keeps_the_primary_key_waiting() {
    let app = app().await;
    let (root, there) = (app.root(), app.root_in("eu-central-1"));
    let key = root.create_multi_region_key().await;
    root.replicate(&key, "eu-central-1").await;
    delete(&root, &key, 7).await.unwrap();
    delete(&there, &key, 7).await.unwrap();
    there.ok("CancelKeyDeletion", json!({ "KeyId": key })).await;
    app.clock().advance_days(365);
    app.do_due_work().await;
    assert_eq!(root.describe(&key).await.get("KeyState"), Some(&json!("PendingReplicaDeletion")));
    assert_eq!(agreed_set(&app, &key).await.1, regions(&["eu-central-1"]));
}

#[tokio::test]
async fn the_deletion_of_a_replica_leaves_one_service_event_in_its_region() {
    let app = app().await;
    let root = app.root();
    let key = root.create_multi_region_key().await;
    root.replicate(&key, "eu-central-1").await;
    delete(&app.root_in("eu-central-1"), &key, 7).await.unwrap();
    app.clock().advance_days(7);
    app.do_due_work().await;
    let record = app.last_record();
    assert_eq!(record.get("eventName"), Some(&json!("DeleteKey")));
    assert_eq!(record.get("awsRegion"), Some(&json!("eu-central-1")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_member_keeps_its_own_changes_while_others_change_roles() {
    let app = app().await;
    let root = app.root();
    let key = root.create_multi_region_key().await;
    let (second, third) = ("eu-central-1", "ap-south-1");
    root.replicate(&key, second).await;
    root.replicate(&key, third).await;
    let changing_roles = tokio::spawn({
        let (first, second, key) = (root.clone(), app.root_in(second), key.clone());
        async move {
            let to = |region| json!({ "KeyId": key, "PrimaryRegion": region });
            for _ in 0..20 {
                first.ok("UpdatePrimaryRegion", to("eu-central-1")).await;
                second.ok("UpdatePrimaryRegion", to("us-east-1")).await;
            }
        }
    });
    let third = app.root_in(third);
    let mut number = 0;
    while !changing_roles.is_finished() {
        number += 1;
        let described = json!(format!("number {number}"));
        let input = json!({ "KeyId": key, "Description": described });
        third.ok("UpdateKeyDescription", input).await;
        assert_eq!(third.describe(&key).await.get("Description"), Some(&described));
    }
    changing_roles.await.unwrap();
    assert!(number > 1);
    assert_eq!(agreed_set(&app, &key).await.0, "us-east-1");
}

/// Everybody replicates, passes the role on, describes, schedules and cancels at once, in every
/// Region, while keys settle and are deleted. At any time all members that are left tell the same
/// set, and nobody's change is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_meets_all_members_always_agree_about_their_set() {
    let app = app().await;
    let key = app.root().create_multi_region_key().await;
    let mut outcomes = BTreeSet::new();
    for round in 0..24_usize {
        let mut calls = JoinSet::new();
        for (at, region) in REGIONS.into_iter().enumerate() {
            let other = REGIONS[(at + 1 + round % 3) % REGIONS.len()];
            let mut requests = vec![
                ("ReplicateKey", json!({ "KeyId": key, "ReplicaRegion": other })),
                ("UpdatePrimaryRegion", json!({ "KeyId": key, "PrimaryRegion": other })),
                ("UpdateKeyDescription", json!({ "KeyId": key, "Description": round.to_string() })),
            ];
            if (round + at) % 3 == 0 {
                let input = json!({ "KeyId": key, "PendingWindowInDays": 7 });
                requests.push(("ScheduleKeyDeletion", input));
            }
            for (operation, input) in requests {
                let client = app.root_in(region);
                calls
                    .spawn(async move { (operation, region, client.call(operation, input).await) });
            }
        }
        for _ in 0..8 {
            rows_agree(&app, &key).await;
            app.settle().await;
        }
        for (operation, region, result) in calls.join_all().await {
            if operation == "UpdateKeyDescription" && result.is_ok() {
                let metadata = app.root_in(region).describe(&key).await;
                assert_eq!(metadata.get("Description"), Some(&json!(round.to_string())));
            }
            let name = result.map_or_else(|refused| refused.name, |_| "ok".to_owned());
            assert_ne!(name, "KMSInternalException", "{operation}");
            outcomes.insert((operation, name));
        }
        agreed_set(&app, &key).await;
        keep_one_alive(&app, &key, round).await;
        agreed_set(&app, &key).await;
    }
    for operation in ["ReplicateKey", "UpdatePrimaryRegion", "ScheduleKeyDeletion"] {
        assert!(outcomes.contains(&(operation, "ok".to_owned())), "{outcomes:?}");
    }
}

/// Saves all members, but in every third round the primary key alone: then the replicas that wait
/// for their deletion are deleted while others are made and the primary key is described.
async fn keep_one_alive(app: &TestApp, key: &str, round: usize) {
    let (primary, _) = agreed_set(app, key).await;
    let client = app.root_in(&primary);
    let saved = if round % 3 == 2 { vec![primary.as_str()] } else { REGIONS.to_vec() };
    for operation in ["CancelKeyDeletion", "EnableKey"] {
        for region in &saved {
            let _ = app.root_in(region).call(operation, json!({ "KeyId": key })).await;
        }
    }
    if round % 3 == 2 {
        app.clock().advance_days(7);
        let describe = json!({ "KeyId": key, "Description": "kept" });
        let replicate = |region| ("ReplicateKey", json!({ "KeyId": key, "ReplicaRegion": region }));
        let mut calls = JoinSet::new();
        for (operation, input) in
            REGIONS.map(replicate).into_iter().chain([("UpdateKeyDescription", describe)])
        {
            let client = client.clone();
            calls.spawn(async move { drop(client.call(operation, input).await) });
        }
        for _ in 0..4 {
            app.do_due_work().await;
            rows_agree(app, key).await;
        }
        calls.join_all().await;
        let metadata = client.describe(key).await;
        assert_eq!(metadata.get("Description"), Some(&json!("kept")));
    }
    app.settle().await;
}
