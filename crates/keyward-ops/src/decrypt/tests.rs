use keyward_model::{KeySpec, KeyState, KeyUsage};
use keyward_testkit::{
    ACCOUNT, Client, KeyRequest, OTHER_ACCOUNT, Refused, TestApp, UNUSABLE, blob,
    denied_ciphertext, resource, unblob,
};
use serde_json::{Value, json};

/// Names the key; the ciphertext is the key's own.
fn request() -> KeyRequest {
    KeyRequest::new("Decrypt", json!({})).prepared(|client, key| {
        Box::pin(async move { json!({ "CiphertextBlob": client.encrypt(key, b"secret").await }) })
    })
}

async fn key_with_ciphertext(root: &Client) -> (String, String) {
    let key = root.create_key().await;
    let ciphertext = root.encrypt(&key, b"secret").await;
    (key, ciphertext)
}

#[tokio::test]
async fn a_ciphertext_names_its_key_and_opens() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, ciphertext) = key_with_ciphertext(&root).await;
    let metadata = root.describe(&key).await;
    let opened = root.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
    let expected = json!({
        "KeyId": metadata["Arn"],
        "Plaintext": blob("secret"),
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "KeyMaterialId": metadata["CurrentKeyMaterialId"],
    });
    assert_eq!(opened, expected);
}

