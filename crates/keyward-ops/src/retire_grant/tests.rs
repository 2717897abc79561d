use keyward_testkit::{Client, KeyRequest, Refused, TestApp, denied_elsewhere, resource};
use serde_json::{Value, json};

const ROOT: &str = "arn:aws:iam::111122223333:root";
const ALICE: &str = "arn:aws:sts::111122223333:federated-user/alice";
const STRANGER: &str = "arn:aws:iam::444455556666:root";
const BOB: &str = "arn:aws:sts::444455556666:federated-user/bob";
const NO_GRANT: &str = "00000000000000000000000000000000000000000000000000000000000000aa";

async fn grant(root: &Client, key: &str, members: Value) -> Value {
    let mut input = json!({ "KeyId": key, "GranteePrincipal": ALICE, "Operations": ["Decrypt"] });
    input.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    root.ok("CreateGrant", input).await
}

async fn count(root: &Client, key: &str) -> usize {
    root.ok("ListGrants", json!({ "KeyId": key })).await["Grants"].as_array().unwrap().len()
}

fn request() -> KeyRequest {
    KeyRequest::new("RetireGrant", json!({})).keys_only().prepared(|root, key| {
        Box::pin(async move { json!({ "GrantId": grant(root, key, json!({})).await["GrantId"] }) })
    })
}

fn invalid_token() -> Refused {
    Refused::new("InvalidGrantTokenException", "The grant token is not valid.")
}

#[tokio::test]
async fn a_grant_is_retired_by_its_token_or_by_key_and_id() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    let first = grant(&root, &key, json!({})).await;
    let second = grant(&root, &key, json!({})).await;
    let third = grant(&root, &key, json!({})).await;
    let by_token = json!({ "GrantToken": first["GrantToken"] });
    assert_eq!(root.ok("RetireGrant", by_token.clone()).await, Value::Null);
    assert_eq!(count(&root, &key).await, 2);
    root.ok("RetireGrant", json!({ "KeyId": arn, "GrantId": second["GrantId"] })).await;
    root.ok("RetireGrant", json!({ "KeyId": key, "GrantId": third["GrantId"] })).await;
    assert_eq!(count(&root, &key).await, 0);

    assert_eq!(root.refused("RetireGrant", by_token).await, invalid_token());
    let id = first["GrantId"].as_str().unwrap();
    let refused = root.refused("RetireGrant", json!({ "KeyId": arn, "GrantId": id })).await;
    assert_eq!(refused, Refused::new("NotFoundException", format!("Grant ID {id} not found")));
}

#[tokio::test]
async fn every_token_of_a_grant_retires_it() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let first = grant(&root, &key, json!({ "Name": "n" })).await;
    let again = grant(&root, &key, json!({ "Name": "n" })).await;
    root.ok("RetireGrant", json!({ "GrantToken": again["GrantToken"] })).await;
    let refused = root.refused("RetireGrant", json!({ "GrantToken": first["GrantToken"] })).await;
    assert_eq!(refused, invalid_token());
}

#[tokio::test]
async fn half_a_name_or_two_are_refused() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let made = grant(&root, &key, json!({})).await;
    let (token, id) = (&made["GrantToken"], &made["GrantId"]);
    let message = "Specify either a grant token, or a key ID and a grant ID.";
    for input in [
        json!({}),
        json!({ "KeyId": key }),
        json!({ "GrantId": id }),
        json!({ "GrantToken": token, "KeyId": key }),
        json!({ "GrantToken": token, "GrantId": id }),
        json!({ "GrantToken": token, "KeyId": key, "GrantId": id }),
    ] {
        let refused = root.refused("RetireGrant", input).await;
        assert_eq!(refused, Refused::new("ValidationException", message));
    }
    assert_eq!(count(&root, &key).await, 1);
}

#[tokio::test]
async fn tokens_and_ids_that_are_none_are_refused() {
    let app = TestApp::new().await;
    let (root, abroad) = (app.root(), app.root_in("eu-central-1"));
    let key = root.create_key().await;
    let made = grant(&root, &key, json!({})).await;
    let token = made["GrantToken"].as_str().unwrap();
    let mut changed = token.to_owned();
    changed.replace_range(100..101, if &token[100..101] == "A" { "B" } else { "A" });
    for token in ["made-up", "AAAA", &token[..token.len() - 4], &changed] {
        let refused = root.refused("RetireGrant", json!({ "GrantToken": token })).await;
        assert_eq!(refused, invalid_token());
    }
    let refused = abroad.refused("RetireGrant", json!({ "GrantToken": token })).await;
    assert_eq!(refused, invalid_token());
    let refused =
        root.refused("RetireGrant", json!({ "KeyId": "nonsense", "GrantId": "nonsense" })).await;
    assert_eq!(refused, Refused::new("InvalidGrantIdException", "The grant ID is not valid."));
}

