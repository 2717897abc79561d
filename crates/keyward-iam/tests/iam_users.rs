//! What all operations on users, groups and MFA devices have in common: who may not, what is not
//! there, what is malformed.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use keyward_store::UserBody;
use keyward_testkit::{Client, Refused, TestApp};
use serde_json::{Value, json};

const IAM: &str = "arn:aws:iam::111122223333";
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"kms:ListKeys","Resource":"*"}]}"#;
const POWER_USER: &str = "arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser";

/// An operation on something that has a name: its input without the name, and the condition on
/// which it is not refused.
fn on_users() -> Vec<(&'static str, Value)> {
    vec![
        ("AttachUserPolicy", json!({ "PolicyArn": POWER_USER })),
        ("CreateAccessKey", json!({})),
        ("DeleteLoginProfile", json!({})),
        ("DeleteUser", json!({})),
        ("DeleteUserPermissionsBoundary", json!({})),
        ("DeleteUserPolicy", json!({ "PolicyName": "p" })),
        ("DetachUserPolicy", json!({ "PolicyArn": POWER_USER })),
        ("GetLoginProfile", json!({})),
        ("GetUser", json!({})),
        ("GetUserPolicy", json!({ "PolicyName": "p" })),
        ("ListAccessKeys", json!({})),
        ("ListAttachedUserPolicies", json!({})),
        ("ListGroupsForUser", json!({})),
        ("ListMFADevices", json!({})),
        ("ListSSHPublicKeys", json!({})),
        ("ListServiceSpecificCredentials", json!({})),
        ("ListSigningCertificates", json!({})),
        ("ListUserPolicies", json!({})),
        ("ListUserTags", json!({})),
        ("PutUserPermissionsBoundary", json!({ "PermissionsBoundary": POWER_USER })),
        ("PutUserPolicy", json!({ "PolicyName": "p", "PolicyDocument": POLICY })),
        ("TagUser", json!({ "Tags": [{ "Key": "a", "Value": "b" }] })),
        ("UntagUser", json!({ "TagKeys": ["a"] })),
        ("UpdateUser", json!({ "NewPath": "/new/" })),
        ("UpdateAccessKey", json!({ "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Status": "Active" })),
        ("DeleteAccessKey", json!({ "AccessKeyId": "AKIAIOSFODNN7EXAMPLE" })),
        ("DeactivateMFADevice", json!({ "SerialNumber": device("d") })),
        ("GetMFADevice", json!({ "SerialNumber": device("d") })),
        ("EnableMFADevice", codes(&device("d"))),
        ("ResyncMFADevice", codes(&device("d"))),
    ]
}

fn on_groups() -> Vec<(&'static str, Value)> {
    vec![
        ("AddUserToGroup", json!({ "UserName": "alice" })),
        ("AttachGroupPolicy", json!({ "PolicyArn": POWER_USER })),
        ("DeleteGroup", json!({})),
        ("DeleteGroupPolicy", json!({ "PolicyName": "p" })),
        ("DetachGroupPolicy", json!({ "PolicyArn": POWER_USER })),
        ("GetGroup", json!({})),
        ("GetGroupPolicy", json!({ "PolicyName": "p" })),
        ("ListAttachedGroupPolicies", json!({})),
        ("ListGroupPolicies", json!({})),
        ("PutGroupPolicy", json!({ "PolicyName": "p", "PolicyDocument": POLICY })),
        ("RemoveUserFromGroup", json!({ "UserName": "alice" })),
        ("UpdateGroup", json!({ "NewPath": "/new/" })),
    ]
}

fn on_devices() -> Vec<(&'static str, Value)> {
    vec![
        ("DeleteVirtualMFADevice", json!({})),
        ("ListMFADeviceTags", json!({})),
        ("TagMFADevice", json!({ "Tags": [{ "Key": "a", "Value": "b" }] })),
        ("UntagMFADevice", json!({ "TagKeys": ["a"] })),
    ]
}

fn device(name: &str) -> String {
    format!("{IAM}:mfa/{name}")
}

fn codes(serial_number: &str) -> Value {
    json!({
        "SerialNumber": serial_number,
        "AuthenticationCode1": "123456",
        "AuthenticationCode2": "654321",
    })
}

fn with(mut input: Value, member: &str, value: &str) -> Value {
    input.as_object_mut().unwrap().insert(member.to_owned(), json!(value));
    input
}

