//! The operations offered, held against the API model.

use keyward_model::{KeySpec, KeyUsage};
use keyward_ops::{OPERATIONS, constraints};
use keyward_testkit::{Client, TestApp, blob};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

/// The operations of the model that are not offered.
const NOT_OFFERED: &[&str] = &[];

/// The operations that no body makes succeed, for want of a custom key store.
const NEVER_SUCCEED: &[&str] = &[
    "ConnectCustomKeyStore",
    "CreateCustomKeyStore",
    "DeleteCustomKeyStore",
    "DisconnectCustomKeyStore",
    "UpdateCustomKeyStore",
];

#[test]
fn every_operation_of_the_model_is_offered_or_listed_as_not() {
    let mut named: Vec<_> = OPERATIONS.iter().map(|entry| entry.name).collect();
    named.extend(NOT_OFFERED);
    named.sort_unstable();
    let model: Vec<_> = constraints::OPERATIONS.iter().map(|operation| operation.name).collect();
    assert_eq!(named, model);
}

const ROOT: &str = "arn:aws:iam::111122223333:root";

/// A body with a value of each member, most of them sound. `made` is what [`made_for`] made.
fn body(operation: &str, key: &str, made: &Value) -> Value {
    let name = format!("alias/of-{key}");
    match operation {
        "CreateAlias" => json!({ "AliasName": format!("{name}/2"), "TargetKeyId": key }),
        "UpdateAlias" => json!({ "AliasName": name, "TargetKeyId": key }),
        "CreateKey" => json!({
            "Description": "d",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "MultiRegion": true,
            "Origin": "AWS_KMS",
            "Tags": [{ "TagKey": "a", "TagValue": "b" }],
        }),
        "Decrypt" => json!({ "CiphertextBlob": made, "KeyId": key, "GrantTokens": [] }),
        "Decapsulate" => json!({
            "KeyId": key,
            "EncapsulationAlgorithm": "ML_KEM",
            "SharedSecretCiphertextBlob": made,
        }),
        "DeleteAlias" => json!({ "AliasName": name }),
        "DeriveSharedSecret" => {
            json!({ "KeyId": key, "KeyAgreementAlgorithm": "ECDH", "PublicKey": made })
        }
        "Encapsulate" => json!({ "KeyId": key, "EncapsulationAlgorithm": "ML_KEM" }),
        "Encrypt" => json!({
            "KeyId": key,
            "Plaintext": blob("secret"),
            "EncryptionContext": { "a": "b" },
        }),
        "GenerateDataKey" | "GenerateDataKeyWithoutPlaintext" => {
            json!({ "KeyId": key, "KeySpec": "AES_256", "DryRun": false })
        }
        "GenerateDataKeyPair" | "GenerateDataKeyPairWithoutPlaintext" => {
            json!({ "KeyId": key, "KeyPairSpec": "ECC_NIST_P256", "DryRun": false })
        }
        "GenerateRandom" => json!({ "NumberOfBytes": 16 }),
        // The wrapping key that is made soonest.
        "GetParametersForImport" => {
            json!({ "KeyId": key, "WrappingAlgorithm": "SM2PKE", "WrappingKeySpec": "SM2" })
        }
        "ImportKeyMaterial" => made.clone(),
        "ListKeys" => json!({ "Limit": 1, "ResourceOwners": ["SELF"] }),
        "ListAliases" | "ListKeyPolicies" | "ListResourceTags" => {
            json!({ "KeyId": key, "Limit": 1 })
        }
        "PutKeyPolicy" => json!({
            "KeyId": key,
            "Policy": r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}"#,
        }),
        "ReEncrypt" => json!({ "CiphertextBlob": made, "DestinationKeyId": key }),
        "ReplicateKey" => json!({
            "KeyId": key,
            "ReplicaRegion": "eu-central-1",
            "Description": "d",
            "Tags": [{ "TagKey": "a", "TagValue": "b" }],
        }),
        "UpdatePrimaryRegion" => json!({ "KeyId": key, "PrimaryRegion": "eu-central-1" }),
        "ScheduleKeyDeletion" => json!({ "KeyId": key, "PendingWindowInDays": 7 }),
        "TagResource" => json!({ "KeyId": key, "Tags": [{ "TagKey": "a", "TagValue": "b" }] }),
        "UntagResource" => json!({ "KeyId": key, "TagKeys": ["a"] }),
        "UpdateKeyDescription" => json!({ "KeyId": key, "Description": "d" }),
        _ => message_body(operation, key, made),
    }
}

fn message_body(operation: &str, key: &str, made: &Value) -> Value {
    match operation {
        "GenerateMac" => {
            json!({ "KeyId": key, "Message": blob("message"), "MacAlgorithm": "HMAC_SHA_256" })
        }
        "Sign" => json!({
            "KeyId": key,
            "Message": blob("message"),
            "MessageType": "RAW",
            "SigningAlgorithm": "ECDSA_SHA_256",
        }),
        "Verify" => json!({
            "KeyId": key,
            "Message": blob("message"),
            "Signature": made,
            "SigningAlgorithm": "ECDSA_SHA_256",
        }),
        "VerifyMac" => json!({
            "KeyId": key,
            "Message": blob("message"),
            "Mac": made,
            "MacAlgorithm": "HMAC_SHA_256",
        }),
        _ => grant_body(operation, key, made),
    }
}

