//! The decisions: which layers of policies must agree for a request to be allowed.
//!
//! All functions are pure, cannot fail, and deny what they do not understand. On the way of a live
//! request they allocate nothing, except for variables in patterns.

mod explain;

use std::sync::Arc;

use crate::decision::{Because, Decision, PolicyKind, Refusal};
use crate::policy::{Action, ActionText, Allowance, Asked, Place, Policy};
use crate::request::{Request, Subject};
pub use explain::{AppliedStatement, Explanation};

/// The policies around the caller and its account. The default has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layers<'a> {
    /// Every identity policy of the caller: inline, attached, through groups. Root users need none.
    pub identity: &'a [Arc<Policy>],
    /// The permissions boundary of the user or role.
    pub boundary: Option<&'a Policy>,
    /// The policies of the session, one of which must allow; `None` when it was made without any.
    pub session: Option<&'a [Arc<Policy>]>,
    /// Service control policies of the caller's account, level by level; each level must allow.
    pub service_control: &'a [Vec<Arc<Policy>>],
    /// Resource control policies of the resource's account, level by level; each level must allow.
    pub resource_control: &'a [Vec<Arc<Policy>>],
    /// The policy of the VPC endpoint the request came through.
    pub vpc_endpoint: Option<&'a Policy>,
}

/// The side of a KMS key.
#[derive(Clone, Copy, Debug)]
pub struct KeySide<'a> {
    /// The account that owns the key.
    pub account: &'a str,
    /// The key policy.
    pub policy: &'a Policy,
    /// Whether the operation may be called from another account.
    pub is_cross_account: bool,
    /// What the key's grants say.
    pub grant: GrantRoute,
}

/// What the grants of a key say to a request. The best of those that were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum GrantRoute {
    /// Nothing.
    #[default]
    None,
    /// A grant lets its grantee make grants, but not one as broad as this.
    ChildTooBroad,
    /// A grant to the caller's account allows the request: the account's policies decide.
    Account,
    /// A grant to the caller, or to the caller's role, allows the request.
    Caller,
}

/// The side of a role that is to be assumed.
#[derive(Clone, Copy, Debug)]
pub struct RoleSide<'a> {
    /// The account of the role.
    pub account: &'a str,
    /// Its trust policy.
    pub trust_policy: &'a Policy,
}

/// The side of any other resource.
#[derive(Clone, Copy, Debug)]
pub struct ResourceSide<'a> {
    /// The account that owns the resource.
    pub account: &'a str,
    /// Its policy, if it has one.
    pub policy: Option<&'a Policy>,
}

/// Decides about an operation on a KMS key: nothing is allowed that the key's policy does not allow
/// or hand to the caller's account, unless a grant does.
pub fn decide_key(request: &Request<'_>, layers: &Layers<'_>, key: &KeySide<'_>) -> Decision {
    let guard = Guard {
        place: Place::Key,
        account: key.account,
        policy: key.policy,
        is_cross_account: key.is_cross_account,
        grant: key.grant,
    };
    decide(request, layers, |decider| decider.decide_guarded(&guard))
}

/// Decides whether a caller may assume a role (`sts:AssumeRole*`, `sts:TagSession`,
/// `sts:SetSourceIdentity` on the role's ARN): the trust policy must allow it, or hand it to the
/// caller's account, whose policies then allow it. Callers that no account vouches for (services,
/// web identities) need the trust policy alone.
pub fn decide_assume_role(
    request: &Request<'_>,
    layers: &Layers<'_>,
    role: &RoleSide<'_>,
) -> Decision {
    let guard = Guard {
        place: Place::Role,
        account: role.account,
        policy: role.trust_policy,
        is_cross_account: true,
        grant: GrantRoute::None,
    };
    decide(request, layers, |decider| decider.decide_guarded(&guard))
}

/// Decides about any other resource: in the caller's own account the identity policies or the
/// resource's policy allow, across accounts both.
pub fn decide_resource(
    request: &Request<'_>,
    layers: &Layers<'_>,
    resource: &ResourceSide<'_>,
) -> Decision {
    decide(request, layers, |decider| decider.decide_open(resource))
}

/// Decides about an action of the caller's account that has no resource with a policy: `kms:ListKeys`
/// on `*`, an `iam:` action, an alias. The caller's own policies alone; root users may.
pub fn decide_account(request: &Request<'_>, layers: &Layers<'_>) -> Decision {
    let account = request.subject.account().unwrap_or_default();
    decide_resource(request, layers, &ResourceSide { account, policy: None })
}

