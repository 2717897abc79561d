//! What-if: one request and the policies around it, as JSON, decided by the evaluator.
//!
//! Owns the form of the input, how a principal is told from its text, what the service knows of a
//! request without being told, and which of the decisions a request falls under. It does not know
//! any principal, key or policy but those of the input.

mod caller;
mod context;
mod documents;
mod grants;
mod input;

use std::fmt::Write as _;

use keyward_model::GrantOperation;
use thiserror::Error;

use crate::decide::{Explanation, GrantRoute, KeySide, Layers, ResourceSide, RoleSide, decide_key};
use crate::decision::{Because, Decision, PolicyKind, Refusal};
use crate::kms_action::{ActionTarget, KmsAction};
use crate::parse::ParseError;
use crate::policy::Policy;
use crate::request::{Request, Subject};
use caller::Caller;
use input::Input;

/// The longest input that is looked at: room for a dozen documents of the largest size.
pub const SIMULATION_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Why an input cannot be simulated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SimulationError {
    /// Longer than [`SIMULATION_BYTES_MAX`].
    #[error("the input is longer than {SIMULATION_BYTES_MAX} bytes")]
    TooLong,
    /// Not JSON at all.
    #[error("the input is not valid JSON")]
    NotJson,
    /// An object with two members of the same name.
    #[error("`{0}` is given twice")]
    Duplicate(String),
    /// A required member is absent.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A member that looks like a layer of policies and is none.
    #[error("there is no layer `{0}`")]
    UnknownLayer(String),
    /// A value of another JSON type than it must have.
    #[error("the value of `{0}` has the wrong type")]
    WrongType(&'static str),
    /// Text that names no principal.
    #[error("`{0}` is not a principal")]
    NotAPrincipal(String),
    /// Not an operation that a grant can permit.
    #[error("`{0}` is not an operation of grants")]
    NotAGrantOperation(String),
    /// A policy that is not well-formed.
    #[error("{place}: {error}")]
    Malformed {
        /// The member of the input that holds it.
        place: &'static str,
        /// What is wrong with it.
        error: ParseError,
    },
    /// A statement that its kind of policy cannot have.
    #[error("{place}: a statement {problem}")]
    Misplaced {
        /// The member of the input that holds it.
        place: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// A decision and what made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// The decision, with every statement that applies.
    pub explanation: Explanation,
    action: String,
}

/// Decides the request of one input, a JSON object.
pub fn simulate(text: &str) -> Result<Simulation, SimulationError> {
    let input = Input::read(text)?;
    let mut explanation = input.explain();
    input.locate(&mut explanation.statements);
    Ok(Simulation { explanation, action: input.action })
}

impl Simulation {
    /// `Allowed`, `ImplicitlyDenied` or `ExplicitlyDenied`.
    pub fn decision(&self) -> &'static str {
        match self.explanation.decision {
            Decision::Allowed(_) => "Allowed",
            Decision::Denied(Refusal::ExplicitDeny(_)) => "ExplicitlyDenied",
            Decision::Denied(_) => "ImplicitlyDenied",
        }
    }

    /// The kind of policy that denied, or that would have had to allow.
    pub fn refusing_kind(&self) -> Option<PolicyKind> {
        match self.explanation.decision {
            Decision::Denied(Refusal::ExplicitDeny(kind) | Refusal::NoAllow(kind)) => Some(kind),
            _ => None,
        }
    }

    /// Why, in one sentence.
    pub fn because(&self) -> String {
        match self.explanation.decision {
            Decision::Allowed(because) => reason_of(because).to_owned(),
            Decision::Denied(Refusal::OtherAccount) => {
                format!("{} can only be called from the key's own account", self.action)
            }
            Decision::Denied(refusal) => {
                let mut text = String::from("denied ");
                // Writing to a string cannot fail.
                let _ = write!(text, "{}", refusal.reason(&self.action));
                text
            }
        }
    }
}

fn reason_of(because: Because) -> &'static str {
    match because {
        Because::RootUser => "the caller is the root user of the account",
        Because::ResourcePolicy => "a resource-based policy names the caller",
        Because::RoleInResourcePolicy => "a resource-based policy names the caller's role",
        Because::IdentityPolicy => "an identity-based policy allows it",
        Because::BothAccounts => {
            "a resource-based policy lets the caller's account in, and an identity-based policy \
             allows it"
        }
        Because::Grant => "a grant allows it",
        Because::NothingDenies => "nothing denies it",
    }
}

/// Which rule decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// The key policy must allow or delegate.
    Key,
    /// Retiring a grant: the caller's own policies, or the grant.
    RetireGrant,
    /// The caller's own policies alone.
    Account,
    /// The trust policy must allow or delegate.
    Trust,
    /// The caller's policies or the resource's in one account, both across accounts.
    Resource,
}

