//! UntagResource: takes tags from a key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_UntagResource.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::{List, Text};
use keyward_store::Write;
use serde::Deserialize;

use crate::constraints::{self, KeyIdType, TagKeyList, TagKeyType};
use crate::shape::KeyChanged;
use crate::{action, tags};

/// The operation.
pub(crate) enum UntagResource {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    #[serde(borrow)]
    tag_keys: List<Text<'a, TagKeyType>, TagKeyList>,
}

impl Operation for UntagResource {
    const NAME: &'static str = "UntagResource";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::UNTAG_RESOURCE;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        input.tag_keys.iter().try_for_each(|tag_key| tags::check_text(tag_key))?;
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize::<action::UntagResource>(target).await?;
        key.require_not_pending_deletion()?;
        let scoped = &key.record.key;
        let write = |tag_key: &Text<'_, _>| Write::DeleteTag(scoped.clone(), tag_key.to_string());
        let writes: Vec<_> = input.tag_keys.iter().map(write).collect();
        cx.stage(&key, writes);
        Ok(KeyChanged { key_arn: key.arn.clone() })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        to.texts("tagKeys", self.tag_keys.iter().map(|tag_key| tag_key.as_str()));
    }
}
