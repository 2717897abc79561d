use keyward_testkit::{Refused, TestApp};
use serde_json::{Value, json};

use crate::iam::role_samples::account_trust;

const SERVICE: &str = "mrk.kms.amazonaws.com";
const NAME: &str = "AWSServiceRoleForKeyManagementServiceMultiRegionKeys";

fn request() -> Value {
    json!({ "AWSServiceName": SERVICE })
}

#[tokio::test]
async fn a_service_has_one_role_in_an_account() {
    let app = TestApp::new().await;
    let root = app.root();
    let role = root.ok("CreateServiceLinkedRole", request()).await["Role"].take();
    let arn = format!("arn:aws:iam::111122223333:role/aws-service-role/{SERVICE}/{NAME}");
    assert_eq!(role["Arn"], json!(arn));
    let refused = root.refused("CreateServiceLinkedRole", request()).await;
    let message = format!(
        "Service role name {NAME} has been taken in this account, please try a different suffix."
    );
    assert_eq!(refused, Refused::new("InvalidInput", message));
    let listed = root.ok("ListAttachedRolePolicies", json!({ "RoleName": NAME })).await;
    let policy = listed["AttachedPolicies"][0]["PolicyArn"].as_str().unwrap();
    root.ok("GetPolicy", json!({ "PolicyArn": policy })).await;
}

#[tokio::test]
async fn only_the_service_changes_its_role() {
    let app = TestApp::new().await;
    let root = app.root();
    root.ok("CreateServiceLinkedRole", request()).await;
    let message = format!(
        "Cannot perform the operation on the protected role '{NAME}' - this role is only \
         modifiable by AWS"
    );
    let read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    for (operation, more) in [
        ("AttachRolePolicy", json!({ "PolicyArn": read_only })),
        ("DeleteRole", json!({})),
        ("DeleteRolePolicy", json!({ "PolicyName": "a" })),
        ("PutRolePermissionsBoundary", json!({ "PermissionsBoundary": read_only })),
        ("UpdateAssumeRolePolicy", json!({ "PolicyDocument": account_trust() })),
        ("UpdateRole", json!({ "Description": "mine" })),
        ("UpdateRoleDescription", json!({ "Description": "mine" })),
    ] {
        let mut input = json!({ "RoleName": NAME });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let refused = root.refused(operation, input).await;
        assert_eq!(refused, Refused::new("UnmodifiableEntity", message.as_str()), "{operation}");
    }
}

#[tokio::test]
async fn a_service_that_is_not_known_has_no_role() {
    let app = TestApp::new().await;
    let root = app.root();
    let input = json!({ "AWSServiceName": "nothing.amazonaws.com" });
    assert_eq!(root.refused("CreateServiceLinkedRole", input).await.name, "InvalidInput");
    let input = json!({ "AWSServiceName": SERVICE, "CustomSuffix": "x" });
    assert_eq!(root.refused("CreateServiceLinkedRole", input).await.name, "InvalidInput");
}

#[tokio::test]
async fn the_role_of_a_service_is_deleted_at_once_and_may_be_made_again() {
    let app = TestApp::new().await;
    let root = app.root();
    root.ok("CreateServiceLinkedRole", request()).await;
    let named = json!({ "RoleName": NAME });
    let task = root.ok("DeleteServiceLinkedRole", named.clone()).await;
    let status = root.ok("GetServiceLinkedRoleDeletionStatus", task).await;
    assert_eq!(status, json!({ "Status": "SUCCEEDED" }));
    assert_eq!(root.refused("DeleteServiceLinkedRole", named).await.name, "NoSuchEntity");
    root.ok("CreateServiceLinkedRole", request()).await;
}

#[tokio::test]
async fn roles_of_ones_own_and_tasks_that_never_were_are_not_found() {
    let app = TestApp::new().await;
    let root = app.root();
    let input = json!({ "RoleName": "app", "AssumeRolePolicyDocument": account_trust() });
    root.ok("CreateRole", input).await;
    let refused = root.refused("DeleteServiceLinkedRole", json!({ "RoleName": "app" })).await;
    assert_eq!(refused.name, "NoSuchEntity");
    for id in ["task", "task/aws-service-role/x/y/z", "task/aws-service-role/mrk.kms.amazonaws.com"]
    {
        let input = json!({ "DeletionTaskId": id });
        let refused = root.refused("GetServiceLinkedRoleDeletionStatus", input).await;
        assert_eq!(refused.name, "NoSuchEntity", "{id}");
    }
}