#[tokio::test]
async fn the_order_of_a_context_does_not_matter_and_an_empty_one_is_none() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let seal = |context: &str| {
        format!(r#"{{"KeyId":"{key}","Plaintext":"AAAA","EncryptionContext":{context}}}"#)
    };
    let open = |ciphertext: &Value, context: &str| {
        format!(r#"{{"CiphertextBlob":{ciphertext},"EncryptionContext":{context}}}"#)
    };
    for (sealed, opened, fits) in [
        (r#"{"a":"1","b":"2"}"#, r#"{"b":"2","a":"1"}"#, true),
        (r#"{"a":"1","b":"2"}"#, r#"{"a":"2","b":"1"}"#, false),
        (r#"{"a":"1"}"#, r#"{"A":"1"}"#, false),
        (r#"{"a":"1"}"#, r#"{"a":1}"#, true),
        ("{}", "null", true),
        ("null", "{}", true),
    ] {
        let reply = root.call_with_body("Encrypt", seal(sealed).as_bytes()).await.unwrap();
        let body = open(&reply["CiphertextBlob"], opened);
        let result = root.call_with_body("Decrypt", body.as_bytes()).await;
        let refused = (!fits).then(|| Refused::silent("InvalidCiphertextException"));
        assert_eq!(result.err(), refused, "{sealed} {opened}");
    }
}

#[tokio::test]
async fn every_byte_of_a_ciphertext_counts() {
    let app = TestApp::new().await;
    let root = app.root();
    let (_, ciphertext) = key_with_ciphertext(&root).await;
    let sound = unblob(&json!(ciphertext));
    for at in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        let refused = root.refused("Decrypt", json!({ "CiphertextBlob": blob(bytes) })).await;
        // A changed name of account or key is that of a key the caller does not hold.
        let denied = denied_ciphertext(ACCOUNT, "kms:Decrypt");
        assert!(refused == Refused::silent("InvalidCiphertextException") || refused == denied);
    }
    for bytes in [&sound[..sound.len() - 1], &[sound.as_slice(), b"x"].concat(), b"x", &[0; 6144]] {
        let refused = root.refused("Decrypt", json!({ "CiphertextBlob": blob(bytes) })).await;
        assert_eq!(refused, Refused::silent("InvalidCiphertextException"));
    }
}

#[tokio::test]
async fn a_refused_ciphertext_leaves_a_record_without_a_text() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, ciphertext) = key_with_ciphertext(&root).await;
    let arn = root.arn(&key).await;
    let input = json!({ "CiphertextBlob": ciphertext, "EncryptionContext": { "a": "b" } });
    root.refused("Decrypt", input).await;
    let expected = json!({
        "errorCode": "InvalidCiphertextException",
        "requestParameters": {
            "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "encryptionContext": { "a": "b" },
        },
        "responseElements": null,
        "readOnly": true,
        "resources": [resource(&arn)],
    });
    assert_eq!(app.recorded(), expected);
}

#[tokio::test]
async fn a_ciphertext_is_needed_and_no_longer_than_6144_bytes() {
    let app = TestApp::new().await;
    let root = app.root();
    let at = "at 'ciphertextBlob' failed to satisfy constraint: Member must";
    for input in [json!({}), json!({ "KeyId": "nonsense", "DryRun": true })] {
        let refused = root.refused("Decrypt", input).await;
        assert_eq!(refused, Refused::constraint(&format!("null {at} not be null")));
    }
    let refused = root.refused("Decrypt", json!({ "CiphertextBlob": blob([0; 6145]) })).await;
    let shown = "'java.nio.HeapByteBuffer[pos=0 lim=6145 cap=6145]'";
    let clause = format!("{shown} {at} have length less than or equal to 6144");
    assert_eq!(refused, Refused::constraint(&clause));
    let refused = root.refused("Decrypt", json!({ "CiphertextBlob": { "a": 1 } })).await;
    assert_eq!(refused.name, "SerializationException");
    let context = json!({ "a": "v".repeat(8192) });
    let input = json!({ "CiphertextBlob": "AAAA", "EncryptionContext": context });
    assert_eq!(root.refused("Decrypt", input).await.name, "ValidationException");
}

#[tokio::test]
async fn the_key_is_named_in_any_form_or_not_at_all() {
    request().takes_every_form().await;
    request().refuses_what_names_no_key().await;
}

#[tokio::test]
async fn other_accounts_and_aws_managed_keys_are_denied() {
    request().is_denied_elsewhere("kms:Decrypt").await;
    request().is_denied_on_aws_managed_keys("kms:Decrypt").await;
}

#[tokio::test]
async fn a_ciphertext_of_another_key_is_told_before_it_is_opened() {
    let app = TestApp::new().await;
    let root = app.root();
    let (_, ciphertext) = key_with_ciphertext(&root).await;
    let other = root.create_key().await;
    let mut tampered = unblob(&json!(ciphertext));
    *tampered.last_mut().unwrap() ^= 1;
    for ciphertext in [ciphertext, blob(tampered)] {
        let input = json!({ "KeyId": other, "CiphertextBlob": ciphertext });
        let refused = root.refused("Decrypt", input).await;
        let message =
            "The key ID in the request does not identify a CMK that can perform this operation.";
        assert_eq!(refused, Refused::new("IncorrectKeyException", message));
    }
}

#[tokio::test]
async fn a_key_in_an_unusable_state_is_refused_whether_or_not_it_is_named() {
    request().answers_by_state(UNUSABLE).await;
    let app = TestApp::new().await;
    let root = app.root();
    let (key, ciphertext) = key_with_ciphertext(&root).await;
    root.disable(&key).await;
    let refused = root.refused("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
    assert_eq!(refused.name, "DisabledException");
}

#[tokio::test]
async fn the_ciphertext_of_a_key_that_is_gone_or_not_the_callers_is_denied() {
    let app = TestApp::new().await;
    let root = app.root();
    let stranger = app.other_account().await;
    let (key, ciphertext) = key_with_ciphertext(&root).await;
    let input = json!({ "CiphertextBlob": ciphertext });
    let denied = |account| denied_ciphertext(account, "kms:Decrypt");
    assert_eq!(stranger.refused("Decrypt", input.clone()).await, denied(OTHER_ACCOUNT));
    // The ciphertext tells whose key the id means, so the id alone will do, here to be denied.
    let named = json!({ "CiphertextBlob": ciphertext, "KeyId": key });
    assert_eq!(stranger.refused("Decrypt", named).await, denied(OTHER_ACCOUNT));
    let elsewhere = app.root_in("eu-central-1");
    assert_eq!(elsewhere.refused("Decrypt", input.clone()).await, denied(ACCOUNT));
    root.schedule_deletion(&key).await;
    app.clock().advance_days(30);
    app.delete_due_keys().await;
    assert_eq!(root.refused("Decrypt", input).await, denied(ACCOUNT));
    assert_eq!(app.last_record()["errorCode"], "AccessDenied");
    assert_eq!(app.last_record().get("resources"), None);
}

#[tokio::test]
async fn an_algorithm_the_key_does_not_know_is_refused() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, ciphertext) = key_with_ciphertext(&root).await;
    let input = |key_id: Value| {
        json!({
            "CiphertextBlob": ciphertext,
            "KeyId": key_id,
            "EncryptionAlgorithm": "RSAES_OAEP_SHA_256",
        })
    };
    let refused = root.refused("Decrypt", input(Value::Null)).await;
    let message = "KeyId must be specified when the encryption algorithm is RSAES_OAEP_SHA_256.";
    assert_eq!(refused, Refused::new("ValidationException", message));
    let refused = root.refused("Decrypt", input(json!(key))).await;
    let message = "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.";
    assert_eq!(refused, Refused::new("InvalidKeyUsageException", message));
}

#[tokio::test]
async fn state_comes_before_usage() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, ciphertext) = key_with_ciphertext(&root).await;
    let arn = root.arn(&key).await;
    app.alter_key(&key, |record| {
        (record.spec, record.usage) = (KeySpec::Hmac256, KeyUsage::GenerateVerifyMac);
    })
    .await;
    let input = json!({ "CiphertextBlob": ciphertext });
    let refused = root.refused("Decrypt", input.clone()).await;
    let message = format!("{arn} key usage is GENERATE_VERIFY_MAC which is not valid for Decrypt.");
    assert_eq!(refused, Refused::new("InvalidKeyUsageException", message));
    app.put_in_state(&key, KeyState::PendingDeletion).await;
    assert_eq!(root.refused("Decrypt", input).await.name, "KMSInvalidStateException");
}

