use keyward_crypto::KeyMaterial;
use keyward_model::{KeySpec, KeyState, KeyUsage, WrappingAlgorithm, WrappingKeySpec};
use keyward_testkit::{Client, ImportParameters, Refused, TestApp, blob, resource, unblob};
use serde_json::{Value, json};

const DAY: f64 = 86_400.0;

fn incorrect(why: &str) -> Refused {
    Refused::new("IncorrectKeyMaterialException", format!("The key material {why}."))
}

fn unsupported(message: impl Into<String>) -> Refused {
    Refused::new("UnsupportedOperationException", message)
}

async fn external_key(root: &Client) -> (String, ImportParameters) {
    let key = root.create_external_key(json!({})).await;
    let parameters = root.import_parameters(&key).await;
    (key, parameters)
}

async fn state(root: &Client, key: &str) -> String {
    root.describe(key).await["KeyState"].as_str().unwrap().to_owned()
}

async fn import(
    root: &Client,
    parameters: &ImportParameters,
    material: &[u8],
    members: Value,
) -> Result<String, Refused> {
    let request = parameters.request_with(material, members);
    let reply = root.call("ImportKeyMaterial", request).await?;
    Ok(reply["KeyMaterialId"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_key_works_once_its_material_is_imported() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, parameters) = external_key(&root).await;
    let before = root.describe(&key).await;
    assert_eq!(before["KeyState"], "PendingImport");
    assert_eq!(before.get("ExpirationModel"), None);
    assert_eq!(before.get("CurrentKeyMaterialId"), None);

    let reply = root.ok("ImportKeyMaterial", parameters.request(&[7; 32])).await;
    let after = root.describe(&key).await;
    let expected = json!({ "KeyId": after["Arn"], "KeyMaterialId": after["CurrentKeyMaterialId"] });
    assert_eq!(reply, expected);
    assert_eq!(after["KeyState"], "Enabled");
    assert_eq!(after["Enabled"], true);
    assert_eq!(after["ExpirationModel"], "KEY_MATERIAL_DOES_NOT_EXPIRE");
    assert_eq!(after.get("ValidTo"), None);
    let ciphertext = root.encrypt(&key, b"secret").await;
    let opened = root.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
    assert_eq!(unblob(&opened["Plaintext"]), b"secret");
    assert_eq!(opened["KeyMaterialId"], reply["KeyMaterialId"]);
}

#[tokio::test]
async fn the_same_bytes_in_two_keys_do_not_open_each_other_s_ciphertexts() {
    let app = TestApp::new().await;
    let root = app.root();
    let (first, second) =
        (root.create_external_key(json!({})).await, root.create_external_key(json!({})).await);
    let ids = [root.import(&first, &[7; 32]).await, root.import(&second, &[7; 32]).await];
    assert_ne!(ids[0]["KeyMaterialId"], ids[1]["KeyMaterialId"]);
    let ciphertext = root.encrypt(&first, b"secret").await;
    let input = json!({ "KeyId": second, "CiphertextBlob": ciphertext });
    assert_eq!(root.refused("Decrypt", input).await.name, "IncorrectKeyException");
}

#[tokio::test]
async fn only_the_same_bytes_come_back_and_with_them_the_old_ciphertexts_open() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, parameters) = external_key(&root).await;
    let id = import(&root, &parameters, &[7; 32], json!({})).await.unwrap();
    let ciphertext = root.encrypt(&key, b"secret").await;
    root.ok("DeleteImportedKeyMaterial", json!({ "KeyId": key })).await;
    let other = import(&root, &parameters, &[8; 32], json!({})).await;
    assert_eq!(other, Err(incorrect("is not associated with the KMS key")));
    assert_eq!(state(&root, &key).await, "PendingImport");
    assert_eq!(import(&root, &parameters, &[7; 32], json!({})).await, Ok(id));
    assert_eq!(state(&root, &key).await, "Enabled");
    root.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
}

#[tokio::test]
async fn every_spec_is_imported_under_every_wrapping_offered_for_it() {
    let app = TestApp::new().await;
    let root = app.root();
    let mut count = 0;
    for &spec in KeySpec::ALL {
        let Some(usage) = spec.usages().first() else { continue };
        if !keyward_model::Origin::External.takes(spec) {
            continue;
        }
        let material = KeyMaterial::generate_for(spec).unwrap();
        for &algorithm in WrappingAlgorithm::ALL {
            let is_offered = |it| app.engine().offers_wrapping(algorithm, it, spec);
            let long = WrappingKeySpec::Rsa3072;
            let short = WrappingKeySpec::Rsa2048;
            let wrapping = if is_offered(short) { short } else { long };
            if !is_offered(wrapping) {
                continue;
            }
            let input = json!({ "KeySpec": spec, "KeyUsage": usage });
            let key = root.create_external_key(input).await;
            let parameters = root.import_parameters_of(&key, algorithm, wrapping).await.unwrap();
            let imported = import(&root, &parameters, material.expose(), json!({})).await;
            assert_eq!(imported.unwrap().is_empty(), spec != KeySpec::SymmetricDefault);
            assert_eq!(state(&root, &key).await, "Enabled", "{spec} {algorithm}");
            count += 1;
        }
    }
    // Five raw specs and SM2 in one step, three RSA specs in two, five of curves both ways.
    assert_eq!(count, (5 + 1) * 2 + 3 * 2 + 5 * 4);
}