fn grant_body(operation: &str, key: &str, made: &Value) -> Value {
    match operation {
        "CreateGrant" => json!({
            "KeyId": key,
            "GranteePrincipal": ROOT,
            "RetiringPrincipal": ROOT,
            "Operations": ["Decrypt", "RetireGrant"],
            "Constraints": { "EncryptionContextSubset": { "a": "b" } },
            "Name": "grant",
        }),
        "ListGrants" => json!({ "KeyId": key, "GranteePrincipal": ROOT, "Limit": 1 }),
        "ListRetirableGrants" => json!({ "RetiringPrincipal": ROOT, "Limit": 1 }),
        "RetireGrant" => json!({ "GrantToken": made, "DryRun": false }),
        "RevokeGrant" => json!({ "KeyId": key, "GrantId": made, "DryRun": false }),
        _ => rotation_body(operation, key),
    }
}

fn rotation_body(operation: &str, key: &str) -> Value {
    match operation {
        "EnableKeyRotation" => json!({ "KeyId": key, "RotationPeriodInDays": 90 }),
        "ListKeyRotations" => {
            json!({ "KeyId": key, "Limit": 1, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" })
        }
        _ => json!({ "KeyId": key }),
    }
}

/// One change to a body.
#[derive(Clone, Debug)]
enum Mutation {
    /// A value, however deep, becomes another one.
    Replace(Index, Value),
    /// A member the model knows is added.
    Add(Index, Value),
    /// A byte of the text becomes another one.
    Byte(Index, u8),
    /// The text ends early.
    Cut(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<Index>;
    prop_oneof![
        4 => (index(), value()).prop_map(|(at, value)| Mutation::Replace(at, value)),
        4 => (index(), value()).prop_map(|(at, value)| Mutation::Add(at, value)),
        1 => (index(), any::<u8>()).prop_map(|(at, byte)| Mutation::Byte(at, byte)),
        1 => index().prop_map(Mutation::Cut),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let words = select(vec![
        "",
        "a",
        "alias/",
        "alias/aws/s3",
        "alias/aws/none",
        "arn:",
        "arn:aws:kms:us-east-1:1:key/",
        "arn:aws-cn:kms:us-east-1:111122223333:alias/aws/s3",
        "mrk-",
        "default",
        "AWS_RAM",
        "AAAA",
        "AES_256",
        "RSA_2048",
        "SELF",
        "IGNORE_CIPHERTEXT",
        "EXTERNAL",
        "aws:a",
        "\u{0}",
        "\u{1f600}",
        "1234abcd-12ab-34cd-56ef-1234567890ab",
        "\u{fc}bermut",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        select(vec![i64::MIN, -1, 0, 1, 7, 50, 1001, 1 << 31, i64::MAX]).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        (0..9000_usize).prop_map(|length| Value::from("A".repeat(length))),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[A-Za-z]{0,8}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

fn mutated(mut body: Value, operation: &constraints::Operation, mutations: &[Mutation]) -> Vec<u8> {
    for mutation in mutations {
        match mutation {
            Mutation::Replace(at, value) => {
                let place = at.index(values(&mut body).len());
                *values(&mut body).swap_remove(place) = value.clone();
            }
            Mutation::Add(at, value) => {
                let member = at.get(operation.input.members);
                if let Some(members) = body.as_object_mut() {
                    members.insert(member.name.to_owned(), value.clone());
                }
            }
            Mutation::Byte(..) | Mutation::Cut(_) => {}
        }
    }
    let mut text = body.to_string().into_bytes();
    for mutation in mutations {
        match mutation {
            Mutation::Byte(at, byte) => {
                let place = at.index(text.len().max(1));
                text.splice(place..(place + 1).min(text.len()), [*byte]);
            }
            Mutation::Cut(at) => text.truncate(at.index(text.len().max(1))),
            Mutation::Replace(..) | Mutation::Add(..) => {}
        }
    }
    text
}

/// Every value inside `body`, or `body` itself if there is none.
fn values(body: &mut Value) -> Vec<&mut Value> {
    if body.as_object().is_some_and(|members| !members.is_empty()) {
        return body
            .as_object_mut()
            .into_iter()
            .flatten()
            .flat_map(|(_, inner)| values(inner))
            .collect();
    }
    if body.as_array().is_some_and(|elements| !elements.is_empty()) {
        return body.as_array_mut().into_iter().flatten().flat_map(values).collect();
    }
    vec![body]
}

/// Whatever is sent, the answer is one that the model knows (the client checks that) and is not
/// our own fault.
#[test]
fn no_body_makes_an_operation_panic_or_fail_on_its_own_account() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = runtime.block_on(TestApp::new());
    let root = app.root();
    let cases = (any::<Index>(), prop::collection::vec(mutation(), 0..4));
    proptest!(ProptestConfig::with_cases(1500), |((at, mutations) in cases)| {
        let entry = at.get(OPERATIONS);
        let key = runtime.block_on(usable_key(&root, entry.name));
        let made = runtime.block_on(made_for(&root, entry.name, &key));
        let sound = body(entry.name, &key, &made);
        let sent = mutated(sound, entry.model, &mutations);
        if let Err(refused) = runtime.block_on(root.call_with_body(entry.name, &sent)) {
            prop_assert!(refused.name != "KMSInternalException", "{}", entry.name);
        }
    });
}

/// So that what is mutated above is sound before.
#[tokio::test]
async fn the_body_of_each_operation_makes_it_succeed() {
    let app = TestApp::new().await;
    let root = app.root();
    let mut failed = Vec::new();
    for entry in OPERATIONS {
        let key = usable_key(&root, entry.name).await;
        let made = made_for(&root, entry.name, &key).await;
        let sound = body(entry.name, &key, &made);
        if root.call(entry.name, sound).await.is_err() {
            failed.push(entry.name);
        }
    }
    assert_eq!(failed, NEVER_SUCCEED);
}

#[tokio::test]
async fn grant_tokens_are_looked_up_wherever_they_are_taken() {
    let app = TestApp::new().await;
    let root = app.root();
    let other = root.create_key().await;
    let made = root.ok("CreateGrant", body("CreateGrant", &other, &Value::Null)).await;
    let of_other = made.get("GrantToken").unwrap();
    let mut count = 0;
    for entry in OPERATIONS {
        if entry.model.input.members.iter().all(|member| member.name != "GrantTokens") {
            continue;
        }
        count += 1;
        let key = usable_key(&root, entry.name).await;
        let own = json!({ "KeyId": key, "GranteePrincipal": ROOT, "Operations": ["DescribeKey"] });
        let own = root.ok("CreateGrant", own).await;
        let (token, grant_id) = (own.get("GrantToken").unwrap(), own.get("GrantId").unwrap());
        let made = made_for(&root, entry.name, &key).await;
        let mut input = body(entry.name, &key, &made);
        let mut with = |tokens: Value| {
            input.as_object_mut().unwrap().insert("GrantTokens".to_owned(), tokens);
            input.clone()
        };
        root.ok(entry.name, with(json!([token]))).await;
        root.ok(entry.name, with(json!([token, of_other, token]))).await;
        root.ok("RevokeGrant", json!({ "KeyId": key, "GrantId": grant_id })).await;
        for tokens in [json!(["made-up"]), json!([of_other, token])] {
            let refused = root.refused(entry.name, with(tokens)).await;
            assert_eq!(refused.name, "InvalidGrantTokenException", "{}", entry.name);
        }
    }
    assert!(count >= 15, "only {count} operations take grant tokens");
}

/// A key that the operation works with.
async fn usable_key(root: &Client, operation: &str) -> String {
    let key = match operation {
        "Decapsulate" | "Encapsulate" => {
            root.create_key_of(KeySpec::MlKem512, KeyUsage::EncapsulateDecapsulate).await
        }
        "DeriveSharedSecret" => {
            root.create_key_of(KeySpec::EccNistP256, KeyUsage::KeyAgreement).await
        }
        "GenerateMac" | "VerifyMac" => {
            root.create_key_of(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac).await
        }
        "DeleteImportedKeyMaterial" | "ImportKeyMaterial" => {
            root.create_external_key(json!({})).await
        }
        "GetParametersForImport" => {
            root.create_external_key(json!({ "KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY" })).await
        }
        "GetPublicKey" | "Sign" | "Verify" => {
            root.create_key_of(KeySpec::EccNistP256, KeyUsage::SignVerify).await
        }
        "ReplicateKey" | "UpdatePrimaryRegion" => root.create_multi_region_key().await,
        _ => root.create_key().await,
    };
    root.create_alias(&format!("alias/of-{key}"), &key).await;
    if operation == "CancelKeyDeletion" {
        root.schedule_deletion(&key).await;
    }
    if operation == "UpdatePrimaryRegion" {
        root.replicate(&key, "eu-central-1").await;
    }
    key
}

/// What the operation is to open, verify or agree with.
async fn made_for(root: &Client, operation: &str, key: &str) -> Value {
    let (maker, member) = match operation {
        "Decapsulate" => ("Encapsulate", "SharedSecretCiphertextBlob"),
        "Decrypt" | "ReEncrypt" => return json!(root.encrypt(key, b"secret").await),
        "DeriveSharedSecret" => ("GetPublicKey", "PublicKey"),
        "RetireGrant" => ("CreateGrant", "GrantToken"),
        "RevokeGrant" => ("CreateGrant", "GrantId"),
        "ImportKeyMaterial" => return root.import_parameters(key).await.request(&[7; 32]),
        "Verify" => ("Sign", "Signature"),
        "VerifyMac" => ("GenerateMac", "Mac"),
        _ => return Value::Null,
    };
    let reply = root.ok(maker, body(maker, key, &Value::Null)).await;
    reply.get(member).cloned().unwrap_or_default()
}
