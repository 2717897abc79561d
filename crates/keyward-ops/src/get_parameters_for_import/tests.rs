use keyward_model::{KeySpec, KeyState, WrappingAlgorithm, WrappingKeySpec};
use keyward_testkit::{Client, KeyRequest, Refused, TestApp, resource, unblob};
use serde_json::{Value, json};

/// With the wrapping key that is made soonest. Keys are made with material: it does not matter.
fn request() -> KeyRequest {
    let rest = json!({ "WrappingAlgorithm": "SM2PKE", "WrappingKeySpec": "SM2" });
    KeyRequest::new("GetParametersForImport", rest).keys_only()
}

fn input(key: &str, algorithm: &str, wrapping_key_spec: &str) -> Value {
    json!({
        "KeyId": key,
        "WrappingAlgorithm": algorithm,
        "WrappingKeySpec": wrapping_key_spec,
    })
}

async fn key_of(root: &Client, spec: KeySpec) -> String {
    let usage = spec.usages().first().unwrap();
    root.create_external_key(json!({ "KeySpec": spec, "KeyUsage": usage })).await
}

#[tokio::test]
async fn a_public_key_and_a_token_are_handed_out_for_a_day() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = key_of(&root, KeySpec::Sm2).await;
    let arn = root.arn(&key).await;
    for (algorithm, spec, length) in [
        ("SM2PKE", "SM2", 91),
        ("RSAES_OAEP_SHA_256", "RSA_2048", 294),
        ("RSAES_OAEP_SHA_1", "RSA_3072", 422),
    ] {
        let reply = root.ok("GetParametersForImport", input(&key, algorithm, spec)).await;
        assert_eq!(reply["KeyId"], json!(arn));
        assert_eq!(unblob(&reply["PublicKey"]).len(), length);
        assert!(unblob(&reply["ImportToken"]).len() <= 6144);
        let valid_to = reply["ParametersValidTo"].as_f64().unwrap();
        assert!((valid_to - app.clock().now_s() - 86_400.0).abs() < 1.0);
    }
}

#[tokio::test]
async fn what_wraps_no_material_of_the_spec_is_refused() {
    let app = TestApp::new().await;
    let root = app.root();
    for (spec, algorithm, wrapping_key_spec) in [
        (KeySpec::SymmetricDefault, "RSAES_PKCS1_V1_5", "RSA_2048"),
        (KeySpec::SymmetricDefault, "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048"),
        (KeySpec::Hmac256, "SM2PKE", "SM2"),
        (KeySpec::SymmetricDefault, "RSAES_OAEP_SHA_256", "SM2"),
        (KeySpec::Rsa2048, "RSAES_OAEP_SHA_256", "RSA_4096"),
        (KeySpec::EccNistP521, "RSAES_OAEP_SHA_1", "RSA_2048"),
        (KeySpec::EccNistP256, "SM2PKE", "RSA_2048"),
    ] {
        let key = key_of(&root, spec).await;
        let input = input(&key, algorithm, wrapping_key_spec);
        let refused = root.refused("GetParametersForImport", input).await;
        let message = format!(
            "WrappingAlgorithm {algorithm} with WrappingKeySpec {wrapping_key_spec} is not \
             supported for key spec {spec}."
        );
        assert_eq!(refused, Refused::new("UnsupportedOperationException", message));
    }
}

#[tokio::test]
async fn a_deployment_without_sm2_wraps_nothing_under_it() {
    let options = keyward_testkit::TestOptions { offers_sm2: false, ..Default::default() };
    let app = TestApp::with(options).await;
    for spec in [KeySpec::EccNistP256, KeySpec::Rsa2048, KeySpec::Sm2] {
        let (algorithm, wrapping) = (WrappingAlgorithm::Sm2pke, WrappingKeySpec::Sm2);
        assert!(!app.engine().offers_wrapping(algorithm, wrapping, spec));
    }
}

#[tokio::test]
async fn a_key_whose_material_was_made_here_is_refused_in_any_state() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    for &state in KeyState::ALL {
        app.put_in_state(&key, state).await;
        let input = input(&key, "RSAES_OAEP_SHA_256", "RSA_2048");
        let refused = root.refused("GetParametersForImport", input).await;
        let message = format!("{arn} origin is AWS_KMS which is not valid for this operation.");
        assert_eq!(refused, Refused::new("UnsupportedOperationException", message));
    }
}

#[tokio::test]
async fn a_key_on_its_way_to_another_state_or_to_its_end_is_refused() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = key_of(&root, KeySpec::Sm2).await;
    let arn = root.arn(&key).await;
    for &state in KeyState::ALL {
        app.put_in_state(&key, state).await;
        let refused = root.call("GetParametersForImport", input(&key, "SM2PKE", "SM2")).await.err();
        let is = match state {
            KeyState::Creating => "is creating.",
            KeyState::PendingDeletion => "is pending deletion.",
            KeyState::PendingReplicaDeletion => "is pending replica deletion.",
            KeyState::Unavailable => "is unavailable.",
            KeyState::Updating => "is updating.",
            KeyState::Enabled | KeyState::Disabled | KeyState::PendingImport => {
                assert_eq!(refused, None, "{state}");
                continue;
            }
        };
        let expected = Refused::new("KMSInvalidStateException", format!("{arn} {is}"));
        assert_eq!(refused, Some(expected), "{state}");
    }
}

#[tokio::test]
async fn a_key_is_named_by_id_or_arn() {
    request().refuses_what_names_no_key().await;
    let app = TestApp::new().await;
    let root = app.root();
    let key = key_of(&root, KeySpec::Sm2).await;
    for named in [root.arn(&key).await, key] {
        root.ok("GetParametersForImport", input(&named, "SM2PKE", "SM2")).await;
    }
}

#[tokio::test]
async fn other_accounts_are_denied() {
    request().is_denied_elsewhere("kms:GetParametersForImport").await;
}

/// Their policy allows `kms:Get*`.
#[tokio::test]
async fn aws_managed_keys_are_of_the_wrong_kind() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.aws_managed_key().await;
    let refused = root.refused("GetParametersForImport", input(&key, "SM2PKE", "SM2")).await;
    assert_eq!(refused.name, "UnsupportedOperationException");
}

#[tokio::test]
async fn wrapping_keys_are_swept_once_their_day_is_over() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = key_of(&root, KeySpec::Sm2).await;
    let store = app.engine().store().import_wrapping_keys();
    let end_of_time = keyward_model::Timestamp::from_unix_ms(i64::MAX);
    for _ in 0..3 {
        root.ok("GetParametersForImport", input(&key, "SM2PKE", "SM2")).await;
    }
    app.do_due_work().await;
    assert_eq!(store.expired(end_of_time, 9).await.unwrap().len(), 3);
    app.clock().advance_days(1);
    app.do_due_work().await;
    assert_eq!(store.expired(end_of_time, 9).await.unwrap(), Vec::<[u8; 32]>::new());
}

#[tokio::test]
async fn the_record_shows_the_wrapping_and_neither_token_nor_public_key() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = key_of(&root, KeySpec::Sm2).await;
    let arn = root.arn(&key).await;
    root.ok("GetParametersForImport", input(&key, "SM2PKE", "SM2")).await;
    let expected = json!({
        "requestParameters": {
            "keyId": key,
            "wrappingAlgorithm": "SM2PKE",
            "wrappingKeySpec": "SM2",
        },
        "responseElements": null,
        "readOnly": true,
        "resources": [resource(&arn)],
    });
    assert_eq!(app.recorded(), expected);
}
