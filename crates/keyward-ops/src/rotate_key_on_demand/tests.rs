use std::time::Duration;

use keyward_model::{KeySpec, KeyState, KeyUsage, Origin};
use keyward_testkit::{KeyRequest, Refused, TestApp, UNUSABLE, resource};
use serde_json::json;

fn request() -> KeyRequest {
    KeyRequest::new("RotateKeyOnDemand", json!({})).keys_only()
}

#[tokio::test]
async fn the_rotation_is_under_way_until_the_background_work_ends_it() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let before = root.describe(&key).await;
    let reply = root.ok("RotateKeyOnDemand", json!({ "KeyId": key })).await;
    assert_eq!(reply, json!({ "KeyId": before["Arn"] }));
    let status = root.ok("GetKeyRotationStatus", json!({ "KeyId": key })).await;
    let expected = json!({
        "KeyId": key,
        "KeyRotationEnabled": false,
        "OnDemandRotationStartDate": before["CreationDate"],
    });
    assert_eq!(status, expected);
    assert_eq!(root.describe(&key).await, before);

    app.settle().await;
    let status = root.ok("GetKeyRotationStatus", json!({ "KeyId": key })).await;
    assert_eq!(status, json!({ "KeyId": key, "KeyRotationEnabled": false }));
    let mut after = root.describe(&key).await;
    assert_ne!(after["CurrentKeyMaterialId"], before["CurrentKeyMaterialId"]);
    after["CurrentKeyMaterialId"] = before["CurrentKeyMaterialId"].clone();
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_second_request_is_refused_while_one_is_under_way() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    root.ok("RotateKeyOnDemand", json!({ "KeyId": key })).await;
    let refused = root.refused("RotateKeyOnDemand", json!({ "KeyId": key })).await;
    let message = format!("An on-demand rotation of {arn} is in progress.");
    assert_eq!(refused, Refused::new("ConflictException", message));
    app.settle().await;
    root.ok("RotateKeyOnDemand", json!({ "KeyId": key })).await;
}

#[tokio::test]
async fn it_is_refused_from_20_minutes_before_a_rotation_by_date_until_that_is_done() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    root.ok("EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": 90 })).await;
    app.clock().advance(Duration::from_hours(90 * 24) - Duration::from_millis(20 * 60_000 + 1));
    root.ok("RotateKeyOnDemand", json!({ "KeyId": key })).await;
    app.settle().await;
    for passed in [Duration::from_millis(1), Duration::from_mins(20), Duration::from_mins(20)] {
        app.clock().advance(passed);
        let refused = root.refused("RotateKeyOnDemand", json!({ "KeyId": key })).await;
        let message =
            format!("An automatic rotation of {arn} is in progress or due within 20 minutes.");
        assert_eq!(refused, Refused::new("ConflictException", message));
    }
    app.do_due_work().await;
    root.ok("RotateKeyOnDemand", json!({ "KeyId": key })).await;
}

#[tokio::test]
async fn the_dates_of_automatic_rotation_stay_as_they_were() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    root.ok("EnableKeyRotation", json!({ "KeyId": key })).await;
    let before = root.ok("GetKeyRotationStatus", json!({ "KeyId": key })).await;
    app.clock().advance_days(10);
    root.ok("RotateKeyOnDemand", json!({ "KeyId": key })).await;
    app.settle().await;
    assert_eq!(root.ok("GetKeyRotationStatus", json!({ "KeyId": key })).await, before);
}

#[tokio::test]
async fn disabling_automatic_rotation_does_not_stop_one_under_way() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let before = root.describe(&key).await;
    root.ok("EnableKeyRotation", json!({ "KeyId": key })).await;
    root.ok("RotateKeyOnDemand", json!({ "KeyId": key })).await;
    root.ok("DisableKeyRotation", json!({ "KeyId": key })).await;
    app.settle().await;
    let after = root.describe(&key).await;
    assert_ne!(after["CurrentKeyMaterialId"], before["CurrentKeyMaterialId"]);
}

#[tokio::test]
async fn a_key_rotates_on_demand_25_times_in_its_life() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    for _ in 0..25 {
        root.ok("RotateKeyOnDemand", json!({ "KeyId": key })).await;
        app.settle().await;
    }
    let refused = root.refused("RotateKeyOnDemand", json!({ "KeyId": key })).await;
    let message = "On-demand rotations per key quota for this account in this region is 25, \
                   current usage is 25.";
    assert_eq!(refused, Refused::new("LimitExceededException", message));
    // Rotations by date neither count nor end.
    root.ok("EnableKeyRotation", json!({ "KeyId": key })).await;
    app.clock().advance_days(365);
    app.do_due_work().await;
    let page = root.ok("ListKeyRotations", json!({ "KeyId": key })).await;
    assert_eq!(page["Rotations"].as_array().map(Vec::len), Some(26));
}

