//! Registered services: what they may do for accounts, as themselves, and for all.

#![expect(clippy::indexing_slicing, reason = "a test stops where a reply is not as it must be")]

use keyward_engine::NewServiceKind;
use keyward_testkit::{ACCOUNT, Client, Refused, TestApp, blob};
use serde_json::{Value, json};

const VAULT: &str = "arn:aws:backup:us-east-1:111122223333:backup-vault:nightly";

fn on_behalf() -> NewServiceKind {
    NewServiceKind::OnBehalf { role: None }
}

fn as_itself(source_arn: &str) -> NewServiceKind {
    NewServiceKind::AsItself { source_arn: Some(source_arn.to_owned()), source_account: None }
}

async fn data_key(client: &Client, key: &str) -> Value {
    let input = json!({ "KeyId": key, "KeySpec": "AES_256" });
    client.ok("GenerateDataKey", input).await["CiphertextBlob"].clone()
}

fn records(app: &TestApp, event_name: &str) -> Vec<Value> {
    app.audit().into_iter().filter(|record| record["eventName"] == event_name).collect()
}

#[tokio::test]
async fn a_service_makes_its_aws_managed_key_at_first_use_and_only_it_uses_the_key() {
    let app = TestApp::new().await;
    let (root, s3) = (app.root(), app.service("s3", on_behalf()).await);
    let sealed = data_key(&s3, "alias/aws/s3").await;
    s3.ok("Decrypt", json!({ "CiphertextBlob": sealed })).await;
    data_key(&s3, "alias/aws/s3").await;

    let key = root.describe("alias/aws/s3").await;
    assert_eq!(key["KeyManager"], "AWS");
    let arn = key["Arn"].as_str().unwrap();
    let refused = root.refused("Decrypt", json!({ "CiphertextBlob": sealed })).await;
    let caller = root.caller().arn();
    let message = format!(
        "User: {caller} is not authorized to perform: kms:Decrypt on resource: {arn} because no \
         resource-based policy allows the kms:Decrypt action"
    );
    assert_eq!(refused, Refused::new("AccessDeniedException", message));

    let creations = records(&app, "CreateKey");
    let [creation] = &creations[..] else { panic!("{creations:?}") };
    assert_eq!(creation["userIdentity"]["invokedBy"], "s3.amazonaws.com");
    assert_eq!(creation["resources"][0]["ARN"], arn);
    let used = records(&app, "GenerateDataKey").pop().unwrap();
    assert_eq!(used["userIdentity"]["type"], "AssumedRole");
    assert_eq!(used["userIdentity"]["invokedBy"], "s3.amazonaws.com");
    assert_eq!(used["sourceIPAddress"], "s3.amazonaws.com");
    assert_eq!(used["userAgent"], "s3.amazonaws.com");
}

#[tokio::test]
async fn a_service_that_aws_does_not_know_has_a_key_too() {
    let app = TestApp::new().await;
    let (root, minio) = (app.root(), app.service("minio", on_behalf()).await);
    let sealed = data_key(&minio, "alias/aws/minio").await;
    minio.ok("Decrypt", json!({ "CiphertextBlob": sealed })).await;
    assert_eq!(root.describe("alias/aws/minio").await["KeyManager"], "AWS");
    let refused = root.refused("Decrypt", json!({ "CiphertextBlob": sealed })).await;
    assert_eq!(refused.name, "AccessDeniedException");
}

#[tokio::test]
async fn no_service_makes_or_uses_the_key_of_another() {
    let app = TestApp::new().await;
    let (s3, backup) =
        (app.service("s3", on_behalf()).await, app.service("ec2", on_behalf()).await);
    let input = |key: &str| json!({ "KeyId": key, "KeySpec": "AES_256" });
    for alias in ["alias/aws/ebs", "alias/aws/minio", "alias/s3", "alias/aws/s3/x"] {
        let refused = s3.refused("GenerateDataKey", input(alias)).await;
        assert_eq!(refused.name, "NotFoundException", "{alias}");
    }
    data_key(&backup, "alias/aws/ebs").await;
    let refused = s3.refused("GenerateDataKey", input("alias/aws/ebs")).await;
    assert_eq!(refused.name, "AccessDeniedException");
}

