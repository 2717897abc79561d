use keyward_testkit::TestApp;
use serde_json::{Value, json};

use crate::iam::role_samples::{allow, create_policy, create_role, escaped};

#[tokio::test]
async fn everything_is_told_with_what_it_is_allowed() {
    let app = TestApp::new().await;
    let root = app.root();
    create_role(&root, "app").await;
    let put = json!({ "RoleName": "app", "PolicyName": "p", "PolicyDocument": allow("kms:Sign") });
    root.ok("PutRolePolicy", put).await;
    let own = create_policy(&root, "use").await;
    let aws = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    for arn in [own.as_str(), aws] {
        root.ok("AttachRolePolicy", json!({ "RoleName": "app", "PolicyArn": arn })).await;
    }
    let told = root.ok("GetAccountAuthorizationDetails", json!({ "Filter": ["Role"] })).await;
    let role = &told["RoleDetailList"][0];
    assert_eq!(role["RoleName"], "app");
    assert_eq!(role["RolePolicyList"][0]["PolicyDocument"], escaped(&allow("kms:Sign")));
    assert_eq!(role["AttachedManagedPolicies"][0]["PolicyArn"], json!(own));
    assert_eq!(told["Policies"], json!([]));

    let filter = json!({ "Filter": ["LocalManagedPolicy", "AWSManagedPolicy"] });
    let told = root.ok("GetAccountAuthorizationDetails", filter).await;
    let arns: Vec<_> =
        told["Policies"].as_array().unwrap().iter().map(|policy| policy["Arn"].clone()).collect();
    assert_eq!(arns.last(), Some(&json!(aws)));
    assert!(arns.contains(&json!(own)));
    assert_eq!(told["Policies"][0]["PolicyVersionList"][0]["IsDefaultVersion"], true);
}

#[tokio::test]
async fn pages_lead_from_kind_to_kind() {
    let app = TestApp::new().await;
    let root = app.root();
    create_role(&root, "app").await;
    create_policy(&root, "use").await;
    let (mut roles, mut policies, mut marker) = (0, 0, Value::Null);
    loop {
        let input = json!({ "MaxItems": 1, "Marker": marker });
        let page = root.ok("GetAccountAuthorizationDetails", input).await;
        roles += page["RoleDetailList"].as_array().unwrap().len();
        policies += page["Policies"].as_array().unwrap().len();
        if page["IsTruncated"] == false {
            break;
        }
        marker = page["Marker"].clone();
    }
    assert_eq!(roles, 1);
    assert!(policies >= 1);
}
