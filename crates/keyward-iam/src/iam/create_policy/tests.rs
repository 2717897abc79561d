use keyward_testkit::{Refused, TestApp};
use serde_json::{Value, json};

use crate::iam::role_samples::{allow, create_policy, create_role};

#[tokio::test]
async fn a_policy_is_made_as_version_1() {
    let app = TestApp::new().await;
    let root = app.root();
    let input = json!({
        "PolicyName": "Use",
        "Path": "/keys/",
        "PolicyDocument": allow("kms:*"),
        "Description": "all keys",
        "Tags": [{ "Key": "a", "Value": "b" }],
    });
    let made = root.ok("CreatePolicy", input).await["Policy"].take();
    let arn = "arn:aws:iam::111122223333:policy/keys/Use";
    assert_eq!(made["Arn"], arn);
    assert_eq!(made["DefaultVersionId"], "v1");
    assert_eq!(made["AttachmentCount"], 0);
    assert!(made["PolicyId"].as_str().unwrap().starts_with("ANPA"));
    let found = root.ok("GetPolicy", json!({ "PolicyArn": arn })).await["Policy"].take();
    assert_eq!(found, made);
    assert_eq!(found["Description"], "all keys");
}

#[tokio::test]
async fn a_name_is_given_once_whatever_the_path() {
    let app = TestApp::new().await;
    let root = app.root();
    create_policy(&root, "use").await;
    let input = json!({ "PolicyName": "Use", "Path": "/a/", "PolicyDocument": allow("kms:*") });
    let message = "A policy called Use already exists. Duplicate names are not allowed.";
    let refused = root.refused("CreatePolicy", input).await;
    assert_eq!(refused, Refused::new("EntityAlreadyExists", message));
}

#[tokio::test]
async fn a_document_that_is_malformed_or_too_long_is_refused() {
    let app = TestApp::new().await;
    let root = app.root();
    let long = allow(&format!("kms:{}", "x".repeat(6144)));
    for (document, name, message) in [
        ("{}".to_owned(), "MalformedPolicyDocument", "Syntax errors in policy."),
        (
            allow("Encrypt"),
            "MalformedPolicyDocument",
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (long, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144"),
    ] {
        let input = json!({ "PolicyName": "use", "PolicyDocument": document });
        let refused = root.refused("CreatePolicy", input).await;
        assert_eq!(refused, Refused::new(name, message));
    }
}

#[tokio::test]
async fn a_policy_is_deleted_once_nobody_has_it() {
    let app = TestApp::new().await;
    let root = app.root();
    let arn = create_policy(&root, "use").await;
    create_role(&root, "app").await;
    let attachment = json!({ "RoleName": "app", "PolicyArn": arn });
    let named = json!({ "PolicyArn": arn });
    root.ok("AttachRolePolicy", attachment.clone()).await;
    let attached = Refused::new("DeleteConflict", "Cannot delete a policy attached to entities.");
    assert_eq!(root.refused("DeletePolicy", named.clone()).await, attached);
    root.ok("DetachRolePolicy", attachment).await;
    let boundary = json!({ "RoleName": "app", "PermissionsBoundary": arn });
    root.ok("PutRolePermissionsBoundary", boundary).await;
    assert_eq!(root.refused("DeletePolicy", named.clone()).await, attached);
    root.ok("DeleteRolePermissionsBoundary", json!({ "RoleName": "app" })).await;
    root.ok("DeletePolicy", named.clone()).await;
    let message = format!("Policy {arn} was not found.");
    let refused = root.refused("GetPolicy", named).await;
    assert_eq!(refused, Refused::new("NoSuchEntity", message));
}

#[tokio::test]
async fn the_policies_every_account_has_are_read_and_not_changed() {
    let app = TestApp::new().await;
    let root = app.root();
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let named = json!({ "PolicyArn": arn });
    let policy = root.ok("GetPolicy", named.clone()).await["Policy"].take();
    assert_eq!(policy["PolicyId"], "ANPAILL3HVNFSB6DCOWYQ");
    let version = json!({ "PolicyArn": arn, "VersionId": policy["DefaultVersionId"] });
    let version = root.ok("GetPolicyVersion", version).await["PolicyVersion"].take();
    assert!(version["Document"].as_str().unwrap().contains("kms%3ADescribe"));
    assert_eq!(root.refused("DeletePolicy", named).await.name, "AccessDenied");
    let input = json!({ "PolicyArn": arn, "PolicyDocument": allow("kms:*") });
    assert_eq!(root.refused("CreatePolicyVersion", input).await.name, "AccessDenied");
}

#[tokio::test]
async fn those_who_have_a_policy_are_listed_by_how_they_have_it() {
    let app = TestApp::new().await;
    let root = app.root();
    let arn = create_policy(&root, "use").await;
    for name in ["b", "a", "c"] {
        create_role(&root, name).await;
    }
    for name in ["a", "b"] {
        root.ok("AttachRolePolicy", json!({ "RoleName": name, "PolicyArn": arn })).await;
    }
    let boundary = json!({ "RoleName": "c", "PermissionsBoundary": arn });
    root.ok("PutRolePermissionsBoundary", boundary).await;
    let names = async |more: Value| {
        let mut input = json!({ "PolicyArn": arn });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let listed = root.ok("ListEntitiesForPolicy", input).await;
        let roles = listed["PolicyRoles"].as_array().unwrap().clone();
        let names = roles.iter().map(|role| role["RoleName"].as_str().unwrap().to_owned());
        (names.collect::<Vec<_>>().concat(), listed["Marker"].take_text())
    };
    assert_eq!(names(json!({})).await.0, "abc");
    assert_eq!(names(json!({ "PolicyUsageFilter": "PermissionsBoundary" })).await.0, "c");
    assert_eq!(names(json!({ "PolicyUsageFilter": "PermissionsPolicy" })).await.0, "ab");
    assert_eq!(names(json!({ "EntityFilter": "User" })).await.0, "");
    let (first, marker) = names(json!({ "MaxItems": 2 })).await;
    assert_eq!(first, "ab");
    assert_eq!(names(json!({ "MaxItems": 2, "Marker": marker })).await.0, "c");
}

/// A text that may be absent.
trait TakeText {
    fn take_text(&self) -> Option<String>;
}

impl TakeText for Value {
    fn take_text(&self) -> Option<String> {
        self.as_str().map(str::to_owned)
    }
}
