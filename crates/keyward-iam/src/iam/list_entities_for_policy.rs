//! ListEntitiesForPolicy: the users, groups and roles that have a managed policy.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListEntitiesForPolicy.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::{OneOf, Text};
use keyward_store::{EntityKind, EntityName, EntityRecord, EntityRelation};
use serde::{Deserialize, Serialize};

use super::action;
use super::constraints::{self, ArnType, EntityType, PathType, PolicyUsageType};
use super::managed_policy::{existing, target};
use super::paging::{Marker, MaxItems, PageRequest, record_page};
use super::shape::record_text;

/// The operation.
pub(crate) enum ListEntitiesForPolicy {}

/// How many names are read from the store at once.
const READ_MAX: u32 = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    policy_arn: Text<'a, ArnType>,
    entity_filter: Option<OneOf<String, EntityType>>,
    #[serde(borrow)]
    path_prefix: Option<Text<'a, PathType>>,
    policy_usage_filter: Option<OneOf<String, PolicyUsageType>>,
    #[serde(borrow)]
    marker: Marker<'a>,
    max_items: MaxItems,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    policy_groups: Vec<PolicyGroup>,
    policy_users: Vec<PolicyUser>,
    policy_roles: Vec<PolicyRole>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyGroup {
    group_name: String,
    group_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyUser {
    user_name: String,
    user_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyRole {
    role_name: String,
    role_id: String,
}

impl Operation for ListEntitiesForPolicy {
    const NAME: &'static str = "ListEntitiesForPolicy";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_ENTITIES_FOR_POLICY;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let (_, policy) = existing::<action::ListEntitiesForPolicy>(cx, &input.policy_arn).await?;
        let filter = input.filter();
        let list = (Self::NAME, filter.as_str());
        let request = PageRequest::new(cx, list, &input.marker, input.max_items)?;
        let mut entities = Vec::new();
        for name in referrers(cx, &input, &policy.arn).await? {
            let found = cx.engine().store().entities().find(&name).await;
            let found = found.map_err(OpError::internal)?.map(|found| found.record);
            entities.extend(found.filter(|found| input.selects(found)));
        }
        let page = request.page_of_all(cx, entities, |entity| position(&entity.entity_name()))?;
        let mut output = Output { is_truncated: page.is_truncated(), ..Output::default() };
        output.marker = page.marker;
        page.entries.into_iter().for_each(|entity| output.add(entity));
        Ok(output)
    }
}

/// The names of those that have the policy in the way asked for, each once, in the order of
/// positions.
async fn referrers(cx: &Cx, input: &Input<'_>, arn: &str) -> Result<Vec<EntityName>, OpError> {
    let mut names = Vec::new();
    for relation in input.relations() {
        let target = target(cx, relation, arn);
        let mut after = None;
        loop {
            let entities = cx.engine().store().entities();
            let found = entities.referrers(&target, after.as_ref(), READ_MAX).await;
            let found = found.map_err(OpError::internal)?;
            let Some(last) = found.last() else { break };
            after = Some(last.clone());
            names.extend(found);
        }
    }
    names.sort_unstable_by_key(position);
    names.dedup();
    Ok(names)
}

fn position(name: &EntityName) -> String {
    format!("{}/{}", name.kind.as_str(), name.folded())
}

impl Input<'_> {
    fn relations(&self) -> Vec<EntityRelation> {
        match self.policy_usage_filter.as_ref().map(|usage| usage.as_str()) {
            Some("PermissionsBoundary") => vec![EntityRelation::Boundary],
            Some(_) => vec![EntityRelation::Policy],
            None => vec![EntityRelation::Boundary, EntityRelation::Policy],
        }
    }

    /// What the list is of: a marker continues no other.
    fn filter(&self) -> String {
        let word = |word: Option<&str>| word.unwrap_or_default().to_owned();
        let kind = word(self.entity_filter.as_ref().map(|kind| kind.as_str()));
        let usage = word(self.policy_usage_filter.as_ref().map(|usage| usage.as_str()));
        let prefix = self.path_prefix.as_deref().unwrap_or_default();
        format!("{kind}/{usage}/{}{prefix}", &*self.policy_arn)
    }

    fn selects(&self, entity: &EntityRecord) -> bool {
        let kind = self.entity_filter.as_ref().map(|kind| kind.as_str());
        let is_kind = kind.is_none_or(|kind| kind.eq_ignore_ascii_case(entity.kind().as_str()));
        is_kind && entity.path.starts_with(self.path_prefix.as_deref().unwrap_or("/"))
    }
}

impl Output {
    fn add(&mut self, entity: EntityRecord) {
        let id = entity.unique_id.map(|id| id.to_string()).unwrap_or_default();
        let (kind, name) = (entity.kind(), entity.name);
        match kind {
            EntityKind::Group => {
                self.policy_groups.push(PolicyGroup { group_name: name, group_id: id });
            }
            EntityKind::Role => {
                self.policy_roles.push(PolicyRole { role_name: name, role_id: id });
            }
            EntityKind::User => {
                self.policy_users.push(PolicyUser { user_name: name, user_id: id });
            }
            EntityKind::MfaDevice | EntityKind::OidcProvider | EntityKind::Policy => {}
        }
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("policyArn", &self.policy_arn);
        if let Some(kind) = &self.entity_filter {
            to.text("entityFilter", kind);
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
