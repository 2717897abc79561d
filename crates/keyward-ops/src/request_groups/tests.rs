use std::time::Duration;

use keyward_engine::RequestQuotas;
use keyward_model::{KeySpec, KeyUsage};
use keyward_testkit::{TestApp, TestOptions, blob};
use serde_json::{Value, json};

use super::*;
use crate::constraints;

/// The service with these rates, in requests a second, and no others.
async fn limited(rates: &'static [(&'static str, u32)]) -> TestApp {
    let own = |name: &str| rates.iter().find(|(group, _)| *group == name).map(|(_, rate)| *rate);
    let quotas = RequestQuotas::new(REQUEST_GROUPS, false, own);
    TestApp::with(TestOptions { request_quotas: Some(quotas), ..TestOptions::default() }).await
}

fn message(key: &str, algorithm: &str) -> Value {
    json!({ "KeyId": key, "Message": blob("m"), "SigningAlgorithm": algorithm })
}

#[test]
fn every_operation_counts_in_exactly_one_group() {
    for operation in constraints::OPERATIONS {
        let of: Vec<_> = REQUEST_GROUPS
            .iter()
            .filter(|group| group.operations.contains(&operation.name))
            .collect();
        assert!(!of.is_empty(), "{} counts nowhere", operation.name);
        if of.len() == 1 {
            continue;
        }
        let is_pairs = PAIRS.contains(&operation.name);
        for &spec in KeySpec::ALL {
            let count = of.iter().filter(|group| group.specs.contains(&spec)).count();
            let is_at_most = usize::from(!is_pairs || spec.is_for_data_key_pairs());
            assert!(count <= is_at_most, "{} {spec}", operation.name);
            if is_pairs {
                assert_eq!(count, is_at_most, "{} {spec}", operation.name);
            }
        }
        // Whatever can do it has a group.
        let usage = match operation.name {
            "Sign" | "Verify" => KeyUsage::SignVerify,
            _ => KeyUsage::EncryptDecrypt,
        };
        for &spec in KeySpec::ALL.iter().filter(|spec| !is_pairs && spec.usages().contains(&usage))
        {
            let counts = of.iter().any(|group| group.specs.contains(&spec));
            assert!(counts, "{} {spec}", operation.name);
        }
    }
    let known = |name: &str| constraints::OPERATIONS.iter().any(|known| known.name == name);
    assert!(REQUEST_GROUPS.iter().flat_map(|group| group.operations).all(|name| known(name)));
    let mut names: Vec<_> = REQUEST_GROUPS.iter().map(|group| group.name).collect();
    names.sort_unstable();
    assert!(names.is_sorted_by(|a, b| a < b), "a name twice");
}

#[tokio::test]
async fn the_request_beyond_the_quota_is_throttled_and_on_record() {
    let app = limited(&[("ListKeys", 2)]).await;
    let root = app.root();
    for _ in 0..2 {
        root.ok("ListKeys", json!({})).await;
    }
    let refused = root.refused("ListKeys", json!({ "Limit": 0 })).await;
    assert_eq!(refused.name, "ThrottlingException");
    assert_eq!(
        refused.message.as_deref(),
        Some(
            "You have exceeded the rate at which you may call KMS. Reduce the frequency of your \
             calls."
        )
    );
    let record = app.last_record();
    assert_eq!(record["errorCode"], "ThrottlingException");
    assert_eq!(record["eventName"], "ListKeys");
    assert_eq!(record["errorMessage"], refused.message.as_deref().unwrap_or_default());
    root.refused("ListKeys", json!({ "Limit": 3 })).await;
    assert_eq!(app.last_record()["requestParameters"], json!({ "limit": 3 }));

    root.ok("ListAliases", json!({})).await;
    app.root_in("eu-central-1").ok("ListKeys", json!({})).await;
    app.other_account().await.ok("ListKeys", json!({})).await;
    app.clock().advance(Duration::from_millis(500));
    root.ok("ListKeys", json!({})).await;
    root.refused("ListKeys", json!({})).await;
}

#[tokio::test]
async fn cryptographic_requests_count_by_the_spec_of_their_key() {
    let app = limited(&[("ecc", 1), ("symmetric", 2)]).await;
    let root = app.root();
    let ecc = root.create_key_of(KeySpec::EccNistP256, KeyUsage::SignVerify).await;
    let ml_dsa = root.create_key_of(KeySpec::MlDsa44, KeyUsage::SignVerify).await;
    root.ok("Sign", message(&ecc, "ECDSA_SHA_256")).await;
    let refused = root.refused("Sign", message(&ecc, "ECDSA_SHA_256")).await;
    assert_eq!(refused.name, "ThrottlingException");
    root.ok("Sign", message(&ml_dsa, "ML_DSA_SHAKE_256")).await;

    let key = root.create_key().await;
    let encrypt = json!({ "KeyId": key, "Plaintext": blob("p"), "DryRun": true });
    assert_eq!(root.refused("Encrypt", encrypt.clone()).await.name, "DryRunOperationException");
    root.ok("GenerateRandom", json!({ "NumberOfBytes": 1 })).await;
    assert_eq!(root.refused("Encrypt", encrypt).await.name, "ThrottlingException");
}

#[tokio::test]
async fn key_pairs_count_by_their_own_spec() {
    let app = limited(&[("data-key-pair-ECC_NIST_P256", 1)]).await;
    let root = app.root();
    let key = root.create_key().await;
    let pair = |spec: &str| json!({ "KeyId": key, "KeyPairSpec": spec, "DryRun": true });
    for (operation, spec, name) in [
        ("GenerateDataKeyPair", "ECC_NIST_P256", "DryRunOperationException"),
        ("GenerateDataKeyPairWithoutPlaintext", "ECC_NIST_P256", "ThrottlingException"),
        ("GenerateDataKeyPair", "ECC_NIST_P384", "DryRunOperationException"),
    ] {
        assert_eq!(root.refused(operation, pair(spec)).await.name, name, "{operation} {spec}");
    }
}

#[tokio::test]
async fn replicating_a_key_counts_as_making_two_where_the_replica_is() {
    let app = limited(&[("CreateKey", 2)]).await;
    let (root, elsewhere) = (app.root(), app.root_in("eu-central-1"));
    let key = root.create_multi_region_key().await;
    root.replicate(&key, "eu-central-1").await;
    root.create_key().await;
    let refused = elsewhere.refused("CreateKey", json!({})).await;
    assert_eq!(refused.name, "ThrottlingException");
}
