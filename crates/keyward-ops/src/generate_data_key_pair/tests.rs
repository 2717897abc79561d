use keyward_crypto::{AsymmetricKey, KeyMaterial, Plaintext};
use keyward_model::{KeySpec, KeyState, KeyUsage, Origin};
use keyward_testkit::{
    HeldGenerator, KeyRequest, Refused, TestApp, TestOptions, UNUSABLE, resource, unblob,
};
use serde_json::json;

use super::*;

const NAME: &str = "GenerateDataKeyPair";

fn request() -> KeyRequest {
    KeyRequest::new(NAME, json!({ "KeyPairSpec": "ECC_NIST_P256" }))
}

#[tokio::test]
async fn a_pair_of_every_spec_is_whole_and_its_ciphertext_opens_to_the_private_key() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let metadata = root.describe(&key).await;
    let context = json!({ "Tenant": "blue" });
    for spec in KeySpec::ALL.iter().filter(|spec| spec.is_for_data_key_pairs()) {
        let input = json!({ "KeyId": key, "KeyPairSpec": spec, "EncryptionContext": context });
        let reply = root.ok(NAME, input).await;
        let expected = json!({
            "PrivateKeyCiphertextBlob": reply["PrivateKeyCiphertextBlob"],
            "PrivateKeyPlaintext": reply["PrivateKeyPlaintext"],
            "PublicKey": reply["PublicKey"],
            "KeyId": metadata["Arn"],
            "KeyPairSpec": spec,
            "KeyMaterialId": metadata["CurrentKeyMaterialId"],
        });
        assert_eq!(reply, expected);
        let blob = &reply["PrivateKeyCiphertextBlob"];
        let input = json!({ "CiphertextBlob": blob, "EncryptionContext": context });
        let opened = &root.ok("Decrypt", input).await["Plaintext"];
        assert_eq!(*opened, reply["PrivateKeyPlaintext"]);
        let private_key = KeyMaterial::new(unblob(opened));
        let loaded = AsymmetricKey::load(*spec, &private_key).unwrap();
        assert_eq!(loaded.public_key(), unblob(&reply["PublicKey"]), "{spec}");
        let refused = root.refused("Decrypt", json!({ "CiphertextBlob": blob })).await;
        assert_eq!(refused, Refused::silent("InvalidCiphertextException"));
    }
}

#[tokio::test]
async fn no_two_pairs_are_the_same() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let input = json!({ "KeyId": key, "KeyPairSpec": "ECC_NIST_P256" });
    let first = root.ok(NAME, input.clone()).await;
    assert_ne!(root.ok(NAME, input).await["PublicKey"], first["PublicKey"]);
}

#[tokio::test]
async fn a_key_is_named_in_any_form() {
    request().takes_every_form().await;
    request().refuses_what_names_no_key().await;
}

#[tokio::test]
async fn other_accounts_and_aws_managed_keys_are_denied() {
    request().is_denied_elsewhere("kms:GenerateDataKeyPair").await;
    request().is_denied_on_aws_managed_keys("kms:GenerateDataKeyPair").await;
}

#[tokio::test]
async fn a_key_in_an_unusable_state_is_refused() {
    request().answers_by_state(UNUSABLE).await;
}

#[tokio::test]
async fn only_symmetric_encryption_keys_wrap_private_keys() {
    let app = TestApp::new().await;
    let root = app.root();
    let input = |key: &str| json!({ "KeyId": key, "KeyPairSpec": "ECC_NIST_P256" });
    let key = root.create_key_of(KeySpec::Rsa2048, KeyUsage::EncryptDecrypt).await;
    let refused = root.refused(NAME, input(&key)).await;
    let message = "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.";
    assert_eq!(refused, Refused::new("InvalidKeyUsageException", message));
    let key = root.create_key_of(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac).await;
    let arn = root.arn(&key).await;
    let refused = root.refused(NAME, input(&key)).await;
    let message = format!("{arn} key usage is GENERATE_VERIFY_MAC which is not valid for {NAME}.");
    assert_eq!(refused, Refused::new("InvalidKeyUsageException", message));
    app.put_in_state(&key, KeyState::Disabled).await;
    assert_eq!(root.refused(NAME, input(&key)).await.name, "DisabledException");
}

#[tokio::test]
async fn a_key_of_a_custom_key_store_wraps_none_in_any_state() {
    let app = TestApp::new().await;
    let root = app.root();
    for origin in [Origin::AwsCloudHsm, Origin::ExternalKeyStore] {
        for state in [KeyState::Enabled, KeyState::Disabled, KeyState::Unavailable] {
            let key = root.create_key().await;
            let arn = root.arn(&key).await;
            app.alter_key(&key, |record| (record.origin, record.state) = (origin, state)).await;
            let input = json!({ "KeyId": key, "KeyPairSpec": "ECC_NIST_P256" });
            let message =
                format!("{arn} origin is {origin} which is not valid for this operation.");
            let refused = Refused::new("UnsupportedOperationException", message);
            assert_eq!(root.refused(NAME, input).await, refused, "{state}");
        }
    }
}

