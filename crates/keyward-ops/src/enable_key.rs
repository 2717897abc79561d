//! EnableKey: lets a disabled key be used again.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKey.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_model::KeyState;
use keyward_shape::Text;
use keyward_store::{KeyRecord, Write};
use serde::Deserialize;

use crate::action;
use crate::constraints::{self, KeyIdType};
use crate::shape::KeyChanged;

/// The operation.
pub(crate) enum EnableKey {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
}

impl Operation for EnableKey {
    const NAME: &'static str = "EnableKey";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::ENABLE_KEY;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize::<action::EnableKey>(target).await?;
        match key.record.state {
            KeyState::Enabled => {}
            KeyState::Disabled => {
                let record = KeyRecord { state: KeyState::Enabled, ..key.record.clone() };
                cx.stage(&key, [Write::PutKey(Box::new(record))]);
            }
            _ => return Err(key.wrong_state()),
        }
        Ok(KeyChanged { key_arn: key.arn.clone() })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
    }
}
