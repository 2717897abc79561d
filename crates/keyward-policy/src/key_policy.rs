//! A key policy: a document that may be attached to a key.
//!
//! Owns the checks that CreateKey, PutKeyPolicy and ReplicateKey make before a policy is stored,
//! and their wire messages. It does not own the allowed characters (a constraint of the request's
//! shape) nor the lockout check (a question to the evaluator).

use thiserror::Error;

use crate::document::{
    Comparison, Condition, Document, Element, Principal, PrincipalEntry, PrincipalKind,
    SetQualifier, Statement,
};
use crate::parse::{ParseError, parse};
use crate::principal_arn::{AwsPrincipal, classify};

/// The longest key policy, white space included.
pub const KEY_POLICY_BYTES_MAX: usize = 32_768;

/// The condition-key families that hold one value each, in lower case.
const SINGLE_VALUED_FAMILIES: [&str; 2] = ["kms:encryptioncontext:", "aws:requesttag/"];

/// What the checks must ask about the world around the policy.
pub trait Principals {
    /// Whether this account (twelve digits) exists.
    fn account_exists(&self, account: &str) -> bool;
    /// Whether the user, role or role session with this ARN exists. A role session exists for this
    /// purpose if its role does.
    fn principal_exists(&self, arn: &str) -> bool;
    /// The partition in which all principals live, e.g. `aws`.
    fn partition(&self) -> &str;
    /// Whether this is the name of a service principal, e.g. `ec2.amazonaws.com`.
    fn service_is_known(&self, service: &str) -> bool;
}

/// Why a key policy is refused. `Display` is the wire message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyPolicyError {
    /// Longer than [`KEY_POLICY_BYTES_MAX`].
    #[error("The key policy is longer than {KEY_POLICY_BYTES_MAX} bytes.")]
    TooLong,
    /// Not a policy document.
    #[error("Policy document is malformed: {0}.")]
    Malformed(#[from] ParseError),
    /// Neither `Principal` nor `NotPrincipal`, or one that is empty.
    #[error("Policy contains a statement with no principal.")]
    NoPrincipal,
    /// A principal that does not exist or that a key policy cannot name.
    #[error("Policy contains a statement with one or more invalid principals.")]
    InvalidPrincipals,
    /// A service principal that does not exist.
    #[error("Policy contains a statement with one or more invalid service principals.")]
    InvalidServicePrincipals,
    /// Text that is not the ARN of any kind of principal.
    #[error("An ARN in the specified key policy is invalid.")]
    InvalidArn,
    /// `ForAllValues` with a single-valued key, which holds for every request without that key.
    #[error(
        "OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued \
         condition key matches requests without the specified [encryption context or tag] or with \
         an unspecified [encryption context or tag]. To fix, remove ForAllValues."
    )]
    OverlyPermissiveCondition,
}

/// The wire error that a [`KeyPolicyError`] becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPolicyErrorClass {
    /// `LimitExceededException`.
    LimitExceeded,
    /// `MalformedPolicyDocumentException`.
    MalformedPolicyDocument,
    /// `InvalidArnException`.
    InvalidArn,
}

impl KeyPolicyError {
    /// The wire error this becomes.
    pub fn class(&self) -> KeyPolicyErrorClass {
        match self {
            Self::TooLong => KeyPolicyErrorClass::LimitExceeded,
            Self::InvalidArn => KeyPolicyErrorClass::InvalidArn,
            Self::Malformed(_)
            | Self::NoPrincipal
            | Self::InvalidPrincipals
            | Self::InvalidServicePrincipals
            | Self::OverlyPermissiveCondition => KeyPolicyErrorClass::MalformedPolicyDocument,
        }
    }
}

/// A well-formed key policy: the text exactly as the client sent it, and its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPolicy {
    text: String,
    document: Document,
}

impl KeyPolicy {
    /// Checks a policy that a client wants to attach to a key.
    pub fn check(text: &str, world: &dyn Principals) -> Result<Self, KeyPolicyError> {
        Self::check_length(text)?;
        let policy = Self::from_stored(text)?;
        policy.document.statements.iter().try_for_each(|statement| check(statement, world))?;
        Ok(policy)
    }

    /// Checks the length alone, which some operations must do before anything else.
    pub fn check_length(text: &str) -> Result<(), KeyPolicyError> {
        if text.len() > KEY_POLICY_BYTES_MAX { Err(KeyPolicyError::TooLong) } else { Ok(()) }
    }

    /// Reads a policy that was checked when it was stored. Its principals may be gone since.
    pub fn from_stored(text: &str) -> Result<Self, ParseError> {
        Ok(Self { document: parse(text)?, text: text.to_owned() })
    }

    /// The text as sent; what GetKeyPolicy answers.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tree to evaluate.
    pub fn document(&self) -> &Document {
        &self.document
    }
}

/// An absent action or resource is not an error: the statement is kept and has no effect.
fn check(statement: &Statement, world: &dyn Principals) -> Result<(), KeyPolicyError> {
    match statement.principal.as_ref().map(Element::written) {
        None => return Err(KeyPolicyError::NoPrincipal),
        Some(Principal::Everyone) => {}
        Some(Principal::Entries(entries)) if entries.is_empty() => {
            return Err(KeyPolicyError::NoPrincipal);
        }
        Some(Principal::Entries(entries)) => {
            entries.iter().try_for_each(|entry| check_entry(entry, world))?;
        }
    }
    if statement.conditions.iter().any(is_overly_permissive) {
        return Err(KeyPolicyError::OverlyPermissiveCondition);
    }
    Ok(())
}

fn check_entry(entry: &PrincipalEntry, world: &dyn Principals) -> Result<(), KeyPolicyError> {
    match entry.kind {
        PrincipalKind::Aws => entry.names.iter().try_for_each(|name| check_aws(name, world)),
        PrincipalKind::Service if entry.names.iter().all(|name| world.service_is_known(name)) => {
            Ok(())
        }
        PrincipalKind::Service => Err(KeyPolicyError::InvalidServicePrincipals),
        // Neither is ever the caller of an operation on a key.
        PrincipalKind::Federated | PrincipalKind::CanonicalUser => {
            Err(KeyPolicyError::InvalidPrincipals)
        }
    }
}

fn check_aws(name: &str, world: &dyn Principals) -> Result<(), KeyPolicyError> {
    let exists = match classify(name, world.partition()) {
        AwsPrincipal::Everyone => true,
        AwsPrincipal::Account(account) | AwsPrincipal::FederatedUser(account) => {
            world.account_exists(account)
        }
        AwsPrincipal::Identity(arn) => world.principal_exists(arn),
        AwsPrincipal::NoOne => false,
        AwsPrincipal::NotAPrincipal => return Err(KeyPolicyError::InvalidArn),
    };
    if exists { Ok(()) } else { Err(KeyPolicyError::InvalidPrincipals) }
}

/// `ForAllValues:Null` is left alone: it is always true by definition and says nothing of values.
fn is_overly_permissive(condition: &Condition) -> bool {
    condition.operator.set == Some(SetQualifier::ForAllValues)
        && condition.operator.comparison != Comparison::Null
        && condition.tests.iter().any(|test| {
            let key = test.key.to_ascii_lowercase();
            SINGLE_VALUED_FAMILIES.iter().any(|family| key.starts_with(family))
        })
}
