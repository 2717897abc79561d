//! Replies that only an attested recipient can read, of every operation that makes them.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a reply without its members is a failed test"
)]

use std::time::Duration;

use keyward_attestation::testing::{Attester, ChainDefect, Evidence};
use keyward_crypto::{AsymmetricKey, KeyMaterial};
use keyward_model::{Clock, KeySpec, KeyUsage};
use keyward_testkit::{Client, Refused, TestApp, attester, blob, enclave, recipient_info, unblob};
use serde_json::{Value, json};

/// A document of the enclave, made at this moment.
fn document(app: &TestApp) -> Vec<u8> {
    attester().attest(&Evidence::enclave(enclave().public_key(), app.clock().now()))
}

fn with_recipient(mut input: Value, document: &[u8]) -> Value {
    input["Recipient"] = recipient_info(document);
    input
}

/// What the enclave reads; the caller reads nothing.
fn read_by_enclave(reply: &Value, plaintext_member: &str) -> Vec<u8> {
    assert_eq!(reply[plaintext_member], Value::Null, "{reply}");
    assert!(reply.get(plaintext_member).is_none(), "{reply}");
    assert!(reply.get("KeyMaterialId").is_none(), "{reply}");
    enclave().open(&unblob(&reply["CiphertextForRecipient"])).unwrap()
}

/// Every operation that takes a recipient, with a sound request and the member it hides.
async fn requests(root: &Client) -> Vec<(&'static str, &'static str, Value)> {
    let key = root.create_key().await;
    let agreeing = root.create_key_of(KeySpec::EccNistP256, KeyUsage::KeyAgreement).await;
    let pair = json!({ "KeyId": key, "KeyPairSpec": "ECC_NIST_P256" });
    let peer = root.ok("GenerateDataKeyPair", pair.clone()).await;
    let agreement = json!({
        "KeyId": agreeing,
        "KeyAgreementAlgorithm": "ECDH",
        "PublicKey": peer["PublicKey"],
    });
    let ciphertext = root.encrypt(&key, b"secret").await;
    vec![
        ("Decrypt", "Plaintext", json!({ "CiphertextBlob": ciphertext })),
        ("DeriveSharedSecret", "SharedSecret", agreement),
        ("GenerateDataKey", "Plaintext", json!({ "KeyId": key, "KeySpec": "AES_256" })),
        ("GenerateDataKeyPair", "PrivateKeyPlaintext", pair),
        ("GenerateRandom", "Plaintext", json!({ "NumberOfBytes": 1024 })),
    ]
}

#[tokio::test]
async fn what_is_decrypted_or_agreed_on_is_for_the_recipient_alone() {
    let app = TestApp::new().await;
    let root = app.root();
    for (operation, member, input) in requests(&root).await {
        if !matches!(operation, "Decrypt" | "DeriveSharedSecret") {
            continue;
        }
        let shown = root.ok(operation, input.clone()).await;
        let reply = root.ok(operation, with_recipient(input, &document(&app))).await;
        assert_eq!(read_by_enclave(&reply, member), unblob(&shown[member]), "{operation}");
        let names = |reply: &Value| -> Vec<String> {
            let hidden = [member, "CiphertextForRecipient", "KeyMaterialId"];
            let members = reply.as_object().unwrap().keys();
            members.filter(|name| !hidden.contains(&name.as_str())).cloned().collect()
        };
        assert_eq!(names(&reply), names(&shown), "{operation}");
    }
}

#[tokio::test]
async fn what_is_made_is_for_the_recipient_alone() {
    let app = TestApp::new().await;
    let root = app.root();
    let [.., data_key, pair, random] = &requests(&root).await[..] else {
        panic!("five operations")
    };
    let made = async |(operation, member, input): &(&'static str, &str, Value)| {
        let reply = root.ok(operation, with_recipient(input.clone(), &document(&app))).await;
        (read_by_enclave(&reply, member), reply)
    };
    let opened = async |blob: &Value| {
        let input = json!({ "CiphertextBlob": blob });
        unblob(&root.ok("Decrypt", input).await["Plaintext"])
    };

    let (read, reply) = made(data_key).await;
    assert_eq!(read.len(), 32);
    assert_eq!(opened(&reply["CiphertextBlob"]).await, read);

    let (read, reply) = made(pair).await;
    assert_eq!(opened(&reply["PrivateKeyCiphertextBlob"]).await, read);
    let key = AsymmetricKey::load(KeySpec::EccNistP256, &KeyMaterial::new(read)).unwrap();
    assert_eq!(key.public_key(), unblob(&reply["PublicKey"]));

    let (read, _) = made(random).await;
    assert_eq!(read.len(), 1024);
    assert_ne!(made(random).await.0, read);
}

#[tokio::test]
async fn a_document_that_proves_nothing_is_refused_in_one_sentence() {
    let app = TestApp::new().await;
    let root = app.root();
    let now = app.clock().now();
    let evidence = Evidence::enclave(enclave().public_key(), now);
    let mut tampered = attester().attest(&evidence);
    *tampered.last_mut().unwrap() ^= 1;
    let refused = Refused::new("ValidationException", "The attestation document is not valid.");
    let documents = [
        b"nonsense".to_vec(),
        tampered,
        Attester::new(now).attest(&evidence),
        Attester::with_defect(now, ChainDefect::LeafExpired).attest(&evidence),
        attester().attest(&Evidence { public_key: None, ..evidence.clone() }),
        attester().attest(&Evidence { timestamp: now.plus_days(1), ..evidence }),
    ];
    for (operation, _, input) in requests(&root).await {
        for document in &documents {
            let input = with_recipient(input.clone(), document);
            assert_eq!(root.refused(operation, input).await, refused, "{operation}");
        }
    }
}