#[tokio::test]
async fn the_longest_wrapping_keys_work_as_well() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_external_key(json!({})).await;
    for wrapping in [WrappingKeySpec::Rsa3072, WrappingKeySpec::Rsa4096] {
        let algorithm = WrappingAlgorithm::RsaesOaepSha256;
        let parameters = root.import_parameters_of(&key, algorithm, wrapping).await.unwrap();
        import(&root, &parameters, &[7; 32], json!({})).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_no_material_of_the_spec_is_told_from_what_does_not_unwrap() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, parameters) = external_key(&root).await;
    for material in [&[7; 31][..], &[7; 33], b""] {
        let imported = import(&root, &parameters, material, json!({})).await;
        assert_eq!(imported, Err(incorrect("does not fit the KMS key")));
    }
    let other = root.import_parameters(&key).await;
    for wrapped in [other.wrap(&[7; 32]), vec![7; 256], vec![7], vec![7; 6144]] {
        let members = json!({ "EncryptedKeyMaterial": blob(wrapped) });
        let imported = import(&root, &parameters, &[7; 32], members).await;
        assert_eq!(imported, Err(Refused::silent("InvalidCiphertextException")));
    }
    assert_eq!(state(&root, &key).await, "PendingImport");
}

#[tokio::test]
async fn a_token_is_good_for_its_own_key_for_a_day_and_any_number_of_imports() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, parameters) = external_key(&root).await;
    let (_, others) = external_key(&root).await;
    let invalid = Refused::new(
        "InvalidImportTokenException",
        "The import token is not valid for the KMS key.",
    );
    let foreign = parameters.request_with(&[7; 32], json!({ "KeyId": key }));
    let mut foreign_token = others.request(&[7; 32]);
    foreign_token["KeyId"] = json!(key);
    assert_eq!(root.refused("ImportKeyMaterial", foreign_token).await, invalid);
    let token = unblob(&foreign["ImportToken"]);
    for at in [0, 1, 8, 9, 40, 41, token.len() - 1] {
        let mut altered = token.clone();
        altered[at] ^= 1;
        let members = json!({ "ImportToken": blob(altered) });
        assert_eq!(import(&root, &parameters, &[7; 32], members).await, Err(invalid.clone()));
    }
    let members = json!({ "ImportToken": blob([7; 6144]) });
    assert_eq!(import(&root, &parameters, &[7; 32], members).await, Err(invalid));

    app.clock().advance(std::time::Duration::from_millis(86_400_000 - 1));
    for _ in 0..2 {
        import(&root, &parameters, &[7; 32], json!({})).await.unwrap();
    }
    app.clock().advance(std::time::Duration::from_millis(1));
    let expired = Refused::new("ExpiredImportTokenException", "The import token has expired.");
    assert_eq!(import(&root, &parameters, &[7; 32], json!({})).await, Err(expired.clone()));
    app.do_due_work().await;
    assert_eq!(import(&root, &parameters, &[7; 32], json!({})).await, Err(expired));
}

#[tokio::test]
async fn a_token_outlives_the_domain_key_its_wrapping_key_was_sealed_under() {
    let app = TestApp::new().await;
    let root = app.root();
    let (_, parameters) = external_key(&root).await;
    app.engine().rotate_domain_keys(app.seal()).await.unwrap();
    import(&root, &parameters, &[7; 32], json!({})).await.unwrap();
}

