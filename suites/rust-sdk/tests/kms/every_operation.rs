//! Every operation of the service, each called at least once.
//!
//! That none is missing and that every reply fits the API model is checked where the replies pass:
//! in `test_rust_sdk.py`. Here the SDK must build the request and read the reply.

use std::fmt::Debug;
use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::Region;
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{
    CustomKeyStoreType, DataKeyPairSpec, DataKeySpec, EncapsulationAlgorithmSpec,
    ExpirationModelType, GrantOperation, KeyAgreementAlgorithmSpec, KeySpec, KeyState,
    KeyUsageType, MacAlgorithmSpec, OriginType, SigningAlgorithmSpec, Tag,
    XksProxyAuthenticationCredentialType, XksProxyConnectivityType,
};
use rsa::pkcs8::DecodePublicKey;
use rsa::sha2::Sha256;
use rsa::{Oaep, RsaPublicKey};

use crate::client;

const OTHER_REGION: &str = "eu-central-1";

async fn made(kms: &Client, spec: KeySpec, usage: KeyUsageType) -> String {
    let made = kms.create_key().key_spec(spec).key_usage(usage).send().await.unwrap();
    made.key_metadata.unwrap().key_id
}

async fn symmetric(kms: &Client) -> String {
    made(kms, KeySpec::SymmetricDefault, KeyUsageType::EncryptDecrypt).await
}

async fn state(kms: &Client, key: &str) -> KeyState {
    let described = kms.describe_key().key_id(key).send().await.unwrap();
    described.key_metadata.unwrap().key_state.unwrap()
}

