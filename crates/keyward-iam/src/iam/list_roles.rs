//! ListRoles: the roles of the account under a path.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::RoleBody;
use serde::{Deserialize, Serialize};

use super::action;
use super::constraints::{self, PathPrefixType};
use super::entity_list::{authorize_list, page};
use super::paging::{Marker, MaxItems, PageRequest, record_page};
use super::role::RoleOutput;
use super::shape::record_text;

/// The operation.
pub(crate) enum ListRoles {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    path_prefix: Option<Text<'a, PathPrefixType>>,
    #[serde(borrow)]
    marker: Marker<'a>,
    max_items: MaxItems,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    roles: Vec<RoleOutput>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListRoles {
    const NAME: &'static str = "ListRoles";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_ROLES;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        authorize_list::<action::ListRoles, RoleBody>(cx, prefix).await?;
        let request = PageRequest::new(cx, (Self::NAME, prefix), &input.marker, input.max_items)?;
        let found = page::<RoleBody>(cx, &request, prefix).await?;
        let is_truncated = found.is_truncated();
        let mut roles = Vec::with_capacity(found.entries.len());
        for role in &found.entries {
            roles.push(RoleOutput::listed(cx, role).await?);
        }
        Ok(Output { roles, is_truncated, marker: found.marker })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "pathPrefix", self.path_prefix.as_ref());
        record_page(to, &self.marker, self.max_items);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests;
