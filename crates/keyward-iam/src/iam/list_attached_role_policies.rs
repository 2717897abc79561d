//! ListAttachedRolePolicies: the managed policies that are attached to a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedRolePolicies.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use keyward_store::RoleBody;
use serde::{Deserialize, Serialize};

use super::action;
use super::authorize::existing;
use super::conditions::Conditions;
use super::constraints::{self, PolicyPathType, RoleNameType};
use super::paging::{Marker, MaxItems, PageRequest, record_page};
use super::policy_holder::{AttachedPolicy, attached_page};
use super::shape::record_text;

/// The operation.
pub(crate) enum ListAttachedRolePolicies {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    role_name: Text<'a, RoleNameType>,
    #[serde(borrow)]
    path_prefix: Option<Text<'a, PolicyPathType>>,
    #[serde(borrow)]
    marker: Marker<'a>,
    max_items: MaxItems,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    attached_policies: Vec<AttachedPolicy>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListAttachedRolePolicies {
    const NAME: &'static str = "ListAttachedRolePolicies";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_ATTACHED_ROLE_POLICIES;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let (name, conditions) = (&*input.role_name, Conditions::none());
        let (_, role) =
            existing::<action::ListAttachedRolePolicies, RoleBody>(cx, name, conditions).await?;
        let prefix = input.path_prefix.as_deref();
        let filter = format!("{}{}", role.name, prefix.unwrap_or_default());
        let list = (Self::NAME, filter.as_str());
        let request = PageRequest::new(cx, list, &input.marker, input.max_items)?;
        let page = attached_page(cx, &request, &role, prefix)?;
        let is_truncated = page.is_truncated();
        Ok(Output { attached_policies: page.entries, is_truncated, marker: page.marker })
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("roleName", &self.role_name);
        record_text(to, "pathPrefix", self.path_prefix.as_ref());
        record_page(to, &self.marker, self.max_items);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}
