use keyward_testkit::TestApp;
use serde_json::{Value, json};

use crate::iam::role_samples::{create_policy, create_role};

fn names(listed: &Value) -> Vec<&str> {
    let policies = listed["Policies"].as_array().unwrap();
    policies.iter().map(|policy| policy["PolicyName"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn policies_are_listed_by_scope_path_and_use() {
    let app = TestApp::new().await;
    let root = app.root();
    let first = create_policy(&root, "bb").await;
    create_policy(&root, "Aa").await;
    create_role(&root, "app").await;
    root.ok("AttachRolePolicy", json!({ "RoleName": "app", "PolicyArn": first })).await;
    let list = async |input: Value| root.ok("ListPolicies", input).await;
    assert_eq!(names(&list(json!({ "Scope": "Local" })).await), ["Aa", "bb"]);
    let aws = list(json!({ "Scope": "AWS", "PathPrefix": "/aws-service-role/" })).await;
    assert_eq!(names(&aws), ["AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy"]);
    let attached = list(json!({ "Scope": "Local", "OnlyAttached": true })).await;
    assert_eq!(names(&attached), ["bb"]);
    let boundaries = list(json!({ "PolicyUsageFilter": "PermissionsBoundary" })).await;
    assert!(names(&boundaries).is_empty());
    let all = list(json!({})).await;
    assert_eq!(names(&all).first(), Some(&"Aa"));
    assert!(names(&all).contains(&"AdministratorAccess"));
}

#[tokio::test]
async fn pages_lead_through_the_whole_list() {
    let app = TestApp::new().await;
    let root = app.root();
    for name in ["a", "b", "c"] {
        create_policy(&root, name).await;
    }
    let (mut found, mut marker) = (Vec::new(), Value::Null);
    loop {
        let input = json!({ "Scope": "Local", "MaxItems": 1, "Marker": marker });
        let page = root.ok("ListPolicies", input).await;
        found.extend(names(&page).into_iter().map(str::to_owned));
        if page["IsTruncated"] == false {
            break;
        }
        marker = page["Marker"].clone();
    }
    assert_eq!(found, ["a", "b", "c"]);
    let other = root.refused("ListPolicies", json!({ "Scope": "All", "Marker": marker })).await;
    assert_eq!(other.name, "ValidationError");
}
