//! What a key policy says, told to whoever wrote it: what KMS would refuse, what has no effect, what
//! allows more than it seems to, whether the key could be locked out, and who can do what.
//!
//! Reads the document alone. It does not know which principals exist, nor what the identity policies
//! say to which the document may hand the decision.

mod access;
mod condition;
mod lockout;
mod statement;

use thiserror::Error;

use crate::document::{Document, Principal, PrincipalKind};
use crate::key_policy::{KeyPolicy, KeyPolicyError, Principals};
use crate::kms_action::{ActionTarget, KmsAction};
use crate::parse::parse;
use crate::policy::{ActionText, Actions};

pub use access::{Access, AccessEntry};

/// What there is to say of a key policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPolicyReport {
    /// Errors first, then in the order of the document.
    pub findings: Vec<Finding>,
    /// Who can do what, by principal, in the order of the document. Empty when it cannot be read.
    pub access: Vec<Access>,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The place of the statement, from 0; `None` for the document as a whole.
    pub statement: Option<usize>,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// What it is.
    pub problem: Problem,
}

impl Finding {
    /// Whether KMS would refuse the document for this.
    pub fn is_error(&self) -> bool {
        matches!(self.problem, Problem::Refused(_) | Problem::Character(_))
    }
}

/// What can be wrong with a key policy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// The message KMS refuses the document with.
    #[error("{0}")]
    Refused(#[from] KeyPolicyError),
    /// A character that no policy may hold.
    #[error("the character {0:?} is not allowed in a policy")]
    Character(char),
    /// No `Action` and no `NotAction`.
    #[error("it has no action, so it has no effect")]
    NoAction,
    /// No `Resource` and no `NotResource`.
    #[error("it has no resource, so it has no effect: write \"Resource\": \"*\"")]
    NoResource,
    /// An empty list.
    #[error("its list of {0} is empty")]
    EmptyList(&'static str),
    /// A pattern that no action of KMS matches.
    #[error("`{0}` is no action of KMS")]
    UnknownAction(String),
    /// An action that no key policy has a say in.
    #[error("{0} is not done on a key, so a key policy cannot allow it")]
    NotOnAKey(&'static str),
    /// A resource that is a key's ARN.
    #[error("it has an effect on the key `{0}` alone: in a key policy, `*` is the key itself")]
    OneKey(String),
    /// A resource that a key policy never has.
    #[error("`{0}` is never the key the policy is attached to: write \"Resource\": \"*\"")]
    NeverTheKey(String),
    /// An Allow for everyone, without condition.
    #[error("it allows every caller of the account, and every other account that lets its own")]
    Everyone,
    /// `NotPrincipal` in an Allow.
    #[error("it allows everyone but those it lists, also callers of other accounts")]
    AllowNotPrincipal,
    /// `NotPrincipal` in a Deny.
    #[error(
        "it denies whoever is not listed with account and role, and everyone who has a permissions \
         boundary; a condition on aws:PrincipalArn says what is meant"
    )]
    DenyNotPrincipal,
    /// Actions for the key's own account only, to another account.
    #[error("no other account can ever do {0}")]
    NotAcrossAccounts(String),
    /// `ForAllValues` in an Allow.
    #[error(
        "ForAllValues holds for every request without `{0}`: add \"Null\": {{\"{0}\": \"false\"}}"
    )]
    HoldsWithoutKey(String),
    /// `Null` with a set prefix.
    #[error("`{0}` is always {1}, whatever the request")]
    Constant(String, bool),
    /// A condition key that requests to KMS never have.
    #[error("requests to KMS never have the key `{0}`")]
    UnknownKey(String),
    /// A condition key that key policies do not see.
    #[error("`{0}` works in identity policies only: a key policy never sees it")]
    HiddenKey(String),
    /// A value that cannot be read.
    #[error("`{value}` is nothing that {operator} compares with, so it matches nothing")]
    Unreadable {
        /// The operator.
        operator: String,
        /// The value.
        value: String,
    },
    /// A value that cannot be read, under a negated operator.
    #[error("`{value}` is nothing that {operator} compares with, so the condition never holds")]
    NeverHolds {
        /// The operator.
        operator: String,
        /// The value.
        value: String,
    },
    /// Nobody may replace the policy.
    #[error("nobody can replace this policy: no statement allows kms:PutKeyPolicy")]
    LockedOut,
    /// Nobody may replace the policy, because of a Deny.
    #[error("nobody can replace this policy: this statement denies kms:PutKeyPolicy to everyone")]
    DeniedToAll,
    /// Who may replace the policy may so only under conditions.
    #[error(
        "kms:PutKeyPolicy is allowed under conditions only; if they cannot be met, nobody can replace this policy"
    )]
    ConditionalControl,
    /// Only named users and roles may replace the policy.
    #[error(
        "only the users and roles that are named can replace this policy; when they are deleted \
         nobody can: allow the account itself"
    )]
    NamedControl,
}