#[tokio::test]
async fn a_key_that_is_to_be_deleted_or_disabled_meanwhile() {
    let app = TestApp::new().await;
    let root = app.root();
    let (deleted, disabled) = (root.create_key().await, root.create_key().await);
    for key in [&deleted, &disabled] {
        root.ok("RotateKeyOnDemand", json!({ "KeyId": key })).await;
    }
    root.schedule_deletion(&deleted).await;
    root.disable(&disabled).await;
    app.settle().await;
    let rotations = async |key: &str| {
        let page = root.ok("ListKeyRotations", json!({ "KeyId": key })).await;
        page["Rotations"].as_array().map(Vec::len)
    };
    // What was begun ends well, unless there is no use for it.
    assert_eq!((rotations(&disabled).await, rotations(&deleted).await), (Some(1), Some(0)));
    root.ok("CancelKeyDeletion", json!({ "KeyId": deleted })).await;
    root.ok("EnableKey", json!({ "KeyId": deleted })).await;
    app.settle().await;
    assert_eq!(rotations(&deleted).await, Some(0));
    let status = root.ok("GetKeyRotationStatus", json!({ "KeyId": deleted })).await;
    assert_eq!(status.get("OnDemandRotationStartDate"), None);
    // It did not count.
    for _ in 0..25 {
        root.ok("RotateKeyOnDemand", json!({ "KeyId": deleted })).await;
        app.settle().await;
    }
}

#[tokio::test]
async fn keys_with_one_material_for_ever_are_refused_whatever_their_state() {
    let app = TestApp::new().await;
    let root = app.root();
    for (spec, usage) in [
        (KeySpec::EccNistP256, KeyUsage::SignVerify),
        (KeySpec::Hmac256, KeyUsage::GenerateVerifyMac),
    ] {
        let key = root.create_key_of(spec, usage).await;
        app.put_in_state(&key, KeyState::Disabled).await;
        for operation in ["RotateKeyOnDemand", "EnableKeyRotation", "DisableKeyRotation"] {
            let refused = root.refused(operation, json!({ "KeyId": key })).await;
            assert_eq!(refused, Refused::silent("UnsupportedOperationException"));
        }
    }
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    for (origin, operations) in [
        (Origin::External, &["EnableKeyRotation", "DisableKeyRotation"][..]),
        (
            Origin::AwsCloudHsm,
            &["RotateKeyOnDemand", "EnableKeyRotation", "DisableKeyRotation"][..],
        ),
    ] {
        app.alter_key(&key, |record| record.origin = origin).await;
        app.put_in_state(&key, KeyState::PendingDeletion).await;
        for operation in operations {
            let refused = root.refused(operation, json!({ "KeyId": key })).await;
            let message =
                format!("{arn} origin is {origin} which is not valid for this operation.");
            assert_eq!(refused, Refused::new("UnsupportedOperationException", message));
        }
    }
}

#[tokio::test]
async fn a_key_with_imported_material_needs_another_one_that_waits() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    app.alter_key(&key, |record| record.origin = Origin::External).await;
    let refused = root.refused("RotateKeyOnDemand", json!({ "KeyId": key })).await;
    let message = format!("{arn} has no material pending rotation.");
    assert_eq!(refused, Refused::new("KMSInvalidStateException", message));
}

#[tokio::test]
async fn a_key_is_named_by_id_or_arn() {
    request().takes_every_form().await;
    request().refuses_what_names_no_key().await;
}

#[tokio::test]
async fn other_accounts_and_aws_managed_keys_are_denied() {
    request().is_denied_elsewhere("kms:RotateKeyOnDemand").await;
    request().is_denied_on_aws_managed_keys("kms:RotateKeyOnDemand").await;
}

#[tokio::test]
async fn a_key_in_an_unusable_state_is_refused() {
    request().answers_by_state(UNUSABLE).await;
}

#[tokio::test]
async fn the_record_names_the_key() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    root.ok("RotateKeyOnDemand", json!({ "KeyId": key })).await;
    let expected = json!({
        "requestParameters": { "keyId": key },
        "responseElements": { "keyId": arn },
        "readOnly": false,
        "resources": [resource(&arn)],
    });
    assert_eq!(app.recorded(), expected);
}
