//! ListAliases: the aliases of the caller's account in the Region, or of one key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_model::{AliasName, KeyId, Timestamp};
use keyward_policy::AWS_MANAGED_SERVICES;
use keyward_shape::{Int, Text};
use keyward_store::{AliasRecord, ScopedKey};
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, KeyIdType, ListAliasesLimit, MarkerType};
use crate::paging::{page_limit, record_page};
use crate::shape::record_text;

/// The operation.
pub(crate) enum ListAliases {}

const LIMIT_DEFAULT: u32 = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Option<Text<'a, KeyIdType>>,
    limit: Option<Int<ListAliasesLimit>>,
    #[serde(borrow)]
    marker: Option<Text<'a, MarkerType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    aliases: Vec<AliasListEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    truncated: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AliasListEntry {
    alias_name: AliasName,
    alias_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_key_id: Option<KeyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    creation_date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_updated_date: Option<Timestamp>,
}

/// An alias that has a key, or a predefined one whose service has none yet.
enum Alias {
    OfKey(AliasRecord),
    Predefined(AliasName),
}

impl Operation for ListAliases {
    const NAME: &'static str = "ListAliases";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_ALIASES;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let filter = input.key_id.as_deref().unwrap_or_default();
        let after = cx.position(Self::NAME, filter, input.marker.as_deref())?;
        let after: Option<AliasName> =
            after.map(|name| name.parse()).transpose().map_err(|_| bad_position())?;
        let limit = page_limit(input.limit.map(|limit| limit.value()), LIMIT_DEFAULT)?;
        let key = match &input.key_id {
            Some(key_id) => Some(own_key(cx, key_id).await?),
            None => None,
        };
        cx.authorize_account("*", action::ListAliases).await?;
        let found = list(cx, key.as_ref(), after.as_ref(), limit).await?;
        let page = cx.page(Self::NAME, filter, (found, limit), |alias| alias.name().to_string())?;
        let truncated = page.next_marker.is_some();
        let aliases = page.entries.into_iter().map(|alias| entry(cx, alias)).collect();
        Ok(Output { aliases, next_marker: page.next_marker, truncated })
    }
}

/// The key whose aliases are asked for: one of the caller's own.
async fn own_key(cx: &mut Cx, named: &str) -> Result<ScopedKey, OpError> {
    let target = cx.resolve_key(named).await?;
    cx.require_own(target, &action::ListAliases)
}

/// One alias more than fits on the page, if there are that many, in the order of names.
async fn list(
    cx: &Cx,
    key: Option<&ScopedKey>,
    after: Option<&AliasName>,
    limit: u32,
) -> Result<Vec<Alias>, OpError> {
    let aliases = cx.engine().store().aliases();
    if let Some(key) = key {
        let found = aliases.list_of_key(key, after, limit + 1).await.map_err(OpError::internal)?;
        return Ok(found.into_iter().map(Alias::OfKey).collect());
    }
    let found = aliases.list(&cx.scope(), after, limit + 1).await.map_err(OpError::internal)?;
    let reaches =
        found.last().filter(|_| found.len() > limit_len(limit)).map(|last| last.alias.name.clone());
    let mut found: Vec<_> = found.into_iter().map(Alias::OfKey).collect();
    let unused = AWS_MANAGED_SERVICES
        .iter()
        .filter_map(|service| format!("alias/aws/{}", service.alias).parse::<AliasName>().ok())
        .filter(|name| after.is_none_or(|after| name > after))
        .filter(|name| reaches.as_ref().is_none_or(|last| name < last));
    for name in unused {
        if let Err(at) = found.binary_search_by(|alias| alias.name().cmp(&name)) {
            found.insert(at, Alias::Predefined(name));
        }
    }
    found.truncate(limit_len(limit) + 1);
    Ok(found)
}

fn limit_len(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX - 1)
}

fn entry(cx: &Cx, alias: Alias) -> AliasListEntry {
    let (name, record) = match alias {
        Alias::OfKey(record) => (record.alias.name.clone(), Some(record)),
        Alias::Predefined(name) => (name, None),
    };
    AliasListEntry {
        alias_arn: cx.alias_arn(name.clone()).to_string(),
        alias_name: name,
        target_key_id: record.as_ref().map(|record| record.target),
        creation_date: record.as_ref().map(|record| record.created_at),
        last_updated_date: record.as_ref().map(|record| record.updated_at),
    }
}

/// A marker that is ours but holds no alias name cannot come from this operation.
fn bad_position() -> OpError {
    op_error!(InvalidMarker, "Could not deserialize marker")
}

impl Alias {
    const fn name(&self) -> &AliasName {
        match self {
            Self::OfKey(record) => &record.alias.name,
            Self::Predefined(name) => name,
        }
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_page(to, self.limit.map(|limit| limit.value()), self.marker.as_ref());
        record_text(to, "keyId", self.key_id.as_ref());
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests;
