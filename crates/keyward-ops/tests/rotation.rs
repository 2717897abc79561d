//! What time and demand do to a key's material, and what they leave alone.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::sync::Arc;
use std::time::Duration;

use keyward_model::{KeyMaterialId, KeyMaterialState, Origin};
use keyward_store::{Change, Rotation, Scope, ScopedKey, Write};
use keyward_testkit::{Client, HeldGenerator, TestApp, TestOptions, blob, resource};
use serde_json::{Value, json};

const THERE: &str = "eu-central-1";

async fn rotating_key(root: &Client, days: u32) -> String {
    let key = root.create_key().await;
    enable_rotation(root, &key, days).await;
    key
}

async fn enable_rotation(root: &Client, key: &str, days: u32) {
    root.ok("EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": days })).await;
}

async fn current(root: &Client, key: &str) -> Value {
    root.describe(key).await.get("CurrentKeyMaterialId").unwrap().clone()
}

async fn status(root: &Client, key: &str) -> Value {
    root.ok("GetKeyRotationStatus", json!({ "KeyId": key })).await
}

/// Every version of the key's material: id, state and rotation type.
async fn versions(root: &Client, key: &str) -> Vec<(Value, Value, Value)> {
    let input = json!({ "KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" });
    let page = root.ok("ListKeyRotations", input).await;
    let member = |entry: &Value, name: &str| entry.get(name).cloned().unwrap_or_default();
    let version = |entry: &Value| {
        let [id, state, kind] = ["KeyMaterialId", "KeyMaterialState", "RotationType"];
        (member(entry, id), member(entry, state), member(entry, kind))
    };
    page.pointer("/Rotations").and_then(Value::as_array).unwrap().iter().map(version).collect()
}

/// How often the key has rotated.
async fn rotations(root: &Client, key: &str) -> usize {
    let page = root.ok("ListKeyRotations", json!({ "KeyId": key, "Limit": 1000 })).await;
    page.pointer("/Rotations").and_then(Value::as_array).unwrap().len()
}

async fn rotate_on_demand(app: &TestApp, key: &str) {
    app.root().ok("RotateKeyOnDemand", json!({ "KeyId": key })).await;
    app.settle().await;
}

fn scoped(root: &Client, region: &str, key: &str) -> ScopedKey {
    let scope = Scope { account: root.caller().account, region: region.parse().unwrap() };
    scope.key(key.parse().unwrap())
}

fn events(app: &TestApp, name: &str) -> Vec<Value> {
    let audit = app.audit().into_iter();
    audit.filter(|record| record.get("eventName") == Some(&json!(name))).collect()
}

#[tokio::test]
async fn whatever_was_sealed_in_years_of_rotation_opens_and_tells_its_material() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = rotating_key(&root, 90).await;
    let mut sealed = vec![(root.encrypt(&key, b"secret").await, current(&root, &key).await)];
    for round in 1..=8_usize {
        app.clock().advance_days(90);
        app.do_due_work().await;
        assert_eq!(rotations(&root, &key).await, round);
        let material = current(&root, &key).await;
        assert!(sealed.iter().all(|(_, before)| *before != material), "the material is new");
        sealed.push((root.encrypt(&key, b"secret").await, material));
    }
    drop(root);
    let app = app.restarted().await;
    let root = app.root();
    for (ciphertext, material) in sealed {
        let opened = root.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
        assert_eq!(opened.get("Plaintext"), Some(&json!(blob("secret"))));
        assert_eq!(opened.get("KeyMaterialId"), Some(&material));
        let input = json!({ "CiphertextBlob": ciphertext, "DestinationKeyId": key });
        let again = root.ok("ReEncrypt", input).await;
        assert_eq!(again.get("SourceKeyMaterialId"), Some(&material));
        let newest = current(&root, &key).await;
        assert_eq!(again.get("DestinationKeyMaterialId"), Some(&newest));
    }
}

