//! ListGroupPolicies: the names of a group's inline policies.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroupPolicies.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::GroupBody;
use serde::Serialize;

use super::authorize::existing;
use super::conditions::Conditions;
use super::paging::PageRequest;
use super::policy_holder::inline_names;
use super::shape::PageOfGroup;
use super::{action, constraints};

/// The operation.
pub(crate) enum ListGroupPolicies {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    policy_names: Vec<String>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListGroupPolicies {
    const NAME: &'static str = "ListGroupPolicies";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_GROUP_POLICIES;
    type Input<'a> = PageOfGroup<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: PageOfGroup<'a>) -> Result<Output, OpError> {
        let name = &*input.group_name;
        let (_, group) =
            existing::<action::ListGroupPolicies, GroupBody>(cx, name, Conditions::none()).await?;
        let filter = group.unique_id()?.to_string();
        let request = PageRequest::new(cx, (Self::NAME, &filter), &input.marker, input.max_items)?;
        let page = inline_names(cx, &request, &group)?;
        let is_truncated = page.is_truncated();
        Ok(Output { policy_names: page.entries, is_truncated, marker: page.marker })
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
