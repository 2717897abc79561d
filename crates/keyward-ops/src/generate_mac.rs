//! GenerateMac: computes the hash-based message authentication code of a message.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateMac.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::MacAlgorithm;
use keyward_shape::{Base64, OneOf, SecretBlob, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, KeyIdType, MacAlgorithmSpec, PlaintextType};
use crate::key_use::require_key_for;
use crate::shape::{GrantTokens, record_dry_run};
use crate::{action, grant_tokens};

/// The operation.
pub(crate) enum GenerateMac {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    message: SecretBlob<PlaintextType>,
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    mac_algorithm: OneOf<MacAlgorithm, MacAlgorithmSpec>,
    #[serde(borrow, default)]
    grant_tokens: GrantTokens<'a>,
    dry_run: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    mac: Base64<Vec<u8>>,
    mac_algorithm: MacAlgorithm,
    key_id: String,
}

impl Operation for GenerateMac {
    const NAME: &'static str = "GenerateMac";
    const KIND: Kind = Kind::Cryptographic;
    const MODEL: &'static keyward_shape::Operation = &constraints::GENERATE_MAC;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let algorithm = input.mac_algorithm.into_inner();
        let target = cx.resolve(&input.key_id).await?;
        grant_tokens::require_valid(cx, &input.grant_tokens).await?;
        let key = cx.authorize::<action::GenerateMac>(target).await?;
        require_key_for(&key, algorithm, Self::NAME)?;
        let mac = cx.mac(&key, input.message.expose())?;
        cx.end_dry_run(input.dry_run)?;
        Ok(Output { mac: Base64(mac), mac_algorithm: algorithm, key_id: key.arn.clone() })
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