#[tokio::test]
async fn a_key_rotates_at_its_date_and_not_before() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = rotating_key(&root, 90).await;
    let due = status(&root, &key).await.get("NextRotationDate").unwrap().as_f64().unwrap();
    app.clock().advance(Duration::from_hours(90 * 24) - Duration::from_millis(1));
    app.do_due_work().await;
    assert_eq!(rotations(&root, &key).await, 0);
    app.clock().advance(Duration::from_millis(1));
    for _ in 0..2 {
        app.do_due_work().await;
        assert_eq!(rotations(&root, &key).await, 1);
    }
    let next = status(&root, &key).await.get("NextRotationDate").unwrap().as_f64().unwrap();
    assert!((next - due - 90.0 * 86_400.0).abs() < 0.001);
}

#[tokio::test]
async fn a_rotation_by_date_leaves_a_service_event() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = rotating_key(&root, 90).await;
    let (arn, previous) = (root.arn(&key).await, current(&root, &key).await);
    app.clock().advance_days(90);
    app.do_due_work().await;
    let record = app.last_record();
    let expected = json!({
        "eventVersion": "1.11",
        "userIdentity": { "accountId": "111122223333", "invokedBy": "AWS Internal" },
        "eventTime": "2026-06-02T10:15:02Z",
        "eventSource": "kms.amazonaws.com",
        "eventName": "RotateKey",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "AWS Internal",
        "userAgent": "AWS Internal",
        "requestParameters": null,
        "responseElements": null,
        "eventID": record.get("eventID").unwrap(),
        "readOnly": false,
        "resources": [resource(&arn)],
        "eventType": "AwsServiceEvent",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "serviceEventDetails": {
            "rotationType": "AUTOMATIC",
            "keyOrigin": "AWS_KMS",
            "previousKeyMaterialId": previous,
            "currentKeyMaterialId": current(&root, &key).await,
            "keyId": key,
        },
        "eventCategory": "Management",
    });
    assert_eq!(record, expected);
}

#[tokio::test]
async fn a_disabled_key_keeps_its_dates_and_rotates_once_when_it_is_enabled_again() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = rotating_key(&root, 100).await;
    let before = status(&root, &key).await;
    root.disable(&key).await;
    app.clock().advance_days(350);
    app.do_due_work().await;
    assert_eq!((rotations(&root, &key).await, status(&root, &key).await), (0, before.clone()));
    root.ok("EnableKey", json!({ "KeyId": key })).await;
    app.do_due_work().await;
    assert_eq!(rotations(&root, &key).await, 1);
    let date = |status: &Value| status.get("NextRotationDate").unwrap().as_f64().unwrap();
    let after = status(&root, &key).await;
    assert!((date(&after) - date(&before) - 300.0 * 86_400.0).abs() < 0.001);
}

#[tokio::test]
async fn a_key_to_be_deleted_does_not_rotate_until_it_is_enabled_again() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = rotating_key(&root, 90).await;
    app.clock().advance_days(80);
    root.schedule_deletion(&key).await;
    app.clock().advance_days(20);
    app.do_due_work().await;
    root.ok("CancelKeyDeletion", json!({ "KeyId": key })).await;
    app.do_due_work().await;
    assert_eq!(rotations(&root, &key).await, 0);
    root.ok("EnableKey", json!({ "KeyId": key })).await;
    app.do_due_work().await;
    assert_eq!(rotations(&root, &key).await, 1);
}

#[tokio::test]
async fn a_key_that_cannot_be_rotated_does_not_keep_the_others() {
    let app = TestApp::new().await;
    let root = app.root();
    let broken = rotating_key(&root, 90).await;
    app.clock().advance_days(1);
    let whole = [rotating_key(&root, 90).await, rotating_key(&root, 90).await];
    let lost = KeyMaterialId::new([7; 32]);
    app.alter_key(&broken, |record| record.current_material = Some(lost)).await;
    app.clock().advance_days(90);
    app.do_due_work().await;
    for key in &whole {
        assert_eq!(rotations(&root, key).await, 1);
    }
}