#[tokio::test]
async fn material_expires_unless_the_request_says_that_it_does_not() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, parameters) = external_key(&root).await;
    let now = app.clock().now_s();
    let validation = |message: &str| Err(Refused::new("ValidationException", message));
    let must =
        validation("A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES");
    let late = validation("The validTo date must be at most 365 days in the future");
    let past = validation("The validTo date must be in the future");
    let cases = [
        (json!({ "ExpirationModel": null }), must.clone()),
        (json!({ "ExpirationModel": "KEY_MATERIAL_EXPIRES" }), must),
        (
            json!({ "ValidTo": now + DAY }),
            validation(
                "A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
            ),
        ),
        (json!({ "ExpirationModel": null, "ValidTo": now }), past.clone()),
        (json!({ "ExpirationModel": null, "ValidTo": -1e300 }), past),
        (json!({ "ExpirationModel": null, "ValidTo": now + 366.0 * DAY }), late.clone()),
        (json!({ "ExpirationModel": null, "ValidTo": 1e300 }), late),
    ];
    for (members, expected) in cases {
        assert_eq!(import(&root, &parameters, &[7; 32], members.clone()).await, expected);
        // Before anything is looked up.
        let mut members = members;
        members["KeyId"] = json!("nonsense");
        assert_eq!(import(&root, &parameters, &[7; 32], members).await, expected);
    }
    for days in [365.0, 0.001] {
        let members = json!({ "ExpirationModel": null, "ValidTo": now + days * DAY });
        import(&root, &parameters, &[7; 32], members).await.unwrap();
        let metadata = root.describe(&key).await;
        assert_eq!(metadata["ExpirationModel"], "KEY_MATERIAL_EXPIRES");
        assert_eq!(metadata["ValidTo"], json!(now + days * DAY));
    }
    import(&root, &parameters, &[7; 32], json!({})).await.unwrap();
    assert_eq!(root.describe(&key).await.get("ValidTo"), None);
}

#[tokio::test]
async fn new_material_waits_for_its_rotation_beside_the_current_one() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, parameters) = external_key(&root).await;
    let first = import(&root, &parameters, &[7; 32], json!({})).await.unwrap();
    let is_new = json!({ "ImportType": "NEW_KEY_MATERIAL" });
    let again = import(&root, &parameters, &[7; 32], is_new.clone()).await;
    assert_eq!(again, Err(incorrect("is already associated with the KMS key")));
    let second = import(&root, &parameters, &[8; 32], is_new.clone()).await.unwrap();
    assert_ne!(first, second);
    let metadata = root.describe(&key).await;
    assert_eq!(metadata["CurrentKeyMaterialId"], json!(first));
    assert_eq!(metadata["KeyState"], "Enabled");

    let third = import(&root, &parameters, &[9; 32], is_new.clone()).await.unwrap_err();
    let arn = metadata["Arn"].as_str().unwrap();
    let message = format!("{arn} has key material that is pending rotation.");
    assert_eq!(third, Refused::new("KMSInvalidStateException", message));
    // It can be imported again, and makes room when it is deleted.
    assert_eq!(import(&root, &parameters, &[8; 32], json!({})).await, Ok(second.clone()));
    let input = json!({ "KeyId": key, "KeyMaterialId": second });
    root.ok("DeleteImportedKeyMaterial", input).await;
    assert_eq!(state(&root, &key).await, "Enabled");
    import(&root, &parameters, &[9; 32], is_new).await.unwrap();
}

#[tokio::test]
async fn material_named_in_the_request_must_be_what_is_unwrapped() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, parameters) = external_key(&root).await;
    let named = |id: &str| json!({ "KeyMaterialId": id });
    let unknown = "0".repeat(64);
    let early = import(&root, &parameters, &[7; 32], named(&unknown)).await;
    assert_eq!(early, Err(incorrect("does not match the KeyMaterialId")));
    let existing = json!({ "ImportType": "EXISTING_KEY_MATERIAL" });
    let early = import(&root, &parameters, &[7; 32], existing).await;
    assert_eq!(early, Err(incorrect("is not associated with the KMS key")));

    let id = import(&root, &parameters, &[7; 32], json!({})).await.unwrap();
    assert_eq!(import(&root, &parameters, &[7; 32], named(&id)).await, Ok(id.clone()));
    let mismatch = import(&root, &parameters, &[8; 32], named(&id)).await;
    assert_eq!(mismatch, Err(incorrect("does not match the KeyMaterialId")));
    let both =
        json!({ "ImportType": "NEW_KEY_MATERIAL", "KeyMaterialId": id, "KeyId": "nonsense" });
    let message = "KeyMaterialId cannot be specified if the ImportType is NEW_KEY_MATERIAL";
    let refused = Refused::new("ValidationException", message);
    assert_eq!(import(&root, &parameters, &[8; 32], both).await, Err(refused));
    assert_eq!(state(&root, &key).await, "Enabled");
}

