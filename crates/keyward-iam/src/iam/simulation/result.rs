//! What a simulation answers for one request.

use keyward_policy::{AppliedStatement, Decision, Effect, Explanation, PolicyKind, Refusal};
use serde::Serialize;

use super::source::{Position, Source};
use super::{Policies, applied};

/// `EvaluationResult`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EvaluationResult {
    eval_action_name: String,
    eval_resource_name: String,
    eval_decision: &'static str,
    matched_statements: Vec<MatchedStatement>,
    missing_context_values: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organizations_decision_detail: Option<OrganizationsDecisionDetail>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary_decision_detail: Option<PermissionsBoundaryDecisionDetail>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_specific_results: Vec<ResourceSpecificResult>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MatchedStatement {
    source_policy_id: String,
    source_policy_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_position: Option<Position>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_position: Option<Position>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct OrganizationsDecisionDetail {
    allowed_by_organizations: bool,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PermissionsBoundaryDecisionDetail {
    allowed_by_permissions_boundary: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ResourceSpecificResult {
    eval_resource_name: String,
    eval_resource_decision: &'static str,
    matched_statements: Vec<MatchedStatement>,
    missing_context_values: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary_decision_detail: Option<PermissionsBoundaryDecisionDetail>,
}

/// What a result is made of.
pub(super) struct Environment<'e> {
    pub(super) explanation: &'e Explanation,
    pub(super) policies: &'e Policies,
    /// The condition keys that the policies ask for and the request has not.
    pub(super) missing: Vec<String>,
    pub(super) is_resource_named: bool,
}

impl EvaluationResult {
    /// The result for one action on one resource. Beside a resource that was named, what is missing
    /// stands with the resource.
    pub(super) fn new(action: &str, resource: &str, environment: Environment<'_>) -> Self {
        let eval_decision = environment.decision();
        let matched_statements = environment.matched_statements();
        let boundary = environment.boundary_detail();
        let organizations_decision_detail = environment.organizations_detail();
        let (mut missing, mut resource_specific_results) = (environment.missing, Vec::new());
        if environment.is_resource_named {
            resource_specific_results.push(ResourceSpecificResult {
                eval_resource_name: resource.to_owned(),
                eval_resource_decision: eval_decision,
                matched_statements: matched_statements.clone(),
                missing_context_values: std::mem::take(&mut missing),
                permissions_boundary_decision_detail: boundary,
            });
        }
        Self {
            eval_action_name: action.to_owned(),
            eval_resource_name: resource.to_owned(),
            eval_decision,
            matched_statements,
            missing_context_values: missing,
            organizations_decision_detail,
            permissions_boundary_decision_detail: boundary,
            resource_specific_results,
        }
    }
}

impl Environment<'_> {
    fn decision(&self) -> &'static str {
        match self.explanation.decision {
            Decision::Allowed(_) => "allowed",
            Decision::Denied(Refusal::ExplicitDeny(_)) => "explicitDeny",
            Decision::Denied(_) => "implicitDeny",
        }
    }

    /// The statements that decide: those that deny, if there are any.
    fn matched_statements(&self) -> Vec<MatchedStatement> {
        let statements = &self.explanation.statements;
        let is_denied = statements.iter().any(|it| it.effect == Effect::Deny);
        let counts = |it: &&AppliedStatement| match it.effect {
            Effect::Deny => true,
            Effect::Allow => {
                !is_denied && matches!(it.kind, PolicyKind::Identity | PolicyKind::Resource)
            }
        };
        let decisive = statements.iter().filter(counts);
        decisive.filter_map(|it| Some(matched(self.source(it)?, it.statement))).collect()
    }

    fn source(&self, applied: &AppliedStatement) -> Option<&Source> {
        let policies = self.policies;
        match applied.kind {
            PolicyKind::Identity => policies.identity.get(applied.policy),
            PolicyKind::Boundary => policies.boundary.as_ref(),
            PolicyKind::Resource => policies.resource.as_ref(),
            PolicyKind::ServiceControl => {
                policies.organization.iter().flatten().nth(applied.policy)
            }
            PolicyKind::Session | PolicyKind::ResourceControl | PolicyKind::VpcEndpoint => None,
        }
    }

    fn boundary_detail(&self) -> Option<PermissionsBoundaryDecisionDetail> {
        self.policies.boundary.as_ref()?;
        let says = |effect| applied(self.explanation, PolicyKind::Boundary, effect);
        let allowed_by_permissions_boundary = says(Effect::Allow) && !says(Effect::Deny);
        Some(PermissionsBoundaryDecisionDetail { allowed_by_permissions_boundary })
    }

    /// Every level must allow.
    fn organizations_detail(&self) -> Option<OrganizationsDecisionDetail> {
        let levels = &self.policies.organization;
        if levels.is_empty() {
            return None;
        }
        let mut first = 0_usize;
        let mut allows_all = true;
        for level in levels {
            let range = first..first.saturating_add(level.len());
            first = range.end;
            allows_all &= self.explanation.statements.iter().any(|it| {
                it.kind == PolicyKind::ServiceControl
                    && it.effect == Effect::Allow
                    && range.contains(&it.policy)
            });
        }
        let is_denied = applied(self.explanation, PolicyKind::ServiceControl, Effect::Deny);
        Some(OrganizationsDecisionDetail { allowed_by_organizations: allows_all && !is_denied })
    }
}

fn matched(source: &Source, statement: usize) -> MatchedStatement {
    let place = source.places.get(statement).copied();
    MatchedStatement {
        source_policy_id: source.id.clone(),
        source_policy_type: source.kind,
        start_position: place.map(|(start, _)| start),
        end_position: place.map(|(_, end)| end),
    }
}
