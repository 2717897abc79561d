use std::time::Duration;

use keyward_model::KeyState;
use keyward_testkit::{Client, KeyRequest, Refused, TestApp, TestOptions, blob, resource};
use serde_json::{Value, json};

const HERE: &str = "us-east-1";
const THERE: &str = "eu-central-1";
const THIRD: &str = "ap-south-1";

/// A request that works: the key it is about has a replica.
fn request() -> KeyRequest {
    KeyRequest::new("UpdatePrimaryRegion", json!({})).keys_only().multi_region().prepared(
        |root, key| {
            Box::pin(async move {
                if set(root, key).await.1.is_empty() {
                    root.replicate(key, THERE).await;
                }
                json!({ "PrimaryRegion": THERE })
            })
        },
    )
}

fn to(key: &str, region: &str) -> Value {
    json!({ "KeyId": key, "PrimaryRegion": region })
}

/// Root in both Regions, and a multi-Region key that is in both.
async fn with_a_replica(app: &TestApp) -> (Client, Client, String) {
    let root = app.root();
    let key = root.create_multi_region_key().await;
    root.replicate(&key, THERE).await;
    (root, app.root_in(THERE), key)
}

/// The primary's Region and those of the replicas, as a key tells them, and its own role.
async fn set(client: &Client, key: &str) -> (String, Vec<String>, String) {
    let set = client.describe(key).await["MultiRegionConfiguration"].clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let replicas = set["ReplicaKeys"].as_array().unwrap();
    let replicas = replicas.iter().map(|key| text(&key["Region"])).collect();
    (text(&set["PrimaryKey"]["Region"]), replicas, text(&set["MultiRegionKeyType"]))
}

#[tokio::test]
async fn the_roles_change_at_once_and_both_keys_are_updating_for_a_moment() {
    let app = TestApp::new().await;
    let (root, there, key) = with_a_replica(&app).await;
    let before = (root.describe(&key).await, there.describe(&key).await);
    root.ok("UpdatePrimaryRegion", to(&key, THERE)).await;
    let expected = |role: &str| (THERE.to_owned(), vec![HERE.to_owned()], role.to_owned());
    assert_eq!(set(&root, &key).await, expected("REPLICA"));
    assert_eq!(set(&there, &key).await, expected("PRIMARY"));
    for client in [&root, &there] {
        let metadata = client.describe(&key).await;
        assert_eq!(metadata["KeyState"], "Updating");
        let ciphertext = client.encrypt(&key, b"meanwhile").await;
        client.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
        for operation in ["DisableKey", "EnableKey", "ScheduleKeyDeletion"] {
            let refused = client.refused(operation, json!({ "KeyId": key })).await;
            assert!(refused.message().ends_with("is updating."), "{operation} {refused:?}");
        }
    }
    app.settle().await;
    for (client, mut before) in [(&root, before.0), (&there, before.1)] {
        let now = client.describe(&key).await;
        before["MultiRegionConfiguration"] = now["MultiRegionConfiguration"].clone();
        assert_eq!(now, before);
    }
}

#[tokio::test]
async fn a_third_member_knows_the_new_primary_and_keeps_its_state() {
    let regions = vec![HERE, THERE, THIRD];
    let app = TestApp::with(TestOptions { regions, ..TestOptions::default() }).await;
    let (root, there, key) = with_a_replica(&app).await;
    root.replicate(&key, THIRD).await;
    let third = app.root_in(THIRD);
    third.disable(&key).await;
    root.ok("UpdatePrimaryRegion", to(&key, THERE)).await;
    let replicas = vec![THIRD.to_owned(), HERE.to_owned()];
    assert_eq!(set(&third, &key).await, (THERE.to_owned(), replicas, "REPLICA".to_owned()));
    assert_eq!(third.describe(&key).await["KeyState"], "Disabled");
    // What follows is done by the new primary.
    app.settle().await;
    root.refused("UpdatePrimaryRegion", to(&key, THIRD)).await;
    let refused = there.refused("UpdatePrimaryRegion", to(&key, THIRD)).await;
    assert_eq!(refused.name, "DisabledException");
    there.ok("UpdatePrimaryRegion", to(&key, HERE)).await;
}

#[tokio::test]
async fn a_change_of_roles_under_way_does_not_keep_the_next() {
    let app = TestApp::new().await;
    let (root, there, key) = with_a_replica(&app).await;
    root.ok("UpdatePrimaryRegion", to(&key, THERE)).await;
    there.ok("UpdatePrimaryRegion", to(&key, HERE)).await;
    app.settle().await;
    assert_eq!(set(&there, &key).await.0, HERE);
    assert_eq!(root.describe(&key).await["KeyState"], "Enabled");
}

#[tokio::test]
async fn ciphertexts_of_before_open_in_both_regions() {
    let app = TestApp::new().await;
    let (root, there, key) = with_a_replica(&app).await;
    let ciphertext = root.encrypt(&key, b"secret").await;
    root.ok("UpdatePrimaryRegion", to(&key, THERE)).await;
    app.settle().await;
    for client in [&root, &there] {
        let opened = client.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
        assert_eq!(opened["Plaintext"], json!(blob("secret")));
    }
}

