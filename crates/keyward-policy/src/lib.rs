//! Policies: documents, their well-formedness, and the decisions they make. Pure.
//!
//! This crate owns the policy grammar as a typed tree ([`Document`]), the parser that makes one
//! from a client's text ([`parse`]), the checks a policy passes before it is stored ([`KeyPolicy`],
//! [`IdentityPolicy`], [`TrustPolicy`]), the documents the service writes itself ([`default_key_policy`], [`AWS_MANAGED_SERVICES`]), and
//! the evaluator.
//!
//! It does not know the store, the wire, the clock or who is calling. What it must ask about the
//! world (does this principal exist?) it asks through [`Principals`].
//!
//! # Evaluation
//!
//! A [`Policy`] is a document compiled once, to be shared in an `Arc`. A decision is a function of a
//! [`Request`] (action, resource ARN, [`Subject`], [`RequestContext`]), the [`Layers`] of policies
//! around the caller, and the side of the resource:
//!
//! | Function | For |
//! |---|---|
//! | [`decide_key`] | operations on a KMS key; PutKeyPolicy's lockout check is this with the new policy |
//! | [`decide_assume_role`] | `sts:AssumeRole*` on a role |
//! | [`decide_account`] | actions without a resource that has a policy: `kms:ListKeys`, `iam:*`, aliases |
//! | [`decide_resource`] | anything else with or without a resource policy |
//! | [`decide_unless_denied`] | what needs no Allow, but can be denied: retiring a grant |
//!
//! An operation on several (action, resource) pairs asks once per pair. Grants are read first, by
//! [`GrantPrincipal::find_match`] and [`GrantTerms::route`]; the greatest [`GrantRoute`] goes into
//! [`KeySide`]. A [`Decision`] has its reason; [`Explanation`] names the statements.
//!
//! [`simulate`] asks all this of made-up requests in JSON; [`check_key_policy`] tells whoever wrote a
//! key policy what is wrong with it and who can do what. Under `tests/evaluation` a second evaluator,
//! naive on purpose, is held against this one.
//!
//! A context answers by [`ConditionKey`]: a `match` on [`NamedKey`] and [`KeyFamily`]. Names of tags
//! and pairs in a family are compared with [`same_ignoring_case`]. All keys, those of the caller
//! too, come from the context; the subject only answers `Principal`.
//!
//! What is not understood (an action pattern without service, a resource pattern that is no ARN, a
//! variable that cannot be read) matches nothing. Numbers are `[+-]digits[.digits]` with up to 19
//! digits before and 18 behind the point; a number, date or address range of a policy that cannot be
//! read makes its operator fail, negated or not.

mod condition_key;
mod date;
mod decide;
mod decision;
mod document;
mod grant;
mod iam_policy;
mod json;
mod key_policy;
mod kms_action;
mod lint;
mod number;
mod parse;
mod policy;
mod principal_arn;
mod render;
mod request;
mod simulate;
mod standard;
mod text;

pub use condition_key::{ConditionKey, KeyFamily, NamedKey};
pub use decide::{
    AppliedStatement, Explanation, GrantRoute, KeySide, Layers, ResourceSide, RoleSide,
    decide_account, decide_assume_role, decide_key, decide_resource, decide_unless_denied,
};
pub use decision::{Because, Decision, PolicyKind, Reason, Refusal};
pub use document::{
    Comparison, Condition, ConditionTest, Document, Effect, Element, Operator, Principal,
    PrincipalEntry, PrincipalKind, SetQualifier, Statement, Version,
};
pub use grant::{GrantMatch, GrantPrincipal, GrantRequest, GrantTerms};
pub use iam_policy::{IamPolicyError, IdentityPolicy, TrustPolicy, policy_size};
pub use key_policy::{
    KEY_POLICY_BYTES_MAX, KeyPolicy, KeyPolicyError, KeyPolicyErrorClass, Principals,
};
pub use kms_action::{ActionTarget, KmsAction, Purpose};
pub use lint::{Access, AccessEntry, Finding, KeyPolicyReport, Problem, check_key_policy};
pub use parse::{DOCUMENT_BYTES_MAX, LIST_MAX, ParseError, STATEMENTS_MAX, parse};
pub use policy::Policy;
pub use principal_arn::account_of_principal;
pub use request::{ContextValue, NoContext, ParentUser, Request, RequestContext, Subject};
pub use simulate::{SIMULATION_BYTES_MAX, Simulation, SimulationError, simulate};
pub use standard::{
    AWS_MANAGED_POLICIES, AWS_MANAGED_SERVICES, AwsManagedPolicy, AwsManagedService,
    default_key_policy, find_aws_managed_policy, find_aws_managed_service, service_key_policy,
};
pub use text::same_ignoring_case;
