//! Who becomes a role by a token, and what is said to those who do not.

use std::collections::BTreeMap;
use std::time::Duration;

use keyward_model::Clock;
use keyward_store::{EntityBody, OidcProviderBody, RoleBody};
use keyward_testkit::{Client, Refused, TestApp, TestIssuer, TestOptions};
use serde_json::{Value, json};

const ISSUER: &str = "https://id.example.com/x";
const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/id.example.com/x";
const ROLE: &str = "arn:aws:iam::111122223333:role/app";

/// A service that knows the issuer's keys, with a role that its tokens lead to.
async fn app(issuer: &TestIssuer, actions: &str, conditions: &str) -> TestApp {
    let key_sets = BTreeMap::from([(ISSUER.to_owned(), issuer.key_set().to_string())]);
    let app = TestApp::with(TestOptions { key_sets, ..TestOptions::default() }).await;
    let provider = OidcProviderBody {
        url: ISSUER.to_owned(),
        client_ids: vec!["app".to_owned(), "other".to_owned()],
        ..OidcProviderBody::default()
    };
    app.put_entity("id.example.com/x", EntityBody::OidcProvider(provider)).await;
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow",
            "Principal":{{"Federated":"{PROVIDER}"}},"Action":{actions},
            "Condition":{conditions}}}}}"#
    );
    let may = r#"{"Statement":{"Effect":"Allow","Action":"kms:ListKeys","Resource":"*",
        "Condition":{"StringEquals":{"id.example.com/x:sub":"dana"}}}}"#;
    let role = RoleBody {
        assume_role_policy_document: trust,
        max_session_duration_s: 3600,
        inline_policies: BTreeMap::from([("p".to_owned(), may.to_owned())]),
        ..RoleBody::default()
    };
    app.put_entity("app", EntityBody::Role(role)).await;
    app
}

const ASSUME: &str = r#""sts:AssumeRoleWithWebIdentity""#;
const ALL: &str = r#""sts:*""#;

fn claims(app: &TestApp) -> Value {
    let now_s = app.clock().now().unix_s();
    json!({ "sub": "dana", "aud": "app", "iat": now_s, "exp": now_s + 600 })
}

fn with(claims: &Value, more: Value) -> Value {
    let mut claims = claims.clone();
    if let Value::Object(more) = more {
        claims.as_object_mut().unwrap().extend(more);
    }
    claims
}

/// The caller's own credentials play no part: the request is not signed.
async fn assume(app: &TestApp, token: &str) -> Result<Value, Refused> {
    let input = json!({ "RoleArn": ROLE, "RoleSessionName": "s-1", "WebIdentityToken": token });
    app.root().call("AssumeRoleWithWebIdentity", input).await
}

fn invalid(message: &str) -> Result<Value, Refused> {
    Err(Refused::new("InvalidIdentityToken", message))
}

