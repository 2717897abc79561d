//! CancelKeyDeletion: ends a key's waiting period and leaves the key disabled.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_model::KeyState;
use keyward_shape::Text;
use keyward_store::{KeyRecord, Write};
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, KeyIdType};

/// The operation.
pub(crate) enum CancelKeyDeletion {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_id: String,
}

impl Operation for CancelKeyDeletion {
    const NAME: &'static str = "CancelKeyDeletion";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::CANCEL_KEY_DELETION;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize::<action::CancelKeyDeletion>(target).await?;
        if key.require_not_pending_deletion().is_ok() {
            return Err(op_error!(KmsInvalidState, "{} is not pending deletion.", key.arn));
        }
        let record = KeyRecord {
            state: KeyState::Disabled,
            deletion_date: None,
            pending_window_days: None,
            ..key.record.clone()
        };
        cx.stage(&key, [Write::PutKey(Box::new(record))]);
        Ok(Output { key_id: key.arn.clone() })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
    }
}

impl Recorded for Output {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
    }
}
