use keyward_testkit::{Refused, TestApp};
use serde_json::{Value, json};

const URL: &str = "https://id.example.com/realm";
const ARN: &str = "arn:aws:iam::111122223333:oidc-provider/id.example.com/realm";

fn of(mut more: Value) -> Value {
    more["OpenIDConnectProviderArn"] = json!(ARN);
    more
}

#[tokio::test]
async fn a_provider_is_made_changed_and_deleted() {
    let app = TestApp::new().await;
    let root = app.root();
    let thumbprint = "ABCDEF0123".repeat(4);
    let input = json!({
        "Url": URL,
        "ClientIDList": ["a", "b", "a"],
        "ThumbprintList": [thumbprint],
        "Tags": [{ "Key": "k", "Value": "v" }],
    });
    let made = root.ok("CreateOpenIDConnectProvider", input.clone()).await;
    assert_eq!(made["OpenIDConnectProviderArn"], ARN);
    let refused = root.refused("CreateOpenIDConnectProvider", input).await;
    let message = format!("Provider with url {URL} already exists.");
    assert_eq!(refused, Refused::new("EntityAlreadyExists", message));

    root.ok("AddClientIDToOpenIDConnectProvider", of(json!({ "ClientID": "c" }))).await;
    root.ok("RemoveClientIDFromOpenIDConnectProvider", of(json!({ "ClientID": "a" }))).await;
    let other = "00".repeat(20);
    let thumbprints = of(json!({ "ThumbprintList": [other] }));
    root.ok("UpdateOpenIDConnectProviderThumbprint", thumbprints).await;
    root.ok("UntagOpenIDConnectProvider", of(json!({ "TagKeys": ["k"] }))).await;
    let tags = json!([{ "Key": "x", "Value": "y" }]);
    root.ok("TagOpenIDConnectProvider", of(json!({ "Tags": tags }))).await;
    let listed = root.ok("ListOpenIDConnectProviderTags", of(json!({}))).await;
    assert_eq!(listed["Tags"], tags);

    let found = root.ok("GetOpenIDConnectProvider", of(json!({}))).await;
    assert_eq!(found["Url"], "id.example.com/realm");
    assert_eq!(found["ClientIDList"], json!(["b", "c"]));
    assert_eq!(found["ThumbprintList"], json!([other]));
    let listed = root.ok("ListOpenIDConnectProviders", json!({})).await;
    assert_eq!(listed["OpenIDConnectProviderList"], json!([{ "Arn": ARN }]));
    for _ in 0..2 {
        root.ok("DeleteOpenIDConnectProvider", of(json!({}))).await;
    }
    let refused = root.refused("GetOpenIDConnectProvider", of(json!({}))).await;
    let message = format!("OpenIDConnect Provider not found for arn {ARN}");
    assert_eq!(refused, Refused::new("NoSuchEntity", message));
}

#[tokio::test]
async fn an_issuer_is_named_by_a_plain_https_url() {
    let app = TestApp::new().await;
    let root = app.root();
    for url in ["http://id.example.com", "https://", "https://a?b", "https:///x", "https://a b"] {
        let refused = root.refused("CreateOpenIDConnectProvider", json!({ "Url": url })).await;
        let message = "Invalid Open ID Connect Provider URL";
        assert_eq!(refused, Refused::new("ValidationError", message), "{url}");
    }
}

#[tokio::test]
async fn a_provider_has_a_hundred_clients_and_five_thumbprints() {
    let app = TestApp::new().await;
    let root = app.root();
    let ids: Vec<_> = (0..100).map(|number| number.to_string()).collect();
    root.ok("CreateOpenIDConnectProvider", json!({ "Url": URL, "ClientIDList": ids })).await;
    let add = of(json!({ "ClientID": "one more" }));
    let refused = root.refused("AddClientIDToOpenIDConnectProvider", add).await;
    let message = "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100";
    assert_eq!(refused, Refused::new("LimitExceeded", message));
    let six = vec!["0".repeat(40); 6];
    let input = of(json!({ "ThumbprintList": six }));
    let refused = root.refused("UpdateOpenIDConnectProviderThumbprint", input).await;
    assert_eq!(refused.name, "InvalidInput");
}
