//! `ListGrantsResponse`: a page of grants.

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, OpError, Page, op_error};
use keyward_model::{GrantId, GrantOperation, Timestamp};
use keyward_store::{GrantConstraints, GrantRecord};
use serde::{Serialize, Serializer};

use crate::grant_principal::shown;

/// How many grants a page holds unless the request says.
pub(crate) const LIMIT_DEFAULT: u32 = 50;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GrantPage {
    grants: Vec<GrantListEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    truncated: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GrantListEntry {
    key_id: String,
    grant_id: GrantId,
    // WIRE: a grant without a name shows an empty one.
    // Evidence: docs/WIRE.md, "Lists of grants".
    name: String,
    creation_date: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    grantee_principal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grantee_service_principal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retiring_principal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retiring_service_principal: Option<String>,
    issuing_account: String,
    operations: Vec<GrantOperation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    constraints: Option<Constraints>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Constraints {
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_map")]
    encryption_context_subset: Option<Vec<(String, String)>>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_map")]
    encryption_context_equals: Option<Vec<(String, String)>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_arn: Option<String>,
}

impl GrantPage {
    /// A page of grants as the reply shows it.
    pub(crate) async fn of(cx: &Cx, page: Page<GrantRecord>) -> Result<Self, OpError> {
        let truncated = page.next_marker.is_some();
        let mut grants = Vec::with_capacity(page.entries.len());
        for grant in page.entries {
            grants.push(GrantListEntry::of(cx, grant).await?);
        }
        Ok(Self { grants, next_marker: page.next_marker, truncated })
    }
}

impl GrantListEntry {
    async fn of(cx: &Cx, grant: GrantRecord) -> Result<Self, OpError> {
        let partition = cx.engine().partition();
        Ok(Self {
            key_id: cx.engine().key_arn(&grant.key).to_string(),
            grant_id: grant.grant_id,
            name: grant.name.unwrap_or_default(),
            creation_date: grant.created_at,
            grantee_principal: shown(cx, grant.grantee_principal, grant.grantee_id).await?,
            grantee_service_principal: grant.grantee_service_principal,
            retiring_principal: shown(cx, grant.retiring_principal, grant.retiring_id).await?,
            retiring_service_principal: grant.retiring_service_principal,
            issuing_account: format!("arn:{partition}:iam::{}:root", grant.issuing_account),
            operations: grant.operations,
            constraints: Constraints::of(grant.constraints),
        })
    }
}

impl Constraints {
    fn of(stored: GrantConstraints) -> Option<Self> {
        if stored == GrantConstraints::default() {
            return None;
        }
        Some(Self {
            encryption_context_subset: stored.encryption_context_subset,
            encryption_context_equals: stored.encryption_context_equals,
            source_arn: stored.source_arn,
        })
    }
}

impl Recorded for GrantPage {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

/// The grant that a marker stands behind.
pub(crate) fn position(text: Option<&str>) -> Result<Option<GrantId>, OpError> {
    // A marker that is ours but holds no grant id cannot come from these operations.
    let bad = |_| op_error!(InvalidMarker, "Could not deserialize marker");
    text.map(str::parse).transpose().map_err(bad)
}

#[expect(clippy::ref_option, reason = "the form that serde calls")]
fn as_map<S: Serializer>(
    pairs: &Option<Vec<(String, String)>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().flatten().map(|(name, value)| (name, value)))
}
