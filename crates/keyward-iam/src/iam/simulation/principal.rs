//! The policies of a user, group or role, as simulations take them.

use std::collections::BTreeMap;

use keyward_engine::{Cx, OpError};
use keyward_model::UniqueId;
use keyward_shape::{List, OneOf, Text};
use keyward_store::{GroupBody, RoleBody, UserBody};
use serde::Deserialize;

use super::super::action::Permission;
use super::super::authorize::{Resource, authorize};
use super::super::conditions::{Conditions, Holder};
use super::super::constraints::{
    ArnType, AttachmentName, AttachmentType, PolicyExclusionsListType, PolicyIdentifierPolicyType,
    PolicyNameType,
};
use super::super::entity::{Body, Entity, arn_of, no_such};
use super::super::managed_policy::ManagedPolicy;
use super::super::policy_holder::PolicyHolder;
use super::caller::invalid_entity;
use super::source::Source;

/// `PolicyExclusionList`.
pub(crate) type Exclusions<'a> = List<PolicyIdentifier<'a>, PolicyExclusionsListType>;

/// Policies that a simulation leaves out.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyIdentifier<'a> {
    policy_type: Option<OneOf<String, PolicyIdentifierPolicyType>>,
    #[serde(borrow)]
    policy_arn: Option<Text<'a, ArnType>>,
    #[serde(borrow, rename = "InlinePolicyIdentifier")]
    inline: Option<InlinePolicyIdentifier<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InlinePolicyIdentifier<'a> {
    #[serde(borrow)]
    policy_name: Text<'a, PolicyNameType>,
    attachment_type: OneOf<String, AttachmentType>,
    #[serde(borrow)]
    attachment_name: Text<'a, AttachmentName>,
}

/// The policies of a principal, and who it is.
pub(crate) struct PrincipalPolicies {
    pub(crate) identity: Vec<Source>,
    pub(crate) boundary: Option<Source>,
    /// The unique id of a user or role.
    pub(crate) id: Option<UniqueId>,
}

impl PrincipalPolicies {
    /// Decides whether the caller may do `P` to the user, group or role with this ARN, and gathers
    /// its policies, those of a user's groups among them.
    pub(crate) async fn load<P: Permission>(
        cx: &mut Cx,
        arn: &str,
        exclusions: &Exclusions<'_>,
    ) -> Result<Self, OpError> {
        let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
        let kind = resource.split('/').next().unwrap_or_default().to_owned();
        let mut gathered = Gathered { exclusions, sources: Vec::new() };
        match kind.as_str() {
            "user" => {
                let user = existing::<P, UserBody>(cx, arn).await?;
                gathered.add(cx, &user).await?;
                for id in &user.body.groups {
                    if let Some(group) = Entity::<GroupBody>::find_by_id(cx, id).await? {
                        gathered.add(cx, &group).await?;
                    }
                }
                gathered.finish(cx, &user).await
            }
            "group" => {
                let group = existing::<P, GroupBody>(cx, arn).await?;
                gathered.add(cx, &group).await?;
                Ok(Self { identity: gathered.sources, boundary: None, id: None })
            }
            "role" => {
                let role = existing::<P, RoleBody>(cx, arn).await?;
                gathered.add(cx, &role).await?;
                gathered.finish(cx, &role).await
            }
            _ => Err(invalid_entity(arn)),
        }
    }
}

/// Decides whether the caller may do `P` to the entity with this ARN, and finds it.
async fn existing<P: Permission, B: Body + Holder>(
    cx: &mut Cx,
    arn: &str,
) -> Result<Entity<B>, OpError> {
    if !arn.starts_with(&arn_of(cx, B::KIND, "/", "")) {
        return Err(invalid_entity(arn));
    }
    let name = arn.rsplit('/').next().unwrap_or_default();
    let found = Entity::<B>::find(cx, name).await?.filter(|found| found.arn(cx) == arn);
    let conditions = match &found {
        Some(found) => Conditions::none().of_entity(&found.body),
        None => Conditions::none(),
    };
    authorize::<P>(cx, &Resource::of_arn(arn.to_owned()), conditions).await?;
    found.ok_or_else(|| no_such::<B>(name))
}

struct Gathered<'e> {
    exclusions: &'e Exclusions<'e>,
    sources: Vec<Source>,
}

impl Gathered<'_> {
    async fn add<B: PolicyHolder>(&mut self, cx: &Cx, entity: &Entity<B>) -> Result<(), OpError> {
        let inline: &BTreeMap<String, String> = entity.body.inline();
        for (name, document) in inline {
            if !self.leaves_out_inline(B::WORD, &entity.name, name) {
                let id = format!("{}_{}_{name}", B::WORD, entity.name);
                self.sources.push(Source::new(id, B::WORD, document)?);
            }
        }
        for arn in entity.body.attached() {
            if let Some(policy) = ManagedPolicy::find(cx, arn).await? {
                let kind = if policy.is_aws() { "aws-managed" } else { "user-managed" };
                if !self.leaves_out_managed(kind, arn) {
                    let source = Source::new(policy.name.clone(), kind, policy.default_document())?;
                    self.sources.push(source);
                }
            }
        }
        Ok(())
    }

    /// With the permissions boundary. One that is not there any more allows nothing.
    async fn finish<B: Body + Holder>(
        self,
        cx: &Cx,
        entity: &Entity<B>,
    ) -> Result<PrincipalPolicies, OpError> {
        let boundary = match entity.body.boundary() {
            Some(arn) if !self.leaves_out_managed("permission-boundary", arn) => {
                let policy = ManagedPolicy::find(cx, arn).await?;
                let policy = policy.ok_or_else(|| OpError::internal("an absent boundary"))?;
                let kind = if policy.is_aws() { "aws-managed" } else { "user-managed" };
                Some(Source::new(policy.name.clone(), kind, policy.default_document())?)
            }
            _ => None,
        };
        Ok(PrincipalPolicies { identity: self.sources, boundary, id: Some(entity.unique_id()?) })
    }

    fn leaves_out_managed(&self, kind: &str, arn: &str) -> bool {
        self.exclusions.iter().any(|it| {
            let is_kind = it.policy_type.as_ref().is_none_or(|named| named.as_str() == kind);
            let is_policy = it.policy_arn.as_ref().is_none_or(|named| &**named == arn);
            let names_some = it.policy_type.is_some() || it.policy_arn.is_some();
            names_some && is_kind && is_policy && it.inline.is_none()
        })
    }

    fn leaves_out_inline(&self, kind: &str, entity: &str, name: &str) -> bool {
        self.exclusions.iter().any(|it| {
            let Some(named) = &it.inline else {
                let is_inline = it.policy_type.as_ref().is_some_and(|it| it.as_str() == "inline");
                return is_inline && it.policy_arn.is_none();
            };
            &*named.policy_name == name
                && named.attachment_type.as_str() == kind
                && &*named.attachment_name == entity
        })
    }
}
