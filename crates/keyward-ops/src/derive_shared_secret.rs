//! DeriveSharedSecret: agrees on a secret with the owner of a public key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_DeriveSharedSecret.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_model::{KeyAgreementAlgorithm, Origin};
use keyward_shape::{Base64, Blob, OneOf, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, KeyAgreementAlgorithmSpec, KeyIdType, PublicKeyType};
use crate::key_use::require_key_for;
use crate::recipient::{self, Addressed, RecipientInfo, addressed_bytes};
use crate::shape::{GrantTokens, SecretOutput, record_dry_run};
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum DeriveSharedSecret {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    key_agreement_algorithm: OneOf<KeyAgreementAlgorithm, KeyAgreementAlgorithmSpec>,
    public_key: Blob<PublicKeyType>,
    #[serde(borrow, default)]
    grant_tokens: GrantTokens<'a>,
    dry_run: Option<bool>,
    recipient: Option<RecipientInfo>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    shared_secret: Option<SecretOutput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ciphertext_for_recipient: Option<Base64<Vec<u8>>>,
    key_agreement_algorithm: KeyAgreementAlgorithm,
    key_origin: Origin,
}

impl Operation for DeriveSharedSecret {
    const NAME: &'static str = "DeriveSharedSecret";
    const KIND: Kind = Kind::Cryptographic;
    const MODEL: &'static keyward_shape::Operation = &constraints::DERIVE_SHARED_SECRET;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let algorithm = input.key_agreement_algorithm.into_inner();
        let recipient = recipient::of_request(cx, input.recipient).await?;
        let target = cx.resolve(&input.key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let asked = action::DeriveSharedSecret { algorithm, recipient: recipient.as_ref() };
        let key = cx.authorize(target, asked).await?;
        require_key_for(&key, algorithm, Self::NAME)?;
        let secret = cx.derive_shared_secret(&key, input.public_key.into_vec()).await?;
        // WIRE: one text for every defect.
        // Evidence: docs/WIRE.md, "Public keys".
        let secret = secret.ok_or_else(|| {
            let spec = key.record.spec;
            op_error!(Validation, "PublicKey is not a valid public key of key spec {spec}.")
        })?;
        cx.end_dry_run(input.dry_run)?;
        let Addressed { plaintext, ciphertext_for_recipient } =
            Addressed::new(secret, recipient.as_ref())?;
        Ok(Output {
            key_id: key.arn.clone(),
            shared_secret: plaintext,
            ciphertext_for_recipient,
            key_agreement_algorithm: algorithm,
            key_origin: key.record.origin,
        })
    }
    fn reply_bytes_max(output: &Output) -> usize {
        let addressed = addressed_bytes(
            output.shared_secret.as_ref(),
            output.ciphertext_for_recipient.as_ref(),
        );
        512 + addressed * 4 / 3
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        to.text("keyAgreementAlgorithm", self.key_agreement_algorithm.as_str());
        record_dry_run(to, self.dry_run);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_model::{KeySpec, KeyUsage};
    use keyward_testkit::{Client, KeyRequest, Refused, TestApp, UNUSABLE, blob, resource, unblob};
    use serde_json::{Value, json};

    /// A sound request but for the key: agreement of the key with itself.
    async fn input(root: &Client, key: &str) -> Value {
        let public_key = public_key(root, key).await;
        json!({ "KeyAgreementAlgorithm": "ECDH", "PublicKey": public_key })
    }

    async fn public_key(root: &Client, key: &str) -> Value {
        root.ok("GetPublicKey", json!({ "KeyId": key })).await["PublicKey"].take()
    }

    fn request() -> KeyRequest {
        KeyRequest::new("DeriveSharedSecret", Value::Null)
            .of_kind(KeySpec::EccNistP256, KeyUsage::KeyAgreement)
            .prepared(|root, key| Box::pin(input(root, key)))
    }

    const SPECS: [(KeySpec, usize); 4] = [
        (KeySpec::EccNistP256, 32),
        (KeySpec::EccNistP384, 48),
        (KeySpec::EccNistP521, 66),
        (KeySpec::Sm2, 32),
    ];

    #[tokio::test]
    async fn both_sides_derive_the_same_secret_as_wide_as_the_curve() {
        let app = TestApp::new().await;
        let root = app.root();
        for (spec, bytes) in SPECS {
            let one = root.create_key_of(spec, KeyUsage::KeyAgreement).await;
            let two = root.create_key_of(spec, KeyUsage::KeyAgreement).await;
            let mut secrets = Vec::new();
            for (key, peer) in [(&one, &two), (&two, &one), (&one, &one)] {
                let mut input = input(&root, peer).await;
                input["KeyId"] = json!(key);
                let mut reply = root.ok("DeriveSharedSecret", input).await;
                secrets.push(unblob(&reply["SharedSecret"].take()));
                let expected = json!({
                    "KeyId": root.arn(key).await,
                    "SharedSecret": null,
                    "KeyAgreementAlgorithm": "ECDH",
                    "KeyOrigin": "AWS_KMS",
                });
                assert_eq!(reply, expected);
            }
            assert_eq!(secrets[0], secrets[1], "{spec}");
            assert_ne!(secrets[0], secrets[2], "{spec}");
            assert_eq!(secrets[0].len(), bytes, "{spec}");
        }
    }

    #[tokio::test]
    async fn only_a_public_key_on_the_same_curve_is_taken() {
        let app = TestApp::new().await;
        let root = app.root();
        let mut peers = Vec::new();
        for (spec, _) in SPECS {
            let key = root.create_key_of(spec, KeyUsage::KeyAgreement).await;
            peers.push((spec, unblob(&public_key(&root, &key).await), key));
        }
        for (spec, own, key) in &peers {
            let message = format!("PublicKey is not a valid public key of key spec {spec}.");
            let refused = Refused::new("ValidationException", message);
            let mut off_curve = own.clone();
            *off_curve.last_mut().unwrap() ^= 1;
            let twice_encoded = blob(own).into_bytes();
            let others = peers.iter().filter(|peer| peer.0 != *spec).map(|peer| peer.1.clone());
            let malformed = [
                off_curve,
                twice_encoded,
                own[..own.len() - 1].to_vec(),
                [own.as_slice(), &[0]].concat(),
                vec![0; 8192],
                vec![0x30],
            ];
            for peer in others.chain(malformed) {
                let input = json!({
                    "KeyId": key,
                    "KeyAgreementAlgorithm": "ECDH",
                    "PublicKey": blob(peer),
                });
                assert_eq!(root.refused("DeriveSharedSecret", input).await, refused);
            }
        }
    }

    #[tokio::test]
    async fn a_public_key_has_1_to_8192_bytes() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::EccNistP256, KeyUsage::KeyAgreement).await;
        for bytes in [0, 8193] {
            let input = json!({
                "KeyId": key,
                "KeyAgreementAlgorithm": "ECDH",
                "PublicKey": blob(vec![7; bytes]),
            });
            let refused = root.refused("DeriveSharedSecret", input).await;
            assert!(refused.message().contains("'publicKey' failed to satisfy constraint"));
        }
    }

    #[tokio::test]
    async fn a_key_that_signs_agrees_on_nothing() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::EccNistP256, KeyUsage::SignVerify).await;
        let mut input = input(&root, &key).await;
        input["KeyId"] = json!(key);
        let refused = root.refused("DeriveSharedSecret", input).await;
        let arn = root.arn(&key).await;
        let message =
            format!("{arn} key usage is SIGN_VERIFY which is not valid for DeriveSharedSecret.");
        assert_eq!(refused, Refused::new("InvalidKeyUsageException", message));
    }

    #[tokio::test]
    async fn a_key_is_named_in_any_form() {
        request().takes_every_form().await;
        request().refuses_what_names_no_key().await;
    }

    #[tokio::test]
    async fn other_accounts_and_aws_managed_keys_are_denied() {
        request().is_denied_elsewhere("kms:DeriveSharedSecret").await;
        request().is_denied_on_aws_managed_keys("kms:DeriveSharedSecret").await;
    }

    #[tokio::test]
    async fn a_key_in_an_unusable_state_is_refused() {
        request().answers_by_state(UNUSABLE).await;
    }

    #[tokio::test]
    async fn a_dry_run_tells_of_a_bad_public_key_first() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::EccNistP384, KeyUsage::KeyAgreement).await;
        let mut input = input(&root, &key).await;
        (input["KeyId"], input["DryRun"]) = (json!(key), json!(true));
        let refused = root.refused("DeriveSharedSecret", input.clone()).await;
        assert_eq!(refused.name, "DryRunOperationException");
        input["PublicKey"] = json!("AAAA");
        assert_eq!(
            root.refused("DeriveSharedSecret", input.clone()).await.name,
            "ValidationException"
        );
        input["GrantTokens"] = json!(["none"]);
        let refused = root.refused("DeriveSharedSecret", input).await;
        assert_eq!(refused.name, "InvalidGrantTokenException");
    }

    #[tokio::test]
    async fn the_record_shows_the_algorithm_and_no_key_of_either_side() {
        let app = TestApp::new().await;
        let root = app.root();
        let key = root.create_key_of(KeySpec::EccNistP521, KeyUsage::KeyAgreement).await;
        let arn = root.arn(&key).await;
        let mut input = input(&root, &key).await;
        input["KeyId"] = json!(key);
        root.ok("DeriveSharedSecret", input).await;
        let expected = json!({
            "requestParameters": { "keyId": key, "keyAgreementAlgorithm": "ECDH" },
            "responseElements": null,
            "readOnly": true,
            "resources": [resource(&arn)],
        });
        assert_eq!(app.recorded(), expected);
    }
}
