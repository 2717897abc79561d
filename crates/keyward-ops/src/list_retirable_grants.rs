//! ListRetirableGrants: the grants that a principal may retire, of any account's keys in the Region.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListRetirableGrants.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, ErrorCode, Kind, OpError, Operation};
use keyward_shape::{Int, Text};
use keyward_store::{GrantPrincipal, GrantRecord};
use serde::Deserialize;

use crate::action;
use crate::constraints::{
    self, ListRetirableGrantsLimit, MarkerType, PrincipalIdType, ServicePrincipalType,
};
use crate::grant_list::{GrantPage, LIMIT_DEFAULT, position};
use crate::grant_principal::account_of;
use crate::paging::{page_limit, record_page};
use crate::shape::record_text;

/// The operation.
pub(crate) enum ListRetirableGrants {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    limit: Option<Int<ListRetirableGrantsLimit>>,
    #[serde(borrow)]
    marker: Option<Text<'a, MarkerType>>,
    #[serde(borrow)]
    retiring_principal: Option<Text<'a, PrincipalIdType>>,
    #[serde(borrow)]
    retiring_service_principal: Option<Text<'a, ServicePrincipalType>>,
}

impl Operation for ListRetirableGrants {
    const NAME: &'static str = "ListRetirableGrants";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_RETIRABLE_GRANTS;
    type Input<'a> = Input<'a>;
    type Output = GrantPage;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<GrantPage, OpError> {
        let arn = input.principal()?;
        let after = cx.position(Self::NAME, arn, input.marker.as_deref())?;
        let after = position(after.as_deref())?;
        let limit = page_limit(input.limit.map(|limit| limit.value()), LIMIT_DEFAULT)?;
        let account = account_of(cx, arn)?;
        cx.authorize_principal(arn, account, action::ListRetirableGrants).await?;
        let (grants, retiring) = (cx.engine().store().grants(), GrantPrincipal::Principal(arn));
        let found = grants.list_retirable(cx.region(), retiring, after.as_ref(), limit + 1).await;
        let found = found.map_err(OpError::internal)?;
        let place = |grant: &GrantRecord| grant.grant_id.to_string();
        let page = cx.page(Self::NAME, arn, (found, limit), place)?;
        GrantPage::of(cx, page).await
    }

    fn reply_bytes_max(_: &GrantPage) -> usize {
        16 * 1024
    }
}

impl Input<'_> {
    /// The principal asked about. No caller is a service, so none may ask about one.
    fn principal(&self) -> Result<&str, OpError> {
        let text = match (&self.retiring_principal, &self.retiring_service_principal) {
            (Some(arn), None) => return Ok(arn),
            (None, Some(_)) => "Only an AWS service can specify a RetiringServicePrincipal.",
            _ => "Specify either a RetiringPrincipal or a RetiringServicePrincipal.",
        };
        // Evidence: docs/WIRE.md, "Lists of grants".
        Err(OpError::new(ErrorCode::Validation, text))
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "retiringPrincipal", self.retiring_principal.as_ref());
        let service = self.retiring_service_principal.as_ref();
        record_text(to, "retiringServicePrincipal", service);
        record_page(to, self.limit.map(|limit| limit.value()), self.marker.as_ref());
    }
}

#[cfg(test)]
mod tests;
