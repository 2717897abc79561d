//! Inline policies, attached policies and permissions boundaries: the same for users, groups and
//! roles.

use std::collections::BTreeMap;

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, OpError, op_error, reach};
use keyward_policy::policy_size;
use keyward_store::{GroupBody, RoleBody, UserBody};
use serde::Serialize;

use super::action::{Permission, Proof};
use super::document::check_identity;
use super::entity::{Body, Entity};
use super::managed_policy::require_attachable;
use super::paging::{Page, PageRequest};

/// The most policies that are attached to one entity.
const ATTACHED_MAX: usize = 10;

/// An entity that has policies.
pub(crate) trait PolicyHolder: Body {
    /// The most characters, without white space, of all inline policies together.
    const INLINE_CHARS_MAX: usize;
    /// What the quota of attached policies is called.
    const ATTACHED_QUOTA: &'static str;

    /// Inline policies: name and document.
    fn inline(&self) -> &BTreeMap<String, String>;

    /// The same, to be changed.
    fn inline_mut(&mut self) -> &mut BTreeMap<String, String>;

    /// The ARNs of attached policies, in the order of attachment.
    fn attached(&self) -> &[String];

    /// The same, to be changed.
    fn attached_mut(&mut self) -> &mut Vec<String>;

    /// Refuses to delete an entity that has policies.
    fn require_no_policies(&self) -> Result<(), OpError> {
        if !self.attached().is_empty() {
            return Err(op_error!(
                DeleteConflict,
                "Cannot delete entity, must detach all policies first."
            ));
        }
        if !self.inline().is_empty() {
            return Err(op_error!(
                DeleteConflict,
                "Cannot delete entity, must delete policies first."
            ));
        }
        Ok(())
    }
}

macro_rules! policy_holders {
    ($($body:ty: $inline_chars_max:literal $attached_quota:literal;)+) => {$(
        impl PolicyHolder for $body {
            const INLINE_CHARS_MAX: usize = $inline_chars_max;
            const ATTACHED_QUOTA: &'static str = $attached_quota;

            fn inline(&self) -> &BTreeMap<String, String> {
                &self.inline_policies
            }

            fn inline_mut(&mut self) -> &mut BTreeMap<String, String> {
                &mut self.inline_policies
            }

            fn attached(&self) -> &[String] {
                &self.attached_policies
            }

            fn attached_mut(&mut self) -> &mut Vec<String> {
                &mut self.attached_policies
            }
        }
    )+};
}

policy_holders! {
    GroupBody: 5120 "PoliciesPerGroup";
    RoleBody: 10240 "PoliciesPerRole";
    UserBody: 2048 "PoliciesPerUser";
}

/// Adds or replaces an inline policy.
pub(crate) fn put_inline<P, B: PolicyHolder>(
    cx: &mut Cx,
    (proof, mut entity): (Proof<P>, Entity<B>),
    (name, document): (&str, &str),
) -> Result<(), OpError>
where
    P: Permission<Reach = reach::Change>,
{
    check_identity(document)?;
    let policies = entity.body.inline_mut();
    policies.insert(name.to_owned(), document.to_owned());
    let chars: usize = policies.values().map(|document| policy_size(document)).sum();
    if chars > B::INLINE_CHARS_MAX {
        return Err(op_error!(
            LimitExceeded,
            "Maximum policy size of {} bytes exceeded for {} {}",
            B::INLINE_CHARS_MAX,
            B::WORD,
            entity.name
        ));
    }
    entity.stage(cx, &proof);
    Ok(())
}

/// The document of an inline policy.
pub(crate) fn find_inline<B: PolicyHolder>(
    entity: &Entity<B>,
    name: &str,
) -> Result<String, OpError> {
    entity.body.inline().get(name).cloned().ok_or_else(|| no_such_inline::<B>(name))
}

/// Removes an inline policy.
pub(crate) fn delete_inline<P, B: PolicyHolder>(
    cx: &mut Cx,
    (proof, mut entity): (Proof<P>, Entity<B>),
    name: &str,
) -> Result<(), OpError>
where
    P: Permission<Reach = reach::Change>,
{
    entity.body.inline_mut().remove(name).ok_or_else(|| no_such_inline::<B>(name))?;
    entity.stage(cx, &proof);
    Ok(())
}

