use keyward_engine::Quotas;
use keyward_model::{KeyMaterialId, KeyMaterialState, KeySpec, KeyState, KeyUsage, Origin};
use keyward_store::{Change, MaterialRecord, Scope, Write};
use keyward_testkit::{Client, KeyRequest, Refused, TestApp, TestOptions, blob, resource};
use serde_json::{Value, json};

const HERE: &str = "us-east-1";
const THERE: &str = "eu-central-1";

fn request() -> KeyRequest {
    KeyRequest::new("ReplicateKey", json!({ "ReplicaRegion": THERE })).keys_only().multi_region()
}

fn to(key: &str, region: &str) -> Value {
    json!({ "KeyId": key, "ReplicaRegion": region })
}

/// Root in both Regions, and a multi-Region key in the first.
async fn with_a_primary_key(app: &TestApp) -> (Client, Client, String) {
    let root = app.root();
    let key = root.create_multi_region_key().await;
    (root, app.root_in(THERE), key)
}

fn member(key: &str, region: &str) -> Value {
    json!({ "Arn": format!("arn:aws:kms:{region}:111122223333:key/{key}"), "Region": region })
}

#[tokio::test]
async fn a_replica_is_creating_for_a_moment_and_then_enabled() {
    let app = TestApp::new().await;
    let (root, there, key) = with_a_primary_key(&app).await;
    let primary = root.describe(&key).await;
    app.clock().advance_days(1);
    let reply = root.ok("ReplicateKey", to(&key, THERE)).await;
    let configuration = |role| {
        json!({
            "MultiRegionKeyType": role,
            "PrimaryKey": member(&key, HERE),
            "ReplicaKeys": [member(&key, THERE)],
        })
    };
    let mut replica = primary.clone();
    for (name, value) in [
        ("Arn", member(&key, THERE)["Arn"].clone()),
        ("CreationDate", json!(1_772_705_702.123)),
        ("Enabled", json!(false)),
        ("KeyState", json!("Creating")),
        ("MultiRegionConfiguration", configuration("REPLICA")),
    ] {
        replica[name] = value;
    }
    let policy = root.ok("GetKeyPolicy", json!({ "KeyId": key })).await;
    let expected = json!({
        "ReplicaKeyMetadata": replica,
        "ReplicaPolicy": policy["Policy"],
        "ReplicaTags": [],
    });
    assert_eq!(reply, expected);
    assert_eq!(there.describe(&key).await, replica);
    let refused = there.refused("Encrypt", json!({ "KeyId": key, "Plaintext": "AAAA" })).await;
    assert_eq!(refused.name, "KMSInvalidStateException");
    let mut now_primary = primary;
    now_primary["MultiRegionConfiguration"] = configuration("PRIMARY");
    assert_eq!(root.describe(&key).await, now_primary);

    app.settle().await;
    replica["Enabled"] = json!(true);
    replica["KeyState"] = json!("Enabled");
    assert_eq!(there.describe(&key).await, replica);
    assert_eq!(root.describe(&key).await, now_primary);
}

#[tokio::test]
async fn a_ciphertext_made_in_one_region_opens_in_the_other() {
    let app = TestApp::new().await;
    let (root, there, key) = with_a_primary_key(&app).await;
    let before = root.encrypt(&key, b"before").await;
    root.replicate(&key, THERE).await;
    let after = there.encrypt(&key, b"after").await;
    for (client, region) in [(&root, HERE), (&there, THERE)] {
        for (ciphertext, plaintext) in [(&before, "before"), (&after, "after")] {
            let opened = client.ok("Decrypt", json!({ "CiphertextBlob": ciphertext })).await;
            assert_eq!(opened["Plaintext"], json!(blob(plaintext)));
            assert_eq!(opened["KeyId"], member(&key, region)["Arn"]);
        }
    }
}

