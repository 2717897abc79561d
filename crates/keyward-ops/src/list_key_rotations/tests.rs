use keyward_model::{KeySpec, KeyUsage, Origin};
use keyward_testkit::{Client, KeyRequest, Refused, TestApp, resource};
use serde_json::{Value, json};

fn request() -> KeyRequest {
    KeyRequest::new("ListKeyRotations", json!({})).keys_only()
}

/// A key whose material was replaced on demand `times` times, a day between each.
async fn rotated_key(app: &TestApp, times: usize) -> String {
    let root = app.root();
    let key = root.create_key().await;
    for _ in 0..times {
        app.clock().advance_days(1);
        root.ok("RotateKeyOnDemand", json!({ "KeyId": key })).await;
        app.settle().await;
    }
    key
}

async fn list(root: &Client, key: &str, included: &str) -> Value {
    let input = json!({ "KeyId": key, "IncludeKeyMaterial": included });
    root.ok("ListKeyRotations", input).await
}

fn ids(page: &Value) -> Vec<&str> {
    let rotations = page["Rotations"].as_array().unwrap();
    rotations.iter().map(|entry| entry["KeyMaterialId"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn rotations_are_listed_oldest_first_and_the_first_material_if_asked_for() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let created = root.describe(&key).await["CreationDate"].as_f64().unwrap();
    let mut materials = vec![root.describe(&key).await["CurrentKeyMaterialId"].clone()];
    assert_eq!(
        root.ok("ListKeyRotations", json!({ "KeyId": key })).await,
        json!({ "Rotations": [], "Truncated": false })
    );
    for _ in 0..2 {
        app.clock().advance_days(1);
        root.ok("RotateKeyOnDemand", json!({ "KeyId": key })).await;
        app.settle().await;
        materials.push(root.describe(&key).await["CurrentKeyMaterialId"].clone());
    }
    let all = list(&root, &key, "ALL_KEY_MATERIAL").await;
    let date = |number: usize| all["Rotations"][number]["RotationDate"].clone();
    for (number, days) in [(1, 1.0), (2, 2.0)] {
        assert!((date(number).as_f64().unwrap() - created - days * 86_400.0).abs() < 0.001);
    }
    let entry = |number: usize, state: &str| {
        json!({
            "KeyId": key,
            "KeyMaterialId": materials[number],
            "KeyMaterialState": state,
            "RotationDate": date(number),
            "RotationType": "ON_DEMAND",
        })
    };
    let rotations = [entry(1, "NON_CURRENT"), entry(2, "CURRENT")];
    let expected = json!({ "Rotations": rotations, "Truncated": false });
    assert_eq!(root.ok("ListKeyRotations", json!({ "KeyId": key })).await, expected);
    assert_eq!(list(&root, &key, "ROTATIONS_ONLY").await, expected);
    let first = json!({
        "KeyId": key,
        "KeyMaterialId": materials[0],
        "KeyMaterialState": "NON_CURRENT",
    });
    assert_eq!(all["Rotations"], json!([first, rotations[0], rotations[1]]));
}

#[tokio::test]
async fn a_new_key_has_one_material_and_it_is_current() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let current = root.describe(&key).await["CurrentKeyMaterialId"].clone();
    let all = list(&root, &key, "ALL_KEY_MATERIAL").await;
    let entry = json!({ "KeyId": key, "KeyMaterialId": current, "KeyMaterialState": "CURRENT" });
    assert_eq!(all, json!({ "Rotations": [entry], "Truncated": false }));
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended_though_the_key_rotates_meanwhile() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = rotated_key(&app, 4).await;
    let all = root.ok("ListKeyRotations", json!({ "KeyId": key })).await;
    let first = root.ok("ListKeyRotations", json!({ "KeyId": key, "Limit": 3 })).await;
    assert_eq!((ids(&first), &first["Truncated"]), (ids(&all)[..3].to_vec(), &json!(true)));
    root.ok("RotateKeyOnDemand", json!({ "KeyId": key })).await;
    app.settle().await;
    let all = root.ok("ListKeyRotations", json!({ "KeyId": key })).await;
    let input = json!({ "KeyId": key, "Limit": 2, "Marker": first["NextMarker"] });
    let last = root.ok("ListKeyRotations", input).await;
    assert_eq!((ids(&last), &last["Truncated"]), (ids(&all)[3..].to_vec(), &json!(false)));
    assert_eq!(last.get("NextMarker"), None);
}

#[tokio::test]
async fn a_page_has_1_to_1000_entries() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    for (limit, rule) in [(0, "greater than or equal to 1"), (1001, "less than or equal to 1000")] {
        let input = json!({ "KeyId": key, "Limit": limit });
        let refused = root.refused("ListKeyRotations", input).await;
        let clause = format!(
            "'{limit}' at 'limit' failed to satisfy constraint: Member must have value {rule}"
        );
        assert_eq!(refused, Refused::constraint(&clause));
    }
    let input = json!({ "KeyId": key, "IncludeKeyMaterial": "SOME_KEY_MATERIAL" });
    assert_eq!(root.refused("ListKeyRotations", input).await.name, "ValidationException");
}

