//! ListPolicies: managed policies: of the account, those that every account has, or both.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicies.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_policy::AWS_MANAGED_POLICIES;
use keyward_shape::{OneOf, Text};
use keyward_store::{EntityKind, PolicyBody};
use serde::{Deserialize, Serialize};

use super::action;
use super::authorize::{Resource, authorize};
use super::conditions::Conditions;
use super::constraints::{self, PolicyPathType, PolicyScopeType, PolicyUsageType};
use super::entity_list;
use super::managed_policy::{ManagedPolicy, PolicyOutput};
use super::paging::{Marker, MaxItems, PageRequest, record_page};
use super::shape::record_text;

/// The operation.
pub(crate) enum ListPolicies {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    scope: Option<OneOf<String, PolicyScopeType>>,
    #[serde(default)]
    only_attached: Option<bool>,
    #[serde(borrow)]
    path_prefix: Option<Text<'a, PolicyPathType>>,
    policy_usage_filter: Option<OneOf<String, PolicyUsageType>>,
    #[serde(borrow)]
    marker: Marker<'a>,
    max_items: MaxItems,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    policies: Vec<PolicyOutput>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListPolicies {
    const NAME: &'static str = "ListPolicies";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_POLICIES;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let mut resource = Resource::new(cx, EntityKind::Policy, prefix, "");
        resource.shown = format!("policy path {prefix}");
        authorize::<action::ListPolicies>(cx, &resource, Conditions::none()).await?;
        let filter = input.filter();
        let list = (Self::NAME, filter.as_str());
        let request = PageRequest::new(cx, list, &input.marker, input.max_items)?;
        let mut shown = Vec::new();
        for policy in found(cx, &input, prefix).await? {
            let output = PolicyOutput::listed(cx, &policy).await?;
            if input.selects(&output) {
                shown.push((position(&policy), output));
            }
        }
        shown.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let page = request.page_of_all(cx, shown, |(position, _)| position.clone())?;
        let is_truncated = page.is_truncated();
        let policies = page.entries.into_iter().map(|(_, policy)| policy).collect();
        Ok(Output { policies, is_truncated, marker: page.marker })
    }
}

/// Policies under the path, of the scope asked for.
async fn found(cx: &Cx, input: &Input<'_>, prefix: &str) -> Result<Vec<ManagedPolicy>, OpError> {
    let scope = input.scope.as_ref().map_or("All", |scope| scope.as_str());
    let mut found = Vec::new();
    if scope != "Local" {
        let aws = AWS_MANAGED_POLICIES.iter().filter(|policy| policy.path.starts_with(prefix));
        found.extend(aws.map(|policy| ManagedPolicy::of_aws(cx, policy)));
    }
    if scope != "AWS" {
        for policy in entity_list::all::<PolicyBody>(cx, prefix).await? {
            found.push(ManagedPolicy::of_own(cx, policy)?);
        }
    }
    Ok(found)
}

/// Where a policy stands in the list. The account may have one of the name that every account has.
fn position(policy: &ManagedPolicy) -> String {
    format!("{} {}", policy.name.to_ascii_lowercase(), policy.arn)
}

impl Input<'_> {
    fn is_only_attached(&self) -> bool {
        self.only_attached.unwrap_or_default()
    }

    /// What the list is of: a marker continues no other.
    fn filter(&self) -> String {
        let word = |word: Option<&str>| word.unwrap_or_default().to_owned();
        let scope = word(self.scope.as_ref().map(|scope| scope.as_str()));
        let usage = word(self.policy_usage_filter.as_ref().map(|usage| usage.as_str()));
        let prefix = self.path_prefix.as_deref().unwrap_or_default();
        format!("{scope}/{usage}/{}{prefix}", self.is_only_attached())
    }

    fn selects(&self, policy: &PolicyOutput) -> bool {
        let usage = self.policy_usage_filter.as_ref().map(|usage| usage.as_str());
        let count = match usage {
            Some("PermissionsBoundary") => policy.permissions_boundary_usage_count,
            Some(_) => policy.attachment_count,
            None => return !self.is_only_attached() || policy.attachment_count > 0,
        };
        count > 0
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        if let Some(scope) = &self.scope {
            to.text("scope", scope);
        }
        if let Some(only_attached) = self.only_attached {
            to.boolean("onlyAttached", only_attached);
        }
        record_text(to, "pathPrefix", self.path_prefix.as_ref());
        if let Some(usage) = &self.policy_usage_filter {
            to.text("policyUsageFilter", usage);
        }
        record_page(to, &self.marker, self.max_items);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests;