#[tokio::test]
async fn a_dry_run_opens_the_ciphertext_but_does_not_show_it() {
    let app = TestApp::new().await;
    let root = app.root();
    let (_, ciphertext) = key_with_ciphertext(&root).await;
    let input = json!({ "CiphertextBlob": ciphertext, "DryRun": true });
    assert_eq!(root.refused("Decrypt", input).await.name, "DryRunOperationException");
    let input = json!({
        "CiphertextBlob": ciphertext,
        "EncryptionContext": { "a": "b" },
        "DryRun": true,
    });
    let refused = root.refused("Decrypt", input).await;
    assert_eq!(refused, Refused::silent("InvalidCiphertextException"));
}

#[tokio::test]
async fn a_dry_run_that_ignores_the_ciphertext_checks_permissions_only() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    root.disable(&key).await;
    let ignoring = |dry_run: bool, key_id: Value| json!({ "KeyId": key_id, "DryRun": dry_run, "DryRunModifiers": ["IGNORE_CIPHERTEXT"] });
    let refused = root.refused("Decrypt", ignoring(true, json!(key))).await;
    assert_eq!(refused.name, "DryRunOperationException");
    let parameters = &app.recorded()["requestParameters"];
    assert_eq!(parameters["dryRunModifiers"], json!(["IGNORE_CIPHERTEXT"]));
    let managed = root.aws_managed_key().await;
    let refused = root.refused("Decrypt", ignoring(true, json!(managed))).await;
    assert_eq!(refused.name, "AccessDeniedException");
    for (dry_run, key_id) in [(false, json!(key)), (true, Value::Null)] {
        let refused = root.refused("Decrypt", ignoring(dry_run, key_id)).await;
        assert_eq!(refused.name, "ValidationException");
    }
}

#[tokio::test]
async fn a_grant_token_that_is_not_valid_and_a_recipient_without_a_document_are_refused() {
    let app = TestApp::new().await;
    let root = app.root();
    let (_, ciphertext) = key_with_ciphertext(&root).await;
    let input = json!({ "CiphertextBlob": ciphertext, "GrantTokens": ["none"] });
    assert_eq!(root.refused("Decrypt", input).await.name, "InvalidGrantTokenException");
    let input = json!({ "CiphertextBlob": ciphertext, "Recipient": {} });
    assert_eq!(root.refused("Decrypt", input).await.name, "ValidationException");
}

#[tokio::test]
async fn the_record_names_the_key_and_material_that_did_the_work() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, ciphertext) = key_with_ciphertext(&root).await;
    let metadata = root.describe(&key).await;
    root.ok("Decrypt", json!({ "CiphertextBlob": ciphertext, "KeyId": key })).await;
    let expected = json!({
        "requestParameters": { "encryptionAlgorithm": "SYMMETRIC_DEFAULT", "keyId": key },
        "responseElements": null,
        "additionalEventData": { "keyMaterialId": metadata["CurrentKeyMaterialId"] },
        "readOnly": true,
        "resources": [resource(metadata["Arn"].as_str().unwrap())],
    });
    assert_eq!(app.recorded(), expected);
}
