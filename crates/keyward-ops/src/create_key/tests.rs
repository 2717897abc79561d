use keyward_model::{KeySpec, KeyUsage};
use keyward_testkit::{Refused, TestApp, TestOptions, resource};
use serde_json::{Value, json};

#[tokio::test]
async fn nothing_is_required_and_every_default_is_shown() {
    let app = TestApp::new().await;
    let root = app.root();
    let reply = root.ok("CreateKey", json!({})).await;
    let metadata = &reply["KeyMetadata"];
    let key = metadata["KeyId"].as_str().unwrap();
    assert!(key.len() == 36 && key.as_bytes()[14] == b'4', "{key} is a random UUID");
    assert_eq!(metadata["CurrentKeyMaterialId"].as_str().map(str::len), Some(64));
    let expected = json!({
        "AWSAccountId": "111122223333",
        "KeyId": key,
        "Arn": format!("arn:aws:kms:us-east-1:111122223333:key/{key}"),
        "CreationDate": 1_772_619_302.123,
        "Enabled": true,
        "Description": "",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": "Enabled",
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": false,
        "CurrentKeyMaterialId": metadata["CurrentKeyMaterialId"],
    });
    assert_eq!(*metadata, expected);
    assert_eq!(root.describe(key).await, expected);
}

#[tokio::test]
async fn each_call_makes_another_key() {
    let app = TestApp::new().await;
    let (first, second) = (app.root().create_key().await, app.root().create_key().await);
    let (first, second) = (app.root().describe(&first).await, app.root().describe(&second).await);
    assert_ne!(first["KeyId"], second["KeyId"]);
    assert_ne!(first["CurrentKeyMaterialId"], second["CurrentKeyMaterialId"]);
}

#[tokio::test]
async fn description_tags_and_policy_are_kept() {
    let app = TestApp::new().await;
    let root = app.root();
    let policy =
        r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}"#;
    let tags = json!([{ "TagKey": "a", "TagValue": "" }, { "TagKey": "b", "TagValue": "c" }]);
    let description = "d".repeat(8192);
    let input = json!({ "Description": description, "Policy": policy, "Tags": tags });
    let key = root.create_key_with(input).await;
    assert_eq!(root.describe(&key).await["Description"], description);
    assert_eq!(root.ok("ListResourceTags", json!({ "KeyId": key })).await["Tags"], tags);
    assert_eq!(root.ok("GetKeyPolicy", json!({ "KeyId": key })).await["Policy"], policy);
}

#[tokio::test]
async fn a_multi_region_key_is_the_primary_of_a_set_of_one() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key_with(json!({ "MultiRegion": true })).await;
    let (prefix, digits) = key.split_at(4);
    assert!(prefix == "mrk-" && digits.len() == 32, "{key}");
    let metadata = root.describe(&key).await;
    let configuration = json!({
        "MultiRegionKeyType": "PRIMARY",
        "PrimaryKey": { "Arn": metadata["Arn"], "Region": "us-east-1" },
        "ReplicaKeys": [],
    });
    assert_eq!(metadata["MultiRegion"], true);
    assert_eq!(metadata["MultiRegionConfiguration"], configuration);
    let refused = app.root_in("eu-central-1").refused("DescribeKey", json!({ "KeyId": key })).await;
    assert_eq!(refused.name, "NotFoundException");
    root.encrypt(&key, b"secret").await;
}

#[tokio::test]
async fn the_deprecated_name_of_the_key_spec_is_an_alternative_to_the_new_one() {
    let app = TestApp::new().await;
    let root = app.root();
    root.create_key_with(json!({ "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT" })).await;
    let input = json!({
        "KeySpec": "SYMMETRIC_DEFAULT",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
    });
    let message = "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. \
                   CustomerMasterKeySpec is deprecated.";
    let refused = root.refused("CreateKey", input).await;
    assert_eq!(refused, Refused::new("ValidationException", message));
}

#[tokio::test]
async fn the_deprecated_name_takes_every_key_spec() {
    let app = TestApp::new().await;
    for spec in KeySpec::ALL {
        let input = json!({ "CustomerMasterKeySpec": spec, "KeyUsage": spec.usages()[0] });
        let reply = app.root().ok("CreateKey", input).await;
        assert_eq!(reply["KeyMetadata"]["KeySpec"], spec.as_str());
        assert_eq!(reply["KeyMetadata"]["CustomerMasterKeySpec"], spec.as_str());
    }
}

#[tokio::test]
async fn every_pair_of_spec_and_usage_that_does_not_go_together_is_refused() {
    let app = TestApp::new().await;
    let root = app.root();
    for &spec in KeySpec::ALL {
        for &usage in KeyUsage::ALL.iter().filter(|usage| !spec.usages().contains(usage)) {
            let refused =
                root.refused("CreateKey", json!({ "KeySpec": spec, "KeyUsage": usage })).await;
            let message = format!("KeyUsage {usage} is not compatible with KeySpec {spec}");
            assert_eq!(refused, Refused::new("ValidationException", message));
        }
        if spec != KeySpec::SymmetricDefault {
            let refused = root.refused("CreateKey", json!({ "KeySpec": spec })).await;
            let message = "You must specify a KeyUsage value for all KMS keys except for symmetric \
                           encryption keys.";
            assert_eq!(refused, Refused::new("ValidationException", message));
        }
    }
}

