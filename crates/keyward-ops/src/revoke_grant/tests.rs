use keyward_model::{Clock as _, GrantId, GrantOperation};
use keyward_store::{Change, GrantConstraints, GrantRecord, Scope, Write};
use keyward_testkit::{ACCOUNT, Client, KeyRequest, Refused, TestApp, resource};
use serde_json::{Value, json};

const ROOT: &str = "arn:aws:iam::111122223333:root";
const NO_GRANT: &str = "00000000000000000000000000000000000000000000000000000000000000aa";

async fn grant(root: &Client, key: &str) -> Value {
    let input = json!({ "KeyId": key, "GranteePrincipal": ROOT, "Operations": ["Decrypt"] });
    root.ok("CreateGrant", input).await
}

fn request() -> KeyRequest {
    KeyRequest::new("RevokeGrant", json!({})).keys_only().prepared(|root, key| {
        Box::pin(async move { json!({ "GrantId": grant(root, key).await["GrantId"] }) })
    })
}

#[tokio::test]
async fn a_revoked_grant_is_gone_with_all_its_tokens() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let (made, kept) = (grant(&root, &key).await, grant(&root, &key).await);
    let input = json!({ "KeyId": key, "GrantId": made["GrantId"] });
    assert_eq!(root.ok("RevokeGrant", input.clone()).await, Value::Null);

    let listed = root.ok("ListGrants", json!({ "KeyId": key })).await;
    assert_eq!(listed["Grants"].as_array().unwrap().len(), 1);
    assert_eq!(listed["Grants"][0]["GrantId"], kept["GrantId"]);
    let with_token = json!({ "KeyId": key, "GrantTokens": [made["GrantToken"]] });
    let refused = root.refused("DescribeKey", with_token).await;
    assert_eq!(refused.name, "InvalidGrantTokenException");
    let message = format!("Grant ID {} not found", made["GrantId"].as_str().unwrap());
    let refused = root.refused("RevokeGrant", input).await;
    assert_eq!(refused, Refused::new("NotFoundException", message));
}

#[tokio::test]
async fn an_id_that_is_none_is_refused_before_the_key_is_looked_for() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, other) = (root.create_key().await, root.create_key().await);
    for id in ["nonsense".to_owned(), NO_GRANT.to_uppercase(), NO_GRANT.replace("aa", "a")] {
        let refused =
            root.refused("RevokeGrant", json!({ "KeyId": "nonsense", "GrantId": id })).await;
        assert_eq!(refused, Refused::new("InvalidGrantIdException", "The grant ID is not valid."));
    }
    let of_other = grant(&root, &other).await["GrantId"].as_str().unwrap().to_owned();
    for id in [NO_GRANT, &of_other] {
        let refused = root.refused("RevokeGrant", json!({ "KeyId": key, "GrantId": id })).await;
        let message = format!("Grant ID {id} not found");
        assert_eq!(refused, Refused::new("NotFoundException", message));
    }
}

#[tokio::test]
async fn a_key_is_named_by_id_or_arn() {
    request().takes_every_form().await;
    request().refuses_what_names_no_key().await;
}

#[tokio::test]
async fn grants_are_revoked_in_every_state() {
    request().answers_by_state(&[]).await;
}

#[tokio::test]
async fn other_accounts_are_denied() {
    request().is_denied_elsewhere("kms:RevokeGrant").await;
}

/// The policy of the key of S3 does not allow it; that of most other services does.
#[tokio::test]
async fn the_account_revokes_grants_on_aws_managed_keys_where_their_policy_allows_it() {
    request().is_denied_on_aws_managed_keys("kms:RevokeGrant").await;
    let app = TestApp::new().await;
    let root = app.root();
    let metadata = root.describe("alias/aws/ebs").await;
    let scope = Scope { account: ACCOUNT.parse().unwrap(), region: "us-east-1".parse().unwrap() };
    let key = scope.key(metadata["KeyId"].as_str().unwrap().parse().unwrap());
    // The service makes its grants itself.
    let record = GrantRecord {
        key,
        grant_id: GrantId::new([0xaa; 32]),
        name: None,
        grantee_principal: Some("ec2.us-east-1.amazonaws.com".to_owned()),
        grantee_service_principal: None,
        retiring_principal: None,
        retiring_service_principal: None,
        issuing_account: scope.account,
        operations: vec![GrantOperation::Decrypt],
        constraints: GrantConstraints::default(),
        fingerprint: None,
        created_at: app.clock().now(),
        grantee_id: None,
        retiring_id: None,
        created_by_service: None,
    };
    let writes = vec![Write::PutGrant(Box::new(record))];
    app.engine().store().commit(Change { writes, ..Change::default() }).await.unwrap();
    let listed = root.ok("ListGrants", json!({ "KeyId": metadata["KeyId"] })).await;
    assert_eq!(listed["Grants"][0]["GrantId"], "aa".repeat(32));
    let input = json!({ "KeyId": metadata["KeyId"], "GrantId": "aa".repeat(32) });
    root.ok("RevokeGrant", input).await;
}

#[tokio::test]
async fn a_dry_run_revokes_nothing() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let made = grant(&root, &key).await;
    let input = |id: &Value| json!({ "KeyId": key, "GrantId": id, "DryRun": true });
    let refused = root.refused("RevokeGrant", input(&made["GrantId"])).await;
    assert_eq!(refused.name, "DryRunOperationException");
    assert_eq!(
        root.refused("RevokeGrant", input(&json!(NO_GRANT))).await.name,
        "NotFoundException"
    );
    root.ok("RevokeGrant", json!({ "KeyId": key, "GrantId": made["GrantId"] })).await;
}

#[tokio::test]
async fn the_record_names_the_key_and_the_grant() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    let made = grant(&root, &key).await;
    root.ok("RevokeGrant", json!({ "KeyId": key, "GrantId": made["GrantId"] })).await;
    let expected = json!({
        "requestParameters": { "keyId": key, "grantId": made["GrantId"] },
        "responseElements": { "keyId": arn },
        "readOnly": false,
        "resources": [resource(&arn)],
    });
    assert_eq!(app.recorded(), expected);
}
