use keyward_model::{KeySpec, KeyState, KeyUsage};
use keyward_testkit::{
    ACCOUNT, Client, KeyRequest, OTHER_ACCOUNT, Refused, TestApp, UNUSABLE, blob,
    denied_ciphertext, resource,
};
use serde_json::json;

/// Names the source; the destination is some other key.
fn source() -> KeyRequest {
    KeyRequest::new("ReEncrypt", json!({})).member("SourceKeyId").prepared(|client, key| {
        Box::pin(async move {
            let destination = client.create_key().await;
            let ciphertext = client.encrypt(key, b"secret").await;
            json!({ "CiphertextBlob": ciphertext, "DestinationKeyId": destination })
        })
    })
}

/// Names the destination; the ciphertext is some other key's.
fn destination() -> KeyRequest {
    KeyRequest::new("ReEncrypt", json!({})).member("DestinationKeyId").prepared(|client, _| {
        Box::pin(async move {
            let (_, ciphertext) = key_with_ciphertext(client).await;
            json!({ "CiphertextBlob": ciphertext })
        })
    })
}

async fn key_with_ciphertext(client: &Client) -> (String, String) {
    let key = client.create_key().await;
    let ciphertext = client.encrypt(&key, b"secret").await;
    (key, ciphertext)
}

#[tokio::test]
async fn a_ciphertext_moves_to_another_key_and_context() {
    let app = TestApp::new().await;
    let root = app.root();
    let (old, ciphertext) = key_with_ciphertext(&root).await;
    let new = root.create_key().await;
    let (from, to) = (root.describe(&old).await, root.describe(&new).await);
    let context = json!({ "Tenant": "blue" });
    let input = json!({
        "CiphertextBlob": ciphertext,
        "DestinationKeyId": new,
        "DestinationEncryptionContext": context,
    });
    let moved = root.ok("ReEncrypt", input).await;
    let expected = json!({
        "CiphertextBlob": moved["CiphertextBlob"],
        "SourceKeyId": from["Arn"],
        "KeyId": to["Arn"],
        "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "SourceKeyMaterialId": from["CurrentKeyMaterialId"],
        "DestinationKeyMaterialId": to["CurrentKeyMaterialId"],
    });
    assert_eq!(moved, expected);
    let input = json!({ "CiphertextBlob": moved["CiphertextBlob"], "EncryptionContext": context });
    let opened = root.ok("Decrypt", input).await;
    assert_eq!((&opened["Plaintext"], &opened["KeyId"]), (&json!(blob("secret")), &to["Arn"]));
}

#[tokio::test]
async fn one_key_may_be_both_source_and_destination() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, ciphertext) = key_with_ciphertext(&root).await;
    let arn = root.arn(&key).await;
    let input = json!({
        "CiphertextBlob": ciphertext,
        "SourceKeyId": key,
        "DestinationKeyId": key,
        "DestinationEncryptionContext": { "a": "b" },
    });
    root.ok("ReEncrypt", input).await;
    assert_eq!(app.recorded()["resources"], json!([resource(&arn), resource(&arn)]));
}

#[tokio::test]
async fn a_wrong_source_context_does_not_open() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, ciphertext) = key_with_ciphertext(&root).await;
    let input = json!({
        "CiphertextBlob": ciphertext,
        "SourceEncryptionContext": { "a": "b" },
        "DestinationKeyId": key,
    });
    let refused = root.refused("ReEncrypt", input).await;
    assert_eq!(refused, Refused::silent("InvalidCiphertextException"));
    let input = json!({ "CiphertextBlob": blob("nonsense"), "DestinationKeyId": key });
    let refused = root.refused("ReEncrypt", input).await;
    assert_eq!(refused, Refused::silent("InvalidCiphertextException"));
}

#[tokio::test]
async fn both_keys_are_named_in_any_form() {
    source().takes_every_form().await;
    source().refuses_what_names_no_key().await;
    destination().takes_every_form().await;
    destination().refuses_what_names_no_key().await;
}

#[tokio::test]
async fn each_key_is_denied_under_its_own_action() {
    source().is_denied_elsewhere("kms:ReEncryptFrom").await;
    source().is_denied_on_aws_managed_keys("kms:ReEncryptFrom").await;
    destination().is_denied_elsewhere("kms:ReEncryptTo").await;
    destination().is_denied_on_aws_managed_keys("kms:ReEncryptTo").await;
}

#[tokio::test]
async fn the_ciphertext_of_a_key_the_caller_does_not_hold_is_denied() {
    let app = TestApp::new().await;
    let root = app.root();
    let stranger = app.other_account().await;
    let (key, ciphertext) = key_with_ciphertext(&root).await;
    let own = stranger.create_key().await;
    let input = json!({ "CiphertextBlob": ciphertext, "DestinationKeyId": own });
    let refused = stranger.refused("ReEncrypt", input).await;
    assert_eq!(refused, denied_ciphertext(OTHER_ACCOUNT, "kms:ReEncryptFrom"));
    let elsewhere = app.root_in("eu-central-1");
    let own = elsewhere.create_key().await;
    let input = json!({ "CiphertextBlob": ciphertext, "DestinationKeyId": own });
    let refused = elsewhere.refused("ReEncrypt", input).await;
    assert_eq!(refused, denied_ciphertext(ACCOUNT, "kms:ReEncryptFrom"));
    let input =
        json!({ "CiphertextBlob": ciphertext, "SourceKeyId": own, "DestinationKeyId": own });
    assert_eq!(elsewhere.refused("ReEncrypt", input).await.name, "IncorrectKeyException");
    let input = json!({ "CiphertextBlob": ciphertext, "DestinationKeyId": key });
    root.ok("ReEncrypt", input).await;
}

