//! GenerateRandom: draws random bytes.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateRandom.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_shape::{Int, Text};
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, CustomKeyStoreIdType, NumberOfBytesType};
use crate::recipient::{self, RecipientInfo};
use crate::shape::{SecretOutput, record_text};

/// The operation.
pub(crate) enum GenerateRandom {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    number_of_bytes: Option<Int<NumberOfBytesType>>,
    #[serde(borrow)]
    custom_key_store_id: Option<Text<'a, CustomKeyStoreIdType>>,
    recipient: Option<RecipientInfo>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    plaintext: SecretOutput,
}

impl Operation for GenerateRandom {
    const NAME: &'static str = "GenerateRandom";
    const KIND: Kind = Kind::Cryptographic;
    const MODEL: &'static keyward_shape::Operation = &constraints::GENERATE_RANDOM;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        // WIRE: the sentence is the service's own, although GenerateRandom takes no key spec.
        // Evidence: docs/WIRE.md, "GenerateRandom without a length".
        let Some(bytes) = input.number_of_bytes else {
            return Err(op_error!(
                Validation,
                "Please specify either number of bytes or key spec."
            ));
        };
        recipient::refuse(input.recipient.as_ref())?;
        let account = cx.authorize_account::<action::GenerateRandom>("*").await?;
        if let Some(id) = &input.custom_key_store_id {
            return Err(op_error!(
                CustomKeyStoreNotFound,
                "Custom key store {} is not found.",
                id.as_str()
            ));
        }
        let bytes = usize::try_from(bytes.value()).map_err(OpError::internal)?;
        Ok(Output { plaintext: SecretOutput(cx.random(&account, bytes)?) })
    }

    fn reply_bytes_max(output: &Output) -> usize {
        64 + output.plaintext.0.len() * 4 / 3
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        if let Some(bytes) = self.number_of_bytes {
            to.integer("numberOfBytes", bytes.value());
        }
        record_text(to, "customKeyStoreId", self.custom_key_store_id.as_ref());
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
