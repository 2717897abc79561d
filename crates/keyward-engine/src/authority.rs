//! Who a caller is to policies: its names, its own policies, its boundary, its tags, and the
//! policies of its session.
//!
//! What is made of IAM's entities is kept until one of the account's entities changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use keyward_model::{Caller, Identity, Principal, UniqueId};
use keyward_policy::{ParentUser, Policy, Subject, find_aws_managed_policy, parse};
use keyward_store::{EntityBody, EntityKind, EntityName, EntityRecord, UserBody};

use crate::{Engine, OpError};

const NO_ACCESS: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
const FULL_ACCESS: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// A caller, as policies see it.
#[derive(Debug)]
pub(crate) struct Authority {
    caller: Arc<Caller>,
    /// The name in error messages.
    pub(crate) arn: String,
    /// `aws:userid`.
    pub(crate) user_id: String,
    /// The texts by which grants can name the caller, the nearest first.
    pub(crate) grantees: Vec<Arc<str>>,
    /// The user or role; `None` for root users and services.
    pub(crate) entity: Option<Arc<Entity>>,
    /// The policies of the session; `None` when it was made without any.
    pub(crate) session: Option<Vec<Arc<Policy>>>,
}

/// A user or role with all that decides what it may do.
#[derive(Debug)]
pub(crate) struct Entity {
    /// The ARN, as it is now.
    pub(crate) arn: String,
    id: String,
    /// The tags.
    pub(crate) tags: Vec<(String, String)>,
    /// Its own policies, those attached to it and those of its groups.
    pub(crate) policies: Vec<Arc<Policy>>,
    /// The permissions boundary.
    pub(crate) boundary: Option<Arc<Policy>>,
    /// Whether it is a role that organizations do not limit.
    pub(crate) is_service_linked: bool,
}

impl Authority {
    /// The name of a service that calls as itself, as a list of one.
    pub(crate) fn service_names(&self) -> [&str; 1] {
        match &self.caller.principal {
            Principal::Service(service) => [&service.name],
            _ => [""],
        }
    }

    /// The caller as `Principal` elements tell callers apart; `None` when its user or role is gone.
    pub(crate) fn subject<'a>(&'a self, service_names: &'a [&'a str]) -> Option<Subject<'a>> {
        let account = self.caller.account.as_str();
        let entity = self.entity.as_deref();
        Some(match &self.caller.principal {
            Principal::Root => Subject::Root { account },
            Principal::User(_) => {
                let Entity { arn, id, .. } = entity?;
                Subject::User { account, arn, id }
            }
            Principal::AssumedRole { .. } => {
                let Entity { arn: role_arn, id: role_id, .. } = entity?;
                Subject::RoleSession { account, arn: &self.arn, role_arn, role_id }
            }
            Principal::FederatedUser { user, .. } => {
                let parent = match user {
                    Some(_) => entity.map(|Entity { arn, id, .. }| ParentUser { arn, id }),
                    None => None,
                };
                if user.is_some() && parent.is_none() {
                    return None;
                }
                Subject::FederatedUser { account, arn: &self.arn, parent }
            }
            Principal::Service(_) => Subject::Service { names: service_names },
            Principal::WebIdentity(identity) => {
                Subject::WebIdentity { provider_arn: &identity.provider }
            }
        })
    }
}

/// The user or role whose policies a caller has.
const fn identity_of(principal: &Principal) -> Option<&Identity> {
    match principal {
        Principal::User(identity) | Principal::AssumedRole { role: identity, .. } => Some(identity),
        Principal::FederatedUser { user, .. } => user.as_ref(),
        Principal::Root | Principal::Service(_) | Principal::WebIdentity(_) => None,
    }
}

impl Engine {
    /// Who the caller is to policies.
    pub(crate) async fn authority(&self, caller: &Arc<Caller>) -> Result<Arc<Authority>, OpError> {
        let (key, account) = (&caller.access_key_id, &caller.account);
        if let Some(authority) = self.authorities.find_fresh(key, account)
            && (Arc::ptr_eq(&authority.caller, caller) || authority.caller == *caller)
        {
            return Ok(authority);
        }
        self.authorities.load(key, account, || self.load_authority(caller)).await
    }

    async fn load_authority(&self, caller: &Arc<Caller>) -> Result<Arc<Authority>, OpError> {
        let entity = match identity_of(&caller.principal) {
            Some(identity) => self.entity(caller, &identity.unique_id).await?,
            None => federated_root(&caller.principal)?,
        };
        let arn = caller.arn();
        let mut grantees: Vec<Arc<str>> = vec![arn.as_str().into()];
        let own = entity.iter().map(|entity| entity.arn.as_str()).filter(|arn| !arn.is_empty());
        grantees.extend(own.map(Into::into));
        if !matches!(caller.principal, Principal::Service(_)) {
            let root = format!("arn:{}:iam::{}:root", caller.partition, caller.account);
            grantees.push(root.into());
        }
        grantees.dedup();
        Ok(Arc::new(Authority {
            arn,
            user_id: caller.user_id(),
            grantees,
            entity,
            session: self.session_policies(caller).await?,
            caller: Arc::clone(caller),
        }))
    }

    async fn entity(&self, caller: &Caller, id: &UniqueId) -> Result<Option<Arc<Entity>>, OpError> {
        let account = &caller.account;
        if let Some(entity) = self.identities.find_fresh(id, account) {
            return Ok(entity);
        }
        self.identities.load(id, account, || self.load_entity(id)).await
    }

