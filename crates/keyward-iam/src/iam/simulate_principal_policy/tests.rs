use keyward_testkit::{Refused, TestApp};
use serde_json::json;

use crate::iam::role_samples::{allow, create_policy, create_role};

#[tokio::test]
async fn the_policies_of_a_role_decide_and_are_named() {
    let app = TestApp::new().await;
    let root = app.root();
    let arn = create_role(&root, "app").await["Arn"].take();
    let put = json!({ "RoleName": "app", "PolicyName": "p", "PolicyDocument": allow("kms:Sign") });
    root.ok("PutRolePolicy", put).await;
    let policy = create_policy(&root, "use").await;
    root.ok("AttachRolePolicy", json!({ "RoleName": "app", "PolicyArn": policy })).await;
    let mut input = json!({ "PolicySourceArn": arn, "ActionNames": ["kms:Sign", "iam:GetRole"] });
    let reply = root.ok("SimulatePrincipalPolicy", input.clone()).await;
    let results = &reply["EvaluationResults"];
    assert_eq!(results[0]["EvalDecision"], "allowed");
    let matched = results[0]["MatchedStatements"].as_array().unwrap();
    let sources: Vec<_> = matched
        .iter()
        .map(|it| {
            (it["SourcePolicyId"].as_str().unwrap(), it["SourcePolicyType"].as_str().unwrap())
        })
        .collect();
    assert_eq!(sources, [("role_app_p", "role"), ("use", "user-managed")]);
    assert_eq!(results[1]["EvalDecision"], "implicitDeny");

    input["PolicyExclusionList"] = json!([{ "PolicyArn": policy }, { "PolicyType": "inline" }]);
    let reply = root.ok("SimulatePrincipalPolicy", input).await;
    assert_eq!(reply["EvaluationResults"][0]["EvalDecision"], "implicitDeny");
}

#[tokio::test]
async fn the_boundary_of_a_role_limits_unless_another_is_given() {
    let app = TestApp::new().await;
    let root = app.root();
    let arn = create_role(&root, "app").await["Arn"].take();
    let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
    let attachment = json!({ "RoleName": "app", "PolicyArn": administrator });
    root.ok("AttachRolePolicy", attachment).await;
    let boundary = create_policy(&root, "limit").await;
    let put = json!({ "RoleName": "app", "PermissionsBoundary": boundary });
    root.ok("PutRolePermissionsBoundary", put).await;
    let mut input = json!({ "PolicySourceArn": arn, "ActionNames": ["iam:GetRole"] });
    let reply = root.ok("SimulatePrincipalPolicy", input.clone()).await;
    assert_eq!(reply["EvaluationResults"][0]["EvalDecision"], "implicitDeny");
    input["PermissionsBoundaryPolicyInputList"] = json!([allow("iam:*")]);
    let reply = root.ok("SimulatePrincipalPolicy", input).await;
    assert_eq!(reply["EvaluationResults"][0]["EvalDecision"], "allowed");
}

#[tokio::test]
async fn the_keys_that_the_policies_of_a_role_ask_for_are_told() {
    let app = TestApp::new().await;
    let root = app.root();
    let arn = create_role(&root, "app").await["Arn"].take();
    let document = allow("kms:*").replace(
        "\"Resource\"",
        concat!("\"Condition\":{\"Bool\":{\"aws:SecureTransport\":true}},", "\"Resource\""),
    );
    let put = json!({ "RoleName": "app", "PolicyName": "p", "PolicyDocument": document });
    root.ok("PutRolePolicy", put).await;
    let reply =
        root.ok("GetContextKeysForPrincipalPolicy", json!({ "PolicySourceArn": arn })).await;
    assert_eq!(reply["ContextKeyNames"], json!(["aws:SecureTransport"]));
}

#[tokio::test]
async fn only_users_groups_and_roles_of_the_account_have_policies_to_simulate() {
    let app = TestApp::new().await;
    let root = app.root();
    let arn = "arn:aws:iam::111122223333:role/none";
    let input = json!({ "PolicySourceArn": arn, "ActionNames": ["kms:Sign"] });
    let refused = root.refused("SimulatePrincipalPolicy", input).await;
    let message = "The role with name none cannot be found.";
    assert_eq!(refused, Refused::new("NoSuchEntity", message));
    for arn in ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:role/none"] {
        let input = json!({ "PolicySourceArn": arn, "ActionNames": ["kms:Sign"] });
        let refused = root.refused("SimulatePrincipalPolicy", input).await;
        let message =
            format!("Invalid Entity Arn: {arn} does not clearly define entity type and name.");
        assert_eq!(refused, Refused::new("InvalidInput", message));
    }
}
