//! Managed policies: those of the account and those that every account has.

mod shape;

use keyward_engine::{Cx, OpError, op_error};
use keyward_model::{AccountId, Timestamp};
use keyward_policy::{AwsManagedPolicy, find_aws_managed_policy, policy_size};
use keyward_store::{EntityRelation, EntityTarget, PolicyBody, PolicyVersion, Precondition};

use super::action::{Permission, Proof};
use super::authorize::{Resource, authorize};
use super::conditions::Conditions;
use super::entity::{Body as _, Entity};
pub(crate) use shape::{
    OfPolicy, OnePolicy, OneVersion, PageOfPolicy, PolicyOutput, PolicyVersionOutput,
    VersionOfPolicy,
};

/// The most versions of one policy.
pub(crate) const VERSIONS_MAX: usize = 5;
/// The most characters of a document, white space left out.
const CHARS_MAX: usize = 6144;

/// A managed policy, whosever it is.
pub(crate) struct ManagedPolicy {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) path: String,
    id: String,
    created_at: Timestamp,
    pub(crate) body: PolicyBody,
    /// The service whose roles alone it may be attached to.
    service: Option<&'static str>,
    /// The entity, of a policy of the account.
    own: Option<Box<Entity<PolicyBody>>>,
}

impl ManagedPolicy {
    /// The policy with this ARN.
    pub(crate) async fn find(cx: &Cx, arn: &str) -> Result<Option<Self>, OpError> {
        let partition = cx.engine().partition();
        if let Some(found) = find_aws_managed_policy(arn, partition.as_str()) {
            return Ok(Some(Self::of_aws(cx, found)));
        }
        let found = find_own(cx, arn).await?;
        found.map(|found| Self::of_own(cx, found)).transpose()
    }

    /// One that every account has.
    pub(crate) fn of_aws(cx: &Cx, policy: &'static AwsManagedPolicy) -> Self {
        let created_at = Timestamp::from_unix_ms(policy.created_at_ms);
        let updated_at = Timestamp::from_unix_ms(policy.updated_at_ms);
        let number = policy.version;
        let version =
            PolicyVersion { number, document: policy.document.to_owned(), created_at: updated_at };
        Self {
            arn: policy.arn(cx.engine().partition().as_str()),
            name: policy.name.to_owned(),
            path: policy.path.to_owned(),
            id: policy.id.to_owned(),
            created_at,
            body: PolicyBody {
                description: Some(policy.description.to_owned()),
                tags: Vec::new(),
                default_version: number,
                next_version: number,
                versions: vec![version],
                updated_at,
            },
            service: policy.service,
            own: None,
        }
    }

    /// One of the account.
    pub(crate) fn of_own(cx: &Cx, entity: Entity<PolicyBody>) -> Result<Self, OpError> {
        Ok(Self {
            arn: entity.arn(cx),
            name: entity.name.clone(),
            path: entity.path.clone(),
            id: entity.unique_id()?.to_string(),
            created_at: entity.created_at,
            body: entity.body.clone(),
            service: None,
            own: Some(Box::new(entity)),
        })
    }

    /// Whether it is one that every account has.
    pub(crate) const fn is_aws(&self) -> bool {
        self.own.is_none()
    }

    /// Makes the change depend on the policy being as it was read.
    pub(crate) fn require_unchanged(&self, cx: &mut Cx) {
        if let Some(own) = &self.own {
            own.require_unchanged(cx);
        }
    }

    /// The document in force.
    pub(crate) fn default_document(&self) -> &str {
        let found = self.body.versions.iter().find(|it| it.number == self.body.default_version);
        found.map_or("", |version| &version.document)
    }
}

async fn find_own(cx: &Cx, arn: &str) -> Result<Option<Entity<PolicyBody>>, OpError> {
    let name = arn.rsplit('/').next().unwrap_or_default();
    let found = Entity::<PolicyBody>::find(cx, name).await?;
    Ok(found.filter(|found| found.arn(cx) == arn))
}

/// Refuses what is no ARN of a policy.
pub(crate) fn require_policy_arn(cx: &Cx, arn: &str) -> Result<(), OpError> {
    let is_one = || {
        let rest = arn.strip_prefix(&format!("arn:{}:iam::", cx.engine().partition()))?;
        let (account, policy) = rest.split_once(":policy/")?;
        let is_account = account == "aws" || account.parse::<AccountId>().is_ok();
        Some(is_account && !policy.is_empty())
    };
    if is_one() == Some(true) {
        return Ok(());
    }
    Err(op_error!(InvalidInput, "ARN {arn} is not valid."))
}