#[tokio::test]
async fn the_root_of_another_account_retires_what_names_it() {
    let app = TestApp::new().await;
    let (root, stranger) = (app.root(), app.other_account().await);
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    for may in [
        json!({ "RetiringPrincipal": STRANGER }),
        json!({ "GranteePrincipal": STRANGER, "Operations": ["Decrypt", "RetireGrant"] }),
        json!({ "GranteePrincipal": STRANGER, "RetiringPrincipal": STRANGER }),
    ] {
        let made = grant(&root, &key, may.clone()).await;
        stranger.ok("RetireGrant", json!({ "GrantToken": made["GrantToken"] })).await;
        let made = grant(&root, &key, may).await;
        stranger.ok("RetireGrant", json!({ "KeyId": arn, "GrantId": made["GrantId"] })).await;
    }
    assert_eq!(count(&root, &key).await, 0);
}

#[tokio::test]
async fn others_are_denied_in_words_that_do_not_tell_whether_the_grant_exists() {
    let app = TestApp::new().await;
    let (root, stranger) = (app.root(), app.other_account().await);
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    let denied = denied_elsewhere("kms:RetireGrant");
    for may_not in [
        json!({ "RetiringPrincipal": ROOT }),
        json!({ "GranteePrincipal": STRANGER }),
        json!({ "GranteePrincipal": BOB, "Operations": ["RetireGrant", "Decrypt"] }),
        json!({ "RetiringPrincipal": "arn:aws:sts::444455556666:federated-user/janitor" }),
    ] {
        let made = grant(&root, &key, may_not).await;
        let by_token = json!({ "GrantToken": made["GrantToken"] });
        assert_eq!(stranger.refused("RetireGrant", by_token).await, denied);
        let by_id = json!({ "KeyId": arn, "GrantId": made["GrantId"] });
        assert_eq!(stranger.refused("RetireGrant", by_id).await, denied);
    }
    let by_id = json!({ "KeyId": arn, "GrantId": NO_GRANT });
    assert_eq!(stranger.refused("RetireGrant", by_id).await, denied);
    assert_eq!(app.last_record()["resources"], json!([resource(&arn)]));
    assert_eq!(count(&root, &key).await, 4);
}

#[tokio::test]
async fn a_key_is_named_by_id_or_arn() {
    request().takes_every_form().await;
    request().refuses_what_names_no_key().await;
}

#[tokio::test]
async fn other_accounts_are_denied() {
    request().is_denied_elsewhere("kms:RetireGrant").await;
}

#[tokio::test]
async fn grants_are_retired_in_every_state() {
    request().answers_by_state(&[]).await;
}

#[tokio::test]
async fn a_dry_run_retires_nothing_and_names_the_grant() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let made = grant(&root, &key, json!({})).await;
    let input = json!({ "GrantToken": made["GrantToken"], "DryRun": true });
    let refused = root.refused("RetireGrant", input).await;
    assert_eq!(refused.name, "DryRunOperationException");
    assert_eq!(app.last_record()["additionalEventData"]["grantId"], made["GrantId"]);
    let input = json!({ "GrantToken": "made-up", "DryRun": true });
    assert_eq!(root.refused("RetireGrant", input).await, invalid_token());
    assert_eq!(count(&root, &key).await, 1);
}

#[tokio::test]
async fn the_record_names_key_and_grant_but_no_token() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    let first = grant(&root, &key, json!({})).await;
    let second = grant(&root, &key, json!({})).await;
    root.ok("RetireGrant", json!({ "GrantToken": first["GrantToken"] })).await;
    let mut expected = json!({
        "requestParameters": null,
        "responseElements": { "keyId": arn },
        "additionalEventData": { "grantId": first["GrantId"] },
        "readOnly": false,
        "resources": [resource(&arn)],
    });
    assert_eq!(app.recorded(), expected);
    root.ok("RetireGrant", json!({ "KeyId": arn, "GrantId": second["GrantId"] })).await;
    expected["requestParameters"] = json!({ "keyId": arn, "grantId": second["GrantId"] });
    expected["additionalEventData"] = json!({ "grantId": second["GrantId"] });
    assert_eq!(app.recorded(), expected);
}
