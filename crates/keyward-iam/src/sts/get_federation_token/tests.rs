//! Sessions for somebody whom a user knows.

use std::collections::BTreeMap;

use keyward_store::UserBody;
use keyward_testkit::{Client, TestApp};
use serde_json::json;

fn policy(actions: &str) -> String {
    format!(r#"{{"Statement":[{{"Effect":"Allow","Action":{actions},"Resource":"*"}}]}}"#)
}

async fn user(app: &TestApp, actions: &str) -> Client {
    let inline_policies = BTreeMap::from([("p".to_owned(), policy(actions))]);
    app.user("alice", UserBody { inline_policies, ..UserBody::default() }).await
}

#[tokio::test]
async fn a_federated_user_may_what_both_its_maker_and_its_session_may() {
    let app = TestApp::new().await;
    let alice = user(&app, r#"["sts:GetFederationToken","kms:ListKeys","kms:ListAliases"]"#).await;
    let narrow = policy(r#"["kms:ListKeys","kms:GenerateRandom"]"#);
    let reply = alice.ok("GetFederationToken", json!({ "Name": "bob", "Policy": narrow })).await;
    assert_eq!(reply["FederatedUser"]["FederatedUserId"], "111122223333:bob");
    let arn = "arn:aws:sts::111122223333:federated-user/bob";
    assert_eq!(reply["FederatedUser"]["Arn"], arn);
    let record = app.last_record();
    assert_eq!(record["responseElements"]["federatedUser"]["arn"], arn);
    assert!(!record.to_string().contains(reply["Credentials"]["SessionToken"].as_str().unwrap()));

    let bob = alice.signing_with(&reply["Credentials"]);
    assert_eq!(bob.ok("GetCallerIdentity", json!({})).await["Arn"], arn);
    bob.ok("ListKeys", json!({})).await;
    let issuer = &app.last_record()["userIdentity"]["sessionContext"]["sessionIssuer"];
    assert_eq!((&issuer["type"], &issuer["userName"]), (&json!("IAMUser"), &json!("alice")));
    for (operation, input) in
        [("ListAliases", json!({})), ("GenerateRandom", json!({ "NumberOfBytes": 1 }))]
    {
        assert_eq!(bob.refused(operation, input).await.name, "AccessDeniedException");
    }
}

#[tokio::test]
async fn a_federated_user_calls_neither_iam_nor_more_of_sts() {
    let app = TestApp::new().await;
    let alice = user(&app, r#""*""#).await;
    let reply =
        alice.ok("GetFederationToken", json!({ "Name": "bob", "Policy": policy(r#""*""#) })).await;
    let bob = alice.signing_with(&reply["Credentials"]);
    assert_eq!(bob.refused("ListAccountAliases", json!({})).await.name, "InvalidClientTokenId");
    let role = json!({ "RoleArn": "arn:aws:iam::111122223333:role/app", "RoleSessionName": "s-1" });
    assert_eq!(bob.refused("AssumeRole", role).await.name, "AccessDenied");
    for operation in ["GetSessionToken", "GetFederationToken"] {
        let refused = bob.refused(operation, json!({ "Name": "eve" })).await;
        assert!(refused.message().contains("with session credentials"));
    }
}

#[tokio::test]
async fn without_a_session_policy_it_may_nothing() {
    let app = TestApp::new().await;
    let alice = user(&app, r#""*""#).await;
    let reply = alice.ok("GetFederationToken", json!({ "Name": "bob" })).await;
    let bob = alice.signing_with(&reply["Credentials"]);
    assert_eq!(bob.refused("ListKeys", json!({})).await.name, "AccessDeniedException");
}

#[tokio::test]
async fn it_takes_permission_and_tags_take_another() {
    let app = TestApp::new().await;
    let alice = user(&app, r#""kms:*""#).await;
    let refused = alice.refused("GetFederationToken", json!({ "Name": "bob" })).await;
    let message = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: \
        sts:GetFederationToken on resource: arn:aws:sts::111122223333:federated-user/bob because no \
        identity-based policy allows the sts:GetFederationToken action";
    assert_eq!(refused.message(), message);
    let alice = user(&app, r#""sts:GetFederationToken""#).await;
    let tags = json!([{ "Key": "a", "Value": "b" }]);
    let refused = alice.refused("GetFederationToken", json!({ "Name": "bob", "Tags": tags })).await;
    assert!(refused.message().contains("sts:TagSession"));
}