/// Decides whether the caller may do `P` to the policy with this ARN, and finds it.
pub(crate) async fn existing<P: Permission>(
    cx: &mut Cx,
    arn: &str,
) -> Result<(Proof<P>, ManagedPolicy), OpError> {
    require_policy_arn(cx, arn)?;
    let found = ManagedPolicy::find(cx, arn).await?;
    let own = found.as_ref().and_then(|found| found.own.as_deref());
    let proof = authorize_on::<P>(cx, (arn, own), Conditions::none()).await?;
    Ok((proof, found.ok_or_else(|| not_found(arn))?))
}

/// Decides whether the caller may change the policy with this ARN, and finds it. Those that every
/// account has are changed by none.
pub(crate) async fn modifiable<P: Permission>(
    cx: &mut Cx,
    arn: &str,
    conditions: Conditions<'_>,
) -> Result<(Proof<P>, Entity<PolicyBody>), OpError> {
    require_policy_arn(cx, arn)?;
    let found = find_own(cx, arn).await?;
    let proof = authorize_on::<P>(cx, (arn, found.as_ref()), conditions).await?;
    if find_aws_managed_policy(arn, cx.engine().partition().as_str()).is_some() {
        // WIRE: "IAM: AWS managed policies".
        let (caller, action) = (cx.caller().arn(), P::NAME);
        return Err(op_error!(
            AccessDenied,
            "User: {caller} is not authorized to perform: {action} on resource: policy {arn}"
        ));
    }
    Ok((proof, found.ok_or_else(|| not_found(arn))?))
}

async fn authorize_on<P: Permission>(
    cx: &mut Cx,
    (arn, own): (&str, Option<&Entity<PolicyBody>>),
    conditions: Conditions<'_>,
) -> Result<Proof<P>, OpError> {
    let resource = Resource { arn: arn.to_owned(), shown: format!("{} {arn}", PolicyBody::WORD) };
    let conditions = match own {
        Some(own) => conditions.of_entity(&own.body),
        None => conditions,
    };
    authorize(cx, &resource, conditions).await
}

fn not_found(arn: &str) -> OpError {
    op_error!(NoSuchEntity, "Policy {arn} was not found.")
}

/// Refuses a policy that cannot be attached, and makes the change depend on its staying.
pub(crate) async fn require_attachable(cx: &mut Cx, arn: &str) -> Result<(), OpError> {
    require_policy_arn(cx, arn)?;
    let found = ManagedPolicy::find(cx, arn).await?.ok_or_else(|| {
        op_error!(NoSuchEntity, "Policy {arn} does not exist or is not attachable.")
    })?;
    if found.service.is_some() {
        return Err(op_error!(
            PolicyNotAttachable,
            "Cannot attach a Service Role Policy to a Customer Role."
        ));
    }
    found.require_unchanged(cx);
    Ok(())
}

/// Refuses a policy that cannot be a permissions boundary, and makes the change depend on its
/// staying.
pub(crate) async fn require_boundary(cx: &mut Cx, arn: &str) -> Result<(), OpError> {
    require_policy_arn(cx, arn)?;
    let found = ManagedPolicy::find(cx, arn).await?.filter(|found| found.service.is_none());
    let absent =
        || op_error!(NoSuchEntity, "Scope ARN: {arn} does not exist or is not attachable.");
    found.ok_or_else(absent)?.require_unchanged(cx);
    Ok(())
}

/// Refuses a document that is too long for a managed policy.
pub(crate) fn require_length(document: &str) -> Result<(), OpError> {
    if policy_size(document) > CHARS_MAX {
        return Err(op_error!(LimitExceeded, "Cannot exceed quota for PolicySize: {CHARS_MAX}"));
    }
    Ok(())
}

/// `v1` and so on.
pub(crate) fn version_id(number: u32) -> String {
    format!("v{number}")
}

/// The version of this id.
pub(crate) fn find_version<'p>(
    (arn, body): (&str, &'p PolicyBody),
    id: &str,
) -> Result<&'p PolicyVersion, OpError> {
    let found = body.versions.iter().find(|version| version_id(version.number) == id);
    found.ok_or_else(|| {
        op_error!(NoSuchEntity, "Policy {arn} version {id} does not exist or is not attachable.")
    })
}

/// Those to whom a policy is attached, or whose permissions boundary it is.
pub(crate) fn target(cx: &Cx, relation: EntityRelation, arn: &str) -> EntityTarget {
    EntityTarget::new(cx.caller().account, relation, arn)
}

async fn count(cx: &Cx, relation: EntityRelation, arn: &str) -> Result<u32, OpError> {
    let target = target(cx, relation, arn);
    let count = cx.engine().store().entities().count_referrers(&target).await;
    count.map_err(OpError::internal)
}

/// Makes the change depend on nobody having the policy.
pub(crate) fn require_unused(cx: &mut Cx, arn: &str) {
    for relation in [EntityRelation::Policy, EntityRelation::Boundary] {
        let target = target(cx, relation, arn);
        cx.require(Precondition::NotReferenced(target));
    }
}
