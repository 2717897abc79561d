//! Users and sessions as callers: how their credentials are taken, and when no more.

use std::time::Duration;

use keyward_model::{Caller, Clock, Identity, Principal, Session};
use keyward_store::{EntityKind, UserBody};
use keyward_testkit::{Client, Refused, TestApp};
use serde_json::{Value, json};

const TRUST: &str = r#"{"Statement":[]}"#;

fn session(app: &TestApp) -> Session {
    let issued_at = app.clock().now();
    Session {
        issued_at,
        expires_at: issued_at.plus(Duration::from_hours(1)),
        mfa_authenticated_at: None,
        tags: Vec::new(),
        transitive_tag_keys: Vec::new(),
        source_identity: None,
        policies: None,
        policy_arns: Vec::new(),
        federation: None,
    }
}

async fn role_session(app: &TestApp) -> (Client, Identity) {
    let role = app.role("app", TRUST).await;
    let principal = Principal::AssumedRole { role: role.clone(), session_name: "s-1".to_owned() };
    (app.session(principal, session(app)), role)
}

async fn identity(client: &Client) -> Value {
    client.ok("GetCallerIdentity", json!({})).await
}

async fn refusal(client: &Client) -> Refused {
    client.refused("GetCallerIdentity", json!({})).await
}

fn bad_token() -> Refused {
    Refused::new("InvalidClientTokenId", "The security token included in the request is invalid.")
}

#[tokio::test]
async fn a_session_signs_with_its_secret_and_its_token() {
    let app = TestApp::new().await;
    let (client, role) = role_session(&app).await;
    for _ in 0..2 {
        let expected = json!({
            "UserId": format!("{}:s-1", role.unique_id),
            "Account": "111122223333",
            "Arn": "arn:aws:sts::111122223333:assumed-role/app/s-1",
        });
        assert_eq!(identity(&client).await, expected);
    }
    assert!(client.session_token().unwrap().len() < 300);
    let identity = &app.last_record()["userIdentity"];
    assert_eq!(identity["type"], "AssumedRole");
    assert_eq!(identity["sessionContext"]["sessionIssuer"]["userName"], "app");
}

#[tokio::test]
async fn a_token_that_is_missing_foreign_or_altered_is_invalid() {
    let app = TestApp::new().await;
    let (client, _) = role_session(&app).await;
    let (other, _) = role_session(&app).await;
    let own = client.session_token().unwrap();
    // Both before and after the right one was seen.
    for _ in 0..2 {
        let altered = own.replacen('A', "B", 2);
        for token in [None, Some(""), Some("x"), other.session_token(), Some(&*altered)] {
            assert_eq!(refusal(&client.with_session_token(token)).await, bad_token(), "{token:?}");
        }
        identity(&client).await;
    }
    let refused = client.with_session_token(None).refused("ListKeys", json!({})).await;
    let message = "The security token included in the request is invalid";
    assert_eq!(refused, Refused::new("UnrecognizedClientException", message));
}

#[tokio::test]
async fn a_long_term_access_key_takes_no_token() {
    let app = TestApp::new().await;
    let (client, _) = role_session(&app).await;
    let root = app.root().with_session_token(client.session_token());
    assert_eq!(refusal(&root).await, bad_token());
}

#[tokio::test]
async fn a_session_ends_at_its_time() {
    let app = TestApp::new().await;
    let (client, _) = role_session(&app).await;
    app.clock().advance(Duration::from_secs(3599));
    identity(&client).await;
    app.clock().advance(Duration::from_secs(1));
    let message = "The security token included in the request is expired";
    for _ in 0..2 {
        assert_eq!(refusal(&client).await, Refused::new("ExpiredToken", message));
    }
    let refused = client.refused("ListKeys", json!({})).await;
    assert_eq!(refused, Refused::new("ExpiredTokenException", message));
}

#[tokio::test]
async fn a_session_is_good_after_a_restart_and_new_domain_keys() {
    let app = TestApp::new().await;
    let (client, _) = role_session(&app).await;
    app.engine().rotate_domain_keys(app.seal()).await.unwrap();
    let (caller, token) = (client.caller().clone(), client.session_token().unwrap().to_owned());
    identity(&client).await;
    let secret = client.credentials();
    drop(client);
    let app = app.restarted().await;
    let again = app.root().signing_with(&secret);
    assert_eq!(again.session_token(), Some(&*token));
    assert_eq!(identity(&again).await["Arn"], caller.arn());
}

#[tokio::test]
async fn a_session_ends_with_its_role_and_a_role_of_the_same_name_is_another() {
    let app = TestApp::new().await;
    let (client, _) = role_session(&app).await;
    identity(&client).await;
    app.delete_entity(EntityKind::Role, "app").await;
    assert_eq!(refusal(&client).await, bad_token());
    app.role("app", TRUST).await;
    assert_eq!(refusal(&client).await, bad_token());
}

#[tokio::test]
async fn a_user_signs_and_is_called_what_it_is_called_now() {
    let app = TestApp::new().await;
    let alice = app.user("alice", UserBody::default()).await;
    let arn = |name: &str| format!("arn:aws:iam::111122223333:user/{name}");
    assert_eq!(identity(&alice).await["Arn"], arn("alice"));
    assert_eq!(app.last_record()["userIdentity"]["userName"], "alice");

    let Caller { principal, .. } = alice.caller().clone();
    let temporary = app.session(principal, session(&app));
    assert_eq!(identity(&temporary).await["Arn"], arn("alice"));

    app.rename_entity(EntityKind::User, "alice", "alicia").await;
    assert_eq!(identity(&alice).await["Arn"], arn("alicia"));
    assert_eq!(identity(&temporary).await["Arn"], arn("alicia"));

    app.delete_entity(EntityKind::User, "alicia").await;
    assert_eq!(refusal(&alice).await, bad_token());
    assert_eq!(refusal(&temporary).await, bad_token());
}

#[tokio::test]
async fn a_session_whose_managed_policy_was_deleted_may_do_nothing() {
    let app = TestApp::new().await;
    let root = app.root();
    let document = json!({
        "Version": "2012-10-17",
        "Statement": { "Effect": "Allow", "Action": "kms:*", "Resource": "*" },
    });
    let input = json!({ "PolicyName": "limits", "PolicyDocument": document.to_string() });
    let policy = root.ok("CreatePolicy", input).await["Policy"]["Arn"].clone();
    let role = app.role("app", TRUST).await;
    let principal = Principal::AssumedRole { role, session_name: "s-1".to_owned() };
    let arn = policy.as_str().unwrap().to_owned();
    let caller = app.session(principal, Session { policy_arns: vec![arn], ..session(&app) });
    // The key's policy names the session itself, which only an explicit deny limits.
    let statement = |principal: String, action: &str| {
        json!({
            "Effect": "Allow", "Principal": { "AWS": principal }, "Action": action,
            "Resource": "*",
        })
    };
    let key_policy = json!({
        "Version": "2012-10-17",
        "Statement": [
            statement(root.caller().arn(), "kms:*"),
            statement(caller.caller().arn(), "kms:DescribeKey"),
        ],
    });
    let key = root.create_key_with(json!({ "Policy": key_policy.to_string() })).await;
    let describe = json!({ "KeyId": key });
    caller.ok("DescribeKey", describe.clone()).await;
    root.ok("DeletePolicy", json!({ "PolicyArn": policy })).await;
    let refused = caller.refused("DescribeKey", describe).await;
    assert_eq!(refused.name, "AccessDeniedException");
    assert!(refused.message.unwrap().ends_with("with an explicit deny in a session policy"));
}
