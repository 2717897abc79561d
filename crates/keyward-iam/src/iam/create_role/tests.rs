use keyward_testkit::{Refused, TestApp};
use serde_json::json;

use crate::iam::role_samples::{account_trust, create_policy, create_role, escaped, trust};

#[tokio::test]
async fn a_role_is_made_with_all_that_was_said_of_it() {
    let app = TestApp::new().await;
    let root = app.root();
    let boundary = create_policy(&root, "limit").await;
    let input = json!({
        "RoleName": "App",
        "Path": "/team/",
        "AssumeRolePolicyDocument": account_trust(),
        "Description": "an application",
        "MaxSessionDuration": 7200,
        "PermissionsBoundary": boundary,
        "Tags": [{ "Key": "Team", "Value": "a" }],
    });
    let made = root.ok("CreateRole", input).await["Role"].take();
    assert_eq!(made["Arn"], "arn:aws:iam::111122223333:role/team/App");
    assert_eq!(made["AssumeRolePolicyDocument"], escaped(&account_trust()));
    assert_eq!(made["MaxSessionDuration"], 7200);
    let id = made["RoleId"].as_str().unwrap();
    assert!(id.starts_with("AROA") && id.len() == 21, "{id}");

    let mut found = root.ok("GetRole", json!({ "RoleName": "app" })).await["Role"].take();
    assert_eq!(found["RoleLastUsed"].take(), json!({}));
    found.as_object_mut().unwrap().remove("RoleLastUsed");
    assert_eq!(found, made);
    assert_eq!(found["PermissionsBoundary"]["PermissionsBoundaryArn"], json!(boundary));
    assert_eq!(found["Tags"], json!([{ "Key": "Team", "Value": "a" }]));
}

#[tokio::test]
async fn a_session_lasts_an_hour_unless_said_otherwise() {
    let app = TestApp::new().await;
    let role = create_role(&app.root(), "app").await;
    assert_eq!(role["MaxSessionDuration"], 3600);
    assert_eq!(role["Path"], "/");
    let input = json!({
        "RoleName": "other",
        "AssumeRolePolicyDocument": account_trust(),
        "MaxSessionDuration": 3599,
    });
    assert_eq!(app.root().refused("CreateRole", input).await.name, "ValidationError");
}

#[tokio::test]
async fn a_name_is_given_once_in_whatever_case() {
    let app = TestApp::new().await;
    let root = app.root();
    create_role(&root, "app").await;
    let input = json!({ "RoleName": "APP", "AssumeRolePolicyDocument": account_trust() });
    let refused = root.refused("CreateRole", input).await;
    assert_eq!(refused, Refused::new("EntityAlreadyExists", "Role with name APP already exists."));
}

#[tokio::test]
async fn a_document_that_is_no_trust_policy_is_refused() {
    let app = TestApp::new().await;
    let root = app.root();
    let long = "x".repeat(2048);
    for (document, name, message) in [
        ("{".to_owned(), "MalformedPolicyDocument", "Syntax errors in policy."),
        (
            trust(&json!({ "AWS": "arn:aws:iam::111122223333:user/nobody" })),
            "MalformedPolicyDocument",
            "Invalid principal in policy: \"AWS\":\"arn:aws:iam::111122223333:user/nobody\"",
        ),
        (
            trust(&json!({ "AWS": "999999999999" })),
            "MalformedPolicyDocument",
            "Invalid principal in policy: \"AWS\":\"999999999999\"",
        ),
        (
            account_trust().replace("sts:", "kms:"),
            "MalformedPolicyDocument",
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            trust(&json!({ "Federated": long })),
            "LimitExceeded",
            "Cannot exceed quota for ACLSizePerRole: 2048",
        ),
    ] {
        let input = json!({ "RoleName": "app", "AssumeRolePolicyDocument": document });
        let refused = root.refused("CreateRole", input).await;
        assert_eq!(refused, Refused::new(name, message), "{document}");
    }
}

#[tokio::test]
async fn a_trust_policy_may_name_whoever_exists() {
    let app = TestApp::new().await;
    let root = app.root();
    let arn = create_role(&root, "first").await["Arn"].take();
    for (at, principal) in [
        json!("*"),
        json!({ "AWS": arn }),
        json!({ "AWS": "arn:aws:iam::111122223333:root" }),
        json!({ "AWS": "arn:aws:sts::111122223333:assumed-role/first/session" }),
        json!({ "Service": ["ec2.amazonaws.com"] }),
        json!({ "Federated": "arn:aws:iam::111122223333:oidc-provider/id.example.com" }),
    ]
    .iter()
    .enumerate()
    {
        let document = trust(principal);
        let input = json!({ "RoleName": format!("r{at}"), "AssumeRolePolicyDocument": document });
        let role = root.ok("CreateRole", input).await["Role"].take();
        assert_eq!(role["AssumeRolePolicyDocument"], escaped(&document));
    }
}

#[tokio::test]
async fn a_boundary_must_exist() {
    let app = TestApp::new().await;
    let arn = "arn:aws:iam::111122223333:policy/none";
    let input = json!({
        "RoleName": "app",
        "AssumeRolePolicyDocument": account_trust(),
        "PermissionsBoundary": arn,
    });
    let refused = app.root().refused("CreateRole", input).await;
    let message = format!("Scope ARN: {arn} does not exist or is not attachable.");
    assert_eq!(refused, Refused::new("NoSuchEntity", message));
}

#[tokio::test]
async fn the_record_tells_of_the_role() {
    let app = TestApp::new().await;
    let role = create_role(&app.root(), "app").await;
    let record = app.last_record();
    assert_eq!(record["eventSource"], "iam.amazonaws.com");
    assert_eq!(record["awsRegion"], "us-east-1");
    let expected = json!({
        "roleName": "app",
        "assumeRolePolicyDocument": account_trust(),
    });
    assert_eq!(record["requestParameters"], expected);
    let made = &record["responseElements"]["role"];
    assert_eq!(made["roleId"], role["RoleId"]);
    assert_eq!(made["assumeRolePolicyDocument"], role["AssumeRolePolicyDocument"]);
}
