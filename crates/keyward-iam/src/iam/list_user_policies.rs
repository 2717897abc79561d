//! ListUserPolicies: the names of a user's inline policies.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUserPolicies.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::UserBody;
use serde::Serialize;

use super::authorize::existing;
use super::conditions::Conditions;
use super::paging::PageRequest;
use super::policy_holder::inline_names;
use super::shape::PageOfUser;
use super::{action, constraints};

/// The operation.
pub(crate) enum ListUserPolicies {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    policy_names: Vec<String>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListUserPolicies {
    const NAME: &'static str = "ListUserPolicies";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_USER_POLICIES;
    type Input<'a> = PageOfUser<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: PageOfUser<'a>) -> Result<Output, OpError> {
        let name = &*input.user_name;
        let (_, user) =
            existing::<action::ListUserPolicies, UserBody>(cx, name, Conditions::none()).await?;
        let filter = user.unique_id()?.to_string();
        let request = PageRequest::new(cx, (Self::NAME, &filter), &input.marker, input.max_items)?;
        let page = inline_names(cx, &request, &user)?;
        let is_truncated = page.is_truncated();
        Ok(Output { policy_names: page.entries, is_truncated, marker: page.marker })
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
