//! What an organization keeps its accounts from.

use std::collections::HashMap;

use keyward_engine::{Member, Organization};
use keyward_testkit::{TestApp, TestOptions};
use serde_json::{Value, json};

use crate::world::{allow, body, deny, document, for_principal};

/// A service whose first account is limited by these policies of callers and of resources.
async fn app(service_control: &[Value], resource_control: &[Value]) -> TestApp {
    let level = |statements: &[Value]| {
        let policy = |it: &Value| Organization::policy(&document(it)).unwrap();
        if statements.is_empty() { vec![] } else { vec![statements.iter().map(policy).collect()] }
    };
    let member = Member {
        path: "o-exampleorgid/r-ab12/".to_owned(),
        service_control: level(service_control),
        resource_control: level(resource_control),
    };
    let members = HashMap::from([("111122223333".parse().unwrap(), member)]);
    let organization = Some(Organization { id: "o-exampleorgid".to_owned(), members });
    TestApp::with(TestOptions { organization, ..TestOptions::default() }).await
}

#[tokio::test]
async fn a_service_control_policy_limits_the_root_user_too() {
    let app = app(&[allow("CreateKey"), allow("DescribeKey")], &[]).await;
    let root = app.root();
    let key = root.create_key().await;
    let refused = root.refused("GetKeyPolicy", json!({ "KeyId": key })).await;
    let reason = "because no service control policy allows the kms:GetKeyPolicy action";
    assert!(refused.message().ends_with(reason), "{refused:?}");
}

#[tokio::test]
async fn a_deny_of_a_control_policy_is_named() {
    let everything = allow("*");
    let app = app(&[everything.clone(), deny("ListKeys")], &[]).await;
    let refused = app.root().refused("ListKeys", json!({})).await;
    let reason = "with an explicit deny in a service control policy";
    assert!(refused.message().ends_with(reason), "{refused:?}");
}

#[tokio::test]
async fn a_resource_control_policy_keeps_strangers_from_what_a_key_policy_offers_them() {
    let all = for_principal("*", allow("*"));
    let mut ours_only = for_principal("*", deny("*"));
    ours_only["Condition"] =
        json!({ "StringNotEqualsIfExists": { "aws:PrincipalOrgID": "o-exampleorgid" } });
    let app = app(&[], &[all.clone(), ours_only]).await;
    let (root, other) = (app.root(), app.other_account().await);
    let key = root.create_key_with(json!({ "Policy": document(&all) })).await;
    let arn = root.arn(&key).await;
    let refused = other.refused("DescribeKey", json!({ "KeyId": arn })).await;
    assert!(refused.message().contains("does not exist in this Region"), "{refused:?}");
    let alice = app.user("alice", body(&[])).await;
    alice.ok("DescribeKey", json!({ "KeyId": key })).await;
}
