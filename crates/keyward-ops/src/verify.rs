//! Verify: checks a signature with the public key of an asymmetric KMS key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Verify.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::{MessageType, SigningAlgorithm};
use keyward_shape::{Blob, OneOf, SecretBlob, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, CiphertextType, KeyIdType, PlaintextType, SigningAlgorithmSpec};
use crate::key_use::require_key_for;
use crate::shape::{GrantTokens, record_dry_run};
use crate::signing::{record_message_type, signed_message};
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum Verify {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    message: SecretBlob<PlaintextType>,
    message_type: Option<OneOf<MessageType, constraints::MessageType>>,
    signature: Blob<CiphertextType>,
    signing_algorithm: OneOf<SigningAlgorithm, SigningAlgorithmSpec>,
    #[serde(borrow, default)]
    grant_tokens: GrantTokens<'a>,
    dry_run: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_id: String,
    signature_valid: bool,
    signing_algorithm: SigningAlgorithm,
}

impl Operation for Verify {
    const NAME: &'static str = "Verify";
    const KIND: Kind = Kind::Cryptographic;
    const MODEL: &'static keyward_shape::Operation = &constraints::VERIFY;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let algorithm = input.signing_algorithm.into_inner();
        let message_type = input.message_type.map_or(MessageType::Raw, OneOf::into_inner);
        let target = cx.resolve(&input.key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let key = cx.authorize::<action::Verify>(target).await?;
        require_key_for(&key, algorithm, Self::NAME)?;
        let message = signed_message(&key, algorithm, message_type, input.message)?;
        cx.verify(&key, algorithm, message, input.signature.into_vec()).await?;
        cx.end_dry_run(input.dry_run)?;
        Ok(Output {
            key_id: key.arn.clone(),
            // WIRE: never false; a signature that is not valid is an error.
            // Evidence: docs/WIRE.md, "Signatures and codes that do not match".
            signature_valid: true,
            signing_algorithm: algorithm,
        })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_message_type(to, self.message_type);
        to.text("keyId", &self.key_id);
        to.text("signingAlgorithm", self.signing_algorithm.as_str());
        record_dry_run(to, self.dry_run);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
