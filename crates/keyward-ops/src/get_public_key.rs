//! GetPublicKey: the public key of an asymmetric KMS key, and what it is for.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, ErrorCode, Key, Kind, OpError, Operation};
use keyward_model::{KeySpec, KeyState, KeyUsage};
use keyward_shape::{Base64, Text};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, KeyIdType};
use crate::key_metadata::Algorithms;
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
        let key = cx.authorize::<action::GetPublicKey>(target).await?;
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
