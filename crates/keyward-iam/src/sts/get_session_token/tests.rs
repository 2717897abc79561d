//! Sessions of the caller itself.

use std::collections::BTreeMap;

use keyward_model::{Clock, Principal};
use keyward_store::UserBody;
use keyward_testkit::{Client, Refused, TestApp};
use serde_json::{Value, json};

async fn admin(app: &TestApp) -> Client {
    let may = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let inline_policies = BTreeMap::from([("p".to_owned(), may.to_owned())]);
    app.user("alice", UserBody { inline_policies, ..UserBody::default() }).await
}

async fn session(client: &Client, input: Value) -> Client {
    client.signing_with(&client.ok("GetSessionToken", input).await["Credentials"])
}

fn invalid() -> Refused {
    Refused::new("InvalidClientTokenId", "The security token included in the request is invalid")
}

#[tokio::test]
async fn a_user_gets_credentials_of_its_own_for_half_a_day() {
    let app = TestApp::new().await;
    let alice = admin(&app).await;
    let reply = alice.ok("GetSessionToken", json!({})).await;
    let credentials = &reply["Credentials"];
    assert_eq!(credentials["Expiration"], expiration(&app, 43_200));
    let record = app.last_record();
    assert_eq!(record["requestParameters"], Value::Null);
    assert_eq!(record["readOnly"], true);
    assert!(!record.to_string().contains(credentials["SessionToken"].as_str().unwrap()));
    let session = alice.signing_with(credentials);
    let identity = session.ok("GetCallerIdentity", json!({})).await;
    assert_eq!(identity["Arn"], "arn:aws:iam::111122223333:user/alice");
    session.ok("ListKeys", json!({})).await;
    let context = &app.last_record()["userIdentity"]["sessionContext"];
    assert_eq!(context["attributes"]["mfaAuthenticated"], "false");
    assert_eq!(context.get("sessionIssuer"), None);
}

#[tokio::test]
async fn a_session_calls_iam_only_with_mfa_and_gets_no_further_sessions() {
    let app = TestApp::new().await;
    let alice = admin(&app).await;
    let plain = session(&alice, json!({})).await;
    assert_eq!(plain.refused("ListAccountAliases", json!({})).await, invalid());
    for operation in ["GetSessionToken", "GetFederationToken"] {
        let refused = plain.refused(operation, json!({ "Name": "bob" })).await;
        let message = format!("Cannot call {operation} with session credentials");
        assert_eq!(refused, Refused::new("AccessDenied", message));
    }
    let refused = plain.refused("GetAccessKeyInfo", json!({ "AccessKeyId": "A".repeat(20) })).await;
    assert_eq!(refused.name, "AccessDenied");

    let Principal::User(user) = alice.caller().principal.clone() else { return };
    let seed = app.mfa_device(&user).await;
    let code = seed.code(app.clock().now().unix_s() / 30);
    let serial = "arn:aws:iam::111122223333:mfa/alice";
    let shown = json!({ "SerialNumber": serial, "TokenCode": &*code });
    let with_mfa = session(&alice, shown).await;
    with_mfa.ok("ListAccountAliases", json!({})).await;
    let attributes = &app.last_record()["userIdentity"]["sessionContext"]["attributes"];
    assert_eq!(attributes["mfaAuthenticated"], "true");
}

#[tokio::test]
async fn a_session_of_the_root_user_lasts_an_hour_and_ends_with_its_access_key() {
    let app = TestApp::new().await;
    let reply = app.root().ok("GetSessionToken", json!({ "DurationSeconds": 129_600 })).await;
    assert_eq!(reply["Credentials"]["Expiration"], expiration(&app, 3600));
    let session = app.root().signing_with(&reply["Credentials"]);
    let identity = session.ok("GetCallerIdentity", json!({})).await;
    assert_eq!(identity["Arn"], "arn:aws:iam::111122223333:root");
    app.engine().reset_root(app.account(), "test").await.unwrap();
    assert_eq!(session.refused("GetCallerIdentity", json!({})).await.name, "InvalidClientTokenId");
}

fn expiration(app: &TestApp, duration_s: i64) -> String {
    let at = app.clock().now().unix_s() + duration_s;
    keyward_audit::iso_date(keyward_model::Timestamp::from_unix_ms(at * 1000)).to_string()
}
