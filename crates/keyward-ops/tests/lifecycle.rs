//! What time does to keys: deletion, the clock that it rests on, and the domain keys.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::time::Duration;

use keyward_crypto::{DomainKeys, WrappedDomainKey};
use keyward_engine::{ClockWatch, CredentialLookup, ScheduleError};
use keyward_model::Clock as _;
use keyward_store::DomainKeyRecord;
use keyward_testkit::{Client, Refused, TestApp, TestOptions, blob, resource};
use serde_json::{Value, json};

const HOUR: Duration = Duration::from_hours(1);

async fn scheduled_key(root: &Client, days: u32) -> String {
    let key = root.create_key().await;
    let input = json!({ "KeyId": key, "PendingWindowInDays": days });
    root.ok("ScheduleKeyDeletion", input).await;
    key
}

#[tokio::test]
async fn a_key_is_deleted_with_everything_it_has_when_its_waiting_period_is_over() {
    let app = TestApp::new().await;
    let root = app.root();
    let tags = json!([{ "TagKey": "a", "TagValue": "b" }]);
    let key = root.create_key_with(json!({ "Tags": tags })).await;
    let arn = root.arn(&key).await;
    root.create_alias("alias/app", &key).await;
    root.schedule_deletion(&key).await;
    app.clock().advance_days(30);
    assert_eq!(app.delete_due_keys().await, 1);

    let absent = Refused::new("NotFoundException", format!("Key '{arn}' does not exist"));
    for operation in [
        "CancelKeyDeletion",
        "DescribeKey",
        "EnableKey",
        "GetKeyPolicy",
        "ListAliases",
        "ListResourceTags",
        "ScheduleKeyDeletion",
    ] {
        assert_eq!(root.refused(operation, json!({ "KeyId": key })).await, absent);
    }
    let refused = root.refused("DescribeKey", json!({ "KeyId": "alias/app" })).await;
    assert!(refused.message().ends_with("alias/app is not found."));
    assert_eq!(root.ok("ListKeys", json!({})).await.get("Keys"), Some(&json!([])));
    let next = root.create_key().await;
    root.create_alias("alias/app", &next).await;
    assert_eq!(root.describe("alias/app").await.get("KeyId"), Some(&json!(next)));
}

#[tokio::test]
async fn nothing_of_a_deleted_key_is_left_in_the_database() {
    let app = TestApp::new().await;
    let root = app.root();
    let tags = json!([{ "TagKey": "a", "TagValue": "b" }]);
    let id = root.create_key_with(json!({ "Tags": tags })).await;
    root.schedule_deletion(&id).await;
    app.clock().advance_days(30);
    app.delete_due_keys().await;
    let scope = keyward_store::Scope {
        account: root.caller().account,
        region: "us-east-1".parse().unwrap(),
    };
    let key = scope.key(id.parse().unwrap());
    let store = app.engine().store();
    assert_eq!(store.keys().find(&key).await.unwrap(), None);
    assert_eq!(store.materials().list(&key).await.unwrap(), []);
    assert_eq!(store.policies().find(&key).await.unwrap(), None);
    assert_eq!(store.tags().list(&key, None, 9).await.unwrap(), []);
}

#[tokio::test]
async fn a_key_lives_to_the_last_moment_of_its_waiting_period() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = scheduled_key(&root, 7).await;
    app.clock().advance(Duration::from_hours(7 * 24) - Duration::from_millis(1));
    assert_eq!(app.delete_due_keys().await, 0);
    root.describe(&key).await;
    app.clock().advance(Duration::from_millis(1));
    assert_eq!(app.delete_due_keys().await, 1);
    assert_eq!(app.delete_due_keys().await, 0);
}

#[tokio::test]
async fn a_key_whose_deletion_was_cancelled_stays() {
    let app = TestApp::new().await;
    let root = app.root();
    let (kept, gone) = (scheduled_key(&root, 7).await, scheduled_key(&root, 7).await);
    root.ok("CancelKeyDeletion", json!({ "KeyId": kept })).await;
    app.clock().advance_days(365);
    assert_eq!(app.delete_due_keys().await, 1);
    root.describe(&kept).await;
    assert_eq!(
        root.refused("DescribeKey", json!({ "KeyId": gone })).await.name,
        "NotFoundException"
    );
}

#[tokio::test]
async fn a_deletion_leaves_a_service_event() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = scheduled_key(&root, 7).await;
    let arn = root.arn(&key).await;
    app.clock().advance_days(7);
    app.delete_due_keys().await;
    let record = app.last_record();
    let event_id = record.get("eventID").unwrap();
    let expected = json!({
        "eventVersion": "1.11",
        "userIdentity": { "accountId": "111122223333", "invokedBy": "AWS Internal" },
        "eventTime": "2026-03-11T10:15:02Z",
        "eventSource": "kms.amazonaws.com",
        "eventName": "DeleteKey",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "AWS Internal",
        "userAgent": "AWS Internal",
        "requestParameters": null,
        "responseElements": null,
        "eventID": event_id,
        "readOnly": false,
        "resources": [resource(&arn)],
        "eventType": "AwsServiceEvent",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
    });
    assert_eq!(record, expected);
}