/// Every operation with an input, and what its refusal calls the resource.
fn all(user: &str, group: &str, serial_number: &str) -> Vec<(&'static str, Value, String)> {
    let users = on_users().into_iter().map(|(operation, input)| {
        (operation, with(input, "UserName", user), format!("user {user}"))
    });
    let groups = on_groups().into_iter().map(|(operation, input)| {
        (operation, with(input, "GroupName", group), format!("group {group}"))
    });
    let devices = on_devices().into_iter().map(|(operation, input)| {
        (operation, with(input, "SerialNumber", serial_number), serial_number.to_owned())
    });
    let others = [
        ("CreateGroup", json!({ "GroupName": "g2", "Path": "/a/" }), format!("{IAM}:group/a/g2")),
        ("CreateUser", json!({ "UserName": "bob", "Path": "/a/" }), format!("{IAM}:user/a/bob")),
        ("CreateVirtualMFADevice", json!({ "VirtualMFADeviceName": "d2" }), device("d2")),
        ("GetAccessKeyLastUsed", json!({ "AccessKeyId": "AKIAIOSFODNN7EXAMPLE" }), "*".to_owned()),
        ("ListAccountAliases", json!({}), "*".to_owned()),
        ("ListGroups", json!({ "PathPrefix": "/a/" }), format!("{IAM}:group/a/")),
        ("ListUsers", json!({}), format!("{IAM}:user/")),
        ("ListVirtualMFADevices", json!({}), format!("{IAM}:mfa/")),
    ];
    users.chain(groups).chain(devices).chain(others).collect()
}

async fn with_alice_and_devs(app: &TestApp) -> Client {
    let root = app.root();
    root.ok("CreateUser", json!({ "UserName": "alice", "Path": "/team/" })).await;
    root.ok("CreateGroup", json!({ "GroupName": "devs" })).await;
    root.ok("CreateVirtualMFADevice", json!({ "VirtualMFADeviceName": "d" })).await;
    root
}

#[tokio::test]
async fn whom_no_policy_allows_is_denied_before_anything_else_is_told() {
    let app = TestApp::new().await;
    with_alice_and_devs(&app).await;
    let nobody = app.user("nobody", UserBody::default()).await;
    let there = all("alice", "devs", &device("d"));
    let absent = all("ghost", "ghosts", &device("ghost"));
    for (operation, input, resource) in there.into_iter().chain(absent) {
        let refused = nobody.refused(operation, input).await;
        let message = format!(
            "User: {IAM}:user/nobody is not authorized to perform: iam:{operation} on resource: \
             {resource} because no identity-based policy allows the iam:{operation} action"
        );
        assert_eq!(refused, Refused::new("AccessDenied", message), "{operation}");
        assert_eq!(app.last_record()["errorCode"], "AccessDenied", "{operation}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_named_in_the_refusal() {
    let app = TestApp::new().await;
    let root = with_alice_and_devs(&app).await;
    let absent = |message: &str| Refused::new("NoSuchEntity", message);
    for (operation, input) in on_users() {
        let refused = root.refused(operation, with(input, "UserName", "ghost")).await;
        let expected = absent("The user with name ghost cannot be found.");
        assert_eq!(refused, expected, "{operation}");
    }
    for (operation, input) in on_groups() {
        let refused = root.refused(operation, with(input, "GroupName", "ghosts")).await;
        let expected = absent("The group with name ghosts cannot be found.");
        assert_eq!(refused, expected, "{operation}");
    }
    let other_path = format!("{IAM}:mfa/path/d");
    for (operation, input) in on_devices() {
        for serial_number in [device("ghost"), other_path.clone()] {
            let refused =
                root.refused(operation, with(input.clone(), "SerialNumber", &serial_number)).await;
            let message =
                format!("VirtualMFADevice with serial number {serial_number} doesn't exist.");
            assert_eq!(refused, absent(&message), "{operation}");
        }
    }
}

#[tokio::test]
async fn a_name_outside_the_limits_is_refused_as_the_model_says() {
    let app = TestApp::new().await;
    let root = app.root();
    let words = "failed to satisfy constraint: Member must";
    for (operation, input) in on_users() {
        let refused = root.refused(operation, with(input, "UserName", "a b")).await;
        assert_eq!(refused.name, "ValidationError", "{operation}");
        let message = refused.message();
        let start = "1 validation error detected: Value 'a b' at 'userName'";
        assert!(message.starts_with(&format!("{start} {words}")), "{message}");
    }
    for (operation, input) in on_groups() {
        let refused = root.refused(operation, with(input, "GroupName", "")).await;
        assert_eq!(refused.name, "ValidationError", "{operation}");
    }
    for (operation, input) in on_devices() {
        let refused = root.refused(operation, with(input, "SerialNumber", "short")).await;
        assert_eq!(refused.name, "ValidationError", "{operation}");
    }
}

#[tokio::test]
async fn names_are_found_in_any_case() {
    let app = TestApp::new().await;
    let root = with_alice_and_devs(&app).await;
    let user = root.ok("GetUser", json!({ "UserName": "ALICE" })).await;
    assert_eq!(user["User"]["Arn"], format!("{IAM}:user/team/alice"));
    let group = root.ok("GetGroup", json!({ "GroupName": "Devs" })).await;
    assert_eq!(group["Group"]["GroupName"], "devs");
}
