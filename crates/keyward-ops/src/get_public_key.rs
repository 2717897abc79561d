//! GetPublicKey: the public key of an asymmetric KMS key, and what it is for.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Algorithms, Cx, ErrorCode, Key, Kind, OpError, Operation};
use keyward_model::{KeySpec, KeyState, KeyUsage};
use keyward_shape::{Base64, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, KeyIdType};
use crate::shape::GrantTokens;
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum GetPublicKey {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    #[serde(borrow, default)]
    grant_tokens: GrantTokens<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_id: String,
    public_key: Base64<Vec<u8>>,
    customer_master_key_spec: KeySpec,
    key_spec: KeySpec,
    key_usage: KeyUsage,
    #[serde(flatten)]
    algorithms: Algorithms,
}

impl Operation for GetPublicKey {
    const NAME: &'static str = "GetPublicKey";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_PUBLIC_KEY;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let target = cx.resolve(&input.key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let key = cx.authorize(target, action::GetPublicKey).await?;
        let (spec, usage) = (key.record.spec, key.record.usage);
        if !spec.is_asymmetric() {
            // WIRE: it has no text.
            // Evidence: docs/WIRE.md, "Public keys".
            return Err(OpError::silent(ErrorCode::UnsupportedOperation));
        }
        Ok(Output {
            key_id: key.arn.clone(),
            public_key: Base64(public_key(&key)?.to_vec()),
            customer_master_key_spec: spec,
            key_spec: spec,
            key_usage: usage,
            algorithms: Algorithms::of(spec, usage),
        })
    }

    fn reply_bytes_max(output: &Output) -> usize {
        1024 + output.public_key.0.len() * 4 / 3
    }
}