#[tokio::test]
async fn a_replica_has_the_material_of_any_kind_of_key() {
    let app = TestApp::new().await;
    let root = app.root();
    for (spec, usage) in [
        (KeySpec::Hmac256, KeyUsage::GenerateVerifyMac),
        (KeySpec::EccNistP256, KeyUsage::SignVerify),
        (KeySpec::MlDsa44, KeyUsage::SignVerify),
    ] {
        let input = json!({ "KeySpec": spec, "KeyUsage": usage, "MultiRegion": true });
        let key = root.create_key_with(input).await;
        let replica = root.replicate(&key, THERE).await;
        assert_eq!(replica["KeyState"], "Enabled", "{spec}");
        assert_eq!(replica["KeySpec"], json!(spec));
        let store = app.engine().store().materials();
        let scoped = |region: &str| {
            let scope = Scope { account: root.caller().account, region: region.parse().unwrap() };
            scope.key(key.parse().unwrap())
        };
        let mut here = store.list(&scoped(HERE)).await.unwrap();
        let there = store.list(&scoped(THERE)).await.unwrap();
        // The rows differ in what they are sealed for, and in nothing else.
        assert_ne!(here[0].sealed, there[0].sealed);
        here[0].sealed.clone_from(&there[0].sealed);
        here[0].key = there[0].key.clone();
        assert_eq!(here, there);
    }
}

#[tokio::test]
async fn a_replica_has_a_policy_tags_and_a_description_of_its_own() {
    let app = TestApp::new().await;
    let root = app.root();
    let there = app.root_in(THERE);
    let tags = json!([{ "TagKey": "a", "TagValue": "b" }]);
    let input = json!({ "MultiRegion": true, "Description": "primary", "Tags": tags });
    let key = root.create_key_with(input).await;
    let own = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}"#;
    root.ok("PutKeyPolicy", json!({ "KeyId": key, "Policy": own })).await;
    root.replicate(&key, THERE).await;
    assert_eq!(there.describe(&key).await["Description"], "");
    assert_eq!(there.ok("ListResourceTags", json!({ "KeyId": key })).await["Tags"], json!([]));
    let policy = there.ok("GetKeyPolicy", json!({ "KeyId": key })).await;
    assert_ne!(policy["Policy"], own);

    let key = root.create_multi_region_key().await;
    let tags = json!([{ "TagKey": "c", "TagValue": "" }]);
    let reply = root
        .ok(
            "ReplicateKey",
            json!({
                "KeyId": key,
                "ReplicaRegion": THERE,
                "BypassPolicyLockoutSafetyCheck": true,
                "Description": "replica",
                "Policy": own,
                "Tags": tags,
            }),
        )
        .await;
    assert_eq!((&reply["ReplicaPolicy"], &reply["ReplicaTags"]), (&json!(own), &tags));
    assert_eq!(there.describe(&key).await["Description"], "replica");
    assert_eq!(there.ok("ListResourceTags", json!({ "KeyId": key })).await["Tags"], tags);
    assert_eq!(there.ok("GetKeyPolicy", json!({ "KeyId": key })).await["Policy"], own);
    assert_eq!(root.ok("ListResourceTags", json!({ "KeyId": key })).await["Tags"], json!([]));
}

#[tokio::test]
async fn what_a_replica_has_of_its_own_changes_without_the_primary_key() {
    let app = TestApp::new().await;
    let (root, there, key) = with_a_primary_key(&app).await;
    root.replicate(&key, THERE).await;
    root.disable(&key).await;
    there.encrypt(&key, b"secret").await;
    there.ok("UpdateKeyDescription", json!({ "KeyId": key, "Description": "d" })).await;
    there.create_alias("alias/there", &key).await;
    assert_eq!(root.describe(&key).await["Description"], "");
    let absent = root.refused("DescribeKey", json!({ "KeyId": "alias/there" })).await;
    assert_eq!(absent.name, "NotFoundException");
    assert_eq!(there.describe(&key).await["KeyState"], "Enabled");
}

#[tokio::test]
async fn a_replica_of_a_key_without_origin_here_waits_for_its_import() {
    let app = TestApp::new().await;
    let (root, there, key) = with_a_primary_key(&app).await;
    app.alter_key(&key, |record| record.origin = Origin::External).await;
    let primary = root.describe(&key).await;
    let replica = root.replicate(&key, THERE).await;
    assert_eq!(replica["KeyState"], "PendingImport");
    assert_eq!(replica["CurrentKeyMaterialId"], primary["CurrentKeyMaterialId"]);
    assert_eq!(replica.get("ExpirationModel"), None);
    let refused = there.refused("Encrypt", json!({ "KeyId": key, "Plaintext": "AAAA" })).await;
    assert_eq!(refused.name, "KMSInvalidStateException");
}