#[tokio::test]
async fn a_document_is_believed_for_five_minutes() {
    let app = TestApp::new().await;
    let root = app.root();
    let input = with_recipient(json!({ "NumberOfBytes": 1 }), &document(&app));
    app.clock().advance(Duration::from_mins(5));
    root.ok("GenerateRandom", input.clone()).await;
    app.clock().advance(Duration::from_millis(1));
    assert_eq!(root.refused("GenerateRandom", input).await.name, "ValidationException");
}

#[tokio::test]
async fn a_recipient_is_looked_at_before_the_key_is_looked_for_and_after_the_rest() {
    let app = TestApp::new().await;
    let root = app.root();
    let absent = json!({ "KeyId": "alias/none", "KeySpec": "AES_256" });
    let refused = root.refused("GenerateDataKey", with_recipient(absent.clone(), b"x")).await;
    assert_eq!(refused.message(), "The attestation document is not valid.");
    let refused = root.refused("GenerateDataKey", with_recipient(absent, &document(&app))).await;
    assert_eq!(refused.name, "NotFoundException");
    let refused =
        root.refused("GenerateDataKey", with_recipient(json!({ "KeyId": "k" }), b"x")).await;
    assert_eq!(refused.message(), "Please specify either number of bytes or key spec.");
}

#[tokio::test]
async fn a_recipient_is_a_document_and_at_most_the_one_algorithm() {
    let app = TestApp::new().await;
    let root = app.root();
    let send = async |recipient: Value| {
        let input = json!({ "NumberOfBytes": 1, "Recipient": recipient });
        root.call("GenerateRandom", input).await.map(drop)
    };
    let document = blob(document(&app));
    assert_eq!(send(json!({ "AttestationDocument": document })).await, Ok(()));
    assert_eq!(send(Value::Null).await, Ok(()));
    let absent = "null at 'recipient.attestationDocument' failed to satisfy constraint: Member must \
                  not be null";
    for recipient in [json!({}), json!({ "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256" })] {
        assert_eq!(send(recipient).await, Err(Refused::constraint(absent)));
    }
    let other = json!({ "AttestationDocument": document, "KeyEncryptionAlgorithm": "RSAES_OAEP" });
    let other = send(other).await.unwrap_err();
    assert!(other.message().contains("'recipient.keyEncryptionAlgorithm'"), "{other:?}");
}

#[tokio::test]
async fn the_record_tells_of_a_recipient_only_if_the_call_succeeded() {
    let app = TestApp::new().await;
    let root = app.root();
    let (key, now) = (root.create_key().await, app.clock().now());
    let material = root.describe(&key).await["CurrentKeyMaterialId"].clone();
    let input = json!({ "KeyId": key, "KeySpec": "AES_256" });
    let register = |index: u8| blob([index + 1; 48]);

    let evidence = Evidence::enclave(enclave().public_key(), now);
    let attested = with_recipient(input.clone(), &attester().attest(&evidence));
    root.ok("GenerateDataKey", attested.clone()).await;
    let recipient = json!({
        "attestationDocumentModuleId": evidence.module_id,
        "attestationDocumentEnclaveImageDigest": register(0),
        "attestationDocumentEnclavePCR1": register(1),
        "attestationDocumentEnclavePCR2": register(2),
        "attestationDocumentEnclavePCR3": register(3),
        "attestationDocumentEnclavePCR4": register(4),
        "attestationDocumentEnclavePCR8": register(8),
    });
    let expected = json!({ "keyMaterialId": material, "recipient": recipient });
    let recorded = app.recorded();
    assert_eq!(recorded["additionalEventData"], expected);
    assert_eq!(recorded["requestParameters"], json!({ "keyId": key, "keySpec": "AES_256" }));

    let evidence = Evidence::nitro_tpm(enclave().public_key(), now);
    root.ok("GenerateDataKey", with_recipient(input, &attester().attest(&evidence))).await;
    let recipient = json!({
        "attestationDocumentModuleId": evidence.module_id,
        "attestationDocumentNitroTPMPCR4": register(4),
        "attestationDocumentNitroTPMPCR7": register(7),
        "attestationDocumentNitroTPMPCR8": register(8),
        "attestationDocumentNitroTPMPCR9": register(9),
        "attestationDocumentNitroTPMPCR16": register(16),
        "attestationDocumentNitroTPMPCR23": register(23),
    });
    assert_eq!(app.recorded()["additionalEventData"]["recipient"], recipient);

    let mut dry_run = attested.clone();
    dry_run["DryRun"] = json!(true);
    assert_eq!(root.refused("GenerateDataKey", dry_run).await.name, "DryRunOperationException");
    let expected = json!({ "keyMaterialId": material });
    assert_eq!(app.recorded()["additionalEventData"], expected);
    root.disable(&key).await;
    assert_eq!(root.refused("GenerateDataKey", attested).await.name, "DisabledException");
    assert!(app.recorded().get("additionalEventData").is_none());
}
