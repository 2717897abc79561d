//! Decapsulate: recovers the shared secret of an encapsulation.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decapsulate.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::EncapsulationAlgorithm;
use keyward_shape::{Blob, OneOf, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, CiphertextType, EncapsulationAlgorithmSpec, KeyIdType};
use crate::key_use::require_key_for;
use crate::shape::{GrantTokens, SecretOutput, record_dry_run};
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum Decapsulate {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    shared_secret_ciphertext_blob: Blob<CiphertextType>,
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
    encapsulation_algorithm: EncapsulationAlgorithm,
}

impl Operation for Decapsulate {
    const NAME: &'static str = "Decapsulate";
    const KIND: Kind = Kind::Cryptographic;
    const MODEL: &'static keyward_shape::Operation = &constraints::DECAPSULATE;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let algorithm = input.encapsulation_algorithm.into_inner();
        let target = cx.resolve(&input.key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let key = cx.authorize::<action::Decapsulate>(target).await?;
        require_key_for(&key, algorithm, Self::NAME)?;
        let ciphertext = input.shared_secret_ciphertext_blob.into_vec();
        let secret = cx.decapsulate(&key, ciphertext).await?;
        cx.end_dry_run(input.dry_run)?;
        Ok(Output {
            key_id: key.arn.clone(),
            shared_secret: SecretOutput(secret),
            encapsulation_algorithm: algorithm,
        })
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