#[tokio::test]
async fn aws_managed_keys_rotate_every_year_also_those_of_older_databases() {
    let app = TestApp::new().await;
    let root = app.root();
    let managed = root.aws_managed_key().await;
    let older = root.describe("alias/aws/ebs").await.get("KeyId").unwrap().clone();
    let older = older.as_str().unwrap();
    app.alter_key(older, |record| record.rotation = Rotation::default()).await;
    app.clock().advance(Duration::from_hours(365 * 24) - Duration::from_millis(1));
    app.do_due_work().await;
    for years in 0..3 {
        for key in [managed.as_str(), older] {
            assert_eq!(rotations(&root, key).await, years);
        }
        app.clock().advance_days(365);
        app.do_due_work().await;
    }
}

#[tokio::test]
async fn an_on_demand_rotation_leaves_its_service_event_after_the_record_of_the_call() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let previous = current(&root, &key).await;
    rotate_on_demand(&app, &key).await;
    let record = app.last_record();
    assert_eq!(record.get("eventName"), Some(&json!("RotateKey")));
    let details = json!({
        "rotationType": "ON_DEMAND",
        "keyOrigin": "AWS_KMS",
        "previousKeyMaterialId": previous,
        "currentKeyMaterialId": current(&root, &key).await,
        "keyId": key,
    });
    assert_eq!(record.get("serviceEventDetails"), Some(&details));
    assert_eq!(events(&app, "RotateKeyOnDemand").len(), 1);
}

#[tokio::test]
async fn a_rotation_begun_before_a_restart_ends_after_it() {
    let app = TestApp::new().await;
    let key = app.root().create_key().await;
    app.root().ok("RotateKeyOnDemand", json!({ "KeyId": key })).await;
    let app = app.restarted().await;
    app.settle().await;
    assert_eq!(rotations(&app.root(), &key).await, 1);
    assert_eq!(events(&app, "RotateKey").len(), 1);
}

/// Makes the key one whose material was imported: the newest version waits for its rotation.
async fn with_imported_material(app: &TestApp, key: &str) {
    let root = app.root();
    rotate_on_demand(app, key).await;
    let key = scoped(&root, "us-east-1", key);
    let store = app.engine().store();
    let mut rows = store.materials().list(&key).await.unwrap();
    let mut waiting = rows.pop().unwrap();
    let mut first = rows.pop().unwrap();
    waiting.state = KeyMaterialState::PendingRotation;
    (waiting.rotated_at, waiting.rotation_type) = (None, None);
    first.state = KeyMaterialState::Current;
    let current = Some(first.material_id);
    let writes = vec![Write::PutMaterial(waiting), Write::PutMaterial(first)];
    store.commit(Change { writes, ..Change::default() }).await.unwrap();
    app.alter_key(key.key_id.as_str(), |record| {
        record.current_material = current;
        record.origin = Origin::External;
        record.rotation = Rotation::default();
    })
    .await;
}

#[tokio::test]
async fn imported_material_that_waits_becomes_current_on_demand_alone() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    with_imported_material(&app, &key).await;
    let before = versions(&root, &key).await;
    let [(old, ..), (new, ..)] = before.as_slice() else { panic!("{before:?}") };
    let (pending, currently) = (json!("PENDING_ROTATION"), json!("CURRENT"));
    assert_eq!(before.iter().map(|version| &version.1).collect::<Vec<_>>(), [&currently, &pending]);
    let ciphertext = root.encrypt(&key, b"secret").await;

    rotate_on_demand(&app, &key).await;
    let (non_current, kind) = (json!("NON_CURRENT"), json!("ON_DEMAND"));
    let expected = [(old.clone(), non_current, Value::Null), (new.clone(), currently, kind)];
    assert_eq!(versions(&root, &key).await, expected);
    assert_eq!(current(&root, &key).await, *new);
    root.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
    let record =
        app.audit().into_iter().rfind(|it| it.get("eventName") == Some(&json!("RotateKey")));
    let origin = record.unwrap().pointer("/serviceEventDetails/keyOrigin").cloned();
    assert_eq!(origin, Some(json!("EXTERNAL")));
    let refused = root.refused("RotateKeyOnDemand", json!({ "KeyId": key })).await;
    assert_eq!(refused.name, "KMSInvalidStateException");
}