#[tokio::test]
async fn keys_scheduled_before_a_restart_are_deleted_after_it() {
    let app = TestApp::new().await;
    let key = scheduled_key(&app.root(), 7).await;
    let app = app.restarted().await;
    assert_eq!(app.root().describe(&key).await.get("KeyState"), Some(&json!("PendingDeletion")));
    app.clock().advance_days(7);
    assert_eq!(app.delete_due_keys().await, 1);
}

#[tokio::test]
async fn a_leap_of_the_clock_is_not_believed_until_it_is_accepted() {
    let app = TestApp::new().await;
    let engine = app.engine();
    let mut watch = ClockWatch::default();
    engine.check_clock(&mut watch).await.unwrap();
    app.clock().advance_days(3);
    assert_eq!(engine.check_clock(&mut watch).await.unwrap(), app.clock().now());
    app.clock().leap(2 * HOUR);
    for _ in 0..2 {
        let leapt = engine.check_clock(&mut watch).await;
        assert!(matches!(leapt, Err(ScheduleError::ClockLeap { .. })), "{leapt:?}");
    }
    engine.accept_clock(&mut watch).await.unwrap();
    engine.check_clock(&mut watch).await.unwrap();
}

#[tokio::test]
async fn a_leap_while_the_service_was_stopped_is_not_believed_either() {
    let app = TestApp::new().await;
    app.engine().check_clock(&mut ClockWatch::default()).await.unwrap();
    let app = app.restarted().await;
    app.clock().leap(23 * HOUR);
    app.engine().check_clock(&mut ClockWatch::default()).await.unwrap();
    let app = app.restarted().await;
    app.clock().leap(25 * HOUR);
    let leapt = app.engine().check_clock(&mut ClockWatch::default()).await;
    assert!(matches!(leapt, Err(ScheduleError::ClockLeap { .. })), "{leapt:?}");
}

/// What was made before the domain keys were replaced.
struct Before {
    keys: Vec<String>,
    ciphertexts: Vec<String>,
}

impl Before {
    async fn of(root: &Client) -> Self {
        let (mut keys, mut ciphertexts) = (Vec::new(), Vec::new());
        for number in 0..3 {
            let key =
                root.create_key_with(json!({ "Tags": [{ "TagKey": "a", "TagValue": "b" }] })).await;
            root.create_alias(&format!("alias/{number}"), &key).await;
            ciphertexts.push(root.encrypt(&key, b"secret").await);
            keys.push(key);
        }
        Self { keys, ciphertexts }
    }

    /// Everything is there and opens.
    async fn is_whole(&self, app: &TestApp) {
        let root = app.root();
        for (number, (key, ciphertext)) in self.keys.iter().zip(&self.ciphertexts).enumerate() {
            let opened = root.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
            assert_eq!(opened.get("Plaintext"), Some(&json!(blob("secret"))));
            let by_alias = root.describe(&format!("alias/{number}")).await;
            assert_eq!(by_alias.get("KeyId"), Some(&json!(key)));
            root.ok("GetKeyPolicy", json!({ "KeyId": key })).await;
            let tags = root.ok("ListResourceTags", json!({ "KeyId": key })).await;
            assert_eq!(tags.pointer("/Tags/0/TagValue"), Some(&json!("b")));
        }
        let found = app.engine().credential(&root.caller().access_key_id, None).await.unwrap();
        assert!(matches!(found, CredentialLookup::Found(_)));
    }
}

/// With the minutes that are allowed for the replacement itself.
const LONGEST_SESSION: Duration = Duration::from_mins(36 * 60 + 10);

async fn domain_keys(app: &TestApp) -> Vec<u32> {
    let records = app.engine().store().domain_keys().list().await.unwrap();
    records.iter().map(|record| record.number).collect()
}

#[tokio::test]
async fn everything_opens_after_the_domain_keys_were_replaced() {
    let app = TestApp::new().await;
    let before = Before::of(&app.root()).await;
    let marker = app.root().ok("ListKeys", json!({ "Limit": 1 })).await;
    for number in 2..4 {
        app.engine().rotate_domain_keys(app.seal()).await.unwrap();
        // The key that was replaced may have sealed session tokens.
        assert_eq!(domain_keys(&app).await, [number - 1, number]);
        before.is_whole(&app).await;
        app.clock().advance(LONGEST_SESSION);
        app.engine().finish_domain_key_rotation().await.unwrap();
        assert_eq!(domain_keys(&app).await, [number]);
        before.is_whole(&app).await;
    }
    // A page in flight does not survive the key its marker was made with.
    let input = json!({ "Marker": marker.get("NextMarker") });
    let refused = app.root().refused("ListKeys", input).await;
    assert_eq!(refused.name, "InvalidMarkerException");
    let app = app.restarted().await;
    before.is_whole(&app).await;
    app.root().create_key().await;
}

