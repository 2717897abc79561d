//! TagResource: adds tags to a key, or gives new values to those it has.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_TagResource.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::Precondition;
use serde::Deserialize;

use crate::constraints::{self, KeyIdType};
use crate::shape::{KeyChanged, Tags};
use crate::{action, tags};

/// The operation.
pub(crate) enum TagResource {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    #[serde(borrow)]
    tags: Tags<'a>,
}

impl Operation for TagResource {
    const NAME: &'static str = "TagResource";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::TAG_RESOURCE;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        tags::check(&input.tags)?;
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize::<action::TagResource>(target).await?;
        key.require_not_pending_deletion()?;
        let quota = cx.engine().quotas().tags_per_key;
        cx.require(Precondition::TagsAtMost(key.record.key.clone(), quota));
        cx.stage(&key, tags::writes(&key.record.key, &input.tags));
        Ok(KeyChanged { key_arn: key.arn.clone() })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        tags::record(to, &self.tags);
    }
}
