//! Which statements made a decision, for simulations and operators. Evaluates again and allocates;
//! not for the path of live requests.

use std::sync::Arc;

use super::{KeySide, Layers, ResourceSide, RoleSide};
use crate::decision::{Decision, PolicyKind};
use crate::document::Effect;
use crate::policy::{ActionText, Asked, Place, Policy};
use crate::request::Request;

/// A decision with every statement that applies to the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// The statements that apply, whether or not they decided, in the order of their layers.
    pub statements: Vec<AppliedStatement>,
}

/// A statement that applies to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedStatement {
    /// The kind of its policy.
    pub kind: PolicyKind,
    /// The place of its policy among those of the kind; controls are counted through all levels.
    pub policy: usize,
    /// The place of the statement in its document, from 0.
    pub statement: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// What it does.
    pub effect: Effect,
}

impl Explanation {
    /// Explains [`decide_key`](super::decide_key).
    pub fn of_key(request: &Request<'_>, layers: &Layers<'_>, key: &KeySide<'_>) -> Self {
        let decision = super::decide_key(request, layers, key);
        Self::new(decision, request, layers, Some((key.policy, Place::Key)))
    }

    /// Explains [`decide_assume_role`](super::decide_assume_role).
    pub fn of_assume_role(request: &Request<'_>, layers: &Layers<'_>, role: &RoleSide<'_>) -> Self {
        let decision = super::decide_assume_role(request, layers, role);
        Self::new(decision, request, layers, Some((role.trust_policy, Place::Role)))
    }

    /// Explains [`decide_resource`](super::decide_resource).
    pub fn of_resource(
        request: &Request<'_>,
        layers: &Layers<'_>,
        resource: &ResourceSide<'_>,
    ) -> Self {
        let decision = super::decide_resource(request, layers, resource);
        let policy = resource.policy.map(|policy| (policy, Place::Other));
        Self::new(decision, request, layers, policy)
    }

    /// Explains [`decide_account`](super::decide_account).
    pub fn of_account(request: &Request<'_>, layers: &Layers<'_>) -> Self {
        Self::new(super::decide_account(request, layers), request, layers, None)
    }

    fn new(
        decision: Decision,
        request: &Request<'_>,
        layers: &Layers<'_>,
        resource: Option<(&Policy, Place)>,
    ) -> Self {
        let text = ActionText::of(request.action);
        let Some(action) = text.as_ref().and_then(ActionText::action) else {
            return Self { decision, statements: Vec::new() };
        };
        let mut statements = Vec::new();
        let mut add = |kind, place, policies: &[&Policy]| {
            let has_boundary = layers.boundary.is_some();
            let asked = Asked { request, action, place, has_boundary };
            for (index, policy) in policies.iter().enumerate() {
                statements.extend(applied(kind, index, policy, &asked));
            }
        };
        for kind in PolicyKind::ALL {
            let place = match kind {
                PolicyKind::Resource => resource.map_or(Place::Other, |(_, place)| place),
                PolicyKind::ResourceControl | PolicyKind::VpcEndpoint => Place::Other,
                _ => Place::Caller,
            };
            add(kind, place, &policies_of(kind, layers, resource.map(|(policy, _)| policy)));
        }
        Self { decision, statements }
    }
}

fn policies_of<'a>(
    kind: PolicyKind,
    layers: &Layers<'a>,
    resource: Option<&'a Policy>,
) -> Vec<&'a Policy> {
    let all = |policies: &'a [Arc<Policy>]| policies.iter().map(AsRef::as_ref).collect();
    let levels = |levels: &'a [Vec<Arc<Policy>>]| levels.iter().flatten().map(AsRef::as_ref);
    match kind {
        PolicyKind::Resource => resource.into_iter().collect(),
        PolicyKind::Identity => all(layers.identity),
        PolicyKind::Boundary => layers.boundary.into_iter().collect(),
        PolicyKind::Session => layers.session.map(all).unwrap_or_default(),
        PolicyKind::ServiceControl => levels(layers.service_control).collect(),
        PolicyKind::ResourceControl => levels(layers.resource_control).collect(),
        PolicyKind::VpcEndpoint => layers.vpc_endpoint.into_iter().collect(),
    }
}

fn applied(
    kind: PolicyKind,
    policy: usize,
    compiled: &Policy,
    asked: &Asked<'_>,
) -> Vec<AppliedStatement> {
    let allowing = compiled.allowing(asked).map(|it| (it, Effect::Allow));
    let denying = compiled.denying(asked).map(|it| (it, Effect::Deny));
    let mut statements: Vec<_> = denying
        .chain(allowing)
        .map(|(it, effect)| AppliedStatement {
            kind,
            policy,
            statement: it.index,
            sid: it.sid.map(ToOwned::to_owned),
            effect,
        })
        .collect();
    statements.sort_by_key(|it| it.statement);
    statements
}
