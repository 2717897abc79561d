use keyward_testkit::{Client, KeyRequest, Refused, TestApp, resource};
use serde_json::{Value, json};

fn request() -> KeyRequest {
    KeyRequest::new("ListAliases", json!({})).keys_only()
}

fn names(page: &Value) -> Vec<&str> {
    let aliases = page["Aliases"].as_array().unwrap();
    aliases.iter().map(|alias| alias["AliasName"].as_str().unwrap()).collect()
}

/// Every page, `limit` at a time; every page but the last is full.
async fn all(root: &Client, limit: usize) -> Vec<Value> {
    let mut found = Vec::new();
    let mut marker = Value::Null;
    loop {
        let page = root.ok("ListAliases", json!({ "Limit": limit, "Marker": marker })).await;
        let aliases = page["Aliases"].as_array().unwrap();
        found.extend(aliases.iter().cloned());
        if page["Truncated"] == false {
            return found;
        }
        assert_eq!(aliases.len(), limit);
        marker = page["NextMarker"].clone();
    }
}

#[tokio::test]
async fn an_alias_is_listed_with_its_key_and_dates() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let arn = root.create_alias("alias/app", &key).await;
    let page = root.ok("ListAliases", json!({ "KeyId": key })).await;
    let now = page["Aliases"][0]["CreationDate"].as_f64().unwrap();
    let entry = json!({
        "AliasName": "alias/app",
        "AliasArn": arn,
        "TargetKeyId": key,
        "CreationDate": now,
        "LastUpdatedDate": now,
    });
    assert_eq!(page, json!({ "Aliases": [entry], "Truncated": false }));
}

#[tokio::test]
async fn predefined_aliases_are_listed_without_a_key_until_it_exists() {
    let app = TestApp::new().await;
    let root = app.root();
    let before = all(&root, 100).await;
    assert!(before.len() > 10);
    assert!(before.iter().all(|alias| alias.get("TargetKeyId").is_none()));
    let managed = root.aws_managed_key().await;
    let after = all(&root, 100).await;
    assert_eq!(after.len(), before.len());
    let s3 = after.iter().find(|alias| alias["AliasName"] == "alias/aws/s3").unwrap();
    assert_eq!(s3["TargetKeyId"], managed.as_str());
    let of_key = root.ok("ListAliases", json!({ "KeyId": managed })).await;
    assert_eq!(names(&of_key), ["alias/aws/s3"]);
}

#[tokio::test]
async fn pages_of_any_size_hold_each_alias_once_in_the_order_of_names() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    for name in ["alias/zebra", "alias/Alpha", "alias/aws-like", "alias/b", "alias/a"] {
        root.create_alias(name, &key).await;
    }
    root.aws_managed_key().await;
    let whole = all(&root, 100).await;
    assert!(whole.is_sorted_by(|a, b| a["AliasName"].as_str() < b["AliasName"].as_str()));
    assert_eq!(whole.iter().filter(|alias| alias["TargetKeyId"] == key.as_str()).count(), 5);
    for limit in [1, 2, 3, 7] {
        assert_eq!(all(&root, limit).await, whole, "{limit}");
    }
}

#[tokio::test]
async fn a_page_goes_on_though_the_alias_it_ended_at_is_gone() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    for name in ["alias/1", "alias/2", "alias/3", "alias/4"] {
        root.create_alias(name, &key).await;
    }
    let first = root.ok("ListAliases", json!({ "KeyId": key, "Limit": 2 })).await;
    assert_eq!(names(&first), ["alias/1", "alias/2"]);
    root.ok("DeleteAlias", json!({ "AliasName": "alias/2" })).await;
    root.create_alias("alias/0", &key).await;
    let input = json!({ "KeyId": key, "Marker": first["NextMarker"] });
    assert_eq!(names(&root.ok("ListAliases", input).await), ["alias/3", "alias/4"]);
}

#[tokio::test]
async fn a_page_has_1_to_100_aliases_and_50_unless_chosen() {
    let app = TestApp::new().await;
    let root = app.root();
    for tens in 0..11 {
        let key = root.create_key().await;
        for ones in 0..10 {
            root.create_alias(&format!("alias/{tens}{ones}"), &key).await;
        }
    }
    for (limit, count) in [(Value::Null, 50), (json!(100), 100), (json!(1), 1)] {
        let page = root.ok("ListAliases", json!({ "Limit": limit })).await;
        assert_eq!(names(&page).len(), count);
    }
    for (limit, rule) in [(0, "greater than or equal to 1"), (101, "less than or equal to 100")] {
        let refused = root.refused("ListAliases", json!({ "Limit": limit })).await;
        let clause = format!(
            "'{limit}' at 'limit' failed to satisfy constraint: Member must have value {rule}"
        );
        assert_eq!(refused, Refused::constraint(&clause));
    }
}

#[tokio::test]
async fn a_marker_of_another_query_is_refused() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    root.create_alias("alias/a", &key).await;
    root.create_alias("alias/b", &key).await;
    let all = root.ok("ListAliases", json!({ "Limit": 1 })).await["NextMarker"].clone();
    let of_key = json!({ "KeyId": key, "Limit": 1 });
    let of_key = root.ok("ListAliases", of_key).await["NextMarker"].clone();
    let stranger = app.other_account().await;
    for (client, marker, key_id) in [
        (&root, &all, json!(key)),
        (&root, &of_key, Value::Null),
        (&stranger, &all, Value::Null),
        (&root, &json!("nonsense"), Value::Null),
    ] {
        let input = json!({ "KeyId": key_id, "Marker": marker });
        let message = format!("Could not deserialize marker '{}'", marker.as_str().unwrap());
        let refused = client.refused("ListAliases", input).await;
        assert_eq!(refused, Refused::new("InvalidMarkerException", message));
    }
}

#[tokio::test]
async fn the_key_is_named_by_id_or_arn() {
    request().takes_every_form().await;
    request().refuses_what_names_no_key().await;
}

#[tokio::test]
async fn other_accounts_are_denied() {
    request().is_denied_elsewhere("kms:ListAliases").await;
}

#[tokio::test]
async fn aliases_are_listed_in_every_state_of_their_key() {
    request().answers_by_state(&[]).await;
}

#[tokio::test]
async fn the_record_names_the_key_that_was_asked_for() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    root.ok("ListAliases", json!({ "KeyId": key, "Limit": 5 })).await;
    let expected = json!({
        "requestParameters": { "keyId": key, "limit": 5 },
        "responseElements": null,
        "readOnly": true,
        "resources": [resource(&arn)],
    });
    assert_eq!(app.recorded(), expected);
    root.ok("ListAliases", json!({})).await;
    let expected = json!({ "requestParameters": null, "responseElements": null, "readOnly": true });
    assert_eq!(app.recorded(), expected);
}