#[tokio::test]
async fn a_spec_of_no_pair_is_refused_before_the_key_is_looked_for() {
    let app = TestApp::with(TestOptions { offers_sm2: false, ..TestOptions::default() }).await;
    let root = app.root();
    for spec in ["ML_DSA_44", "SYMMETRIC_DEFAULT", ""] {
        let refused = root.refused(NAME, json!({ "KeyId": "k", "KeyPairSpec": spec })).await;
        let expected = Refused::constraint(&format!(
            "'{spec}' at 'keyPairSpec' failed to satisfy constraint: Member must satisfy enum value \
             set: [RSA_2048, RSA_3072, "
        ));
        assert!(refused.message().starts_with(expected.message()), "{refused:?}");
    }
    let refused = root.refused(NAME, json!({ "KeyId": "k", "KeyPairSpec": "SM2" })).await;
    let message = "KeyPairSpec SM2 is not supported in this Region.";
    assert_eq!(refused, Refused::new("UnsupportedOperationException", message));
}

#[tokio::test]
async fn a_dry_run_makes_no_pair() {
    let held = std::sync::Arc::new(HeldGenerator::default());
    let app =
        TestApp::with(TestOptions { generator: held.clone(), ..TestOptions::default() }).await;
    let root = app.root();
    held.release();
    let key = root.create_key().await;
    let input = |key: &str| json!({ "KeyId": key, "KeyPairSpec": "RSA_4096", "DryRun": true });
    // Would wait for ever if it asked for a pair.
    assert_eq!(root.refused(NAME, input(&key)).await.name, "DryRunOperationException");
    let material = &root.describe(&key).await["CurrentKeyMaterialId"];
    let record = app.audit().into_iter().rev().find(|record| record["eventName"] == NAME).unwrap();
    assert_eq!(record["additionalEventData"], json!({ "keyMaterialId": material }));
    assert_eq!(root.refused(NAME, input("alias/none")).await.name, "NotFoundException");
    root.disable(&key).await;
    assert_eq!(root.refused(NAME, input(&key)).await.name, "DisabledException");
}

#[tokio::test]
async fn contexts_grant_tokens_and_recipients_are_checked() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    for (member, sent, name) in [
        ("EncryptionContext", json!({ "a": "v".repeat(8192) }), "ValidationException"),
        ("EncryptionContext", json!({ "a": [] }), "SerializationException"),
        ("GrantTokens", json!(["none"]), "InvalidGrantTokenException"),
        ("Recipient", json!({}), "ValidationException"),
    ] {
        let input = json!({ "KeyId": key, "KeyPairSpec": "ECC_NIST_P256", member: sent });
        assert_eq!(root.refused(NAME, input).await.name, name, "{member}");
    }
}

#[tokio::test]
async fn the_record_shows_spec_context_and_material_but_no_key() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let metadata = root.describe(&key).await;
    let context = json!({ "a": "b" });
    let input = json!({ "KeyId": key, "KeyPairSpec": "ML_KEM_768", "EncryptionContext": context });
    root.ok(NAME, input).await;
    let expected = json!({
        "requestParameters": {
            "keyPairSpec": "ML_KEM_768",
            "encryptionContext": context,
            "keyId": key,
        },
        "responseElements": null,
        "additionalEventData": { "keyMaterialId": metadata["CurrentKeyMaterialId"] },
        "readOnly": true,
        "resources": [resource(metadata["Arn"].as_str().unwrap())],
    });
    assert_eq!(app.recorded(), expected);
}

/// A buffer that grows leaves the private key behind in freed memory.
#[test]
fn the_largest_reply_fits_what_is_reserved_for_it() {
    let output = Output {
        private_key_ciphertext_blob: Base64(vec![0; 6144]),
        private_key_plaintext: Some(SecretOutput(Plaintext::new(vec![0; 2400]))),
        ciphertext_for_recipient: None,
        public_key: Base64(vec![0; 1600]),
        key_id: format!("arn:aws-cn:kms:cn-northwest-1:111122223333:key/mrk-{}", "0".repeat(32)),
        key_pair_spec: KeySpec::EccNistEdwards25519,
        key_material_id: Some(KeyMaterialId::new([0; 32])),
    };
    let reserved = GenerateDataKeyPair::reply_bytes_max(&output);
    assert!(serde_json::to_vec(&output).unwrap().len() <= reserved);
}
