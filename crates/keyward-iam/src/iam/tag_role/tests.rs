use keyward_testkit::{Refused, TestApp};
use serde_json::{Value, json};

use crate::iam::role_samples::{create_policy, create_role};

fn tag(key: &str, value: &str) -> Value {
    json!({ "Key": key, "Value": value })
}

#[tokio::test]
async fn tags_of_roles_and_policies_are_added_replaced_listed_and_taken_off() {
    let app = TestApp::new().await;
    let root = app.root();
    create_role(&root, "app").await;
    let arn = create_policy(&root, "use").await;
    for (kind, name) in
        [("Role", json!({ "RoleName": "app" })), ("Policy", json!({ "PolicyArn": arn }))]
    {
        let with = |more: Value| {
            let mut input = name.clone();
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            input
        };
        let tags = json!([tag("b", "1"), tag("a", "2")]);
        root.ok(&format!("Tag{kind}"), with(json!({ "Tags": tags }))).await;
        root.ok(&format!("Tag{kind}"), with(json!({ "Tags": [tag("B", "3")] }))).await;
        let listed = root.ok(&format!("List{kind}Tags"), with(json!({}))).await;
        assert_eq!(listed["Tags"], json!([tag("B", "3"), tag("a", "2")]), "{kind}");
        root.ok(&format!("Untag{kind}"), with(json!({ "TagKeys": ["b", "none"] }))).await;
        let listed = root.ok(&format!("List{kind}Tags"), with(json!({}))).await;
        assert_eq!(listed, json!({ "Tags": [tag("a", "2")], "IsTruncated": false }), "{kind}");
    }
}

#[tokio::test]
async fn what_is_not_there_has_no_tags() {
    let app = TestApp::new().await;
    let root = app.root();
    let message = "The role with name none cannot be found.";
    for (operation, input) in [
        ("TagRole", json!({ "RoleName": "none", "Tags": [tag("a", "b")] })),
        ("UntagRole", json!({ "RoleName": "none", "TagKeys": ["a"] })),
        ("ListRoleTags", json!({ "RoleName": "none" })),
        ("ListInstanceProfilesForRole", json!({ "RoleName": "none" })),
    ] {
        let refused = root.refused(operation, input).await;
        assert_eq!(refused, Refused::new("NoSuchEntity", message), "{operation}");
    }
}
