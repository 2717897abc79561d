//! DeriveSharedSecret: agrees on a secret with the owner of a public key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_DeriveSharedSecret.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_model::{KeyAgreementAlgorithm, Origin};
use keyward_shape::{Blob, OneOf, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, KeyAgreementAlgorithmSpec, KeyIdType, PublicKeyType};
use crate::key_use::require_key_for;
use crate::recipient::{self, RecipientInfo};
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
    shared_secret: SecretOutput,
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
        recipient::refuse(input.recipient.as_ref())?;
        let target = cx.resolve(&input.key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let key = cx.authorize::<action::DeriveSharedSecret>(target).await?;
        require_key_for(&key, algorithm, Self::NAME)?;
        let secret = cx.derive_shared_secret(&key, input.public_key.into_vec()).await?;
        // WIRE: one text for every defect.
        // Evidence: docs/WIRE.md, "Public keys".
        let secret = secret.ok_or_else(|| {
            let spec = key.record.spec;
            op_error!(Validation, "PublicKey is not a valid public key of key spec {spec}.")
        })?;
        cx.end_dry_run(input.dry_run)?;
        Ok(Output {
            key_id: key.arn.clone(),
            shared_secret: SecretOutput(secret),
            key_agreement_algorithm: algorithm,
            key_origin: key.record.origin,
        })
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
