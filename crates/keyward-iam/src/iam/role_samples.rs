//! Roles and policies for tests.

use keyward_testkit::Client;
use serde_json::{Value, json};

/// A trust policy for somebody.
pub(crate) fn trust(principal: &Value) -> String {
    let statement =
        json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

/// A trust policy for the account.
pub(crate) fn account_trust() -> String {
    trust(&json!({ "AWS": "111122223333" }))
}

/// An identity policy that allows an action on everything.
pub(crate) fn allow(action: &str) -> String {
    let statement = json!({ "Effect": "Allow", "Action": action, "Resource": "*" });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

/// Makes a role that the account may assume; what CreateRole says of it.
pub(crate) async fn create_role(client: &Client, name: &str) -> Value {
    let input = json!({ "RoleName": name, "AssumeRolePolicyDocument": account_trust() });
    client.ok("CreateRole", input).await["Role"].take()
}

/// Makes a managed policy; its ARN.
pub(crate) async fn create_policy(client: &Client, name: &str) -> String {
    let input = json!({ "PolicyName": name, "PolicyDocument": allow("kms:*") });
    let policy = client.ok("CreatePolicy", input).await["Policy"].take();
    policy["Arn"].as_str().unwrap().to_owned()
}

/// A document as replies show it.
pub(crate) fn escaped(document: &str) -> String {
    super::document::Escaped(document.to_owned()).to_string()
}
