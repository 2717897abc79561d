//! What the tests of several operations share.

use keyward_testkit::{Client, TestApp};
use serde_json::json;

/// A user of the first account that may do these actions, and nothing else.
pub(crate) async fn user(app: &TestApp, name: &str, actions: &[&str]) -> Client {
    let root = app.root();
    root.ok("CreateUser", json!({ "UserName": name })).await;
    if !actions.is_empty() {
        let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
        let document = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let policy = json!({ "UserName": name, "PolicyName": "p", "PolicyDocument": document });
        root.ok("PutUserPolicy", policy).await;
    }
    let key = root.ok("CreateAccessKey", json!({ "UserName": name })).await;
    root.signing_with(&key["AccessKey"])
}
