//! GetAccountAuthorizationDetails: all users, groups, roles and policies of the account, with what they are allowed.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_policy::AWS_MANAGED_POLICIES;
use keyward_shape::{List, OneOf};
use keyward_store::{GroupBody, PolicyBody, RoleBody, UserBody};
use serde::{Deserialize, Serialize};

use super::authorize::{Resource, authorize};
use super::conditions::Conditions;
use super::constraints::{self, EntityListType, EntityType};
use super::details::{Detail, Entry, GroupDetail, RoleDetail, UserDetail};
use super::managed_policy::{ManagedPolicy, PolicyOutput};
use super::paging::{Marker, MaxItems, PageRequest, record_page};
use super::{action, entity_list};

/// The operation.
pub(crate) enum GetAccountAuthorizationDetails {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(default)]
    filter: List<OneOf<String, EntityType>, EntityListType>,
    max_items: MaxItems,
    #[serde(borrow)]
    marker: Marker<'a>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    user_detail_list: Vec<UserDetail>,
    group_detail_list: Vec<GroupDetail>,
    role_detail_list: Vec<RoleDetail>,
    policies: Vec<PolicyOutput>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for GetAccountAuthorizationDetails {
    const NAME: &'static str = "GetAccountAuthorizationDetails";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation =
        &constraints::GET_ACCOUNT_AUTHORIZATION_DETAILS;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let (resource, conditions) = (Resource::any(), Conditions::none());
        authorize::<action::GetAccountAuthorizationDetails>(cx, &resource, conditions).await?;
        let filter = input.filter.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(",");
        let list = (Self::NAME, filter.as_str());
        let request = PageRequest::new(cx, list, &input.marker, input.max_items)?;
        let found = entries(cx, &input).await?;
        let page = request.page_of_all(cx, found, |(position, _)| position.clone())?;
        let mut output = Output { is_truncated: page.is_truncated(), ..Output::default() };
        output.marker = page.marker;
        for (_, entry) in page.entries {
            output.add(entry.detail(cx).await?);
        }
        Ok(output)
    }
}

/// Everything the filter lets through, in the order of positions: users, groups, roles, policies.
async fn entries(cx: &Cx, input: &Input<'_>) -> Result<Vec<(String, Entry)>, OpError> {
    let mut found = Vec::new();
    let mut add = |order: u8, name: &str, entry| {
        found.push((format!("{order}{}", name.to_ascii_lowercase()), entry));
    };
    if input.selects("User") {
        for user in entity_list::all::<UserBody>(cx, "/").await? {
            add(0, &user.name.clone(), Entry::User(Box::new(user)));
        }
    }
    if input.selects("Group") {
        for group in entity_list::all::<GroupBody>(cx, "/").await? {
            add(1, &group.name.clone(), Entry::Group(Box::new(group)));
        }
    }
    if input.selects("Role") {
        for role in entity_list::all::<RoleBody>(cx, "/").await? {
            add(2, &role.name.clone(), Entry::Role(Box::new(role)));
        }
    }
    if input.selects("LocalManagedPolicy") {
        for policy in entity_list::all::<PolicyBody>(cx, "/").await? {
            add(
                3,
                &policy.name.clone(),
                Entry::Policy(Box::new(ManagedPolicy::of_own(cx, policy)?)),
            );
        }
    }
    if input.selects("AWSManagedPolicy") {
        for policy in AWS_MANAGED_POLICIES {
            let policy = ManagedPolicy::of_aws(cx, policy);
            if PolicyOutput::listed(cx, &policy).await?.is_used() {
                add(4, &policy.name.clone(), Entry::Policy(Box::new(policy)));
            }
        }
    }
    found.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    Ok(found)
}

impl Input<'_> {
    fn selects(&self, kind: &str) -> bool {
        self.filter.is_empty() || self.filter.iter().any(|named| named.as_str() == kind)
    }
}

impl Output {
    fn add(&mut self, detail: Detail) {
        match detail {
            Detail::Group(group) => self.group_detail_list.push(group),
            Detail::Policy(policy) => self.policies.push(policy),
            Detail::Role(role) => self.role_detail_list.push(role),
            Detail::User(user) => self.user_detail_list.push(user),
        }
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        if !self.filter.is_empty() {
            to.texts("filter", self.filter.iter().map(|kind| kind.as_str()));
        }
        record_page(to, &self.marker, self.max_items);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests;