#[tokio::test]
async fn the_new_primary_must_be_a_replica_that_can_be_used() {
    let regions = vec![HERE, THERE, THIRD];
    let app = TestApp::with(TestOptions { regions, ..TestOptions::default() }).await;
    let (root, there, key) = with_a_replica(&app).await;
    let refused = root.refused("UpdatePrimaryRegion", to(&key, HERE)).await;
    let message = "PrimaryRegion cannot be the Region of the primary key.";
    assert_eq!(refused, Refused::new("ValidationException", message));
    for region in [THIRD, "us-west-2"] {
        let refused = root.refused("UpdatePrimaryRegion", to(&key, region)).await;
        let message = format!("Key 'arn:aws:kms:{region}:111122223333:key/{key}' does not exist");
        assert_eq!(refused, Refused::new("NotFoundException", message));
    }
    for (client, key, region) in [(&there, &key, HERE), (&root, &root.create_key().await, THERE)] {
        let refused = client.refused("UpdatePrimaryRegion", to(key, region)).await;
        assert_eq!(refused.name, "UnsupportedOperationException");
        assert!(refused.message().ends_with("is not a multi-Region primary key."));
    }
    let of_replica = |text: &str| format!("arn:aws:kms:{THERE}:111122223333:key/{key} {text}");
    there.disable(&key).await;
    let refused = root.refused("UpdatePrimaryRegion", to(&key, THERE)).await;
    assert_eq!(refused, Refused::new("DisabledException", of_replica("is disabled.")));
    there.schedule_deletion(&key).await;
    let refused = root.refused("UpdatePrimaryRegion", to(&key, THERE)).await;
    let pending = Refused::new("KMSInvalidStateException", of_replica("is pending deletion."));
    assert_eq!(refused, pending);
}

#[tokio::test]
async fn a_key_is_named_by_id_or_arn() {
    request().takes_every_form().await;
    request().refuses_what_names_no_key().await;
}

#[tokio::test]
async fn other_accounts_and_aws_managed_keys_are_denied() {
    request().is_denied_elsewhere("kms:UpdatePrimaryRegion").await;
    request().is_denied_on_aws_managed_keys("kms:UpdatePrimaryRegion").await;
}

#[tokio::test]
async fn a_key_that_cannot_be_used_cannot_pass_its_role_on() {
    request().answers_by_state(keyward_testkit::UNUSABLE).await;
}

#[tokio::test]
async fn there_is_a_record_in_each_of_the_two_regions() {
    let app = TestApp::new().await;
    let (root, _, key) = with_a_replica(&app).await;
    let arn = root.arn(&key).await;
    app.clock().advance_at_every_look(Duration::from_secs(1));
    root.ok("UpdatePrimaryRegion", to(&key, THERE)).await;
    let mut records = app.audit();
    let (there, here) = (records.pop().unwrap(), records.pop().unwrap());
    for (record, region, named) in [(&here, HERE, &key), (&there, THERE, &arn.replace(HERE, THERE))]
    {
        let arn = arn.replace(HERE, region);
        assert_eq!(record["eventName"], "UpdatePrimaryRegion");
        assert_eq!(record["awsRegion"], region);
        assert_eq!(record["requestParameters"], json!({ "keyId": named, "primaryRegion": THERE }));
        assert_eq!(record["responseElements"], json!({ "keyId": arn }));
        assert_eq!(record["resources"], json!([resource(&arn)]));
    }
    let service = json!("kms.amazonaws.com");
    for value in
        [&there["userIdentity"]["invokedBy"], &there["sourceIPAddress"], &there["userAgent"]]
    {
        assert_eq!(*value, service);
    }
    assert_eq!(there["userIdentity"]["arn"], here["userIdentity"]["arn"]);
    assert_eq!(here["userIdentity"].get("invokedBy"), None);
    assert_eq!(there["eventTime"], here["eventTime"]);

    app.settle().await;
    root.refused("UpdatePrimaryRegion", to(&key, THERE)).await;
    assert_eq!(app.last_record()["errorCode"], "UnsupportedOperationException");
    assert_eq!(app.last_record()["resources"], json!([resource(&arn)]));
    assert_eq!(app.last_record()["awsRegion"], HERE);
}

#[tokio::test]
async fn states_that_end_by_themselves_end_after_a_restart() {
    let app = TestApp::new().await;
    let (root, there, key) = with_a_replica(&app).await;
    root.ok("UpdatePrimaryRegion", to(&key, THERE)).await;
    drop((root, there));
    let app = app.restarted().await;
    let there = app.root_in(THERE);
    assert_eq!(there.describe(&key).await["KeyState"], "Updating");
    app.do_due_work().await;
    for client in [&app.root(), &there] {
        assert_eq!(client.describe(&key).await["KeyState"], json!(KeyState::Enabled));
    }
}