/// Only asks whether anything around the caller denies the action, for what needs no Allow.
pub fn decide_unless_denied(request: &Request<'_>, layers: &Layers<'_>) -> Decision {
    decide(request, layers, |decider| match decider.find_deny(None) {
        Some(kind) => Decision::Denied(Refusal::ExplicitDeny(kind)),
        None => Decision::Allowed(Because::NothingDenies),
    })
}

/// Text that is no action is allowed to no one.
fn decide(
    request: &Request<'_>,
    layers: &Layers<'_>,
    by: impl FnOnce(&Decider<'_>) -> Decision,
) -> Decision {
    let text = ActionText::of(request.action);
    match text.as_ref().and_then(ActionText::action) {
        Some(action) => by(&Decider { request, layers, action }),
        None => denied(PolicyKind::Identity),
    }
}

fn denied(kind: PolicyKind) -> Decision {
    Decision::Denied(Refusal::NoAllow(kind))
}

/// A resource whose policy must allow, or hand the decision to the caller's account.
struct Guard<'a> {
    place: Place,
    account: &'a str,
    policy: &'a Policy,
    is_cross_account: bool,
    grant: GrantRoute,
}

/// One request among its layers.
struct Decider<'a> {
    request: &'a Request<'a>,
    layers: &'a Layers<'a>,
    action: Action<'a>,
}