#[tokio::test]
async fn every_spec_and_usage_shows_its_algorithms_and_only_those() {
    let app = TestApp::new().await;
    let members = [
        (KeyUsage::EncapsulateDecapsulate, "EncapsulationAlgorithms"),
        (KeyUsage::EncryptDecrypt, "EncryptionAlgorithms"),
        (KeyUsage::GenerateVerifyMac, "MacAlgorithms"),
        (KeyUsage::KeyAgreement, "KeyAgreementAlgorithms"),
        (KeyUsage::SignVerify, "SigningAlgorithms"),
    ];
    for &spec in KeySpec::ALL {
        for &usage in spec.usages() {
            let key = app.root().create_key_of(spec, usage).await;
            let metadata = app.root().describe(&key).await;
            for (of, member) in members {
                assert_eq!(metadata.get(member).is_some(), of == usage, "{spec} {usage} {member}");
            }
            let shows_material = spec == KeySpec::SymmetricDefault;
            assert_eq!(metadata.get("CurrentKeyMaterialId").is_some(), shows_material);
            assert_eq!(metadata["KeyState"], "Enabled");
        }
    }
    let key = app.root().create_key_of(KeySpec::Rsa2048, KeyUsage::SignVerify).await;
    let expected = json!([
        "RSASSA_PKCS1_V1_5_SHA_256",
        "RSASSA_PKCS1_V1_5_SHA_384",
        "RSASSA_PKCS1_V1_5_SHA_512",
        "RSASSA_PSS_SHA_256",
        "RSASSA_PSS_SHA_384",
        "RSASSA_PSS_SHA_512",
    ]);
    assert_eq!(app.root().describe(&key).await["SigningAlgorithms"], expected);
}

#[tokio::test]
async fn a_key_of_external_origin_waits_for_its_material() {
    let app = TestApp::new().await;
    for &spec in KeySpec::ALL {
        let input = json!({ "KeySpec": spec, "KeyUsage": spec.usages()[0], "Origin": "EXTERNAL" });
        let result = app.root().call("CreateKey", input).await;
        let spec = spec.as_str();
        if spec.starts_with("ML_") {
            let message = format!("KeySpec {spec} is not supported for Origin EXTERNAL");
            assert_eq!(result, Err(Refused::new("ValidationException", message)));
            continue;
        }
        let metadata = &result.unwrap()["KeyMetadata"];
        assert_eq!(metadata["KeyState"], "PendingImport", "{spec}");
        assert_eq!(
            (&metadata["Enabled"], &metadata["Origin"]),
            (&json!(false), &json!("EXTERNAL"))
        );
        for absent in ["ExpirationModel", "ValidTo", "CurrentKeyMaterialId"] {
            assert_eq!(metadata.get(absent), None, "{spec} {absent}");
        }
    }
}

#[tokio::test]
async fn sm2_keys_are_made_only_where_they_are_offered() {
    let app = TestApp::with(TestOptions { offers_sm2: false, ..TestOptions::default() }).await;
    let input = json!({ "KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY" });
    let refused = app.root().refused("CreateKey", input).await;
    let message = "KeySpec SM2 is not supported in this Region.";
    assert_eq!(refused, Refused::new("UnsupportedOperationException", message));
    assert_eq!(app.root().ok("ListKeys", json!({})).await["Keys"], json!([]));
}

#[tokio::test]
async fn origin_spec_and_key_store_go_together() {
    let app = TestApp::new().await;
    let store = "cks-1234567890abcdef0";
    let invalid = "ValidationException";
    for (input, name, message) in [
        (
            json!({ "Origin": "AWS_CLOUDHSM", "KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY" }),
            invalid,
            Some("KeySpec RSA_2048 is not supported for Origin AWS_CLOUDHSM"),
        ),
        (
            json!({ "Origin": "EXTERNAL", "KeySpec": "ML_DSA_44", "KeyUsage": "SIGN_VERIFY" }),
            invalid,
            Some("KeySpec ML_DSA_44 is not supported for Origin EXTERNAL"),
        ),
        (json!({ "Origin": "AWS_CLOUDHSM" }), invalid, None),
        (json!({ "CustomKeyStoreId": store }), invalid, None),
        (json!({ "XksKeyId": "key" }), invalid, None),
        (json!({ "Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": store }), invalid, None),
        (
            json!({ "Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": store }),
            "CustomKeyStoreNotFoundException",
            None,
        ),
        (
            json!({ "Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": store, "XksKeyId": "k" }),
            "CustomKeyStoreNotFoundException",
            None,
        ),
    ] {
        let refused = app.root().refused("CreateKey", input.clone()).await;
        assert_eq!(refused.name, name, "{input}");
        assert!(message.is_none_or(|message| message == refused.message()), "{refused:?}");
    }
}

