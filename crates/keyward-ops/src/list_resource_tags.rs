//! ListResourceTags: the tags of a key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListResourceTags.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::{Int, Text};
use keyward_store::TagRecord;
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, KeyIdType, ListResourceTagsLimit, MarkerType};
use crate::paging::{page_limit, record_page};

/// The operation.
pub(crate) enum ListResourceTags {}

const LIMIT_DEFAULT: u32 = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    limit: Option<Int<ListResourceTagsLimit>>,
    #[serde(borrow)]
    marker: Option<Text<'a, MarkerType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    tags: Vec<Tag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    truncated: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    tag_key: String,
    tag_value: String,
}

impl Operation for ListResourceTags {
    const NAME: &'static str = "ListResourceTags";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_RESOURCE_TAGS;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let after = cx.position(Self::NAME, &input.key_id, input.marker.as_deref())?;
        let limit = page_limit(input.limit.map(|limit| limit.value()), LIMIT_DEFAULT)?;
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize::<action::ListResourceTags>(target).await?;
        let tags = cx.engine().store().tags();
        let found = tags.list(&key.record.key, after.as_deref(), limit + 1).await;
        let found = found.map_err(OpError::internal)?;
        let position = |tag: &TagRecord| tag.tag_key.clone();
        let page = cx.page(Self::NAME, &input.key_id, (found, limit), position)?;
        let truncated = page.next_marker.is_some();
        let tag = |tag: TagRecord| Tag { tag_key: tag.tag_key, tag_value: tag.tag_value };
        let tags = page.entries.into_iter().map(tag).collect();
        Ok(Output { tags, next_marker: page.next_marker, truncated })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        record_page(to, self.limit.map(|limit| limit.value()), self.marker.as_ref());
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
