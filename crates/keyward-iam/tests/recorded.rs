//! What records tell whatever is sent.

use keyward_testkit::TestApp;
use serde_json::{Value, json};

/// A document that is nearly all blanks.
fn padded(statement: &str) -> String {
    let blanks = " ".repeat(115_000);
    format!(r#"{{"Version": "2012-10-17", "Statement": [{{{statement}}}]}}{blanks}"#)
}

#[tokio::test]
async fn a_padded_document_hides_nothing_else_from_the_record() {
    let app = TestApp::new().await;
    let root = app.root();
    root.ok("CreateUser", json!({ "UserName": "dana" })).await;
    root.ok("CreateGroup", json!({ "GroupName": "staff" })).await;
    let trusting =
        r#""Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole""#;
    let plain = format!(r#"{{"Version": "2012-10-17", "Statement": [{{{trusting}}}]}}"#);
    root.ok("CreateRole", json!({ "RoleName": "app", "AssumeRolePolicyDocument": plain })).await;
    let document = padded(r#""Effect": "Allow", "Action": "*", "Resource": "*""#);
    for (operation, member, others) in [
        ("PutUserPolicy", "PolicyDocument", json!({ "UserName": "dana", "PolicyName": "all" })),
        ("PutGroupPolicy", "PolicyDocument", json!({ "GroupName": "staff", "PolicyName": "all" })),
        ("PutRolePolicy", "PolicyDocument", json!({ "RoleName": "app", "PolicyName": "all" })),
        ("CreatePolicy", "PolicyDocument", json!({ "PolicyName": "all", "Path": "/a/" })),
        (
            "CreatePolicyVersion",
            "PolicyDocument",
            json!({ "PolicyArn": "arn:aws:iam::111122223333:policy/all", "SetAsDefault": true }),
        ),
        ("CreateRole", "AssumeRolePolicyDocument", json!({ "RoleName": "new", "Path": "/a/" })),
        ("UpdateAssumeRolePolicy", "PolicyDocument", json!({ "RoleName": "app" })),
    ] {
        let mut input = others.clone();
        input[member] = document.as_str().into();
        // Allowed or not, it is on record who was to be changed.
        let _outcome = root.call(operation, input).await;
        let record = app.last_record();
        assert_eq!(record["eventName"], operation);
        for (name, value) in others.as_object().unwrap() {
            let (first, rest) = name.split_at(1);
            let name = first.to_lowercase() + rest;
            assert_eq!(&record["requestParameters"][&name], value, "{record}");
        }
        assert!(!record.to_string().contains("          "), "{operation}");
    }
}

#[tokio::test]
async fn operators_are_told_why_a_role_was_given() {
    let app = TestApp::new().await;
    let root = app.root();
    let trust = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "sts:AssumeRole"}]}"#;
    root.ok("CreateRole", json!({ "RoleName": "app", "AssumeRolePolicyDocument": trust })).await;
    root.ok("CreateUser", json!({ "UserName": "dana" })).await;
    let allow = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*",
        "Resource": "*"}]}"#;
    let policy = json!({ "UserName": "dana", "PolicyName": "all", "PolicyDocument": allow });
    root.ok("PutUserPolicy", policy).await;
    let keys = root.ok("CreateAccessKey", json!({ "UserName": "dana" })).await;
    let asked =
        json!({ "RoleArn": "arn:aws:iam::111122223333:role/app", "RoleSessionName": "a-1" });
    root.signing_with(&keys["AccessKey"]).ok("AssumeRole", asked).await;
    let line: Value = serde_json::from_slice(&app.journal().pop().unwrap()).unwrap();
    let allowed = &line["operatorNote"]["allowed"];
    assert_eq!(allowed[0]["action"], "sts:AssumeRole", "{line}");
    assert_eq!(allowed[0]["because"], "an identity-based policy allows it");
}
