//! ListKeys: every key of the caller's account in the Region.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_model::KeyId;
use keyward_shape::{Int, List, OneOf, Text};
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, LimitType, MarkerType, ResourceOwnerType, ResourceOwnersList};
use crate::paging::{page_limit, record_page};

/// The operation.
pub(crate) enum ListKeys {}

const LIMIT_DEFAULT: u32 = 100;
/// The caller's own keys. Keys shared by other accounts do not exist here.
const OWN_KEYS: &str = "SELF";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    limit: Option<Int<LimitType>>,
    #[serde(borrow)]
    marker: Option<Text<'a, MarkerType>>,
    resource_owners: Option<List<OneOf<String, ResourceOwnerType>, ResourceOwnersList>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    keys: Vec<KeyListEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    truncated: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct KeyListEntry {
    key_id: KeyId,
    key_arn: String,
}

impl Operation for ListKeys {
    const NAME: &'static str = "ListKeys";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_KEYS;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let owners = input.owners();
        let after = cx.position(Self::NAME, &owners.join(","), input.marker.as_deref())?;
        let limit = page_limit(input.limit.map(|limit| limit.value()), LIMIT_DEFAULT)?;
        cx.authorize_account::<action::ListKeys>("*").await?;
        let ids = if owners.contains(&OWN_KEYS) {
            list(cx, after.as_deref(), limit).await?
        } else {
            Vec::new()
        };
        let page = cx.page(Self::NAME, &owners.join(","), (ids, limit), KeyId::to_string)?;
        let scope = cx.scope();
        let entry = |key_id: KeyId| KeyListEntry {
            key_id,
            key_arn: cx.engine().key_arn(&scope.key(key_id)).to_string(),
        };
        let truncated = page.next_marker.is_some();
        let keys = page.entries.into_iter().map(entry).collect();
        Ok(Output { keys, next_marker: page.next_marker, truncated })
    }
}

/// One id more than fits on the page, if there are that many.
async fn list(cx: &Cx, after: Option<&str>, limit: u32) -> Result<Vec<KeyId>, OpError> {
    let after = after.map(str::parse).transpose().map_err(|_| bad_position())?;
    let found = cx.engine().store().keys().list(&cx.scope(), after.as_ref(), limit + 1).await;
    found.map_err(OpError::internal)
}

/// A marker that is ours but holds no key id cannot come from this operation.
fn bad_position() -> OpError {
    op_error!(InvalidMarker, "Could not deserialize marker")
}

impl Input<'_> {
    fn owners(&self) -> Vec<&str> {
        match &self.resource_owners {
            Some(owners) => owners.iter().map(|owner| owner.as_str()).collect(),
            None => vec![OWN_KEYS],
        }
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_page(to, self.limit.map(|limit| limit.value()), self.marker.as_ref());
        if self.resource_owners.is_some() {
            to.texts("resourceOwners", self.owners());
        }
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