impl Decider<'_> {
    fn decide_guarded(&self, guard: &Guard<'_>) -> Decision {
        let policy = self.asked(guard.place);
        if let Some(kind) = self.find_deny(Some((guard.policy, &policy))) {
            return Decision::Denied(Refusal::ExplicitDeny(kind));
        }
        let account = self.request.subject.account();
        if account.is_some_and(|account| account != guard.account) && !guard.is_cross_account {
            return Decision::Denied(Refusal::OtherAccount);
        }
        if let Some(kind) = self.find_silent_control() {
            return denied(kind);
        }
        let allowance = guard.policy.allowance(&policy);
        match account {
            None => self.without_account(guard, allowance),
            Some(account) if account == guard.account => {
                self.within_account(guard.grant, allowance)
            }
            Some(_) => self.across_accounts(guard.grant, allowance),
        }
    }

    fn decide_open(&self, resource: &ResourceSide<'_>) -> Decision {
        let asked = self.asked(Place::Other);
        if let Some(kind) = self.find_deny(resource.policy.map(|policy| (policy, &asked))) {
            return Decision::Denied(Refusal::ExplicitDeny(kind));
        }
        if let Some(kind) = self.find_silent_control() {
            return denied(kind);
        }
        let allowance = resource.policy.map(|it| it.allowance(&asked)).unwrap_or_default();
        match self.request.subject.account() {
            None if allowance.direct => Decision::Allowed(Because::ResourcePolicy),
            None => denied(PolicyKind::Resource),
            // The account's own policies decide in any case, so that it is named adds nothing.
            Some(account) if account == resource.account => {
                self.within_account(GrantRoute::None, Allowance { account: true, ..allowance })
            }
            Some(_) => self.across_accounts(GrantRoute::None, allowance),
        }
    }

    /// A service or web identity, whom no policy but the resource's knows.
    fn without_account(&self, guard: &Guard<'_>, allowance: Allowance) -> Decision {
        let is_known = self.request.subject != Subject::Anonymous;
        if is_known && guard.grant == GrantRoute::Caller {
            Decision::Allowed(Because::Grant)
        } else if is_known && allowance.direct {
            Decision::Allowed(Because::ResourcePolicy)
        } else {
            denied(PolicyKind::Resource)
        }
    }

    fn within_account(&self, grant: GrantRoute, allowance: Allowance) -> Decision {
        if grant == GrantRoute::Caller {
            return Decision::Allowed(Because::Grant);
        }
        if allowance.direct {
            return Decision::Allowed(Because::ResourcePolicy);
        }
        let is_delegated = allowance.account || grant == GrantRoute::Account;
        let identity = is_delegated && self.identity_allows();
        if !allowance.role && !identity {
            // A grantee that may not make so broad a grant is told what it lacks beside the grant.
            let is_grantee = grant == GrantRoute::ChildTooBroad;
            let lacks_identity = is_delegated || is_grantee;
            return denied(if lacks_identity {
                PolicyKind::Identity
            } else {
                PolicyKind::Resource
            });
        }
        if let Some(kind) = self.find_silent_limit() {
            return denied(kind);
        }
        Decision::Allowed(match () {
            () if self.request.subject.is_root() => Because::RootUser,
            () if allowance.role => Because::RoleInResourcePolicy,
            () if allowance.account => Because::IdentityPolicy,
            () => Because::Grant,
        })
    }

    fn across_accounts(&self, grant: GrantRoute, allowance: Allowance) -> Decision {
        // A grant that names the caller stands on its own, as within the account.
        if grant == GrantRoute::Caller {
            return Decision::Allowed(Because::Grant);
        }
        let by_policy = allowance.direct || allowance.role || allowance.account;
        if !by_policy && grant == GrantRoute::None {
            return denied(PolicyKind::Resource);
        }
        if !self.identity_allows() || (!by_policy && grant == GrantRoute::ChildTooBroad) {
            return denied(PolicyKind::Identity);
        }
        if let Some(kind) = self.find_silent_limit() {
            return denied(kind);
        }
        Decision::Allowed(if by_policy { Because::BothAccounts } else { Because::Grant })
    }

    fn identity_allows(&self) -> bool {
        let asked = self.asked(Place::Caller);
        self.request.subject.is_root() || any_allows(self.layers.identity, &asked)
    }

    /// The boundary or session policy that stays silent. The session of a federated user has no
    /// rights but those that its session policies name.
    fn find_silent_limit(&self) -> Option<PolicyKind> {
        let asked = self.asked(Place::Caller);
        if self.layers.boundary.is_some_and(|boundary| !boundary.allows(&asked)) {
            return Some(PolicyKind::Boundary);
        }
        let is_silent = match self.layers.session {
            Some(policies) => !any_allows(policies, &asked),
            None => matches!(self.request.subject, Subject::FederatedUser { .. }),
        };
        is_silent.then_some(PolicyKind::Session)
    }

    /// The control that stays silent. Those of an account bind its callers, its root user too.
    fn find_silent_control(&self) -> Option<PolicyKind> {
        let is_silent = |levels: &[Vec<Arc<Policy>>], place| {
            let asked = self.asked(place);
            levels.iter().any(|level| !any_allows(level, &asked))
        };
        if is_silent(self.layers.resource_control, Place::Other) {
            return Some(PolicyKind::ResourceControl);
        }
        if is_silent(self.layers.service_control, Place::Caller) {
            return Some(PolicyKind::ServiceControl);
        }
        let endpoint = self.layers.vpc_endpoint?;
        (!endpoint.allows(&self.asked(Place::Other))).then_some(PolicyKind::VpcEndpoint)
    }

    fn find_deny(&self, resource: Option<(&Policy, &Asked<'_>)>) -> Option<PolicyKind> {
        let layers = self.layers;
        let (caller, other) = (self.asked(Place::Caller), self.asked(Place::Other));
        let any = |policies: &[Arc<Policy>], asked| policies.iter().any(|it| it.denies(asked));
        let is_denied_by = |kind| match kind {
            PolicyKind::Resource => resource.is_some_and(|(policy, asked)| policy.denies(asked)),
            PolicyKind::Identity => any(layers.identity, &caller),
            PolicyKind::Boundary => layers.boundary.is_some_and(|it| it.denies(&caller)),
            PolicyKind::Session => layers.session.is_some_and(|it| any(it, &caller)),
            PolicyKind::ServiceControl => layers.service_control.iter().any(|it| any(it, &caller)),
            PolicyKind::ResourceControl => layers.resource_control.iter().any(|it| any(it, &other)),
            PolicyKind::VpcEndpoint => layers.vpc_endpoint.is_some_and(|it| it.denies(&other)),
        };
        PolicyKind::ALL.into_iter().find(|&kind| is_denied_by(kind))
    }

    fn asked(&self, place: Place) -> Asked<'_> {
        let has_boundary = self.layers.boundary.is_some();
        Asked { request: self.request, action: self.action, place, has_boundary }
    }
}

fn any_allows(policies: &[Arc<Policy>], asked: &Asked<'_>) -> bool {
    policies.iter().any(|policy| policy.allows(asked))
}