#[tokio::test]
async fn versions_of_material_are_for_symmetric_keys() {
    let app = TestApp::new().await;
    let root = app.root();
    let spec = KeySpec::Hmac256;
    let input = json!({ "KeySpec": spec, "KeyUsage": KeyUsage::GenerateVerifyMac });
    let key = root.create_external_key(input).await;
    let parameters = root.import_parameters(&key).await;
    for (member, value) in [
        ("ImportType", "NEW_KEY_MATERIAL"),
        ("ImportType", "EXISTING_KEY_MATERIAL"),
        ("KeyMaterialDescription", "mine"),
        ("KeyMaterialId", &"0".repeat(64)),
    ] {
        let refused = import(&root, &parameters, &[7; 32], json!({ member: value })).await;
        let expected = format!("{member} is not supported for key spec HMAC_256.");
        assert_eq!(refused, Err(unsupported(expected)));
    }
    for _ in 0..2 {
        assert_eq!(import(&root, &parameters, &[7; 40], json!({})).await, Ok(String::new()));
        let other = import(&root, &parameters, &[8; 40], json!({})).await;
        assert_eq!(other, Err(incorrect("is not associated with the KMS key")));
        root.ok("DeleteImportedKeyMaterial", json!({ "KeyId": key })).await;
    }
}

#[tokio::test]
async fn a_public_key_is_derived_and_stays_when_the_private_key_goes() {
    let app = TestApp::new().await;
    let root = app.root();
    let spec = KeySpec::EccNistP256;
    let key = root.create_external_key(json!({ "KeySpec": spec, "KeyUsage": "SIGN_VERIFY" })).await;
    let refused = root.refused("GetPublicKey", json!({ "KeyId": key })).await;
    assert_eq!(refused.name, "KMSInvalidStateException");
    let material = KeyMaterial::generate_for(spec).unwrap();
    root.import(&key, material.expose()).await;
    let public_key = root.ok("GetPublicKey", json!({ "KeyId": key })).await;
    let sign = json!({
        "KeyId": key,
        "Message": blob("message"),
        "SigningAlgorithm": "ECDSA_SHA_256",
    });
    root.ok("Sign", sign.clone()).await;
    root.ok("DeleteImportedKeyMaterial", json!({ "KeyId": key })).await;
    assert_eq!(root.ok("GetPublicKey", json!({ "KeyId": key })).await, public_key);
    assert_eq!(root.refused("Sign", sign).await.name, "KMSInvalidStateException");
}

#[tokio::test]
async fn what_an_import_does_depends_on_the_state_of_the_key() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, parameters) = external_key(&root).await;
    let arn = root.arn(&key).await;
    root.import(&key, &[7; 32]).await;
    for (before, after) in [
        (KeyState::Enabled, Ok("Enabled")),
        (KeyState::Disabled, Ok("Disabled")),
        (KeyState::PendingImport, Ok("Enabled")),
        (KeyState::Updating, Ok("Updating")),
        (KeyState::Creating, Err("is creating.")),
        (KeyState::Unavailable, Err("is unavailable.")),
        (KeyState::PendingDeletion, Err("is pending deletion.")),
        (KeyState::PendingReplicaDeletion, Err("is pending replica deletion.")),
    ] {
        app.put_in_state(&key, before).await;
        let imported = import(&root, &parameters, &[7; 32], json!({})).await;
        let expected =
            after.map_err(|is| Refused::new("KMSInvalidStateException", format!("{arn} {is}")));
        assert_eq!(imported.map(drop), expected.clone().map(drop), "{before}");
        if let Ok(after) = expected {
            assert_eq!(state(&root, &key).await, after);
        }
    }
}

#[tokio::test]
async fn a_key_whose_material_was_made_here_takes_none() {
    let app = TestApp::new().await;
    let root = app.root();
    let (_, parameters) = external_key(&root).await;
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    app.put_in_state(&key, KeyState::PendingDeletion).await;
    let refused = import(&root, &parameters, &[7; 32], json!({ "KeyId": key })).await;
    let message = format!("{arn} origin is AWS_KMS which is not valid for this operation.");
    assert_eq!(refused, Err(unsupported(message)));
}

#[tokio::test]
async fn the_record_shows_all_but_the_token_and_the_material() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, parameters) = external_key(&root).await;
    let members = json!({
        "ExpirationModel": "KEY_MATERIAL_EXPIRES",
        "ValidTo": app.clock().now_s() + DAY,
        "ImportType": "NEW_KEY_MATERIAL",
        "KeyMaterialDescription": "from the safe",
    });
    let id = import(&root, &parameters, &[7; 32], members).await.unwrap();
    let arn = root.arn(&key).await;
    let records = app.audit();
    let record = records.iter().find(|it| it["eventName"] == "ImportKeyMaterial").unwrap();
    let expected = json!({
        "keyId": key,
        "validTo": "Mar 5, 2026, 10:15:02 AM",
        "expirationModel": "KEY_MATERIAL_EXPIRES",
        "importType": "NEW_KEY_MATERIAL",
        "keyMaterialDescription": "from the safe",
    });
    assert_eq!(record["requestParameters"], expected);
    assert_eq!(record["responseElements"], json!({ "keyId": arn, "keyMaterialId": id }));
    assert_eq!(record["readOnly"], false);
    assert_eq!(record["resources"], json!([resource(&arn)]));
}