    async fn load_entity(&self, id: &UniqueId) -> Result<Option<Arc<Entity>>, OpError> {
        let found = self.store().entities().find_by_id(id).await.map_err(OpError::internal)?;
        let Some(record) = found.map(|found| found.record) else { return Ok(None) };
        let (attached, inline, boundary, tags, is_service_linked) = match &record.body {
            EntityBody::User(user) => (
                &user.attached_policies,
                &user.inline_policies,
                &user.permissions_boundary,
                &user.tags,
                false,
            ),
            EntityBody::Role(role) => (
                &role.attached_policies,
                &role.inline_policies,
                &role.permissions_boundary,
                &role.tags,
                role.is_service_linked,
            ),
            _ => return Ok(None),
        };
        let mut policies = self.policies_of((attached, inline)).await?;
        if let EntityBody::User(user) = &record.body {
            policies.extend(self.policies_of_groups(user).await?);
        }
        let boundary = match boundary {
            Some(arn) => Some(self.required_policy(arn).await?),
            None => None,
        };
        Ok(Some(Arc::new(Entity {
            arn: record.arn(self.partition()),
            id: id.to_string(),
            tags: tags.clone(),
            policies,
            boundary,
            is_service_linked,
        })))
    }

    async fn policies_of(
        &self,
        (attached, inline): (&[String], &BTreeMap<String, String>),
    ) -> Result<Vec<Arc<Policy>>, OpError> {
        let mut policies = Vec::with_capacity(attached.len() + inline.len());
        for document in inline.values() {
            policies.push(compiled(document)?);
        }
        for arn in attached {
            policies.push(self.required_policy(arn).await?);
        }
        Ok(policies)
    }

    async fn policies_of_groups(&self, user: &UserBody) -> Result<Vec<Arc<Policy>>, OpError> {
        let mut policies = Vec::new();
        for id in &user.groups {
            let group = self.store().entities().find_by_id(id).await.map_err(OpError::internal)?;
            let Some(EntityBody::Group(group)) = group.map(|group| group.record.body) else {
                return Err(OpError::internal("a user is in a group that is not there"));
            };
            let own = (&*group.attached_policies, &group.inline_policies);
            policies.extend(self.policies_of(own).await?);
        }
        Ok(policies)
    }

    async fn session_policies(&self, caller: &Caller) -> Result<Option<Vec<Arc<Policy>>>, OpError> {
        let Some(session) = &caller.session else { return Ok(None) };
        if session.policies.is_none() && session.policy_arns.is_empty() {
            return Ok(None);
        }
        let mut policies = Vec::new();
        for document in session.policies.iter().flatten() {
            policies.push(compiled(document)?);
        }
        for arn in &session.policy_arns {
            // What one that was deleted meanwhile denied is not known any more: all of it is denied.
            let policy = self.managed_policy(arn).await?;
            policies.push(policy.map_or_else(|| compiled(NO_ACCESS), Ok)?);
        }
        Ok(Some(policies))
    }

    /// A policy that an entity names. If it were left out, what it denies would be allowed.
    async fn required_policy(&self, arn: &str) -> Result<Arc<Policy>, OpError> {
        let policy = self.managed_policy(arn).await?;
        policy.ok_or_else(|| OpError::internal("a managed policy in use is not there"))
    }

    /// The default version of a managed policy.
    async fn managed_policy(&self, arn: &str) -> Result<Option<Arc<Policy>>, OpError> {
        if let Some(policy) = find_aws_managed_policy(arn, self.partition().as_str()) {
            return compiled(policy.document).map(Some);
        }
        let Some(name) = policy_name(arn) else { return Ok(None) };
        let found = self.store().entities().find(&name).await.map_err(OpError::internal)?;
        let Some(record) = found.map(|found| found.record) else { return Ok(None) };
        let is_same = record.arn(self.partition()) == arn;
        let Some(document) = default_version(&record).filter(|_| is_same) else { return Ok(None) };
        compiled(document).map(Some)
    }
}

/// What stands in the place of the user behind a federated session that the root user asked for:
/// all that a root user may.
fn federated_root(principal: &Principal) -> Result<Option<Arc<Entity>>, OpError> {
    let Principal::FederatedUser { user: None, .. } = principal else { return Ok(None) };
    Ok(Some(Arc::new(Entity {
        arn: String::new(),
        id: String::new(),
        tags: Vec::new(),
        policies: vec![compiled(FULL_ACCESS)?],
        boundary: None,
        is_service_linked: false,
    })))
}

fn default_version(record: &EntityRecord) -> Option<&str> {
    let EntityBody::Policy(policy) = &record.body else { return None };
    let mut versions = policy.versions.iter();
    let default = versions.find(|version| version.number == policy.default_version)?;
    Some(&default.document)
}

/// The entity that the ARN of a customer managed policy names.
fn policy_name(arn: &str) -> Option<EntityName> {
    let (_, rest) = arn.split_once(":iam::")?;
    let (account, rest) = rest.split_once(":policy/")?;
    let name = rest.rsplit('/').next()?;
    Some(EntityName::new(account.parse().ok()?, EntityKind::Policy, name))
}

/// A policy without principals, ready to decide. One that cannot be read must not be passed over:
/// what it denies would be allowed.
pub(crate) fn compiled(document: &str) -> Result<Arc<Policy>, OpError> {
    let document = parse(document).map_err(OpError::internal)?;
    Ok(Arc::new(Policy::compile_unbound(&document)))
}
