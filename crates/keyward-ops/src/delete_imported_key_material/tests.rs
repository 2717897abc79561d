use keyward_model::{KeySpec, KeyState};
use keyward_testkit::{KeyRequest, Refused, TestApp, resource};
use serde_json::{Value, json};

fn request() -> KeyRequest {
    KeyRequest::new("DeleteImportedKeyMaterial", json!({})).keys_only()
}

#[tokio::test]
async fn a_key_without_its_material_waits_for_an_import() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_external_key(json!({})).await;
    let imported = root.import(&key, &[7; 32]).await;
    for _ in 0..2 {
        let reply = root.ok("DeleteImportedKeyMaterial", json!({ "KeyId": key })).await;
        assert_eq!(reply, imported);
        let metadata = root.describe(&key).await;
        assert_eq!(metadata["KeyState"], "PendingImport");
        assert_eq!(metadata.get("ExpirationModel"), None);
        assert_eq!(metadata["CurrentKeyMaterialId"], imported["KeyMaterialId"]);
    }
    let refused = root.refused("Encrypt", json!({ "KeyId": key, "Plaintext": "AAAA" })).await;
    let arn = root.arn(&key).await;
    assert_eq!(
        refused,
        Refused::new("KMSInvalidStateException", format!("{arn} is pending import."))
    );
}

#[tokio::test]
async fn the_material_is_gone_from_the_database() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_external_key(json!({})).await;
    root.import(&key, &[7; 32]).await;
    root.ok("DeleteImportedKeyMaterial", json!({ "KeyId": key })).await;
    let scope = keyward_store::Scope {
        account: root.caller().account,
        region: "us-east-1".parse().unwrap(),
    };
    let rows = app.engine().store().materials().list(&scope.key(key.parse().unwrap())).await;
    assert!(rows.unwrap().iter().all(|row| row.sealed.is_none()));
}

#[tokio::test]
async fn before_the_first_import_there_is_nothing_to_delete() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_external_key(json!({})).await;
    let arn = root.arn(&key).await;
    let reply = root.ok("DeleteImportedKeyMaterial", json!({ "KeyId": key })).await;
    assert_eq!(reply, json!({ "KeyId": arn }));
    assert_eq!(root.describe(&key).await["KeyState"], "PendingImport");
}

#[tokio::test]
async fn material_is_named_by_its_id_where_there_can_be_several() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_external_key(json!({})).await;
    let imported = root.import(&key, &[7; 32]).await;
    let unknown = "0".repeat(64);
    let input = json!({ "KeyId": key, "KeyMaterialId": unknown });
    let refused = root.refused("DeleteImportedKeyMaterial", input).await;
    let message = format!("Key material '{unknown}' does not exist");
    assert_eq!(refused, Refused::new("NotFoundException", message));
    let input = json!({ "KeyId": key, "KeyMaterialId": imported["KeyMaterialId"] });
    assert_eq!(root.ok("DeleteImportedKeyMaterial", input).await, imported);

    let mac = json!({ "KeySpec": KeySpec::Hmac256, "KeyUsage": "GENERATE_VERIFY_MAC" });
    let mac = root.create_external_key(mac).await;
    let input = json!({ "KeyId": mac, "KeyMaterialId": unknown });
    let refused = root.refused("DeleteImportedKeyMaterial", input).await;
    let message = "KeyMaterialId is not supported for key spec HMAC_256.";
    assert_eq!(refused, Refused::new("UnsupportedOperationException", message));
}

#[tokio::test]
async fn a_key_that_waits_for_its_deletion_goes_on_waiting() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_external_key(json!({})).await;
    root.import(&key, &[7; 32]).await;
    root.schedule_deletion(&key).await;
    root.ok("DeleteImportedKeyMaterial", json!({ "KeyId": key })).await;
    assert_eq!(root.describe(&key).await["KeyState"], "PendingDeletion");
    root.ok("CancelKeyDeletion", json!({ "KeyId": key })).await;
    assert_eq!(root.describe(&key).await["KeyState"], "PendingImport");
}

#[tokio::test]
async fn what_a_deletion_does_depends_on_the_state_of_the_key() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_external_key(json!({})).await;
    let parameters = root.import_parameters(&key).await;
    let arn = root.arn(&key).await;
    for (before, after) in [
        (KeyState::Enabled, Ok("PendingImport")),
        (KeyState::Disabled, Ok("PendingImport")),
        (KeyState::PendingDeletion, Ok("PendingDeletion")),
        (KeyState::PendingReplicaDeletion, Ok("PendingReplicaDeletion")),
        (KeyState::Creating, Err("is creating.")),
        (KeyState::Unavailable, Err("is unavailable.")),
        (KeyState::Updating, Err("is updating.")),
    ] {
        app.put_in_state(&key, KeyState::PendingImport).await;
        root.ok("ImportKeyMaterial", parameters.request(&[7; 32])).await;
        app.put_in_state(&key, before).await;
        let deleted = root.call("DeleteImportedKeyMaterial", json!({ "KeyId": key })).await;
        match after {
            Ok(after) => assert_eq!(root.describe(&key).await["KeyState"], json!(after)),
            Err(is) => {
                let refused = Refused::new("KMSInvalidStateException", format!("{arn} {is}"));
                assert_eq!(deleted, Err(refused));
            }
        }
    }
}

#[tokio::test]
async fn a_key_whose_material_was_made_here_keeps_it() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    for &state in KeyState::ALL {
        app.put_in_state(&key, state).await;
        let refused = root.refused("DeleteImportedKeyMaterial", json!({ "KeyId": key })).await;
        let message = format!("{arn} origin is AWS_KMS which is not valid for this operation.");
        assert_eq!(refused, Refused::new("UnsupportedOperationException", message));
    }
}

#[tokio::test]
async fn a_key_is_named_by_id_or_arn() {
    request().refuses_what_names_no_key().await;
}

#[tokio::test]
async fn other_accounts_and_aws_managed_keys_are_denied() {
    request().is_denied_elsewhere("kms:DeleteImportedKeyMaterial").await;
    request().is_denied_on_aws_managed_keys("kms:DeleteImportedKeyMaterial").await;
}

#[tokio::test]
async fn the_record_names_key_and_material() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_external_key(json!({})).await;
    let id = root.import(&key, &[7; 32]).await["KeyMaterialId"].clone();
    let arn = root.arn(&key).await;
    for sent in [json!({ "KeyId": key }), json!({ "KeyId": key, "KeyMaterialId": id })] {
        root.ok("DeleteImportedKeyMaterial", sent.clone()).await;
        let mut parameters = json!({ "keyId": key });
        if sent.get("KeyMaterialId").is_some() {
            parameters["keyMaterialId"] = id.clone();
        }
        let expected: Value = json!({
            "requestParameters": parameters,
            "responseElements": { "keyId": arn, "keyMaterialId": id },
            "readOnly": false,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
    }
}