fn no_such_inline<B: Body>(name: &str) -> OpError {
    op_error!(NoSuchEntity, "The {} policy with name {name} cannot be found.", B::WORD)
}

/// A page of the names of inline policies.
pub(crate) fn inline_names<B: PolicyHolder>(
    cx: &Cx,
    request: &PageRequest<'_>,
    entity: &Entity<B>,
) -> Result<Page<String>, OpError> {
    request.page_of_all(cx, entity.body.inline().keys().cloned(), Clone::clone)
}

/// Attaches a managed policy. One that is attached already stays so.
pub(crate) async fn attach<P, B: PolicyHolder>(
    cx: &mut Cx,
    (proof, mut entity): (Proof<P>, Entity<B>),
    arn: &str,
) -> Result<(), OpError>
where
    P: Permission<Reach = reach::Change>,
{
    require_attachable(cx, arn).await?;
    let attached = entity.body.attached_mut();
    if attached.iter().any(|attached| attached == arn) {
        return Ok(());
    }
    if attached.len() >= ATTACHED_MAX {
        let quota = B::ATTACHED_QUOTA;
        return Err(op_error!(LimitExceeded, "Cannot exceed quota for {quota}: {ATTACHED_MAX}"));
    }
    attached.push(arn.to_owned());
    entity.stage(cx, &proof);
    Ok(())
}

/// Detaches a managed policy.
pub(crate) fn detach<P, B: PolicyHolder>(
    cx: &mut Cx,
    (proof, mut entity): (Proof<P>, Entity<B>),
    arn: &str,
) -> Result<(), OpError>
where
    P: Permission<Reach = reach::Change>,
{
    let attached = entity.body.attached_mut();
    let before = attached.len();
    attached.retain(|attached| attached != arn);
    if attached.len() == before {
        return Err(op_error!(NoSuchEntity, "Policy {arn} was not found."));
    }
    entity.stage(cx, &proof);
    Ok(())
}

/// An attached policy in a reply.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AttachedPolicy {
    policy_name: String,
    policy_arn: String,
}

impl AttachedPolicy {
    /// What an ARN says of a policy.
    pub(crate) fn of_arn(arn: &str) -> Self {
        let name = arn.rsplit('/').next().unwrap_or_default();
        Self { policy_name: name.to_owned(), policy_arn: arn.to_owned() }
    }
}

/// A page of attached policies whose path begins with `path_prefix`, by name.
pub(crate) fn attached_page<B: PolicyHolder>(
    cx: &Cx,
    request: &PageRequest<'_>,
    entity: &Entity<B>,
    path_prefix: Option<&str>,
) -> Result<Page<AttachedPolicy>, OpError> {
    let prefix = path_prefix.unwrap_or("/");
    let is_under = |arn: &&String| {
        let path = arn.split_once(":policy").map_or("", |(_, path)| path);
        path.starts_with(prefix)
    };
    let mut found: Vec<_> = entity
        .body
        .attached()
        .iter()
        .filter(is_under)
        .map(|arn| AttachedPolicy::of_arn(arn))
        .collect();
    let position = |policy: &AttachedPolicy| policy.policy_name.clone();
    found.sort_unstable_by_key(position);
    request.page_of_all(cx, found, position)
}

/// A permissions boundary in a reply.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AttachedPermissionsBoundary {
    permissions_boundary_type: &'static str,
    permissions_boundary_arn: String,
}

impl AttachedPermissionsBoundary {
    /// The policy with this ARN as a boundary.
    pub(crate) fn of_arn(arn: &str) -> Self {
        Self {
            permissions_boundary_type: "PermissionsBoundaryPolicy",
            permissions_boundary_arn: arn.to_owned(),
        }
    }
}

impl Recorded for AttachedPermissionsBoundary {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("permissionsBoundaryType", self.permissions_boundary_type);
        to.text("permissionsBoundaryArn", &self.permissions_boundary_arn);
    }
}