#[tokio::test]
async fn the_holder_of_a_token_becomes_the_role() {
    let issuer = TestIssuer::new(ISSUER);
    let app = app(&issuer, ASSUME, r#"{"StringEquals":{"id.example.com/x:aud":"app"}}"#).await;
    let token = issuer.token(&claims(&app));
    let reply = assume(&app, &token).await.unwrap();
    assert_eq!(reply["SubjectFromWebIdentityToken"], "dana");
    assert_eq!((&reply["Provider"], &reply["Audience"]), (&json!(ISSUER), &json!("app")));
    let arn = "arn:aws:sts::111122223333:assumed-role/app/s-1";
    assert_eq!(reply["AssumedRoleUser"]["Arn"], arn);

    let record = app.last_record();
    let identity = json!({
        "type": "WebIdentityUser",
        "principalId": format!("{PROVIDER}:app:dana"),
        "userName": "dana",
        "identityProvider": PROVIDER,
    });
    assert_eq!(record["userIdentity"], identity);
    assert_eq!(record["recipientAccountId"], "111122223333");
    assert_eq!(record["responseElements"]["subjectFromWebIdentityToken"], "dana");
    let text = record.to_string();
    for secret in [&token, reply["Credentials"]["SessionToken"].as_str().unwrap()] {
        assert!(!text.contains(secret));
    }

    let session: Client = app.root().signing_with(&reply["Credentials"]);
    assert_eq!(session.ok("GetCallerIdentity", json!({})).await["Arn"], arn);
    // What the token claimed is there for policies, and for the record.
    session.ok("ListKeys", json!({})).await;
    let federation = &app.last_record()["userIdentity"]["sessionContext"]["webIdFederationData"];
    assert_eq!(federation["federatedProvider"], PROVIDER);
    assert_eq!(federation["attributes"]["id.example.com/x:sub"], "dana");
}

#[tokio::test]
async fn a_token_that_does_not_hold_is_refused_and_leaves_no_record() {
    let issuer = TestIssuer::new(ISSUER);
    let app = app(&issuer, ASSUME, "{}").await;
    let good = claims(&app);
    let now_s = app.clock().now().unix_s();
    let records = app.audit().len();
    let other = TestIssuer::new("https://other.example.com");
    let not_a_token = "The ID Token provided is not a valid JWT. (You may see this error if you \
        sent an Access Token)";
    let key = "Couldn't retrieve verification key from your identity provider,  please reference \
        AssumeRoleWithWebIdentity documentation for requirements";
    for (token, message) in [
        ("no token".to_owned(), not_a_token),
        (
            other.token(&good),
            "No OpenIDConnect provider found in your account for https://other.example.com",
        ),
        (
            TestIssuer::new("https://id.example.com/x/").token(&good),
            "No OpenIDConnect provider found in your account for https://id.example.com/x/",
        ),
        (issuer.token(&with(&good, json!({ "aud": "foreign" }))), "Incorrect token audience"),
        (issuer.token(&with(&good, json!({ "azp": "foreign" }))), "Incorrect token audience"),
        (issuer.token(&with(&good, json!({ "iat": now_s + 301 }))), "The token is not valid yet"),
        (issuer.token_of("two", &good), key),
        (TestIssuer::new(ISSUER).token(&good), "The signature of the token is not valid"),
    ] {
        assert_eq!(assume(&app, &token).await, invalid(message));
    }
    let token = issuer.token(&good);
    app.clock().advance(Duration::from_mins(10));
    let message = format!(
        "Token expired: current date/time {} must be before the expiration date/time {}",
        now_s + 600,
        now_s + 600
    );
    let refused = assume(&app, &token).await;
    assert_eq!(refused, Err(Refused::new("ExpiredTokenException", message)));
    // Nobody was identified.
    assert_eq!(app.audit().len(), records);
}

#[tokio::test]
async fn a_trust_policy_that_does_not_allow_says_no_more() {
    let issuer = TestIssuer::new(ISSUER);
    for conditions in [
        r#"{"StringEquals":{"id.example.com/x:sub":"eve"}}"#,
        r#"{"StringEquals":{"id.example.com/x:aud":"other"}}"#,
        r#"{"StringEquals":{"sts:RoleSessionName":"s-2"}}"#,
        r#"{"ForAnyValue:StringEquals":{"id.example.com/x:amr":"mfa"}}"#,
    ] {
        let app = app(&issuer, ASSUME, conditions).await;
        let claims = with(&claims(&app), json!({ "amr": ["pwd"] }));
        let refused = assume(&app, &issuer.token(&claims)).await;
        let message = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
        assert_eq!(refused, Err(Refused::new("AccessDenied", message)), "{conditions}");
        let record = app.last_record();
        assert_eq!(record["errorCode"], "AccessDenied");
        assert_eq!(record["userIdentity"]["type"], "WebIdentityUser");
    }
    let app = app(&issuer, r#""sts:AssumeRole""#, "{}").await;
    let refused = assume(&app, &issuer.token(&claims(&app))).await;
    assert_eq!(refused.unwrap_err().name, "AccessDenied");
}

#[tokio::test]
async fn tags_and_source_identity_come_from_the_token_and_take_their_permissions() {
    let issuer = TestIssuer::new(ISSUER);
    let more = json!({
        "https://aws.amazon.com/tags": {
            "principal_tags": { "Team": ["blue"] },
            "transitive_tag_keys": ["Team"],
        },
        "https://aws.amazon.com/source_identity": "dana",
    });
    let only = app(&issuer, ASSUME, "{}").await;
    let refused = assume(&only, &issuer.token(&with(&claims(&only), more.clone()))).await;
    let message = "Not authorized to perform sts:TagSession";
    assert_eq!(refused, Err(Refused::new("AccessDenied", message)));

    let conditions =
        r#"{"StringEquals":{"aws:RequestTag/Team":"blue","sts:SourceIdentity":"dana"}}"#;
    let app = app(&issuer, ALL, conditions).await;
    let reply = assume(&app, &issuer.token(&with(&claims(&app), more))).await.unwrap();
    assert_eq!(reply["SourceIdentity"], "dana");
    let session = app.root().signing_with(&reply["Credentials"]);
    session.ok("ListKeys", json!({})).await;
    let context = &app.last_record()["userIdentity"]["sessionContext"];
    assert_eq!(context["sourceIdentity"], "dana");
}

#[tokio::test]
async fn the_authorized_party_stands_for_the_audience() {
    let issuer = TestIssuer::new(ISSUER);
    let conditions = r#"{"StringEquals":{"id.example.com/x:aud":"other"},
        "ForAnyValue:StringEquals":{"id.example.com/x:oaud":"anything"}}"#;
    let app = app(&issuer, ASSUME, conditions).await;
    let claims = with(&claims(&app), json!({ "aud": ["anything"], "azp": "other" }));
    let reply = assume(&app, &issuer.token(&claims)).await.unwrap();
    assert_eq!(reply["Audience"], "other");
}

#[tokio::test]
async fn an_issuer_that_nobody_may_ask_has_no_keys() {
    let issuer = TestIssuer::new(ISSUER);
    let app = app(&issuer, ASSUME, "{}").await;
    let elsewhere = TestIssuer::new("https://elsewhere.example.com");
    let provider = OidcProviderBody {
        url: elsewhere.issuer.clone(),
        client_ids: vec!["app".to_owned()],
        ..OidcProviderBody::default()
    };
    app.put_entity("elsewhere.example.com", EntityBody::OidcProvider(provider)).await;
    let refused = assume(&app, &elsewhere.token(&claims(&app))).await.unwrap_err();
    assert!(refused.message().starts_with("Couldn't retrieve verification key"));
}