/// Waits for what sends no event: a rotation, a replica.
async fn until<F: Future<Output = bool>>(what: &str, probe: impl Fn() -> F) {
    for _ in 0..1500 {
        if probe().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("after 30 s there is still no {what}");
}

fn code(refused: Result<impl Debug, impl ProvideErrorMetadata + Debug>) -> String {
    refused.unwrap_err().code().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn keys_change_their_states() {
    let kms = client().await;
    let key = &symmetric(&kms).await;
    kms.update_key_description().key_id(key).description("described").send().await.unwrap();
    kms.disable_key().key_id(key).send().await.unwrap();
    kms.enable_key().key_id(key).send().await.unwrap();
    kms.schedule_key_deletion().key_id(key).pending_window_in_days(7).send().await.unwrap();
    kms.cancel_key_deletion().key_id(key).send().await.unwrap();
    assert_eq!(state(&kms, key).await, KeyState::Disabled);
    assert!(!kms.list_keys().limit(1).send().await.unwrap().keys().is_empty());
}

#[tokio::test]
async fn keys_have_names_tags_and_policies() {
    let kms = client().await;
    let (key, other) = (&symmetric(&kms).await, &symmetric(&kms).await);
    let alias = &format!("alias/rust/every/{key}");
    kms.create_alias().alias_name(alias).target_key_id(key).send().await.unwrap();
    kms.update_alias().alias_name(alias).target_key_id(other).send().await.unwrap();
    let listed = kms.list_aliases().key_id(other).send().await.unwrap();
    assert_eq!(listed.aliases()[0].alias_name.as_ref(), Some(alias));
    kms.delete_alias().alias_name(alias).send().await.unwrap();

    let tag = Tag::builder().tag_key("team").tag_value("red").build().unwrap();
    kms.tag_resource().key_id(key).tags(tag).send().await.unwrap();
    kms.untag_resource().key_id(key).tag_keys("team").send().await.unwrap();
    assert!(kms.list_resource_tags().key_id(key).send().await.unwrap().tags().is_empty());

    let policy = kms.get_key_policy().key_id(key).send().await.unwrap().policy.unwrap();
    kms.put_key_policy().key_id(key).policy(policy).send().await.unwrap();
    let names = kms.list_key_policies().key_id(key).send().await.unwrap();
    assert_eq!(names.policy_names(), ["default"]);
}

#[tokio::test]
async fn a_symmetric_key_encrypts_and_makes_data_keys() {
    let kms = client().await;
    let (key, other) = (&symmetric(&kms).await, &symmetric(&kms).await);
    let sealed = kms.encrypt().key_id(key).plaintext(Blob::new("secret")).send().await.unwrap();
    let moved = kms
        .re_encrypt()
        .ciphertext_blob(sealed.ciphertext_blob.unwrap())
        .destination_key_id(other)
        .send()
        .await
        .unwrap();
    let blob = moved.ciphertext_blob.unwrap();
    let opened = kms.decrypt().ciphertext_blob(blob).send().await.unwrap();
    assert_eq!(opened.plaintext, Some(Blob::new("secret")));

    let spec = DataKeySpec::Aes256;
    kms.generate_data_key().key_id(key).key_spec(spec.clone()).send().await.unwrap();
    kms.generate_data_key_without_plaintext().key_id(key).key_spec(spec).send().await.unwrap();
    let spec = DataKeyPairSpec::EccNistP256;
    let pair =
        kms.generate_data_key_pair().key_id(key).key_pair_spec(spec.clone()).send().await.unwrap();
    let wrapped = pair.private_key_ciphertext_blob.unwrap();
    let opened = kms.decrypt().ciphertext_blob(wrapped).send().await.unwrap();
    assert_eq!(opened.plaintext, pair.private_key_plaintext);
    let hidden = kms.generate_data_key_pair_without_plaintext().key_id(key).key_pair_spec(spec);
    assert!(hidden.send().await.unwrap().public_key.is_some());

    let drawn = kms.generate_random().number_of_bytes(24).send().await.unwrap();
    assert_eq!(drawn.plaintext.unwrap().as_ref().len(), 24);
    let used = kms.get_key_last_usage().key_id(key).send().await.unwrap().key_last_usage;
    assert!(used.unwrap().operation.is_some());
}

#[tokio::test]
async fn signatures_and_codes_are_verified() {
    let kms = client().await;
    let message = Blob::new("message");
    let key = &made(&kms, KeySpec::EccNistP256, KeyUsageType::SignVerify).await;
    let algorithm = SigningAlgorithmSpec::EcdsaSha256;
    let sign = kms.sign().key_id(key).message(message.clone()).signing_algorithm(algorithm.clone());
    let signature = sign.send().await.unwrap().signature.unwrap();
    let verify = kms.verify().key_id(key).message(message.clone()).signing_algorithm(algorithm);
    assert!(verify.signature(signature).send().await.unwrap().signature_valid);

    let key = &made(&kms, KeySpec::Hmac256, KeyUsageType::GenerateVerifyMac).await;
    let algorithm = MacAlgorithmSpec::HmacSha256;
    let make =
        kms.generate_mac().key_id(key).message(message.clone()).mac_algorithm(algorithm.clone());
    let mac = make.send().await.unwrap().mac.unwrap();
    let verify = kms.verify_mac().key_id(key).message(message).mac_algorithm(algorithm).mac(mac);
    assert!(verify.send().await.unwrap().mac_valid);
}

#[tokio::test]
async fn both_sides_know_the_same_secret() {
    let kms = client().await;
    let mut keys = Vec::new();
    for _ in 0..2 {
        keys.push(made(&kms, KeySpec::EccNistP256, KeyUsageType::KeyAgreement).await);
    }
    let mut secrets = Vec::new();
    for (ours, theirs) in [(&keys[0], &keys[1]), (&keys[1], &keys[0])] {
        let public = kms.get_public_key().key_id(theirs).send().await.unwrap().public_key.unwrap();
        let derive = kms
            .derive_shared_secret()
            .key_id(ours)
            .key_agreement_algorithm(KeyAgreementAlgorithmSpec::Ecdh)
            .public_key(public);
        secrets.push(derive.send().await.unwrap().shared_secret.unwrap());
    }
    assert_eq!(secrets[0], secrets[1]);

    let key = &made(&kms, KeySpec::MlKem768, KeyUsageType::EncapsulateDecapsulate).await;
    let algorithm = EncapsulationAlgorithmSpec::MlKem;
    let given = kms.encapsulate().key_id(key).encapsulation_algorithm(algorithm.clone());
    let given = given.send().await.unwrap();
    let opened = kms
        .decapsulate()
        .key_id(key)
        .encapsulation_algorithm(algorithm)
        .shared_secret_ciphertext_blob(given.shared_secret_ciphertext_blob.unwrap());
    assert_eq!(opened.send().await.unwrap().shared_secret, given.shared_secret);
}

#[tokio::test]
async fn grants_are_made_listed_and_taken_back() {
    let kms = client().await;
    let made = kms.create_key().send().await.unwrap().key_metadata.unwrap();
    let key = &made.key_id;
    let root = &format!("arn:aws:iam::{}:root", made.aws_account_id.unwrap());
    let mut ids = Vec::new();
    for name in ["a", "b"] {
        let grant = kms
            .create_grant()
            .key_id(key)
            .name(name)
            .grantee_principal(root)
            .retiring_principal(root)
            .operations(GrantOperation::Decrypt);
        ids.push(grant.send().await.unwrap().grant_id.unwrap());
    }
    assert_eq!(kms.list_grants().key_id(key).send().await.unwrap().grants().len(), 2);
    let retirable = kms.list_retirable_grants().retiring_principal(root).send().await.unwrap();
    assert!(!retirable.grants().is_empty());
    kms.retire_grant().key_id(key).grant_id(&ids[0]).send().await.unwrap();
    kms.revoke_grant().key_id(key).grant_id(&ids[1]).send().await.unwrap();
    assert!(kms.list_grants().key_id(key).send().await.unwrap().grants().is_empty());
}

#[tokio::test]
async fn a_key_is_rotated() {
    let kms = client().await;
    let key = &symmetric(&kms).await;
    kms.enable_key_rotation().key_id(key).rotation_period_in_days(90).send().await.unwrap();
    let status = kms.get_key_rotation_status().key_id(key).send().await.unwrap();
    assert_eq!(status.rotation_period_in_days, Some(90));
    kms.disable_key_rotation().key_id(key).send().await.unwrap();
    kms.rotate_key_on_demand().key_id(key).send().await.unwrap();
    until("rotation", || async {
        let listed = kms.list_key_rotations().key_id(key).send().await.unwrap();
        !listed.rotations().is_empty()
    })
    .await;
}

#[tokio::test]
async fn key_material_is_imported_and_deleted() {
    let kms = client().await;
    let made = kms.create_key().origin(OriginType::External).send().await.unwrap();
    let key = &made.key_metadata.unwrap().key_id;
    let given = kms
        .get_parameters_for_import()
        .key_id(key)
        .wrapping_algorithm("RSAES_OAEP_SHA_256".into())
        .wrapping_key_spec("RSA_2048".into())
        .send()
        .await
        .unwrap();
    let wrapping = RsaPublicKey::from_public_key_der(given.public_key.unwrap().as_ref()).unwrap();
    let material = wrapping.encrypt(&mut rsa::rand_core::OsRng, Oaep::new::<Sha256>(), &[7; 32]);
    kms.import_key_material()
        .key_id(key)
        .import_token(given.import_token.unwrap())
        .encrypted_key_material(Blob::new(material.unwrap()))
        .expiration_model(ExpirationModelType::KeyMaterialDoesNotExpire)
        .send()
        .await
        .unwrap();
    assert_eq!(state(&kms, key).await, KeyState::Enabled);
    kms.delete_imported_key_material().key_id(key).send().await.unwrap();
    assert_eq!(state(&kms, key).await, KeyState::PendingImport);
}

#[tokio::test]
async fn a_key_is_in_two_regions() {
    let kms = client().await;
    let there = kms.config().to_builder().region(Region::new(OTHER_REGION)).build();
    let abroad = Client::from_conf(there);
    let made = kms.create_key().multi_region(true).send().await.unwrap();
    let key = &made.key_metadata.unwrap().key_id;
    kms.replicate_key().key_id(key).replica_region(OTHER_REGION).send().await.unwrap();
    until("replica", || async { state(&abroad, key).await == KeyState::Enabled }).await;
    kms.update_primary_region().key_id(key).primary_region(OTHER_REGION).send().await.unwrap();
    let sealed = kms.encrypt().key_id(key).plaintext(Blob::new("secret")).send().await.unwrap();
    let blob = sealed.ciphertext_blob.unwrap();
    let opened = abroad.decrypt().ciphertext_blob(blob).send().await.unwrap();
    assert_eq!(opened.plaintext, Some(Blob::new("secret")));
}

#[tokio::test]
async fn no_custom_key_store_can_be_made_yet() {
    let kms = client().await;
    let listed = kms.describe_custom_key_stores().send().await.unwrap();
    assert!(listed.custom_key_stores().is_empty());
    let credential = XksProxyAuthenticationCredentialType::builder()
        .access_key_id("ABCDEFGHIJKLMNOPQRST2")
        .raw_secret_access_key("a".repeat(43))
        .build()
        .unwrap();
    let proxy = kms
        .create_custom_key_store()
        .custom_key_store_name("rust")
        .custom_key_store_type(CustomKeyStoreType::ExternalKeyStore)
        .xks_proxy_uri_endpoint("https://xks.example.com")
        .xks_proxy_uri_path("/kms/xks/v1")
        .xks_proxy_connectivity(XksProxyConnectivityType::PublicEndpoint)
        .xks_proxy_authentication_credential(credential);
    assert_eq!(code(proxy.send().await), "XksProxyUriUnreachableException");

    let id = "cks-1234567890abcdef0";
    let absent = "CustomKeyStoreNotFoundException";
    assert_eq!(code(kms.connect_custom_key_store().custom_key_store_id(id).send().await), absent);
    assert_eq!(
        code(kms.disconnect_custom_key_store().custom_key_store_id(id).send().await),
        absent
    );
    assert_eq!(code(kms.update_custom_key_store().custom_key_store_id(id).send().await), absent);
    assert_eq!(code(kms.delete_custom_key_store().custom_key_store_id(id).send().await), absent);
}