/// The public key, if the key shows it in its state. It outlives the material it belongs to.
fn public_key(key: &Key) -> Result<&[u8], OpError> {
    match key.record.state {
        KeyState::Disabled | KeyState::Enabled | KeyState::PendingImport | KeyState::Updating => {
            // WIRE: before its first import a key is pending import.
            // Evidence: docs/WIRE.md, "Public keys".
            key.public_key().ok_or_else(|| key.wrong_state())
        }
        KeyState::Creating
        | KeyState::PendingDeletion
        | KeyState::PendingReplicaDeletion
        | KeyState::Unavailable => Err(key.wrong_state()),
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_model::{KeySpec, KeyState, KeyUsage};
    use keyward_testkit::{KeyRequest, Refused, TestApp, resource, unblob};
    use serde_json::{Value, json};

    fn request() -> KeyRequest {
        KeyRequest::new("GetPublicKey", json!({}))
            .of_kind(KeySpec::EccNistP256, KeyUsage::SignVerify)
    }

    /// The length of a `SubjectPublicKeyInfo` in DER.
    const fn spki_bytes(spec: KeySpec) -> Option<usize> {
        Some(match spec {
            KeySpec::Rsa2048 => 294,
            KeySpec::Rsa3072 => 422,
            KeySpec::Rsa4096 => 550,
            KeySpec::EccNistP256 | KeySpec::Sm2 => 91,
            KeySpec::EccNistP384 => 120,
            KeySpec::EccNistP521 => 158,
            KeySpec::EccSecgP256k1 => 88,
            KeySpec::EccNistEdwards25519 => 44,
            KeySpec::MlDsa44 => 1334,
            KeySpec::MlDsa65 => 1974,
            KeySpec::MlDsa87 => 2614,
            KeySpec::MlKem512 => 822,
            KeySpec::MlKem768 => 1206,
            KeySpec::MlKem1024 => 1590,
            _ => return None,
        })
    }

    #[tokio::test]
    async fn every_asymmetric_key_shows_its_public_key_and_the_algorithms_of_its_usage() {
        let app = TestApp::new().await;
        let root = app.root();
        for &spec in KeySpec::ALL {
            for &usage in spec.usages() {
                let key = root.create_key_of(spec, usage).await;
                let result = root.call("GetPublicKey", json!({ "KeyId": key })).await;
                let Some(bytes) = spki_bytes(spec) else {
                    let refused = Refused::silent("UnsupportedOperationException");
                    assert_eq!(result, Err(refused), "{spec}");
                    continue;
                };
                let mut reply = result.unwrap();
                assert_eq!(unblob(&reply["PublicKey"].take()).len(), bytes, "{spec}");
                let metadata = root.describe(&key).await;
                let mut expected = json!({
                    "KeyId": metadata["Arn"],
                    "PublicKey": null,
                    "CustomerMasterKeySpec": spec,
                    "KeySpec": spec,
                    "KeyUsage": usage,
                });
                let members = metadata.as_object().unwrap().iter();
                let algorithms: Vec<_> =
                    members.filter(|(name, _)| name.ends_with("Algorithms")).collect();
                assert_eq!(algorithms.len(), 1);
                expected[algorithms[0].0] = algorithms[0].1.clone();
                assert_eq!(reply, expected);
            }
        }
    }

    #[tokio::test]
    async fn a_public_key_stays_the_same() {
        let app = TestApp::new().await;
        let root = app.root();
        let input = |key: &str| json!({ "KeyId": key });
        let mut shown = Vec::new();
        for _ in 0..2 {
            let key = root.create_key_of(KeySpec::EccNistP256, KeyUsage::KeyAgreement).await;
            let first = root.ok("GetPublicKey", input(&key)).await;
            root.disable(&key).await;
            assert_eq!(root.ok("GetPublicKey", input(&key)).await, first);
            shown.push(first["PublicKey"].clone());
        }
        assert_ne!(shown[0], shown[1]);
    }

    #[tokio::test]
    async fn a_key_is_named_in_any_form() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_are_denied_and_aws_managed_keys_have_no_public_key() {
        request().is_denied_elsewhere("kms:GetPublicKey").await;
        let app = TestApp::new().await;
        let key = app.root().aws_managed_key().await;
        let refused = app.root().refused("GetPublicKey", json!({ "KeyId": key })).await;
        assert_eq!(refused, Refused::silent("UnsupportedOperationException"));
    }

    #[tokio::test]
    async fn it_is_shown_while_the_key_is_disabled_or_waits_for_its_next_import() {
        let is = |state, text| (state, "KMSInvalidStateException", text);
        let refused = [
            is(KeyState::Creating, "is creating."),
            is(KeyState::PendingDeletion, "is pending deletion."),
            is(KeyState::PendingReplicaDeletion, "is pending replica deletion."),
            is(KeyState::Unavailable, "is unavailable."),
        ];
        request().answers_by_state(&refused).await;
    }

    #[tokio::test]
    async fn a_key_that_waits_for_its_first_import_has_no_public_key() {
        let app = TestApp::new().await;
        let root = app.root();
        let input =
            json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "Origin": "EXTERNAL" });
        let key = root.create_key_with(input).await;
        let message = format!("{} is pending import.", root.arn(&key).await);
        let refused = root.refused("GetPublicKey", json!({ "KeyId": key })).await;
        assert_eq!(refused, Refused::new("KMSInvalidStateException", message));
    }

    #[tokio::test]
    async fn the_kind_of_a_key_comes_before_its_state() {
        let app = TestApp::new().await;
        let root = app.root();
        for &state in KeyState::ALL {
            let key = root.create_key_of(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac).await;
            app.put_in_state(&key, state).await;
            let refused = root.refused("GetPublicKey", json!({ "KeyId": key })).await;
            assert_eq!(refused, Refused::silent("UnsupportedOperationException"), "{state}");
        }
    }

    #[tokio::test]
    async fn a_grant_token_that_is_not_valid_is_refused() {
        let app = TestApp::new().await;
        let key = app.root().create_key().await;
        let input = json!({ "KeyId": key, "GrantTokens": ["none"] });
        let refused = app.root().refused("GetPublicKey", input).await;
        assert_eq!(refused.name, "InvalidGrantTokenException");
    }

    #[tokio::test]
    async fn the_record_shows_no_public_key() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::EccSecgP256k1, KeyUsage::SignVerify).await;
        let arn = root.arn(&key).await;
        root.ok("GetPublicKey", json!({ "KeyId": key })).await;
        let expected = json!({
            "requestParameters": { "keyId": key },
            "responseElements": Value::Null,
            "readOnly": true,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
    }
}