#[tokio::test]
async fn imported_material_that_waits_for_its_rotation_waits_for_the_new_replica_as_well() {
    let app = TestApp::new().await;
    let (root, _, key) = with_a_primary_key(&app).await;
    let store = app.engine().store();
    let scoped = |region: &str| {
        let scope = Scope { account: root.caller().account, region: region.parse().unwrap() };
        scope.key(key.parse().unwrap())
    };
    let current = store.materials().list(&scoped(HERE)).await.unwrap().remove(0);
    let pending = MaterialRecord {
        material_id: KeyMaterialId::new([7; 32]),
        sealed: None,
        state: KeyMaterialState::PendingRotation,
        description: Some("next".to_owned()),
        expires_at: Some(current.created_at.plus_days(9)),
        ..current.clone()
    };
    let writes = vec![Write::PutMaterial(pending.clone())];
    store.commit(Change { writes, ..Change::default() }).await.unwrap();
    app.alter_key(&key, |record| record.origin = Origin::External).await;
    root.replicate(&key, THERE).await;

    let state = KeyMaterialState::PendingMultiRegionImportAndRotation;
    let waiting = MaterialRecord { state, ..pending };
    let rows = store.materials().list(&scoped(HERE)).await.unwrap();
    assert_eq!(rows, [current.clone(), waiting.clone()]);
    let not_here = |row| MaterialRecord {
        key: scoped(THERE),
        sealed: None,
        public_key: None,
        expires_at: None,
        ..row
    };
    let rows = store.materials().list(&scoped(THERE)).await.unwrap();
    assert_eq!(rows, [not_here(current), not_here(waiting)]);
}

#[tokio::test]
async fn only_a_primary_key_is_replicated_and_not_into_its_own_region() {
    let app = TestApp::new().await;
    let (root, there, key) = with_a_primary_key(&app).await;
    root.replicate(&key, THERE).await;
    let single = root.create_key().await;
    let unsupported = |message| Refused::new("UnsupportedOperationException", message);
    let is_no_primary = |arn: &Value| {
        unsupported(format!("{} is not a multi-Region primary key.", arn.as_str().unwrap()))
    };
    let refused = there.refused("ReplicateKey", to(&key, "ap-south-1")).await;
    assert_eq!(refused, is_no_primary(&member(&key, THERE)["Arn"]));
    let refused = root.refused("ReplicateKey", to(&single, THERE)).await;
    assert_eq!(refused, is_no_primary(&member(&single, HERE)["Arn"]));
    let refused = root.refused("ReplicateKey", to(&key, HERE)).await;
    let message = "ReplicaRegion cannot be the Region of the primary key.";
    assert_eq!(refused, Refused::new("ValidationException", message));
    for region in ["ap-south-1", "cn-north-1"] {
        let refused = root.refused("ReplicateKey", to(&key, region)).await;
        let message = format!("Keys cannot be replicated to the Region {region}.");
        assert_eq!(refused, unsupported(message));
    }
    let refused = root.refused("ReplicateKey", to(&key, "mars")).await;
    assert_eq!(refused.name, "ValidationException");
}

#[tokio::test]
async fn a_region_has_one_member_also_while_it_waits_for_its_deletion() {
    let app = TestApp::new().await;
    let (root, there, key) = with_a_primary_key(&app).await;
    root.replicate(&key, THERE).await;
    let arn = format!("arn:aws:kms:{THERE}:111122223333:key/{key}");
    let exists = Refused::new("AlreadyExistsException", format!("Key {arn} already exists."));
    assert_eq!(root.refused("ReplicateKey", to(&key, THERE)).await, exists);
    there.schedule_deletion(&key).await;
    assert_eq!(root.refused("ReplicateKey", to(&key, THERE)).await, exists);
}

#[tokio::test]
async fn the_quota_is_that_of_the_replicas_region() {
    let quotas = Quotas { keys: 2, ..Quotas::default() };
    let app = TestApp::with(TestOptions { quotas, ..TestOptions::default() }).await;
    let (root, there, key) = with_a_primary_key(&app).await;
    let other = root.create_multi_region_key().await;
    there.create_key().await;
    root.replicate(&key, THERE).await;
    let refused = root.refused("ReplicateKey", to(&other, THERE)).await;
    let message = "Key quota for this account in this region is 2 but the current usage is 2.";
    assert_eq!(refused, Refused::new("LimitExceededException", message));
    let replicas = root.describe(&other).await["MultiRegionConfiguration"]["ReplicaKeys"].clone();
    assert_eq!(replicas, json!([]));
}

