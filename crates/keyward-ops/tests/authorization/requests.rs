//! A request for every action, sound enough to get past authorization.

use keyward_attestation::testing::Evidence;
use keyward_model::Clock;
use keyward_testkit::{Client, TestApp, attester, blob, enclave, recipient_info};
use serde_json::{Value, json};

/// The alias that every key of these tests has.
pub(crate) const ALIAS: &str = "alias/app";
const OTHER_ALIAS: &str = "alias/other";
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"}}"#;

/// The operation that asks for an action.
pub(crate) fn operation_of(action: &str) -> &str {
    if action.starts_with("ReEncrypt") { "ReEncrypt" } else { action }
}

/// What makes a key that the action can be done to.
pub(crate) fn key_for(action: &str) -> Value {
    match action {
        "GenerateMac" | "VerifyMac" => {
            json!({ "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC" })
        }
        "Sign" | "Verify" | "GetPublicKey" => {
            json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY" })
        }
        "DeriveSharedSecret" => json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT" }),
        "Encapsulate" | "Decapsulate" => {
            json!({ "KeySpec": "ML_KEM_768", "KeyUsage": "ENCAPSULATE_DECAPSULATE" })
        }
        "ImportKeyMaterial" | "GetParametersForImport" | "DeleteImportedKeyMaterial" => {
            json!({ "Origin": "EXTERNAL" })
        }
        "ReplicateKey" | "UpdatePrimaryRegion" => json!({ "MultiRegion": true }),
        _ => json!({}),
    }
}

/// An attestation document of the enclave, and its register 0 as policies write it.
pub(crate) fn attested(app: &TestApp) -> (Value, String) {
    let evidence = Evidence::enclave(enclave().public_key(), app.clock().now());
    let bytes: Vec<String> =
        evidence.pcrs.get(&0).unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    let register = bytes.concat();
    (recipient_info(&attester().attest(&evidence)), register)
}

/// Readies the world for a request and makes its body. Of the key's two names operations get the one
/// they take.
pub(crate) async fn request(app: &TestApp, root: &Client, action: &str, key: &str) -> Value {
    let mut input = members(app, root, action, key).await;
    let members = input.as_object_mut().unwrap();
    let named = json!(if takes_alias(action) { ALIAS } else { key });
    let member = match action {
        "CreateAlias" | "UpdateAlias" => "TargetKeyId",
        "ReEncryptFrom" | "ReEncryptTo" => {
            members.insert("SourceKeyId".to_owned(), named.clone());
            "DestinationKeyId"
        }
        _ if has_no_key(action) => return input,
        _ => "KeyId",
    };
    members.insert(member.to_owned(), named);
    input
}

fn takes_alias(action: &str) -> bool {
    const MORE: [&str; 13] = [
        "Decapsulate",
        "Decrypt",
        "DeriveSharedSecret",
        "DescribeKey",
        "Encapsulate",
        "Encrypt",
        "GenerateMac",
        "GetPublicKey",
        "ReEncryptFrom",
        "ReEncryptTo",
        "Sign",
        "Verify",
        "VerifyMac",
    ];
    action.starts_with("GenerateDataKey") || MORE.contains(&action)
}

fn has_no_key(action: &str) -> bool {
    const MORE: [&str; 6] = [
        "CreateKey",
        "DeleteAlias",
        "GenerateRandom",
        "ListAliases",
        "ListKeys",
        "ListRetirableGrants",
    ];
    action.contains("CustomKeyStore") || MORE.contains(&action)
}

async fn members(app: &TestApp, root: &Client, action: &str, key: &str) -> Value {
    let context = json!({ "Tenant": "blue" });
    match action {
        "DeleteAlias" => {
            drop(root.call("DeleteAlias", json!({ "AliasName": OTHER_ALIAS })).await);
            root.create_alias(OTHER_ALIAS, key).await;
            json!({ "AliasName": OTHER_ALIAS })
        }
        "Decrypt" | "ReEncryptFrom" | "ReEncryptTo" => {
            let sealed =
                json!({ "KeyId": key, "Plaintext": blob("secret"), "EncryptionContext": context });
            let sealed = root.ok("Encrypt", sealed).await["CiphertextBlob"].clone();
            if action == "Decrypt" {
                json!({ "CiphertextBlob": sealed, "EncryptionContext": context })
            } else {
                json!({
                    "CiphertextBlob": sealed,
                    "SourceEncryptionContext": context,
                    "DestinationEncryptionContext": context,
                })
            }
        }
        "GenerateDataKey" => {
            let (recipient, _) = attested(app);
            json!({ "KeySpec": "AES_256", "EncryptionContext": context, "Recipient": recipient })
        }
        "GenerateRandom" => json!({ "NumberOfBytes": 8, "Recipient": attested(app).0 }),
        "ImportKeyMaterial" => json!({
            "ImportToken": blob("token"),
            "EncryptedKeyMaterial": blob("material"),
            "ExpirationModel": "KEY_MATERIAL_EXPIRES",
            "ValidTo": app.clock().now().plus_days(1).unix_s(),
        }),
        "UpdatePrimaryRegion" => {
            let replica = json!({ "KeyId": key, "ReplicaRegion": "eu-central-1" });
            drop(root.call("ReplicateKey", replica).await);
            app.settle().await;
            json!({ "PrimaryRegion": "eu-central-1" })
        }
        _ => of_a_use(action).or_else(|| of_administration(action)).unwrap_or_else(|| json!({})),
    }
}