#[tokio::test]
async fn a_replacement_that_was_cut_short_is_finished_after_the_restart() {
    let app = TestApp::new().await;
    let before = Before::of(&app.root()).await;
    // As if the process had died right after the new domain key was written.
    let records = app.engine().store().domain_keys().list().await.unwrap();
    let records: Vec<_> =
        records.iter().map(|record| WrappedDomainKey::parse(&record.wrapped).unwrap()).collect();
    let keys = DomainKeys::from_records(app.seal(), &records).unwrap();
    let (_, second) = keys.rotate(app.seal()).unwrap();
    let record = DomainKeyRecord {
        number: second.number(),
        wrapped: second.encode(),
        created_at: app.clock().now(),
    };
    app.engine().store().domain_keys().add(record).await.unwrap();

    let app = app.restarted().await;
    assert_eq!(domain_keys(&app).await, [1, 2]);
    before.is_whole(&app).await;
    app.engine().finish_domain_key_rotation().await.unwrap();
    app.clock().advance(LONGEST_SESSION.checked_sub(Duration::from_millis(1)).unwrap());
    app.engine().finish_domain_key_rotation().await.unwrap();
    assert_eq!(domain_keys(&app).await, [1, 2]);
    app.clock().advance(Duration::from_millis(1));
    for _ in 0..2 {
        app.engine().finish_domain_key_rotation().await.unwrap();
        assert_eq!(domain_keys(&app).await, [2]);
    }
    let app = app.restarted().await;
    before.is_whole(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_service_works_on_while_the_domain_keys_are_replaced() {
    let app = TestApp::new().await;
    let before = Before::of(&app.root()).await;
    let working = tokio::spawn({
        let root = app.root();
        async move {
            for number in 0..30 {
                let key = root.create_key().await;
                let ciphertext = root.encrypt(&key, b"secret").await;
                root.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
                root.create_alias(&format!("alias/meanwhile-{number}"), &key).await;
                root.disable(&key).await;
            }
        }
    });
    for _ in 0..5 {
        app.engine().rotate_domain_keys(app.seal()).await.unwrap();
    }
    working.await.unwrap();
    let app = app.restarted().await;
    before.is_whole(&app).await;
    let page = app.root().ok("ListKeys", json!({})).await;
    assert_eq!(page.pointer("/Keys").and_then(Value::as_array).map(Vec::len), Some(33));
}

#[tokio::test]
async fn quotas_are_refused_in_the_words_of_the_service() {
    let quotas =
        keyward_engine::Quotas { keys: 2, aliases_per_key: 1, ..keyward_engine::Quotas::default() };
    let app = TestApp::with(TestOptions { quotas, ..TestOptions::default() }).await;
    let root = app.root();
    let limit = |message: &str| Refused::new("LimitExceededException", message);
    // Keys of services do not count, keys pending deletion do.
    root.aws_managed_key().await;
    let (key, other) = (root.create_key().await, root.create_key().await);
    root.schedule_deletion(&other).await;
    let refused = root.refused("CreateKey", json!({})).await;
    let message = "Key quota for this account in this region is 2 but the current usage is 2.";
    assert_eq!(refused, limit(message));
    let record = app.last_record();
    assert_eq!(record.get("errorMessage"), Some(&json!(message)));
    assert_eq!(
        (record.get("responseElements"), record.get("resources")),
        (Some(&Value::Null), None)
    );
    app.root_in("eu-central-1").create_key().await;
    app.other_account().await.create_key().await;

    root.create_alias("alias/one", &key).await;
    let input = json!({ "AliasName": "alias/two", "TargetKeyId": key });
    let message = "Aliases per key quota for this account in this region is 1, current usage is 1.";
    assert_eq!(root.refused("CreateAlias", input).await, limit(message));
    // An alias that stays where it is does not count twice.
    root.ok("UpdateAlias", json!({ "AliasName": "alias/one", "TargetKeyId": key })).await;
    app.clock().advance_days(30);
    assert_eq!(app.delete_due_keys().await, 1);
    let next = root.create_key().await;
    root.create_alias("alias/two", &next).await;
    let input = json!({ "AliasName": "alias/one", "TargetKeyId": next });
    assert_eq!(root.refused("UpdateAlias", input).await, limit(message));
    assert_eq!(root.describe("alias/one").await.get("KeyId"), Some(&json!(key)));
}

#[tokio::test]
async fn a_tag_beyond_the_quota_leaves_all_tags_as_they_were() {
    let quotas = keyward_engine::Quotas { tags_per_key: 2, ..keyward_engine::Quotas::default() };
    let app = TestApp::with(TestOptions { quotas, ..TestOptions::default() }).await;
    let root = app.root();
    let tag = |tag_key, tag_value| json!({ "TagKey": tag_key, "TagValue": tag_value });
    let key = root.create_key_with(json!({ "Tags": [tag("a", "1")] })).await;
    let input = json!({ "KeyId": key, "Tags": [tag("a", "2"), tag("b", "1"), tag("c", "1")] });
    let refused = root.refused("TagResource", input).await;
    let message = "A key can have at most 2 tags.";
    assert_eq!(refused, Refused::new("LimitExceededException", message));
    let listed = root.ok("ListResourceTags", json!({ "KeyId": key })).await;
    assert_eq!(listed.get("Tags"), Some(&json!([tag("a", "1")])));
}
