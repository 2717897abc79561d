//! What callers learn of the keys of other accounts.

use std::collections::BTreeMap;

use keyward_store::UserBody;
use keyward_testkit::{ACCOUNT, Client, Refused, TestApp};
use serde_json::{Value, json};

/// A user of the first account who denies itself what it asks for. Among its conditions are those
/// on properties of a key.
async fn self_denying(app: &TestApp, condition: &Value) -> Client {
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Effect": "Allow", "Action": "kms:*", "Resource": "*" },
            { "Effect": "Deny", "Action": "kms:*", "Resource": "*", "Condition": condition },
        ],
    });
    let inline_policies = BTreeMap::from([("p".to_owned(), policy.to_string())]);
    app.user("eve", UserBody { inline_policies, ..UserBody::default() }).await
}

#[tokio::test]
async fn who_is_denied_by_its_own_policies_does_not_learn_which_foreign_keys_and_aliases_there_are()
{
    let app = TestApp::new().await;
    let other = app.other_account().await;
    let key = other.create_key().await;
    other.create_alias("alias/payroll", &key).await;
    let arn = other.arn(&key).await;
    let absent = arn.replace(&key, "1234abcd-12ab-34cd-56ef-1234567890ab");
    let alias = arn.replace(&format!("key/{key}"), "alias/payroll");
    let absent_alias = alias.replace("payroll", "absent");
    for condition in [
        json!({}),
        json!({ "StringEquals": { "kms:KeySpec": "SYMMETRIC_DEFAULT" } }),
        json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/payroll" } }),
    ] {
        let eve = self_denying(&app, &condition).await;
        let message = format!(
            "User: arn:aws:iam::{ACCOUNT}:user/eve is not authorized to perform: kms:DescribeKey on \
             this resource because the resource does not exist in this Region, no resource-based \
             policies allow access, or a resource-based policy explicitly denies access"
        );
        for named in [&arn, &absent, &alias, &absent_alias] {
            let refused = eve.refused("DescribeKey", json!({ "KeyId": named })).await;
            assert_eq!(refused, Refused::new("AccessDeniedException", message.as_str()), "{named}");
        }
    }
}

#[tokio::test]
async fn a_key_that_lets_the_callers_account_is_named_in_the_refusal_of_that_account() {
    let app = TestApp::new().await;
    let other = app.other_account().await;
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": { "AWS": [ACCOUNT, other.caller().account.as_str()] },
            "Action": "kms:*",
            "Resource": "*",
        },
    });
    let key = other.create_key().await;
    other.ok("PutKeyPolicy", json!({ "KeyId": key, "Policy": policy.to_string() })).await;
    let arn = other.arn(&key).await;
    let nobody = app.user("nobody", UserBody::default()).await;
    let refused = nobody.refused("DescribeKey", json!({ "KeyId": arn })).await;
    let message = format!(
        "User: arn:aws:iam::{ACCOUNT}:user/nobody is not authorized to perform: kms:DescribeKey on \
         resource: {arn} because no identity-based policy allows the kms:DescribeKey action"
    );
    assert_eq!(refused, Refused::new("AccessDeniedException", message.as_str()));
}