/// What a cryptographic operation takes beside a key.
fn of_a_use(action: &str) -> Option<Value> {
    let context = json!({ "Tenant": "blue" });
    Some(match action {
        "Encapsulate" => json!({ "EncapsulationAlgorithm": "ML_KEM" }),
        "Decapsulate" => json!({
            "SharedSecretCiphertextBlob": blob(vec![0; 1088]),
            "EncapsulationAlgorithm": "ML_KEM",
        }),
        "DeriveSharedSecret" => {
            json!({ "KeyAgreementAlgorithm": "ECDH", "PublicKey": blob(vec![0x30; 64]) })
        }
        "Encrypt" => json!({ "Plaintext": blob("secret"), "EncryptionContext": context }),
        "GenerateDataKeyWithoutPlaintext" => {
            json!({ "KeySpec": "AES_256", "EncryptionContext": context })
        }
        "GenerateDataKeyPair" | "GenerateDataKeyPairWithoutPlaintext" => {
            json!({ "KeyPairSpec": "ECC_NIST_P256", "EncryptionContext": context })
        }
        "GenerateMac" => json!({ "Message": blob("m"), "MacAlgorithm": "HMAC_SHA_256" }),
        "VerifyMac" => {
            json!({ "Message": blob("m"), "Mac": blob("mac"), "MacAlgorithm": "HMAC_SHA_256" })
        }
        "Sign" => json!({ "Message": blob("m"), "SigningAlgorithm": "ECDSA_SHA_256" }),
        "Verify" => json!({
            "Message": blob("m"),
            "Signature": blob(vec![0x30; 70]),
            "SigningAlgorithm": "ECDSA_SHA_256",
        }),
        _ => return None,
    })
}

/// What other operations take beside a key.
fn of_administration(action: &str) -> Option<Value> {
    let root = "arn:aws:iam::111122223333:root";
    let tags = json!([{ "TagKey": "Team", "TagValue": "red" }]);
    Some(match action {
        "ConnectCustomKeyStore"
        | "DeleteCustomKeyStore"
        | "DisconnectCustomKeyStore"
        | "UpdateCustomKeyStore" => json!({ "CustomKeyStoreId": "cks-1234567890abcdef0" }),
        "CreateCustomKeyStore" => json!({
            "CustomKeyStoreName": "store",
            "CloudHsmClusterId": "cluster-2a23b4cdefg",
            "KeyStorePassword": "kmsPswd7",
            "TrustAnchorCertificate": "-----BEGIN CERTIFICATE-----",
        }),
        "CreateAlias" => json!({ "AliasName": OTHER_ALIAS }),
        "UpdateAlias" => json!({ "AliasName": ALIAS }),
        "CreateGrant" => json!({
            "GranteePrincipal": "arn:aws:iam::111122223333:user/alice",
            "RetiringPrincipal": root,
            "Operations": ["Decrypt"],
            "Constraints": { "EncryptionContextSubset": { "Tenant": "blue" } },
        }),
        "CreateKey" => {
            json!({ "Tags": tags, "MultiRegion": true, "BypassPolicyLockoutSafetyCheck": true })
        }
        "GetParametersForImport" => json!({
            "WrappingAlgorithm": "RSAES_OAEP_SHA_256",
            "WrappingKeySpec": "RSA_2048",
        }),
        "ListRetirableGrants" => json!({ "RetiringPrincipal": root }),
        "PutKeyPolicy" => json!({ "Policy": POLICY, "BypassPolicyLockoutSafetyCheck": true }),
        "ReplicateKey" => json!({ "ReplicaRegion": "eu-central-1" }),
        "RevokeGrant" => json!({ "GrantId": "0".repeat(64) }),
        "TagResource" => json!({ "Tags": tags }),
        "UntagResource" => json!({ "TagKeys": ["Team"] }),
        "UpdateKeyDescription" => json!({ "Description": "changed" }),
        _ => return None,
    })
}