#[tokio::test]
async fn tags_and_policy_follow_the_rules_of_create_key() {
    let app = TestApp::new().await;
    let (root, _, key) = with_a_primary_key(&app).await;
    for (member, value, name) in [
        ("Tags", json!([{ "TagKey": "aws:a", "TagValue": "" }]), "TagException"),
        ("Policy", json!("{}"), "MalformedPolicyDocumentException"),
        ("Description", json!("d".repeat(8193)), "ValidationException"),
    ] {
        let mut input = to(&key, THERE);
        input[member] = value;
        assert_eq!(root.refused("ReplicateKey", input).await.name, name);
    }
}

#[tokio::test]
async fn a_key_is_named_by_id_or_arn() {
    request().takes_every_form().await;
    request().refuses_what_names_no_key().await;
}

#[tokio::test]
async fn other_accounts_and_aws_managed_keys_are_denied() {
    request().is_denied_elsewhere("kms:ReplicateKey").await;
    request().is_denied_on_aws_managed_keys("kms:ReplicateKey").await;
}

#[tokio::test]
async fn only_an_enabled_key_is_replicated() {
    let is = |state, text| (state, "KMSInvalidStateException", text);
    let refused = [
        is(KeyState::Creating, "is creating."),
        (KeyState::Disabled, "DisabledException", "is disabled."),
        is(KeyState::PendingDeletion, "is pending deletion."),
        is(KeyState::PendingImport, "is pending import."),
        is(KeyState::PendingReplicaDeletion, "is pending replica deletion."),
        is(KeyState::Unavailable, "is unavailable."),
        is(KeyState::Updating, "is updating."),
    ];
    request().answers_by_state(&refused).await;
}

#[tokio::test]
async fn there_is_a_record_in_each_of_the_two_regions() {
    let app = TestApp::new().await;
    let (root, _, key) = with_a_primary_key(&app).await;
    let arn = root.arn(&key).await;
    let input = json!({
        "KeyId": key,
        "ReplicaRegion": THERE,
        "Description": "d",
        "Tags": [{ "TagKey": "a", "TagValue": "b" }],
    });
    let reply = root.ok("ReplicateKey", input).await;
    let mut records = app.audit();
    let (there, here) = (records.pop().unwrap(), records.pop().unwrap());
    assert_eq!((&here["eventName"], &here["awsRegion"]), (&json!("ReplicateKey"), &json!(HERE)));
    assert_eq!(here["resources"], json!([resource(&arn)]));
    assert_eq!(here["userAgent"], "keyward-testkit");
    let tags = json!([{ "tagKey": "a", "tagValue": "b" }]);
    let parameters = json!({
        "keyId": key,
        "replicaRegion": THERE,
        "bypassPolicyLockoutSafetyCheck": false,
        "description": "d",
        "tags": tags,
    });
    assert_eq!(here["requestParameters"], parameters);
    let metadata = &here["responseElements"]["replicaKeyMetadata"];
    assert_eq!(metadata["keyState"], "Creating");
    assert_eq!(metadata["multiRegionConfiguration"]["multiRegionKeyType"], "REPLICA");
    assert_eq!(here["responseElements"]["replicaPolicy"], reply["ReplicaPolicy"]);
    assert_eq!(here["responseElements"]["replicaTags"], tags);

    assert_eq!((&there["eventName"], &there["awsRegion"]), (&json!("CreateKey"), &json!(THERE)));
    let mut caller = here["userIdentity"].clone();
    caller["invokedBy"] = json!("AWS Internal");
    assert_eq!(there["userIdentity"], caller);
    assert_eq!(there["sourceIPAddress"], "AWS Internal");
    assert_ne!(there["requestID"], here["requestID"]);
    assert_eq!(there["resources"], json!([resource(&arn.replace(HERE, THERE))]));
    assert_eq!(there["responseElements"], json!({ "keyMetadata": metadata }));
    let parameters = json!({
        "tags": tags,
        "keyUsage": "ENCRYPT_DECRYPT",
        "description": "d",
        "origin": "AWS_KMS",
        "multiRegion": true,
        "keySpec": "SYMMETRIC_DEFAULT",
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "bypassPolicyLockoutSafetyCheck": false,
    });
    assert_eq!(there["requestParameters"], parameters);
    assert_eq!(there["readOnly"], false);
}

#[tokio::test]
async fn a_refusal_has_one_record() {
    let app = TestApp::new().await;
    let (root, _, key) = with_a_primary_key(&app).await;
    let before = app.audit().len();
    root.refused("ReplicateKey", to(&key, HERE)).await;
    assert_eq!(app.audit().len(), before + 1);
}
