use keyward_testkit::{Client, KeyRequest, Refused, TestApp, resource};
use serde_json::{Value, json};

const ALICE: &str = "arn:aws:sts::111122223333:federated-user/alice";
const BOB: &str = "arn:aws:sts::111122223333:federated-user/bob";

fn request() -> KeyRequest {
    KeyRequest::new("ListGrants", json!({})).keys_only()
}

/// The id of a new grant.
async fn grant(root: &Client, key: &str, grantee: &str) -> String {
    let input = json!({ "KeyId": key, "GranteePrincipal": grantee, "Operations": ["Decrypt"] });
    root.ok("CreateGrant", input).await["GrantId"].as_str().unwrap().to_owned()
}

fn ids(page: &Value) -> Vec<&str> {
    let grants = page["Grants"].as_array().unwrap();
    grants.iter().map(|grant| grant["GrantId"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn pages_show_every_grant_of_the_key_once_in_the_order_of_ids() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, other) = (root.create_key().await, root.create_key().await);
    grant(&root, &other, ALICE).await;
    let mut made = Vec::new();
    for _ in 0..7 {
        made.push(grant(&root, &key, ALICE).await);
    }
    made.sort_unstable();
    let mut listed = Vec::new();
    let mut input = json!({ "KeyId": key, "Limit": 3 });
    for truncated in [true, true, false] {
        let page = root.ok("ListGrants", input.clone()).await;
        assert_eq!(page["Truncated"], truncated);
        listed.extend(ids(&page).iter().map(|&id| id.to_owned()));
        input["Marker"] = page["NextMarker"].clone();
    }
    assert_eq!(input["Marker"], Value::Null);
    assert_eq!(listed, made);
}

#[tokio::test]
async fn a_page_holds_50_grants_unless_told_and_100_at_most() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    for _ in 0..51 {
        grant(&root, &key, ALICE).await;
    }
    assert_eq!(ids(&root.ok("ListGrants", json!({ "KeyId": key })).await).len(), 50);
    let input = json!({ "KeyId": key, "Limit": 100 });
    assert_eq!(ids(&root.ok("ListGrants", input).await).len(), 51);
    let refused = root.refused("ListGrants", json!({ "KeyId": key, "Limit": 101 })).await;
    let clause = "'101' at 'limit' failed to satisfy constraint: Member must have value less than \
                  or equal to 100";
    assert_eq!(refused, Refused::constraint(clause));
}

#[tokio::test]
async fn a_list_is_narrowed_by_id_and_grantee() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let of_alice = grant(&root, &key, ALICE).await;
    let of_bob = grant(&root, &key, BOB).await;
    for (filter, expected) in [
        (json!({ "GrantId": of_alice }), vec![of_alice.as_str()]),
        (json!({ "GranteePrincipal": BOB }), vec![&of_bob]),
        (json!({ "GrantId": of_bob, "GranteePrincipal": BOB }), vec![&of_bob]),
        (json!({ "GrantId": of_alice, "GranteePrincipal": BOB }), vec![]),
        (json!({ "GrantId": "0f".repeat(32) }), vec![]),
        (json!({ "GranteePrincipal": "arn:aws:sts::111122223333:federated-user/carol" }), vec![]),
        (json!({ "GranteePrincipal": "111122223333" }), vec![]),
    ] {
        let mut input = filter;
        input["KeyId"] = json!(key);
        assert_eq!(ids(&root.ok("ListGrants", input.clone()).await), expected, "{input}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let service = "s3.amazonaws.com";
    for (member, value, name) in [
        ("GrantId", "nonsense", "InvalidGrantIdException"),
        ("GranteeServicePrincipal", service, "ValidationException"),
        ("GranteeServicePrincipal", "a b", "ValidationException"),
        ("GranteePrincipal", "a b", "ValidationException"),
    ] {
        let refused = root.refused("ListGrants", json!({ "KeyId": key, (member): value })).await;
        assert_eq!(refused.name, name, "{member}");
    }
    let input =
        json!({ "KeyId": key, "GranteePrincipal": ALICE, "GranteeServicePrincipal": service });
    let message = "Specify at most one of GranteePrincipal and GranteeServicePrincipal.";
    assert_eq!(root.refused("ListGrants", input).await.message(), message);
}

#[tokio::test]
async fn a_marker_belongs_to_one_key_and_filter() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, other) = (root.create_key().await, root.create_key().await);
    for _ in 0..2 {
        grant(&root, &key, ALICE).await;
    }
    let page = root.ok("ListGrants", json!({ "KeyId": key, "Limit": 1 })).await;
    let marker = page["NextMarker"].as_str().unwrap();
    for input in [
        json!({ "KeyId": other, "Marker": marker }),
        json!({ "KeyId": key, "Marker": marker, "GranteePrincipal": ALICE }),
        json!({ "KeyId": key, "Marker": "made-up" }),
    ] {
        let message =
            format!("Could not deserialize marker '{}'", input["Marker"].as_str().unwrap());
        let refused = root.refused("ListGrants", input).await;
        assert_eq!(refused, Refused::new("InvalidMarkerException", message));
    }
}

#[tokio::test]
async fn paging_goes_on_behind_a_grant_that_is_gone() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    for _ in 0..3 {
        grant(&root, &key, ALICE).await;
    }
    let page = root.ok("ListGrants", json!({ "KeyId": key, "Limit": 1 })).await;
    root.ok("RevokeGrant", json!({ "KeyId": key, "GrantId": ids(&page)[0] })).await;
    let input = json!({ "KeyId": key, "Marker": page["NextMarker"] });
    assert_eq!(ids(&root.ok("ListGrants", input).await).len(), 2);
}

#[tokio::test]
async fn a_key_is_named_by_id_or_arn() {
    request().takes_every_form().await;
    request().refuses_what_names_no_key().await;
}

#[tokio::test]
async fn grants_are_listed_in_every_state() {
    request().answers_by_state(&[]).await;
}

#[tokio::test]
async fn other_accounts_are_denied() {
    request().is_denied_elsewhere("kms:ListGrants").await;
}

#[tokio::test]
async fn the_record_shows_the_request() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    let id = grant(&root, &key, ALICE).await;
    let input = json!({ "KeyId": key, "Limit": 5, "GrantId": id, "GranteePrincipal": ALICE });
    root.ok("ListGrants", input).await;
    let expected = json!({
        "requestParameters": {
            "keyId": key,
            "limit": 5,
            "grantId": id,
            "granteePrincipal": ALICE,
        },
        "responseElements": null,
        "readOnly": true,
        "resources": [resource(&arn)],
    });
    assert_eq!(app.recorded(), expected);
}
