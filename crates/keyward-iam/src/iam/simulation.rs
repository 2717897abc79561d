//! Simulations: what policies would say to requests, by the evaluator that decides about real ones.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html>
//!
//! Nothing is known of a simulated request but what the caller gives: a condition key that is not
//! given is absent.

mod caller;
mod context;
mod context_keys;
mod principal;
mod result;
mod source;

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, OpError, op_error};
use keyward_model::AccountId;
use keyward_policy::{
    Effect, Explanation, GrantRoute, KeySide, Layers, Policy, PolicyKind, Request, ResourceSide,
};
use keyward_shape::{List, Text};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use super::constraints::{
    ActionNameListType, ActionNameType, OrganizationPolicyListType, PolicyDocumentType,
    ResourceNameListType, ResourceNameType, SimulationPolicyListType,
};
use super::paging::PageRequest;
pub(crate) use caller::SimulatedCaller;
pub(crate) use context::{ContextEntries, SimulatedContext};
pub(crate) use context_keys::ContextKeys;
use context_keys::context_keys;
pub(crate) use principal::{Exclusions, PrincipalPolicies};
use result::{Environment, EvaluationResult};
pub(crate) use source::Source;

/// A list of policy documents.
pub(crate) type Documents<'a> = List<Text<'a, PolicyDocumentType>, SimulationPolicyListType>;
/// `ActionNames`.
pub(crate) type ActionNames<'a> = List<Text<'a, ActionNameType>, ActionNameListType>;
/// `ResourceArns`.
pub(crate) type ResourceArns<'a> = List<Text<'a, ResourceNameType>, ResourceNameListType>;
/// `OrderedOrganizationPolicyInputList`.
pub(crate) type OrganizationLevels<'a> = List<OrganizationLevel<'a>, OrganizationPolicyListType>;

/// The service control policies of one level of an organization.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OrganizationLevel<'a> {
    #[serde(borrow, default)]
    service_control_policy_input_list: Documents<'a>,
}

/// A reply of a simulation.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SimulationOutput {
    evaluation_results: Vec<EvaluationResult>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Recorded for SimulationOutput {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

/// The policies of a simulation.
pub(crate) struct Policies {
    pub(crate) identity: Vec<Source>,
    pub(crate) boundary: Option<Source>,
    pub(crate) resource: Option<Source>,
    pub(crate) organization: Vec<Vec<Source>>,
}

/// The requests of a simulation: every action with every resource.
pub(crate) struct Requests<'a> {
    pub(crate) actions: &'a ActionNames<'a>,
    pub(crate) resources: &'a ResourceArns<'a>,
    pub(crate) resource_owner: Option<&'a str>,
    pub(crate) caller: SimulatedCaller,
    pub(crate) context: SimulatedContext<'a>,
}

/// The documents as levels of control policies.
pub(crate) fn organization(levels: &OrganizationLevels<'_>) -> Result<Vec<Vec<Source>>, OpError> {
    let mut number = 0_u32;
    let level = |level: &OrganizationLevel<'_>| {
        let documents = level.service_control_policy_input_list.iter();
        documents
            .map(|document| {
                number = number.saturating_add(1);
                let id = format!("OrderedOrganizationPolicyInputList.{number}");
                Source::new(id, "none", document)
            })
            .collect()
    };
    levels.iter().map(level).collect()
}

/// The one permissions boundary that a request may hold.
pub(crate) fn single_boundary(documents: &Documents<'_>) -> Result<Option<Source>, OpError> {
    if documents.len() > 1 {
        // WIRE: "IAM: simulations".
        return Err(op_error!(InvalidInput, "Only one permissions boundary policy is allowed."));
    }
    let documents = documents.iter().map(Text::as_str);
    Ok(Source::list("PermissionsBoundaryPolicyInputList", documents)?.pop())
}

/// The most work that the requests of one page may be, by the measure of [`work`].
const WORK_MAX: usize = 1 << 28;

/// Simulates the requests of one page. A page ends early rather than keep others waiting.
pub(crate) fn simulate(
    cx: &Cx,
    page: &PageRequest<'_>,
    policies: &Policies,
    requests: &Requests<'_>,
) -> Result<SimulationOutput, OpError> {
    if let Some(other) = requests.actions.iter().find(|action| !is_action(action)) {
        // WIRE: "IAM: simulations".
        return Err(op_error!(InvalidInput, "Invalid action name: {}", other.as_str()));
    }
    let compiled = Compiled::new(policies);
    let account = cx.caller().account;
    // The whole product may be long, so that only what the page shows is simulated.
    let total = requests.actions.len().saturating_mul(requests.resources.len().max(1));
    let after = page.after.as_deref().map(str::parse::<usize>);
    let after = after.transpose().map_err(|_| op_error!(Validation, "Invalid Marker."))?;
    let start = after.map_or(0, |after| after.saturating_add(1));
    let affordable = WORK_MAX.checked_div(work(policies, requests)).unwrap_or(WORK_MAX);
    let affordable = u32::try_from(affordable).unwrap_or(u32::MAX);
    if affordable == 0 {
        // WIRE: "IAM: simulations".
        return Err(op_error!(InvalidInput, "The simulation is too large."));
    }
    let page = page.at_most(affordable);
    let read_max = usize::try_from(page.read_max()).unwrap_or(usize::MAX);
    let numbers: Vec<usize> = (start..total).take(read_max).collect();
    let page = page.page(cx, numbers, ToString::to_string)?;
    let is_truncated = page.is_truncated();
    let evaluate = |&number: &usize| compiled.evaluate(requests, account, number);
    let evaluation_results = page.entries.iter().filter_map(evaluate).collect();
    Ok(SimulationOutput { evaluation_results, is_truncated, marker: page.marker })
}