impl Input {
    fn rule(&self) -> Rule {
        let action = self.action.to_ascii_lowercase();
        let (service, name) = action.split_once(':').unwrap_or((&action, ""));
        if service == "kms" {
            let is_account =
                KmsAction::find(name).is_some_and(|action| action.target == ActionTarget::Account);
            return match () {
                () if is_account || !is_resource(&self.resource, "kms", "key/") => Rule::Account,
                () if name == "retiregrant" => Rule::RetireGrant,
                () => Rule::Key,
            };
        }
        let is_assuming =
            name.starts_with("assumerole") || matches!(name, "tagsession" | "setsourceidentity");
        let is_trust = service == "sts"
            && is_assuming
            && self.resource_policy.is_some()
            && is_resource(&self.resource, "iam", "role/");
        if is_trust { Rule::Trust } else { Rule::Resource }
    }

    fn explain(&self) -> Explanation {
        let service_names = self.caller.service_names();
        let subject = self.caller.subject(&service_names);
        let request = Request {
            action: &self.action,
            resource: &self.resource,
            subject,
            context: &self.context,
        };
        let rule = self.rule();
        let layers = self.layers(rule, &subject);
        let account = self.resource_account.as_deref().or(subject.account()).unwrap_or_default();
        let policy = self.resource_policy.as_ref();
        match rule {
            Rule::Key => {
                let silent = Policy::compile_unbound(&documents::empty());
                let key = KeySide {
                    account,
                    policy: policy.unwrap_or(&silent),
                    is_cross_account: self.is_cross_account_action(),
                    grant: self.grant_route(&subject),
                };
                Explanation::of_key(&request, &layers, &key)
            }
            Rule::RetireGrant => self.explain_retirement(&request, &layers, account),
            Rule::Trust => {
                let silent = Policy::compile_unbound(&documents::empty());
                let side = RoleSide { account, trust_policy: policy.unwrap_or(&silent) };
                Explanation::of_assume_role(&request, &layers, &side)
            }
            Rule::Account => {
                let resource = ResourceSide { account, policy: None };
                Explanation::of_resource(&request, &layers, &resource)
            }
            Rule::Resource => {
                Explanation::of_resource(&request, &layers, &ResourceSide { account, policy })
            }
        }
    }

    /// A key policy has no say in it. What a grant does not give, the caller's policies may.
    fn explain_retirement(
        &self,
        request: &Request<'_>,
        layers: &Layers<'_>,
        account: &str,
    ) -> Explanation {
        let policy = &Policy::compile_unbound(&documents::empty());
        let grant = self.grant_route(&request.subject);
        let by_grant = KeySide { account, policy, is_cross_account: true, grant };
        if grant != GrantRoute::None && decide_key(request, layers, &by_grant).is_allowed() {
            return Explanation::of_key(request, layers, &by_grant);
        }
        Explanation::of_account(request, layers)
    }

    /// Controls bind neither the roles that services make for themselves nor, those of the caller's
    /// account, callers without one. Nothing on the resource's side stops the end of a grant.
    fn layers(&self, rule: Rule, subject: &Subject<'_>) -> Layers<'_> {
        let is_bound = !self.caller.is_service_linked();
        let has_account = subject.account().is_some();
        let controls_resource = is_bound && rule != Rule::RetireGrant;
        Layers {
            identity: &self.identity,
            boundary: self.boundary.as_ref(),
            session: (!self.session.is_empty()).then_some(self.session.as_slice()),
            service_control: if is_bound && has_account { &self.service_control } else { &[] },
            resource_control: if controls_resource { &self.resource_control } else { &[] },
            vpc_endpoint: None,
        }
    }

    fn is_cross_account_action(&self) -> bool {
        let name = self.action.split_once(':').map_or("", |(_, name)| name);
        KmsAction::find(name).is_some_and(|action| action.is_cross_account)
    }

    fn grant_route(&self, subject: &Subject<'_>) -> GrantRoute {
        let name = self.action.split_once(':').map_or("", |(_, name)| name);
        let operation =
            GrantOperation::ALL.iter().find(|it| it.as_str().eq_ignore_ascii_case(name)).copied();
        operation.map_or(GrantRoute::None, |operation| {
            grants::route(&self.grants, operation, &self.resource, subject, &self.context)
        })
    }
}

/// Whether this is the ARN of a service's resource of this kind.
fn is_resource(arn: &str, service: &str, kind: &str) -> bool {
    let mut parts = arn.splitn(6, ':');
    parts.nth(2) == Some(service) && parts.nth(2).is_some_and(|rest| rest.starts_with(kind))
}

impl Caller {
    fn service_names(&self) -> Vec<&str> {
        match self {
            Self::Service { name } => vec![name],
            _ => Vec::new(),
        }
    }
}
