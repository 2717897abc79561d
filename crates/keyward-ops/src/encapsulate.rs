//! Encapsulate: makes a shared secret and its encapsulation to the public key of a KMS key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encapsulate.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::EncapsulationAlgorithm;
use keyward_shape::{Base64, OneOf, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, EncapsulationAlgorithmSpec, KeyIdType};
use crate::key_use::require_key_for;
use crate::shape::{GrantTokens, SecretOutput, record_dry_run};
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum Encapsulate {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    encapsulation_algorithm: OneOf<EncapsulationAlgorithm, EncapsulationAlgorithmSpec>,
    #[serde(borrow, default)]
    grant_tokens: GrantTokens<'a>,
    dry_run: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_id: String,
    shared_secret: SecretOutput,
    shared_secret_ciphertext_blob: Base64<Vec<u8>>,
    encapsulation_algorithm: EncapsulationAlgorithm,
}

impl Operation for Encapsulate {
    const NAME: &'static str = "Encapsulate";
    const KIND: Kind = Kind::Cryptographic;
    const MODEL: &'static keyward_shape::Operation = &constraints::ENCAPSULATE;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let algorithm = input.encapsulation_algorithm.into_inner();
        let target = cx.resolve(&input.key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let key = cx.authorize::<action::Encapsulate>(target).await?;
        require_key_for(&key, algorithm, Self::NAME)?;
        let (ciphertext, secret) = cx.encapsulate(&key).await?;
        cx.end_dry_run(input.dry_run)?;
        Ok(Output {
            key_id: key.arn.clone(),
            shared_secret: SecretOutput(secret),
            shared_secret_ciphertext_blob: Base64(ciphertext),
            encapsulation_algorithm: algorithm,
        })
    }

    fn reply_bytes_max(output: &Output) -> usize {
        512 + output.shared_secret_ciphertext_blob.0.len() * 4 / 3
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        to.text("encapsulationAlgorithm", self.encapsulation_algorithm.as_str());
        record_dry_run(to, self.dry_run);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
