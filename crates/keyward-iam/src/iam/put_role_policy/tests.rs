use keyward_testkit::{Refused, TestApp};
use serde_json::json;

use crate::iam::role_samples::{allow, create_role, escaped};

#[tokio::test]
async fn inline_policies_are_put_read_listed_and_deleted() {
    let app = TestApp::new().await;
    let root = app.root();
    create_role(&root, "app").await;
    for (name, action) in [("b", "kms:Encrypt"), ("a", "kms:Decrypt"), ("b", "kms:*")] {
        let input =
            json!({ "RoleName": "app", "PolicyName": name, "PolicyDocument": allow(action) });
        root.ok("PutRolePolicy", input).await;
    }
    let listed = root.ok("ListRolePolicies", json!({ "RoleName": "app" })).await;
    assert_eq!(listed, json!({ "PolicyNames": ["a", "b"], "IsTruncated": false }));
    let named = json!({ "RoleName": "app", "PolicyName": "b" });
    let found = root.ok("GetRolePolicy", named.clone()).await;
    assert_eq!(found["PolicyDocument"], escaped(&allow("kms:*")));
    root.ok("DeleteRolePolicy", named.clone()).await;
    for operation in ["GetRolePolicy", "DeleteRolePolicy"] {
        let refused = root.refused(operation, named.clone()).await;
        let message = "The role policy with name b cannot be found.";
        assert_eq!(refused, Refused::new("NoSuchEntity", message));
    }
}

#[tokio::test]
async fn the_policies_of_a_role_share_10240_characters_without_white_space() {
    let app = TestApp::new().await;
    let root = app.root();
    create_role(&root, "app").await;
    let of_length = |chars: usize| {
        let empty = allow("kms:").len();
        allow(&format!("kms:{}", "x".repeat(chars - empty)))
    };
    let put = |name: &str, document: String| json!({ "RoleName": "app", "PolicyName": name, "PolicyDocument": document });
    root.ok("PutRolePolicy", put("a", of_length(5240))).await;
    root.ok("PutRolePolicy", put("b", format!("{}\n \t", of_length(5000)))).await;
    let refused = root.refused("PutRolePolicy", put("b", of_length(5001))).await;
    let message = "Maximum policy size of 10240 bytes exceeded for role app";
    assert_eq!(refused, Refused::new("LimitExceeded", message));
}

#[tokio::test]
async fn a_document_that_is_no_identity_policy_is_refused() {
    let app = TestApp::new().await;
    let root = app.root();
    create_role(&root, "app").await;
    let document = allow("kms:*").replace("\"Effect\"", "\"Principal\":\"*\",\"Effect\"");
    let input = json!({ "RoleName": "app", "PolicyName": "a", "PolicyDocument": document });
    let refused = root.refused("PutRolePolicy", input).await;
    let message = "Policy document should not specify a principal.";
    assert_eq!(refused, Refused::new("MalformedPolicyDocument", message));
}
