//! GenerateRandom: draws random bytes.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateRandom.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_shape::{Base64, Int, Text};
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, CustomKeyStoreIdType, NumberOfBytesType};
use crate::recipient::{self, Addressed, RecipientInfo, addressed_bytes};
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
    #[serde(skip_serializing_if = "Option::is_none")]
    plaintext: Option<SecretOutput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ciphertext_for_recipient: Option<Base64<Vec<u8>>>,
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
        let recipient = recipient::of_request(cx, input.recipient).await?;
        cx.note_no_resource();
        let account = cx
            .authorize_account("*", action::GenerateRandom { recipient: recipient.as_ref() })
            .await?;
        if let Some(id) = &input.custom_key_store_id {
            return Err(op_error!(
                CustomKeyStoreNotFound,
                "Custom key store {} is not found.",
                id.as_str()
            ));
        }
        let bytes = usize::try_from(bytes.value()).map_err(OpError::internal)?;
        let plaintext = cx.random(&account, bytes)?;
        let Addressed { plaintext, ciphertext_for_recipient } =
            Addressed::new(plaintext, recipient.as_ref())?;
        Ok(Output { plaintext, ciphertext_for_recipient })
    }

    fn reply_bytes_max(output: &Output) -> usize {
        let addressed =
            addressed_bytes(output.plaintext.as_ref(), output.ciphertext_for_recipient.as_ref());
        64 + addressed * 4 / 3
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

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp, unblob};
    use serde_json::{Value, json};

    #[tokio::test]
    async fn as_many_bytes_are_drawn_as_asked_for_and_never_the_same() {
        let app = TestApp::new().await;
        let root = app.root();
        for bytes in [1, 32, 1024] {
            let reply = root.ok("GenerateRandom", json!({ "NumberOfBytes": bytes })).await;
            assert_eq!(unblob(&reply["Plaintext"]).len(), bytes);
        }
        let input = json!({ "NumberOfBytes": 32 });
        let first = root.ok("GenerateRandom", input.clone()).await;
        assert_ne!(root.ok("GenerateRandom", input).await, first);
    }

    #[tokio::test]
    async fn a_request_without_a_length_is_refused_in_the_words_of_a_data_key() {
        let app = TestApp::new().await;
        for input in [json!({}), json!({ "NumberOfBytes": null }), json!({ "KeySpec": "AES_256" })]
        {
            let refused = app.root().refused("GenerateRandom", input).await;
            let message = "Please specify either number of bytes or key spec.";
            assert_eq!(refused, Refused::new("ValidationException", message));
        }
    }

    #[tokio::test]
    async fn a_length_outside_1_to_1024_is_refused() {
        let app = TestApp::new().await;
        for (bytes, rule) in
            [(0, "greater than or equal to 1"), (1025, "less than or equal to 1024")]
        {
            let refused =
                app.root().refused("GenerateRandom", json!({ "NumberOfBytes": bytes })).await;
            let clause = format!(
                "'{bytes}' at 'numberOfBytes' failed to satisfy constraint: Member must have value \
                 {rule}"
            );
            assert_eq!(refused, Refused::constraint(&clause));
        }
    }

    #[tokio::test]
    async fn a_key_store_is_not_found_and_a_document_of_nothing_not_believed() {
        let app = TestApp::new().await;
        let root = app.root();
        let input = json!({ "NumberOfBytes": 1, "CustomKeyStoreId": "cks-1234567890abcdef0" });
        let refused = root.refused("GenerateRandom", input).await;
        assert_eq!(refused.name, "CustomKeyStoreNotFoundException");
        let recipient = json!({ "AttestationDocument": "AAAA" });
        let input = json!({ "NumberOfBytes": 1, "Recipient": recipient });
        let refused = root.refused("GenerateRandom", input).await;
        assert_eq!(refused.name, "ValidationException");
    }

    #[tokio::test]
    async fn the_record_lists_no_resource_and_no_bytes() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("GenerateRandom", json!({ "NumberOfBytes": 16 })).await;
        let expected = json!({
            "requestParameters": { "numberOfBytes": 16 },
            "responseElements": null,
            "readOnly": true,
            "resources": [],
        });
        assert_eq!(app.recorded(), expected);
        root.refused("GenerateRandom", json!({})).await;
        let record = app.recorded();
        assert_eq!(record["requestParameters"], Value::Null);
        assert_eq!(record["errorCode"], "ValidationException");
    }
}
