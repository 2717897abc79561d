//! GetParametersForImport: hands out a public key to wrap key material under, and the token that
//! brings it back.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetParametersForImport.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_model::{KeyState, Timestamp, WrappingAlgorithm, WrappingKeySpec};
use keyward_shape::{Base64, OneOf, Text};
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, AlgorithmSpec, KeyIdType};
use crate::imported_material::require_imported;

/// The operation.
pub(crate) enum GetParametersForImport {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    wrapping_algorithm: OneOf<WrappingAlgorithm, AlgorithmSpec>,
    wrapping_key_spec: OneOf<WrappingKeySpec, constraints::WrappingKeySpec>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_id: String,
    import_token: Base64<Vec<u8>>,
    public_key: Base64<Vec<u8>>,
    parameters_valid_to: Timestamp,
}

impl Operation for GetParametersForImport {
    const NAME: &'static str = "GetParametersForImport";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_PARAMETERS_FOR_IMPORT;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let target = cx.resolve_key(&input.key_id).await?;
        let (algorithm, wrapping_key_spec) =
            (input.wrapping_algorithm.into_inner(), input.wrapping_key_spec.into_inner());
        let asked = action::GetParametersForImport { algorithm, key_spec: wrapping_key_spec };
        let key = cx.authorize(target, asked).await?;
        require_imported(&key)?;
        let spec = key.record.spec;
        if !cx.engine().offers_wrapping(algorithm, wrapping_key_spec, spec) {
            // WIRE: the text is our own. Evidence: docs/WIRE.md, "Imported key material".
            return Err(op_error!(
                UnsupportedOperation,
                "WrappingAlgorithm {algorithm} with WrappingKeySpec {wrapping_key_spec} is not \
                 supported for key spec {spec}."
            ));
        }
        match key.record.state {
            KeyState::Enabled | KeyState::Disabled | KeyState::PendingImport => {}
            _ => return Err(key.wrong_state()),
        }
        let made = cx.import_parameters(&key, algorithm, wrapping_key_spec).await?;
        Ok(Output {
            key_id: key.arn.clone(),
            import_token: Base64(made.import_token),
            public_key: Base64(made.public_key),
            parameters_valid_to: made.valid_to,
        })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        to.text("wrappingAlgorithm", self.wrapping_algorithm.into_inner().as_str());
        to.text("wrappingKeySpec", self.wrapping_key_spec.into_inner().as_str());
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests;
