use keyward_testkit::{Refused, TestApp};
use serde_json::{Value, json};

use crate::iam::role_samples::allow;

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1";

fn policy(statements: &Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

async fn results(input: Value) -> Vec<Value> {
    let app = TestApp::new().await;
    let mut reply = app.root().ok("SimulateCustomPolicy", input).await;
    serde_json::from_value(reply["EvaluationResults"].take()).unwrap()
}

#[tokio::test]
async fn every_action_is_decided_with_every_resource() {
    let deny = json!({ "Effect": "Deny", "Action": "kms:*", "Resource": "arn:aws:kms:*:*:key/2" });
    let input = json!({
        "PolicyInputList": [allow("kms:Encrypt"), policy(&json!([deny]))],
        "ActionNames": ["kms:Encrypt", "kms:Sign"],
        "ResourceArns": [KEY, "arn:aws:kms:us-east-1:111122223333:key/2"],
    });
    let results = results(input).await;
    let told: Vec<_> = results
        .iter()
        .map(|result| {
            let text = |member: &str| result[member].as_str().unwrap();
            (text("EvalActionName"), text("EvalResourceName"), text("EvalDecision"))
        })
        .collect();
    let other = "arn:aws:kms:us-east-1:111122223333:key/2";
    let expected = [
        ("kms:Encrypt", KEY, "allowed"),
        ("kms:Encrypt", other, "explicitDeny"),
        ("kms:Sign", KEY, "implicitDeny"),
        ("kms:Sign", other, "explicitDeny"),
    ];
    assert_eq!(told, expected);
    assert_eq!(results[0]["MatchedStatements"][0]["SourcePolicyId"], "PolicyInputList.1");
    assert_eq!(results[1]["MatchedStatements"][0]["SourcePolicyId"], "PolicyInputList.2");
    assert_eq!(results[1]["MatchedStatements"].as_array().unwrap().len(), 1);
    assert_eq!(results[2]["MatchedStatements"], json!([]));
    let specific = &results[1]["ResourceSpecificResults"];
    assert_eq!(specific[0]["EvalResourceName"], other);
    assert_eq!(specific[0]["EvalResourceDecision"], "explicitDeny");
}

#[tokio::test]
async fn a_condition_key_that_is_not_given_is_missing() {
    let statement = json!({
        "Effect": "Allow",
        "Action": "kms:Encrypt",
        "Resource": "*",
        "Condition": { "Bool": { "aws:SecureTransport": "true" } },
    });
    let mut input = json!({
        "PolicyInputList": [policy(&json!([statement]))],
        "ActionNames": ["kms:Encrypt"],
    });
    let without = results(input.clone()).await;
    assert_eq!(without[0]["EvalDecision"], "implicitDeny");
    assert_eq!(without[0]["EvalResourceName"], "*");
    assert_eq!(without[0]["MissingContextValues"], json!(["aws:SecureTransport"]));
    input["ContextEntries"] = json!([{
        "ContextKeyName": "AWS:securetransport",
        "ContextKeyValues": ["True"],
        "ContextKeyType": "boolean",
    }]);
    let with = results(input).await;
    assert_eq!(with[0]["EvalDecision"], "allowed");
    assert_eq!(with[0]["MissingContextValues"], json!([]));
}

#[tokio::test]
async fn a_boundary_and_the_levels_of_an_organization_limit() {
    let boundary = results(json!({
        "PolicyInputList": [allow("kms:*")],
        "PermissionsBoundaryPolicyInputList": [allow("kms:Sign")],
        "ActionNames": ["kms:Encrypt", "kms:Sign"],
    }))
    .await;
    let detail = |result: &Value| {
        result["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"].clone()
    };
    assert_eq!(boundary[0]["EvalDecision"], "implicitDeny");
    assert_eq!(detail(&boundary[0]), false);
    assert_eq!(boundary[1]["EvalDecision"], "allowed");
    assert_eq!(detail(&boundary[1]), true);

    let level = |action: &str| json!({ "ServiceControlPolicyInputList": [allow(action)] });
    let levels = results(json!({
        "PolicyInputList": [allow("kms:*")],
        "OrderedOrganizationPolicyInputList": [level("*"), level("kms:Sign")],
        "ActionNames": ["kms:Encrypt", "kms:Sign"],
    }))
    .await;
    let told =
        |result: &Value| result["OrganizationsDecisionDetail"]["AllowedByOrganizations"].clone();
    assert_eq!(
        (levels[0]["EvalDecision"].as_str(), told(&levels[0])),
        (Some("implicitDeny"), json!(false))
    );
    assert_eq!(
        (levels[1]["EvalDecision"].as_str(), told(&levels[1])),
        (Some("allowed"), json!(true))
    );
}

#[tokio::test]
async fn the_policy_of_a_key_decides_as_it_does_for_real() {
    let alice = "arn:aws:iam::111122223333:user/alice";
    let key_policy = policy(&json!([
        { "Effect": "Allow", "Principal": { "AWS": alice }, "Action": "kms:Encrypt", "Resource": "*" }
    ]));
    let results = results(json!({
        "PolicyInputList": [allow("kms:*")],
        "ActionNames": ["kms:Encrypt", "kms:Decrypt"],
        "ResourceArns": [KEY],
        "ResourcePolicy": key_policy,
        "CallerArn": alice,
    }))
    .await;
    assert_eq!(results[0]["EvalDecision"], "allowed");
    // The key's policy hands nothing to the account.
    assert_eq!(results[1]["EvalDecision"], "implicitDeny");
    let sources: Vec<_> = results[0]["MatchedStatements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["SourcePolicyType"].as_str().unwrap())
        .collect();
    assert_eq!(sources, ["resource", "none"]);
}

#[tokio::test]
async fn results_come_in_pages() {
    let app = TestApp::new().await;
    let root = app.root();
    let actions: Vec<_> = (0..5).map(|number| format!("kms:Action{number}")).collect();
    let (mut found, mut marker) = (Vec::new(), Value::Null);
    loop {
        let input = json!({
            "PolicyInputList": [allow("kms:*")],
            "ActionNames": actions,
            "MaxItems": 2,
            "Marker": marker,
        });
        let page = root.ok("SimulateCustomPolicy", input).await;
        let results = page["EvaluationResults"].as_array().unwrap().clone();
        found.extend(results.iter().map(|it| it["EvalActionName"].as_str().unwrap().to_owned()));
        if page["IsTruncated"] == false {
            break;
        }
        marker = page["Marker"].clone();
    }
    assert_eq!(found, actions);
}

#[tokio::test]
async fn what_is_no_policy_and_no_action_is_refused() {
    let app = TestApp::new().await;
    let root = app.root();
    for (document, action, message) in [
        ("{".to_owned(), "kms:Encrypt", "Syntax errors in policy."),
        (allow("kms:*"), "kms:*", "Invalid action name: kms:*"),
        (allow("kms:*"), "Encrypt", "Invalid action name: Encrypt"),
    ] {
        let input = json!({ "PolicyInputList": [document], "ActionNames": [action] });
        let refused = root.refused("SimulateCustomPolicy", input).await;
        assert_eq!(refused, Refused::new("InvalidInput", message));
    }
}

#[tokio::test]
async fn the_keys_that_policies_ask_for_are_told() {
    let app = TestApp::new().await;
    let statement = json!({
        "Effect": "Allow",
        "Action": "kms:*",
        "Resource": "*",
        "Condition": { "StringEquals": { "kms:ViaService": "${aws:username}" } },
    });
    let input = json!({ "PolicyInputList": [policy(&json!([statement]))] });
    let reply = app.root().ok("GetContextKeysForCustomPolicy", input).await;
    assert_eq!(reply["ContextKeyNames"], json!(["kms:ViaService", "aws:username"]));
}

#[tokio::test]
async fn a_page_ends_early_when_its_requests_are_much_work_and_one_that_is_too_much_is_refused() {
    let app = TestApp::new().await;
    let root = app.root();
    let value = "a".repeat(60_000);
    let pattern = "b".repeat(50_000);
    let condition = json!({ "StringEquals": { "kms:EncryptionContext:a": pattern } });
    let statement =
        json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": condition });
    let entry = json!({
        "ContextKeyName": "kms:EncryptionContext:a",
        "ContextKeyValues": [value],
        "ContextKeyType": "string",
    });
    let input = |resource: &str| {
        json!({
            "PolicyInputList": [policy(&statement)],
            "ActionNames": ["kms:Sign", "kms:Encrypt", "kms:Verify", "kms:Decrypt", "kms:GetPublicKey", "kms:GenerateMac", "kms:VerifyMac"],
            "ResourceArns": [resource],
            "ContextEntries": [entry],
        })
    };
    let reply = root.ok("SimulateCustomPolicy", input(KEY)).await;
    let count = reply["EvaluationResults"].as_array().unwrap().len();
    assert!((1..7).contains(&count), "{count}");
    assert_eq!(reply["IsTruncated"], true);
    let colons = format!("{KEY}{}", ":".repeat(1900));
    let refused = root.refused("SimulateCustomPolicy", input(&colons)).await;
    assert_eq!(refused, Refused::new("InvalidInput", "The simulation is too large."));
}
