use keyward_testkit::TestApp;
use serde_json::{Value, json};

use crate::iam::role_samples::{account_trust, create_role};

#[tokio::test]
async fn roles_are_listed_by_path_and_page_without_what_only_one_shows() {
    let app = TestApp::new().await;
    let root = app.root();
    for name in ["b", "A", "c"] {
        create_role(&root, name).await;
    }
    let input = json!({
        "RoleName": "deep",
        "Path": "/x/y/",
        "AssumeRolePolicyDocument": account_trust(),
        "Tags": [{ "Key": "a", "Value": "b" }],
    });
    root.ok("CreateRole", input).await;
    let names = |page: &Value| -> Vec<String> {
        let roles = page["Roles"].as_array().unwrap();
        roles.iter().map(|role| role["RoleName"].as_str().unwrap().to_owned()).collect()
    };
    let under = root.ok("ListRoles", json!({ "PathPrefix": "/x/" })).await;
    assert_eq!(names(&under), ["deep"]);
    assert!(under["Roles"][0].get("Tags").is_none());
    let first = root.ok("ListRoles", json!({ "MaxItems": 3 })).await;
    assert_eq!(names(&first), ["A", "b", "c"]);
    let next = json!({ "MaxItems": 3, "Marker": first["Marker"] });
    assert_eq!(names(&root.ok("ListRoles", next).await), ["deep"]);
}

#[tokio::test]
async fn a_role_gets_another_description_and_duration() {
    let app = TestApp::new().await;
    let root = app.root();
    create_role(&root, "app").await;
    let input = json!({ "RoleName": "app", "Description": "one", "MaxSessionDuration": 43200 });
    assert_eq!(root.ok("UpdateRole", input).await, json!({}));
    let input = json!({ "RoleName": "app", "Description": "two" });
    let changed = root.ok("UpdateRoleDescription", input).await["Role"].take();
    assert_eq!(changed["Description"], "two");
    assert_eq!(changed["MaxSessionDuration"], 43200);
    let input = json!({ "RoleName": "app", "MaxSessionDuration": 43201 });
    assert_eq!(root.refused("UpdateRole", input).await.name, "ValidationError");
}

#[tokio::test]
async fn a_boundary_is_put_and_taken_off() {
    let app = TestApp::new().await;
    let root = app.root();
    create_role(&root, "app").await;
    let named = json!({ "RoleName": "app" });
    let refused = root.refused("DeleteRolePermissionsBoundary", named.clone()).await;
    assert_eq!(refused.name, "NoSuchEntity");
    let boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let put = json!({ "RoleName": "app", "PermissionsBoundary": boundary });
    root.ok("PutRolePermissionsBoundary", put).await;
    let role = root.ok("GetRole", named.clone()).await["Role"].take();
    assert_eq!(role["PermissionsBoundary"]["PermissionsBoundaryArn"], boundary);
    root.ok("DeleteRolePermissionsBoundary", named.clone()).await;
    let role = root.ok("GetRole", named).await["Role"].take();
    assert!(role.get("PermissionsBoundary").is_none());
}
