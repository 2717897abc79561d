//! UpdateKeyDescription: replaces the description of a key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateKeyDescription.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::{KeyRecord, Write};
use serde::Deserialize;

use crate::action;
use crate::constraints::{self, DescriptionType, KeyIdType};
use crate::shape::KeyChanged;

/// The operation.
pub(crate) enum UpdateKeyDescription {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    #[serde(borrow)]
    description: Text<'a, DescriptionType>,
}

impl Operation for UpdateKeyDescription {
    const NAME: &'static str = "UpdateKeyDescription";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::UPDATE_KEY_DESCRIPTION;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize::<action::UpdateKeyDescription>(target).await?;
        key.require_not_pending_deletion()?;
        let record = KeyRecord { description: input.description.to_string(), ..key.record.clone() };
        cx.stage(&key, [Write::PutKey(Box::new(record))]);
        Ok(KeyChanged { key_arn: key.arn.clone() })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        to.text("description", &self.description);
    }
}