#[tokio::test]
async fn a_rotation_whose_imported_material_is_gone_ends_without_effect() {
    let app = TestApp::new().await;
    let root = app.root();
    let id = root.create_key().await;
    with_imported_material(&app, &id).await;
    let before = current(&root, &id).await;
    root.ok("RotateKeyOnDemand", json!({ "KeyId": id })).await;
    let key = scoped(&root, "us-east-1", &id);
    let store = app.engine().store();
    let waiting = store.materials().list(&key).await.unwrap().pop().unwrap();
    let writes = vec![Write::DeleteMaterial(key.clone(), waiting.material_id)];
    store.commit(Change { writes, ..Change::default() }).await.unwrap();
    app.engine().forget_key(&key);

    app.settle().await;
    assert_eq!((rotations(&root, &id).await, current(&root, &id).await), (0, before));
    let expected = json!({ "KeyId": id, "KeyRotationEnabled": false });
    assert_eq!(status(&root, &id).await, expected);
    let row = store.keys().find(&key).await.unwrap().unwrap();
    assert_eq!(row.record.rotation.on_demand_count, 0);
}

#[tokio::test]
async fn the_members_of_a_multi_region_key_rotate_as_one() {
    let app = TestApp::new().await;
    let (root, there) = (app.root(), app.root_in(THERE));
    let key = root.create_multi_region_key().await;
    root.replicate(&key, THERE).await;
    let replica_arn = there.arn(&key).await;
    enable_rotation(&root, &key, 90).await;
    assert_eq!(status(&there, &key).await, status(&root, &key).await);
    let before = root.encrypt(&key, b"secret").await;
    app.clock().advance_days(90);
    app.do_due_work().await;
    root.ok("RotateKeyOnDemand", json!({ "KeyId": key })).await;
    assert_eq!(status(&there, &key).await, status(&root, &key).await);
    app.settle().await;

    assert_eq!(versions(&there, &key).await, versions(&root, &key).await);
    assert_eq!((rotations(&there, &key).await, events(&app, "RotateKey").len()), (2, 2));
    assert_eq!(status(&there, &key).await, status(&root, &key).await);
    for (sealing, opening) in [(&root, &there), (&there, &root)] {
        let sealed = sealing.encrypt(&key, b"secret").await;
        for ciphertext in [&before, &sealed] {
            opening.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
        }
    }
    let synchronized = events(&app, "SynchronizeMultiRegionKey");
    let response = Some(json!({ "keyId": replica_arn }));
    assert!(synchronized.iter().all(|it| it.get("responseElements").cloned() == response));
    // Rotation enabled, rotated by date, a rotation begun, and ended.
    assert_eq!(synchronized.len(), 4);
}

#[tokio::test]
async fn a_replica_follows_its_primary_key_until_it_is_one() {
    let app = TestApp::new().await;
    let (root, there) = (app.root(), app.root_in(THERE));
    let key = root.create_multi_region_key().await;
    root.replicate(&key, THERE).await;
    let arn = there.arn(&key).await;
    for operation in ["EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"] {
        let refused = there.refused(operation, json!({ "KeyId": key })).await;
        assert_eq!(refused.name, "UnsupportedOperationException");
        assert_eq!(refused.message(), format!("{arn} is not a multi-Region primary key."));
    }
    enable_rotation(&root, &key, 90).await;
    root.ok("UpdatePrimaryRegion", json!({ "KeyId": key, "PrimaryRegion": THERE })).await;
    app.settle().await;
    app.clock().advance_days(90);
    app.do_due_work().await;
    assert_eq!((rotations(&root, &key).await, rotations(&there, &key).await), (1, 1));
    there.ok("RotateKeyOnDemand", json!({ "KeyId": key })).await;
    app.settle().await;
    assert_eq!(versions(&there, &key).await, versions(&root, &key).await);
    assert_eq!(events(&app, "RotateKey").len(), 2);
}