/// Checks a key policy. `account` is the account of the key, if it is known.
pub fn check_key_policy(text: &str, account: Option<&str>) -> KeyPolicyReport {
    let mut findings = errors(text);
    let document = KeyPolicy::check_length(text).ok().and_then(|()| parse(text).ok());
    let Some(document) = document else { return KeyPolicyReport { findings, access: Vec::new() } };
    for (index, statement) in document.statements.iter().enumerate() {
        let mut problems = statement::problems(statement, account);
        problems.extend(condition::problems(statement, document.version));
        findings.extend(problems.into_iter().map(|problem| Finding {
            statement: Some(index),
            sid: statement.sid.clone(),
            problem,
        }));
    }
    findings.extend(lockout::find(&document, account));
    KeyPolicyReport { findings, access: access::of(&document) }
}

/// What KMS refuses, in a world where every principal exists.
fn errors(text: &str) -> Vec<Finding> {
    let is_allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}');
    let character = text.chars().find(|c| !is_allowed(*c)).map(Problem::Character);
    let partition = parse(text).ok().and_then(|document| partition_of(&document));
    let world = Anyone { partition: partition.unwrap_or_else(|| "aws".to_owned()) };
    let refused = KeyPolicy::check(text, &world).err().map(Problem::Refused);
    let problems = character.into_iter().chain(refused);
    problems.map(|problem| Finding { statement: None, sid: None, problem }).collect()
}

/// The partition of the first ARN among the principals.
fn partition_of(document: &Document) -> Option<String> {
    names(document).find_map(|name| name.strip_prefix("arn:")?.split(':').next().map(str::to_owned))
}

fn names(document: &Document) -> impl Iterator<Item = &str> {
    let principals = document.statements.iter().filter_map(|it| it.principal.as_ref());
    let entries = principals.flat_map(|element| match element.written() {
        Principal::Everyone => &[][..],
        Principal::Entries(entries) => entries.as_slice(),
    });
    let of_accounts = entries.filter(|entry| entry.kind == PrincipalKind::Aws);
    of_accounts.flat_map(|entry| entry.names.iter().map(String::as_str))
}

/// Everyone who can be named.
struct Anyone {
    partition: String,
}

impl Principals for Anyone {
    fn account_exists(&self, _: &str) -> bool {
        true
    }

    fn principal_exists(&self, _: &str) -> bool {
        true
    }

    fn partition(&self) -> &str {
        &self.partition
    }

    fn service_is_known(&self, service: &str) -> bool {
        service.contains('.') && !service.contains(['*', '?', '/', ':'])
    }
}

/// The actions on a key that a pattern list covers.
fn covered(actions: &Actions) -> Vec<&'static KmsAction> {
    let on_keys = KmsAction::ALL.iter().filter(|it| it.target != ActionTarget::Account);
    on_keys.filter(|action| covers(actions, action)).collect()
}

fn covers(actions: &Actions, action: &KmsAction) -> bool {
    let text = ActionText::of(&format!("kms:{}", action.name));
    text.as_ref().and_then(ActionText::action).is_some_and(|action| actions.cover(action))
}

#[cfg(test)]
mod tests;
