//! ListGrants: the grants of a key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, ErrorCode, Kind, OpError, Operation};
use keyward_shape::{Int, Text};
use keyward_store::{GrantFilter, GrantRecord};
use serde::Deserialize;

use crate::constraints::{
    self, GrantIdType, KeyIdType, ListGrantsLimit, MarkerType, PrincipalIdType,
    ServicePrincipalType,
};
use crate::grant_list::{GrantPage, LIMIT_DEFAULT, position};
use crate::paging::{page_limit, record_page};
use crate::shape::record_text;
use crate::{action, grant_id};

/// The operation.
pub(crate) enum ListGrants {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    limit: Option<Int<ListGrantsLimit>>,
    #[serde(borrow)]
    marker: Option<Text<'a, MarkerType>>,
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    #[serde(borrow)]
    grant_id: Option<Text<'a, GrantIdType>>,
    #[serde(borrow)]
    grantee_principal: Option<Text<'a, PrincipalIdType>>,
    #[serde(borrow)]
    grantee_service_principal: Option<Text<'a, ServicePrincipalType>>,
}

impl Operation for ListGrants {
    const NAME: &'static str = "ListGrants";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_GRANTS;
    type Input<'a> = Input<'a>;
    type Output = GrantPage;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<GrantPage, OpError> {
        if input.grantee_service_principal.is_some() {
            return Err(input.service_refusal());
        }
        let wanted = input.filter()?;
        let query = input.query();
        let after = cx.position(Self::NAME, &query, input.marker.as_deref())?;
        let after = position(after.as_deref())?;
        let limit = page_limit(input.limit.map(|limit| limit.value()), LIMIT_DEFAULT)?;
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize(target, action::ListGrants).await?;
        let grants = cx.engine().store().grants();
        let found = grants.list(&key.record.key, &wanted, after.as_ref(), limit + 1).await;
        let found = found.map_err(OpError::internal)?;
        let place = |grant: &GrantRecord| grant.grant_id.to_string();
        let page = cx.page(Self::NAME, &query, (found, limit), place)?;
        GrantPage::of(cx, page).await
    }

    fn reply_bytes_max(_: &GrantPage) -> usize {
        16 * 1024
    }
}

impl Input<'_> {
    fn filter(&self) -> Result<GrantFilter, OpError> {
        Ok(GrantFilter {
            grant_id: self.grant_id.as_deref().map(grant_id::parse).transpose()?,
            grantee_principal: self.grantee_principal.as_ref().map(|arn| arn.as_str().to_owned()),
            grantee_service_principal: None,
        })
    }

    /// What a marker belongs to.
    fn query(&self) -> String {
        let text = |member: Option<&str>| member.unwrap_or_default().to_owned();
        let (id, grantee) =
            (text(self.grant_id.as_deref()), text(self.grantee_principal.as_deref()));
        // Neither an id nor an ARN holds a space.
        format!("{id} {grantee} {}", self.key_id.as_str())
    }

    /// No caller is a service.
    fn service_refusal(&self) -> OpError {
        let text = if self.grantee_principal.is_some() {
            "Specify at most one of GranteePrincipal and GranteeServicePrincipal."
        } else {
            "Only an AWS service can specify a GranteeServicePrincipal."
        };
        // Evidence: docs/WIRE.md, "Lists of grants".
        OpError::new(ErrorCode::Validation, text)
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        record_page(to, self.limit.map(|limit| limit.value()), self.marker.as_ref());
        record_text(to, "grantId", self.grant_id.as_ref());
        record_text(to, "granteePrincipal", self.grantee_principal.as_ref());
        let service = self.grantee_service_principal.as_ref();
        record_text(to, "granteeServicePrincipal", service);
    }
}

#[cfg(test)]
mod tests;
