use keyward_testkit::{Refused, TestApp};
use serde_json::{Value, json};

use crate::iam::role_samples::{allow, create_policy, create_role};

const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

fn attachment(arn: &str) -> Value {
    json!({ "RoleName": "app", "PolicyArn": arn })
}

#[tokio::test]
async fn policies_are_attached_listed_and_detached() {
    let app = TestApp::new().await;
    let root = app.root();
    create_role(&root, "app").await;
    let own = create_policy(&root, "own").await;
    for arn in [READ_ONLY, &own, &own] {
        root.ok("AttachRolePolicy", attachment(arn)).await;
    }
    let listed = root.ok("ListAttachedRolePolicies", json!({ "RoleName": "app" })).await;
    let entry = |name: &str, arn: &str| json!({ "PolicyName": name, "PolicyArn": arn });
    let expected = json!([entry("ReadOnlyAccess", READ_ONLY), entry("own", &own)]);
    assert_eq!(listed["AttachedPolicies"], expected);
    for arn in [READ_ONLY, &own] {
        let policy = root.ok("GetPolicy", json!({ "PolicyArn": arn })).await["Policy"].take();
        assert_eq!(policy["AttachmentCount"], 1);
    }
    root.ok("DetachRolePolicy", attachment(&own)).await;
    let refused = root.refused("DetachRolePolicy", attachment(&own)).await;
    let message = format!("Policy {own} was not found.");
    assert_eq!(refused, Refused::new("NoSuchEntity", message));
}

#[tokio::test]
async fn what_cannot_be_attached_is_refused() {
    let app = TestApp::new().await;
    let root = app.root();
    create_role(&root, "app").await;
    let absent = "arn:aws:iam::111122223333:policy/none";
    let of_service = "arn:aws:iam::aws:policy/aws-service-role/\
                      AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy";
    for (arn, name, message) in [
        (absent, "NoSuchEntity", format!("Policy {absent} does not exist or is not attachable.")),
        (
            "nonsense nonsense nonsense",
            "InvalidInput",
            "ARN nonsense nonsense nonsense is not valid.".to_owned(),
        ),
        (
            of_service,
            "PolicyNotAttachable",
            "Cannot attach a Service Role Policy to a Customer Role.".to_owned(),
        ),
    ] {
        let refused = root.refused("AttachRolePolicy", attachment(arn)).await;
        assert_eq!(refused, Refused::new(name, message));
    }
}

#[tokio::test]
async fn ten_policies_are_attached_to_a_role_and_no_more() {
    let app = TestApp::new().await;
    let root = app.root();
    create_role(&root, "app").await;
    for number in 0..10 {
        let arn = create_policy(&root, &format!("p{number}")).await;
        root.ok("AttachRolePolicy", attachment(&arn)).await;
    }
    let refused = root.refused("AttachRolePolicy", attachment(READ_ONLY)).await;
    let message = "Cannot exceed quota for PoliciesPerRole: 10";
    assert_eq!(refused, Refused::new("LimitExceeded", message));
}

#[tokio::test]
async fn a_role_is_deleted_once_it_has_no_policies() {
    let app = TestApp::new().await;
    let root = app.root();
    create_role(&root, "app").await;
    let put = json!({ "RoleName": "app", "PolicyName": "a", "PolicyDocument": allow("kms:*") });
    root.ok("PutRolePolicy", put).await;
    root.ok("AttachRolePolicy", attachment(READ_ONLY)).await;
    let named = json!({ "RoleName": "app" });
    let message = "Cannot delete entity, must detach all policies first.";
    let refused = root.refused("DeleteRole", named.clone()).await;
    assert_eq!(refused, Refused::new("DeleteConflict", message));
    root.ok("DetachRolePolicy", attachment(READ_ONLY)).await;
    let message = "Cannot delete entity, must delete policies first.";
    let refused = root.refused("DeleteRole", named.clone()).await;
    assert_eq!(refused, Refused::new("DeleteConflict", message));
    root.ok("DeleteRolePolicy", json!({ "RoleName": "app", "PolicyName": "a" })).await;
    root.ok("DeleteRole", named.clone()).await;
    assert_eq!(root.refused("GetRole", named).await.name, "NoSuchEntity");
}
