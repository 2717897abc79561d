//! ListRolePolicies: the names of the inline policies of a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRolePolicies.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::RoleBody;
use serde::Serialize;

use super::authorize::existing;
use super::conditions::Conditions;
use super::paging::PageRequest;
use super::policy_holder::inline_names;
use super::role::PageOfRole;
use super::{action, constraints};

/// The operation.
pub(crate) enum ListRolePolicies {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    policy_names: Vec<String>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListRolePolicies {
    const NAME: &'static str = "ListRolePolicies";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_ROLE_POLICIES;
    type Input<'a> = PageOfRole<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: PageOfRole<'a>) -> Result<Output, OpError> {
        let (name, conditions) = (&*input.role_name, Conditions::none());
        let (_, role) =
            existing::<action::ListRolePolicies, RoleBody>(cx, name, conditions).await?;
        let list = (Self::NAME, role.name.as_str());
        let request = PageRequest::new(cx, list, &input.marker, input.max_items)?;
        let page = inline_names(cx, &request, &role)?;
        let is_truncated = page.is_truncated();
        Ok(Output { policy_names: page.entries, is_truncated, marker: page.marker })
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