#[tokio::test]
async fn a_rotation_begun_while_the_primary_changes_is_done_by_the_new_one() {
    let app = TestApp::new().await;
    let (root, there) = (app.root(), app.root_in(THERE));
    let key = root.create_multi_region_key().await;
    root.replicate(&key, THERE).await;
    root.ok("RotateKeyOnDemand", json!({ "KeyId": key })).await;
    root.ok("UpdatePrimaryRegion", json!({ "KeyId": key, "PrimaryRegion": THERE })).await;
    app.settle().await;
    for client in [&root, &there] {
        assert_eq!(client.describe(&key).await.get("KeyState"), Some(&json!("Enabled")));
        assert_eq!(rotations(client, &key).await, 1);
        let expected = json!({ "KeyId": key, "KeyRotationEnabled": false });
        assert_eq!(status(client, &key).await, expected);
    }
    let regions: Vec<_> =
        events(&app, "RotateKey").iter().map(|it| it.get("awsRegion").cloned()).collect();
    assert_eq!(regions, [Some(json!(THERE))]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rotation_whose_key_changes_while_its_material_is_made_looks_again() {
    let generator = Arc::new(HeldGenerator::default());
    let options = TestOptions { generator: generator.clone(), ..TestOptions::default() };
    let app = Arc::new(TestApp::with(options).await);
    let root = app.root();
    generator.release();
    let key = rotating_key(&root, 90).await;
    generator.someone_waits().await;
    app.clock().advance_days(90);

    let rotating = tokio::spawn({
        let app = Arc::clone(&app);
        async move { app.do_due_work().await }
    });
    generator.someone_waits().await;
    // Nobody waits for the material.
    root.encrypt(&key, b"secret").await;
    root.schedule_deletion(&key).await;
    generator.release();
    rotating.await.unwrap();
    assert_eq!((rotations(&root, &key).await, events(&app, "RotateKey").len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_ask_for_a_rotation_at_once_one_gets_it() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let (root, input) = (root.clone(), json!({ "KeyId": key }));
            tokio::spawn(async move { root.call("RotateKeyOnDemand", input).await })
        })
        .collect();
    let mut names = Vec::new();
    for call in calls {
        names.extend(call.await.unwrap().err().map(|refused| refused.name));
    }
    assert_eq!(names, vec!["ConflictException"; 19]);
    app.settle().await;
    assert_eq!(rotations(&root, &key).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_is_whole_however_rotations_uses_and_its_deletion_meet() {
    let app = Arc::new(TestApp::new().await);
    let root = app.root();
    for round in 0..20 {
        let key = rotating_key(&root, 90).await;
        let sealed = root.encrypt(&key, b"secret").await;
        app.clock().advance_days(if round % 2 == 0 { 90 } else { 80 });
        let on_demand = tokio::spawn({
            let (root, input) = (root.clone(), json!({ "KeyId": key }));
            async move { root.call("RotateKeyOnDemand", input).await }
        });
        let working = [(); 2].map(|()| {
            let app = Arc::clone(&app);
            tokio::spawn(async move { app.do_due_work().await })
        });
        let using = tokio::spawn({
            let (root, input) = (root.clone(), json!({ "KeyId": key, "Plaintext": "AAAA" }));
            async move { root.call("Encrypt", input).await }
        });
        root.schedule_deletion(&key).await;
        on_demand.await.unwrap().ok();
        for work in working {
            work.await.unwrap();
        }
        root.ok("CancelKeyDeletion", json!({ "KeyId": key })).await;
        root.ok("EnableKey", json!({ "KeyId": key })).await;
        app.do_due_work().await;
        is_whole(&root, &key).await;
        let used = using.await.unwrap().ok().and_then(|it| it.get("CiphertextBlob").cloned());
        for ciphertext in [Some(json!(sealed)), used].into_iter().flatten() {
            root.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
        }
    }
}

/// Exactly one version is current, the newest one, and no rotation is left over.
async fn is_whole(root: &Client, key: &str) {
    let versions = versions(root, key).await;
    let is_current = |version: &&(Value, Value, Value)| version.1 == "CURRENT";
    let currently: Vec<_> = versions.iter().filter(is_current).map(|it| it.0.clone()).collect();
    assert_eq!(currently, [current(root, key).await]);
    assert_eq!(versions.last().map(|it| &it.0), currently.first());
    assert_eq!(status(root, key).await.get("OnDemandRotationStartDate"), None);
}