/// How much work one request can be: every byte of the policies against all that is said of the
/// request, and a resource from each of its colons on.
fn work(policies: &Policies, requests: &Requests<'_>) -> usize {
    let Policies { identity, boundary, resource, organization } = policies;
    let all = identity.iter().chain(boundary).chain(resource).chain(organization.iter().flatten());
    let policy_bytes: usize = all.map(|source| source.bytes).sum();
    let places = |resource: &Text<'_, ResourceNameType>| {
        let colons = resource.bytes().filter(|byte| *byte == b':').count();
        resource.len().saturating_mul(colons)
    };
    let places = requests.resources.iter().map(places).max().unwrap_or(0);
    let texts = requests.context.bytes().saturating_add(places).saturating_add(64);
    // Long patterns and texts are compared 64 places at a time.
    (policy_bytes.saturating_mul(texts) / 64).max(1)
}

/// Whether it names one action.
fn is_action(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    name.split_once(':').is_some_and(|(service, action)| is_part(service) && is_part(action))
}

/// The policies in the form that the evaluator takes.
struct Compiled<'p> {
    policies: &'p Policies,
    identity: Vec<Arc<Policy>>,
    organization: Vec<Vec<Arc<Policy>>>,
    context_keys: Vec<String>,
}

impl<'p> Compiled<'p> {
    fn new(policies: &'p Policies) -> Self {
        let compiled = |sources: &[Source]| {
            sources.iter().map(|source| Arc::clone(&source.policy)).collect::<Vec<_>>()
        };
        let Policies { identity, boundary, resource, organization } = policies;
        let levels = organization.iter().flatten();
        let all = identity.iter().chain(boundary).chain(resource).chain(levels);
        Self {
            policies,
            identity: compiled(identity),
            organization: organization.iter().map(|level| compiled(level)).collect(),
            context_keys: context_keys(all.map(|source| &source.document)),
        }
    }

    /// The request of this number.
    fn evaluate(
        &self,
        requests: &Requests<'_>,
        account: AccountId,
        number: usize,
    ) -> Option<EvaluationResult> {
        let resources = requests.resources.len().max(1);
        let action = requests.actions.get(number.checked_div(resources)?)?;
        let resource = requests.resources.get(number.checked_rem(resources)?);
        let named = resource.map_or("*", Text::as_str);
        let request = Request {
            action,
            resource: named,
            subject: requests.caller.subject(),
            context: &requests.context,
        };
        let explanation = self.explain(&request, &owner(requests, named, account));
        let missing = self.context_keys.iter().filter(|key| !requests.context.has(key));
        let environment = Environment {
            explanation: &explanation,
            policies: self.policies,
            missing: missing.cloned().collect(),
            is_resource_named: resource.is_some(),
        };
        Some(EvaluationResult::new(action, named, environment))
    }

    fn explain(&self, request: &Request<'_>, owner: &str) -> Explanation {
        let layers = Layers {
            identity: &self.identity,
            boundary: self.policies.boundary.as_ref().map(|source| &*source.policy),
            service_control: &self.organization,
            ..Layers::default()
        };
        let Some(resource) = &self.policies.resource else {
            return Explanation::of_account(request, &layers);
        };
        let policy = &*resource.policy;
        let is_key = request.action.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("kms:"));
        if is_key && request.resource != "*" {
            let key =
                KeySide { account: owner, policy, is_cross_account: true, grant: GrantRoute::None };
            return Explanation::of_key(request, &layers, &key);
        }
        let resource = ResourceSide { account: owner, policy: Some(policy) };
        Explanation::of_resource(request, &layers, &resource)
    }
}

/// The account that a resource belongs to: the one given, or the one in its ARN, or the caller's.
fn owner(requests: &Requests<'_>, resource: &str, account: AccountId) -> String {
    let of_arn = |arn: &str| {
        let part = arn.split(':').nth(4)?;
        part.parse::<AccountId>().ok()
    };
    let given = requests.resource_owner;
    let given = given.and_then(|owner| owner.parse::<AccountId>().ok().or_else(|| of_arn(owner)));
    given.or_else(|| of_arn(resource)).unwrap_or(account).to_string()
}

/// Whether statements of this kind and effect applied.
fn applied(explanation: &Explanation, kind: PolicyKind, effect: Effect) -> bool {
    explanation.statements.iter().any(|it| it.kind == kind && it.effect == effect)
}