#[tokio::test]
async fn either_key_in_an_unusable_state_is_refused() {
    source().answers_by_state(UNUSABLE).await;
    destination().answers_by_state(UNUSABLE).await;
}

#[tokio::test]
async fn either_key_of_another_usage_or_algorithm_is_refused() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, ciphertext) = key_with_ciphertext(&root).await;
    let other = root.create_key().await;
    let input = |member: &str| {
        json!({
            "CiphertextBlob": ciphertext,
            "SourceKeyId": key,
            "DestinationKeyId": other,
            member: "RSAES_OAEP_SHA_1",
        })
    };
    for member in ["SourceEncryptionAlgorithm", "DestinationEncryptionAlgorithm"] {
        let refused = root.refused("ReEncrypt", input(member)).await;
        let message = "Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec SYMMETRIC_DEFAULT.";
        assert_eq!(refused, Refused::new("InvalidKeyUsageException", message));
    }
    let other = root.create_key_of(KeySpec::Rsa2048, KeyUsage::SignVerify).await;
    let arn = root.arn(&other).await;
    let input = json!({ "CiphertextBlob": ciphertext, "DestinationKeyId": other });
    let refused = root.refused("ReEncrypt", input.clone()).await;
    let message = format!("{arn} key usage is SIGN_VERIFY which is not valid for ReEncrypt.");
    assert_eq!(refused, Refused::new("InvalidKeyUsageException", message));
    app.put_in_state(&other, KeyState::Disabled).await;
    assert_eq!(root.refused("ReEncrypt", input).await.name, "DisabledException");
}

#[tokio::test]
async fn what_the_request_lacks_is_told_before_any_key_is_looked_for() {
    let app = TestApp::new().await;
    let root = app.root();
    let null = "null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null";
    let refused = root.refused("ReEncrypt", json!({ "DestinationKeyId": "nonsense" })).await;
    assert_eq!(refused, Refused::constraint(null));
    let long = json!({ "a": "v".repeat(8192) });
    for member in ["SourceEncryptionContext", "DestinationEncryptionContext"] {
        let input =
            json!({ "CiphertextBlob": "AAAA", "DestinationKeyId": "nonsense", member: long });
        assert_eq!(root.refused("ReEncrypt", input).await.name, "ValidationException");
    }
    let input = json!({
        "CiphertextBlob": "AAAA",
        "DestinationKeyId": "nonsense",
        "SourceEncryptionAlgorithm": "RSAES_OAEP_SHA_1",
    });
    let refused = root.refused("ReEncrypt", input).await;
    let message =
        "SourceKeyId must be specified when the encryption algorithm is RSAES_OAEP_SHA_1.";
    assert_eq!(refused, Refused::new("ValidationException", message));
}

#[tokio::test]
async fn a_dry_run_opens_and_seals_but_shows_nothing() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, ciphertext) = key_with_ciphertext(&root).await;
    let input = json!({ "CiphertextBlob": ciphertext, "DestinationKeyId": key, "DryRun": true });
    assert_eq!(root.refused("ReEncrypt", input).await.name, "DryRunOperationException");
    assert!(app.recorded()["additionalEventData"]["destinationKeyMaterialId"].is_string());
    let input = json!({
        "CiphertextBlob": ciphertext,
        "SourceEncryptionContext": { "a": "b" },
        "DestinationKeyId": key,
        "DryRun": true,
    });
    assert_eq!(root.refused("ReEncrypt", input).await.name, "InvalidCiphertextException");
    let ignoring = |source| {
        json!({
            "SourceKeyId": source,
            "DestinationKeyId": key,
            "DryRun": true,
            "DryRunModifiers": ["IGNORE_CIPHERTEXT"],
        })
    };
    let refused = root.refused("ReEncrypt", ignoring(json!(key))).await;
    assert_eq!(refused.name, "DryRunOperationException");
    let refused = root.refused("ReEncrypt", ignoring(json!(null))).await;
    assert_eq!(refused.name, "ValidationException");
}

#[tokio::test]
async fn a_grant_token_that_is_not_valid_is_refused() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, ciphertext) = key_with_ciphertext(&root).await;
    let input =
        json!({ "CiphertextBlob": ciphertext, "DestinationKeyId": key, "GrantTokens": ["none"] });
    assert_eq!(root.refused("ReEncrypt", input).await.name, "InvalidGrantTokenException");
}

#[tokio::test]
async fn the_record_names_source_and_destination_with_their_materials() {
    let app = TestApp::new().await;
    let root = app.root();
    let (old, ciphertext) = key_with_ciphertext(&root).await;
    let new = root.create_key().await;
    let (from, to) = (root.describe(&old).await, root.describe(&new).await);
    let input = json!({
        "CiphertextBlob": ciphertext,
        "SourceKeyId": old,
        "DestinationKeyId": new,
        "DestinationEncryptionContext": { "a": "b" },
    });
    root.ok("ReEncrypt", input).await;
    let expected = json!({
        "requestParameters": {
            "sourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "sourceKeyId": old,
            "destinationKeyId": new,
            "destinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "destinationEncryptionContext": { "a": "b" },
        },
        "responseElements": null,
        "additionalEventData": {
            "sourceKeyMaterialId": from["CurrentKeyMaterialId"],
            "destinationKeyMaterialId": to["CurrentKeyMaterialId"],
        },
        "readOnly": true,
        "resources": [
            resource(from["Arn"].as_str().unwrap()),
            resource(to["Arn"].as_str().unwrap()),
        ],
    });
    assert_eq!(app.recorded(), expected);
}