#[tokio::test]
async fn a_service_uses_a_customers_key_as_far_as_policies_let_it() {
    let app = TestApp::new().await;
    let (root, s3) = (app.root(), app.service("s3", on_behalf()).await);
    let key = root.create_key().await;
    data_key(&s3, &key).await;
    let region = "us-east-1";
    let only_through = |service: &str| {
        json!({
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") },
                    "Action": "kms:*",
                    "Resource": "*",
                },
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "kms:GenerateDataKey",
                    "Resource": "*",
                    "Condition": { "StringNotEquals": {
                        "kms:ViaService": format!("{service}.{region}.amazonaws.com"),
                    } },
                },
            ],
        })
        .to_string()
    };
    for (service, is_allowed) in [("s3", true), ("ec2", false)] {
        let policy = only_through(service);
        root.ok("PutKeyPolicy", json!({ "KeyId": key, "Policy": policy })).await;
        let input = json!({ "KeyId": key, "KeySpec": "AES_256" });
        assert_eq!(s3.call("GenerateDataKey", input).await.is_ok(), is_allowed, "{service}");
    }
    let input = json!({ "KeyId": key, "KeySpec": "AES_256" });
    assert_eq!(root.refused("GenerateDataKey", input).await.name, "AccessDeniedException");
}

#[tokio::test]
async fn no_service_administers_keys_or_calls_iam() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let services =
        [app.service("s3", on_behalf()).await, app.service("backup", as_itself(VAULT)).await];
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*",
        },
    });
    let put = json!({ "KeyId": key, "Policy": policy.to_string() });
    root.ok("PutKeyPolicy", put.clone()).await;
    let arn = root.arn(&key).await;
    let of_key = |key: &str| json!({ "KeyId": key });
    for service in services {
        for (operation, input) in [
            ("CreateKey", json!({})),
            ("ScheduleKeyDeletion", of_key(&arn)),
            ("DisableKey", of_key(&arn)),
            ("PutKeyPolicy", put.clone()),
            ("EnableKeyRotation", of_key(&arn)),
        ] {
            let refused = service.refused(operation, input).await;
            assert_eq!(refused.name, "AccessDeniedException", "{operation}");
        }
        data_key(&service, &arn).await;
        service.ok("DescribeKey", of_key(&arn)).await;
    }
}

#[tokio::test]
async fn a_service_that_calls_as_itself_has_what_grants_for_its_source_give_it() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    let input = json!({
        "KeyId": key,
        "GranteeServicePrincipal": "backup.amazonaws.com",
        "RetiringPrincipal": format!("arn:aws:iam::{ACCOUNT}:root"),
        "Operations": ["Encrypt", "DescribeKey"],
        "Constraints": { "SourceArn": VAULT },
    });
    root.ok("CreateGrant", input).await;
    let encrypt = json!({ "KeyId": arn, "Plaintext": blob("secret") });
    let backup = app.service("backup", as_itself(VAULT)).await;
    backup.ok("Encrypt", encrypt.clone()).await;
    let refused = backup.refused("GenerateDataKey", json!({ "KeyId": arn, "KeySpec": "AES_256" }));
    assert_eq!(refused.await.name, "AccessDeniedException");
    let other = app.service("other", as_itself(VAULT)).await;
    assert_eq!(other.refused("Encrypt", encrypt).await.name, "AccessDeniedException");
    let record = records(&app, "Encrypt").swap_remove(0);
    let expected = json!({
        "type": "AWSService",
        "invokedBy": "backup.amazonaws.com",
        "inScopeOf": { "sourceArn": VAULT, "sourceAccount": ACCOUNT },
    });
    assert_eq!(record["userIdentity"], expected);
}

#[tokio::test]
async fn an_owned_service_has_keys_that_serve_everyone_and_nobody_sees() {
    let app = TestApp::new().await;
    let root = app.root();
    let service = app.service("dynamodb", NewServiceKind::Owned).await;
    let key = service.create_key().await;
    let sealed = data_key(&service, &key).await;
    service.ok("Decrypt", json!({ "CiphertextBlob": sealed })).await;
    let refused = root.refused("Decrypt", json!({ "CiphertextBlob": sealed })).await;
    assert_eq!(refused.name, "AccessDeniedException");
    assert_eq!(root.ok("ListKeys", json!({})).await["Keys"], json!([]));
    service.schedule_deletion(&key).await;
}

#[tokio::test]
async fn a_removed_service_signs_no_more() {
    let app = TestApp::new().await;
    let s3 = app.service("s3", on_behalf()).await;
    data_key(&s3, "alias/aws/s3").await;
    let account = app.root().caller().account;
    app.engine().remove_service((&"s3".parse().unwrap(), account), "test").await.unwrap();
    let refused = s3.refused("ListKeys", json!({})).await;
    assert_eq!(refused.name, "UnrecognizedClientException");
}