#[tokio::test]
async fn a_marker_of_another_query_is_refused() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, other) = (rotated_key(&app, 2).await, rotated_key(&app, 2).await);
    let page = root.ok("ListKeyRotations", json!({ "KeyId": key, "Limit": 1 })).await;
    let marker = page["NextMarker"].as_str().unwrap();
    let message = format!("Could not deserialize marker '{marker}'");
    for input in [
        json!({ "KeyId": other, "Marker": marker }),
        json!({ "KeyId": key, "Marker": marker, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" }),
    ] {
        let refused = root.refused("ListKeyRotations", input).await;
        assert_eq!(refused, Refused::new("InvalidMarkerException", &*message));
    }
}

#[tokio::test]
async fn imported_material_shows_its_import() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = rotated_key(&app, 1).await;
    app.alter_key(&key, |record| record.origin = Origin::External).await;
    let all = list(&root, &key, "ALL_KEY_MATERIAL").await;
    for entry in all["Rotations"].as_array().unwrap() {
        assert_eq!(entry["ImportState"], "IMPORTED");
        assert_eq!(entry["ExpirationModel"], "KEY_MATERIAL_DOES_NOT_EXPIRE");
        assert_eq!((entry.get("ValidTo"), entry.get("KeyMaterialDescription")), (None, None));
    }
    let empty = root.create_key_with(json!({ "Origin": "EXTERNAL" })).await;
    let all = list(&root, &empty, "ALL_KEY_MATERIAL").await;
    assert_eq!(all, json!({ "Rotations": [], "Truncated": false }));
}

#[tokio::test]
async fn keys_with_one_material_for_ever_are_refused() {
    let app = TestApp::new().await;
    let root = app.root();
    for (spec, usage) in [
        (KeySpec::EccNistP256, KeyUsage::SignVerify),
        (KeySpec::Hmac256, KeyUsage::GenerateVerifyMac),
    ] {
        let key = root.create_key_of(spec, usage).await;
        let refused = root.refused("ListKeyRotations", json!({ "KeyId": key })).await;
        assert_eq!(refused, Refused::silent("UnsupportedOperationException"));
    }
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    app.alter_key(&key, |record| record.origin = Origin::AwsCloudHsm).await;
    let refused = root.refused("ListKeyRotations", json!({ "KeyId": key })).await;
    let message = format!("{arn} origin is AWS_CLOUDHSM which is not valid for this operation.");
    assert_eq!(refused, Refused::new("UnsupportedOperationException", message));
}

#[tokio::test]
async fn the_rotations_of_an_aws_managed_key_are_listed() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.aws_managed_key().await;
    app.clock().advance_days(365);
    app.do_due_work().await;
    let page = root.ok("ListKeyRotations", json!({ "KeyId": key })).await;
    assert_eq!(page["Rotations"][0]["RotationType"], "AUTOMATIC");
}

#[tokio::test]
async fn a_key_is_named_by_id_or_arn() {
    request().takes_every_form().await;
    request().refuses_what_names_no_key().await;
}

#[tokio::test]
async fn other_accounts_are_denied() {
    request().is_denied_elsewhere("kms:ListKeyRotations").await;
}

#[tokio::test]
async fn rotations_are_listed_in_every_state() {
    request().answers_by_state(&[]).await;
}

#[tokio::test]
async fn the_record_shows_the_parameters_that_were_sent() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    let input = json!({ "KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL", "Limit": 5 });
    root.ok("ListKeyRotations", input).await;
    let mut expected = json!({
        "requestParameters": {
            "keyId": key,
            "includeKeyMaterial": "ALL_KEY_MATERIAL",
            "limit": 5,
        },
        "responseElements": null,
        "readOnly": true,
        "resources": [resource(&arn)],
    });
    assert_eq!(app.recorded(), expected);
    root.ok("ListKeyRotations", json!({ "KeyId": key })).await;
    expected["requestParameters"] = json!({ "keyId": key });
    assert_eq!(app.recorded(), expected);
}
