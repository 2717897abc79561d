use keyward_testkit::{Refused, TestApp};
use serde_json::{Value, json};

use crate::iam::role_samples::{account_trust, create_role, escaped, trust};

#[tokio::test]
async fn the_trust_policy_is_replaced() {
    let app = TestApp::new().await;
    let root = app.root();
    create_role(&root, "app").await;
    let document = trust(&json!({ "Service": "ec2.amazonaws.com" }));
    let input = json!({ "RoleName": "app", "PolicyDocument": document });
    assert_eq!(root.ok("UpdateAssumeRolePolicy", input).await, Value::Null);
    let role = root.ok("GetRole", json!({ "RoleName": "app" })).await["Role"].take();
    assert_eq!(role["AssumeRolePolicyDocument"], escaped(&document));
}

#[tokio::test]
async fn whoever_takes_the_name_of_a_deleted_role_gets_none_of_its_trust() {
    let app = TestApp::new().await;
    let root = app.root();
    let first = create_role(&root, "first").await;
    create_role(&root, "second").await;
    let document = trust(&json!({ "AWS": first["Arn"] }));
    let input = json!({ "RoleName": "second", "PolicyDocument": document });
    root.ok("UpdateAssumeRolePolicy", input.clone()).await;
    root.ok("DeleteRole", json!({ "RoleName": "first" })).await;
    for _ in 0..2 {
        let role = root.ok("GetRole", json!({ "RoleName": "second" })).await["Role"].take();
        let shown = role["AssumeRolePolicyDocument"].as_str().unwrap();
        assert!(shown.contains(first["RoleId"].as_str().unwrap()), "{shown}");
        let again = root.call(
            "CreateRole",
            json!({
                "RoleName": "first",
                "AssumeRolePolicyDocument": account_trust(),
            }),
        );
        drop(again.await);
    }
    let dead = first["RoleId"].as_str().unwrap();
    let input = json!({ "RoleName": "second", "PolicyDocument": trust(&json!({ "AWS": dead })) });
    let message = format!("Invalid principal in policy: \"AWS\":\"{dead}\"");
    let refused = root.refused("UpdateAssumeRolePolicy", input).await;
    assert_eq!(refused, Refused::new("MalformedPolicyDocument", message));
}

#[tokio::test]
async fn a_role_that_is_not_there_cannot_be_trusted_with_anything() {
    let app = TestApp::new().await;
    let input = json!({ "RoleName": "none", "PolicyDocument": account_trust() });
    let refused = app.root().refused("UpdateAssumeRolePolicy", input).await;
    let message = "The role with name none cannot be found.";
    assert_eq!(refused, Refused::new("NoSuchEntity", message));
}
