//! VerifyMac: checks the hash-based message authentication code of a message.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_VerifyMac.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::MacAlgorithm;
use keyward_shape::{Blob, OneOf, SecretBlob, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, CiphertextType, KeyIdType, MacAlgorithmSpec, PlaintextType};
use crate::key_use::require_key_for;
use crate::shape::{GrantTokens, record_dry_run};
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum VerifyMac {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    message: SecretBlob<PlaintextType>,
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    mac_algorithm: OneOf<MacAlgorithm, MacAlgorithmSpec>,
    mac: Blob<CiphertextType>,
    #[serde(borrow, default)]
    grant_tokens: GrantTokens<'a>,
    dry_run: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_id: String,
    mac_valid: bool,
    mac_algorithm: MacAlgorithm,
}

impl Operation for VerifyMac {
    const NAME: &'static str = "VerifyMac";
    const KIND: Kind = Kind::Cryptographic;
    const MODEL: &'static keyward_shape::Operation = &constraints::VERIFY_MAC;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let algorithm = input.mac_algorithm.into_inner();
        let target = cx.resolve(&input.key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let key = cx.authorize::<action::VerifyMac>(target).await?;
        require_key_for(&key, algorithm, Self::NAME)?;
        cx.verify_mac(&key, input.message.expose(), &input.mac)?;
        cx.end_dry_run(input.dry_run)?;
        Ok(Output {
            key_id: key.arn.clone(),
            // WIRE: never false; a code that does not match is an error.
            // Evidence: docs/WIRE.md, "Signatures and codes that do not match".
            mac_valid: true,
            mac_algorithm: algorithm,
        })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("macAlgorithm", self.mac_algorithm.as_str());
        to.text("keyId", &self.key_id);
        record_dry_run(to, self.dry_run);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