#[tokio::test]
async fn a_policy_that_breaks_a_rule_is_refused() {
    let app = TestApp::new().await;
    let root = app.root();
    for (policy, name) in [
        ("{}".to_owned(), "MalformedPolicyDocumentException"),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#.to_owned(),
            "MalformedPolicyDocumentException",
        ),
        (" ".repeat(32_769), "LimitExceededException"),
        (" ".repeat(131_073), "ValidationException"),
        (String::new(), "ValidationException"),
    ] {
        assert_eq!(root.refused("CreateKey", json!({ "Policy": policy })).await.name, name);
    }
}

#[tokio::test]
async fn tags_follow_the_rules_of_tag_resource() {
    let app = TestApp::new().await;
    let root = app.root();
    let tag = |tag_key: &str| json!({ "TagKey": tag_key, "TagValue": "" });
    let many: Vec<_> = (0..51).map(|number| tag(&number.to_string())).collect();
    for (tags, name) in [
        (json!([tag("a"), tag("a")]), "TagException"),
        (json!([tag("aws:a")]), "TagException"),
        (json!(many), "TagException"),
        (json!([tag("")]), "ValidationException"),
        (json!([{ "TagKey": "a" }]), "ValidationException"),
        (json!(["a"]), "SerializationException"),
    ] {
        assert_eq!(root.refused("CreateKey", json!({ "Tags": tags })).await.name, name);
    }
    root.create_key_with(json!({ "Tags": many[..50] })).await;
}

#[tokio::test]
async fn every_constraint_that_is_broken_is_told_in_the_order_of_the_model() {
    let app = TestApp::new().await;
    let input = json!({ "Origin": "AWS", "KeyUsage": "ENCRYPT", "Description": "d".repeat(8193) });
    let refused = app.root().refused("CreateKey", input).await;
    let message = refused.message();
    assert!(message.starts_with("3 validation errors detected: Value 'ddd"), "{message}");
    let at = |path: &str| message.find(&format!("at '{path}' failed")).unwrap();
    assert!(at("description") < at("keyUsage") && at("keyUsage") < at("origin"));
    for input in [json!({ "MultiRegion": "yes" }), json!({ "KeySpec": 1 })] {
        assert_eq!(app.root().refused("CreateKey", input).await.name, "SerializationException");
    }
}

#[tokio::test]
async fn the_record_fills_in_the_defaults_and_shows_the_metadata() {
    let app = TestApp::new().await;
    let reply = app.root().ok("CreateKey", json!({})).await;
    let metadata = &reply["KeyMetadata"];
    let expected = json!({
        "requestParameters": {
            "tags": [],
            "keyUsage": "ENCRYPT_DECRYPT",
            "description": "",
            "origin": "AWS_KMS",
            "multiRegion": false,
            "keySpec": "SYMMETRIC_DEFAULT",
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "bypassPolicyLockoutSafetyCheck": false,
        },
        "responseElements": { "keyMetadata": {
            "aWSAccountId": "111122223333",
            "keyId": metadata["KeyId"],
            "arn": metadata["Arn"],
            "creationDate": "Mar 4, 2026, 10:15:02 AM",
            "enabled": true,
            "description": "",
            "keyUsage": "ENCRYPT_DECRYPT",
            "keyState": "Enabled",
            "origin": "AWS_KMS",
            "keyManager": "CUSTOMER",
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "keySpec": "SYMMETRIC_DEFAULT",
            "encryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
            "multiRegion": false,
            "currentKeyMaterialId": metadata["CurrentKeyMaterialId"],
        } },
        "readOnly": false,
        "resources": [resource(metadata["Arn"].as_str().unwrap())],
    });
    assert_eq!(app.recorded(), expected);
}

#[tokio::test]
async fn the_record_of_a_refusal_shows_what_was_asked_for() {
    let app = TestApp::new().await;
    let policy = "{}";
    let input = json!({
        "Policy": policy,
        "Description": "new",
        "MultiRegion": true,
        "BypassPolicyLockoutSafetyCheck": true,
        "Tags": [{ "TagKey": "a", "TagValue": "b" }],
    });
    let refused = app.root().refused("CreateKey", input).await;
    let expected = json!({
        "errorCode": "MalformedPolicyDocumentException",
        "errorMessage": refused.message(),
        "requestParameters": {
            "tags": [{ "tagKey": "a", "tagValue": "b" }],
            "keyUsage": "ENCRYPT_DECRYPT",
            "description": "new",
            "origin": "AWS_KMS",
            "multiRegion": true,
            "keySpec": "SYMMETRIC_DEFAULT",
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "bypassPolicyLockoutSafetyCheck": true,
            "policy": policy,
        },
        "responseElements": Value::Null,
        "readOnly": false,
    });
    assert_eq!(app.recorded(), expected);
}
