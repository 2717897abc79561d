//! Identity policies, session policies, boundaries and trust policies: the checks IAM and STS make
//! before they take a document, and their wire messages. Every refusal is `MalformedPolicyDocument`.
//!
//! Sizes and allowed characters are constraints of the requests; here is only how size is counted.

use std::collections::HashSet;

use thiserror::Error;

use crate::document::{
    Condition, Document, Element, Principal, PrincipalEntry, PrincipalKind, Statement,
};
use crate::key_policy::Principals;
use crate::parse::{ParseError, parse};
use crate::principal_arn::{AwsPrincipal, classify};

/// The characters of a policy that count against its quota: all but white space.
pub fn policy_size(text: &str) -> usize {
    text.chars().filter(|character| !character.is_whitespace()).count()
}

/// Why IAM or STS refuses a policy. `Display` is the wire message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum IamPolicyError {
    /// Not a policy document.
    #[error("Syntax errors in policy.")]
    Syntax(#[source] ParseError),
    /// A principal where there must be none.
    #[error("Policy document should not specify a principal.")]
    HasPrincipal,
    /// No action.
    #[error("Policy statement must contain actions.")]
    NoActions,
    /// No resource.
    #[error("Policy statement must contain resources.")]
    NoResources,
    /// An action or condition key without a service in front.
    #[error("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")]
    NoVendor,
    /// A resource that is neither an ARN nor `*`.
    #[error("Resource {0} must be in ARN format or \"*\".")]
    NotAnArn(String),
    /// A resource of a partition that does not exist.
    #[error("Partition \"{partition}\" is not valid for resource \"{resource}\".")]
    NoSuchPartition {
        /// The partition.
        partition: String,
        /// The whole resource.
        resource: String,
    },
    /// A resource whose service has wildcards.
    #[error("Resource vendor must be fully qualified and cannot contain regexes.")]
    ResourceVendor,
    /// A statement id with other characters than letters and digits.
    #[error(
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular \
         expression [0-9A-Za-z]*"
    )]
    SidCharacters,
    /// Two statements with the same id.
    #[error("Statement IDs (SID) in a single policy must be unique.")]
    SidTwice,
    /// A trust policy lacks an element.
    #[error("Missing required field {0}")]
    Missing(&'static str),
    /// A trust policy has an element it must not have.
    #[error("Has prohibited field {0}")]
    Prohibited(&'static str),
    /// A trust policy names an action of another service.
    #[error("AssumeRole policy may only specify STS AssumeRole actions.")]
    NotAnStsAction,
    /// A trust policy names someone who does not exist or cannot be trusted.
    #[error("Invalid principal in policy: \"{kind}\":\"{name}\"")]
    InvalidPrincipal {
        /// The kind of principal, in upper case.
        kind: String,
        /// Its name, as written.
        name: String,
    },
}

/// A well-formed policy for who calls: identity policy, permissions boundary or session policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityPolicy {
    text: String,
    document: Document,
}

impl IdentityPolicy {
    /// Checks a policy that a client wants to attach to a principal or a session.
    pub fn check(text: &str) -> Result<Self, IamPolicyError> {
        let policy = Self::from_stored(text).map_err(IamPolicyError::Syntax)?;
        policy.document.statements.iter().try_for_each(check_identity_statement)?;
        check_sids(&policy.document.statements)?;
        Ok(policy)
    }

    /// Reads a policy that was checked when it was stored.
    pub fn from_stored(text: &str) -> Result<Self, ParseError> {
        Ok(Self { document: parse(text)?, text: text.to_owned() })
    }

    /// The text as sent.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tree, to be compiled.
    pub fn document(&self) -> &Document {
        &self.document
    }
}

/// A well-formed trust policy of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustPolicy {
    text: String,
    document: Document,
}

impl TrustPolicy {
    /// Checks a policy that a client wants to give a role.
    pub fn check(text: &str, world: &dyn Principals) -> Result<Self, IamPolicyError> {
        let policy = Self::from_stored(text).map_err(IamPolicyError::Syntax)?;
        let mut statements = policy.document.statements.iter();
        statements.try_for_each(|statement| check_trust_statement(statement, world))?;
        check_sids(&policy.document.statements)?;
        Ok(policy)
    }

    /// Reads a policy that was checked when it was stored. Its principals may be gone since.
    pub fn from_stored(text: &str) -> Result<Self, ParseError> {
        Ok(Self { document: parse(text)?, text: text.to_owned() })
    }

    /// The text as sent.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tree, to be compiled.
    pub fn document(&self) -> &Document {
        &self.document
    }
}

fn check_identity_statement(statement: &Statement) -> Result<(), IamPolicyError> {
    if statement.principal.is_some() {
        return Err(IamPolicyError::HasPrincipal);
    }
    let actions = written(statement.action.as_ref()).ok_or(IamPolicyError::NoActions)?;
    let resources = written(statement.resource.as_ref()).ok_or(IamPolicyError::NoResources)?;
    if !actions.iter().all(|action| action == "*" || has_vendor(action)) {
        return Err(IamPolicyError::NoVendor);
    }
    check_condition_keys(&statement.conditions)?;
    resources.iter().try_for_each(|resource| check_resource(resource))
}

// WIRE: "Refused policies of IAM": what is said of an absent element, `NotPrincipal` and
// `NotAction` is inferred from those it gives for `Resource`.
fn check_trust_statement(
    statement: &Statement,
    world: &dyn Principals,
) -> Result<(), IamPolicyError> {
    match &statement.resource {
        Some(Element::Listed(_)) => return Err(IamPolicyError::Prohibited("Resource")),
        Some(Element::NotListed(_)) => return Err(IamPolicyError::Prohibited("NotResource")),
        None => {}
    }
    let principal = match &statement.principal {
        Some(Element::Listed(principal)) => principal,
        Some(Element::NotListed(_)) => return Err(IamPolicyError::Prohibited("NotPrincipal")),
        None => return Err(IamPolicyError::Missing("Principal")),
    };
    let actions = match &statement.action {
        Some(Element::Listed(actions)) if !actions.is_empty() => actions,
        Some(Element::NotListed(_)) => return Err(IamPolicyError::Prohibited("NotAction")),
        Some(Element::Listed(_)) | None => return Err(IamPolicyError::Missing("Action")),
    };
    if !actions.iter().all(|action| is_sts(action)) {
        return Err(IamPolicyError::NotAnStsAction);
    }
    check_condition_keys(&statement.conditions)?;
    match principal {
        Principal::Everyone => Ok(()),
        Principal::Entries(entries) if entries.iter().all(|entry| entry.names.is_empty()) => {
            Err(IamPolicyError::Missing("Principal"))
        }
        Principal::Entries(entries) => {
            entries.iter().try_for_each(|entry| check_trusted(entry, world))
        }
    }
}

fn check_trusted(entry: &PrincipalEntry, world: &dyn Principals) -> Result<(), IamPolicyError> {
    let is_valid = |name: &String| match entry.kind {
        PrincipalKind::Aws => match classify(name, world.partition()) {
            AwsPrincipal::Everyone => true,
            AwsPrincipal::Account(account) | AwsPrincipal::FederatedUser(account) => {
                world.account_exists(account)
            }
            AwsPrincipal::Identity(arn) => world.principal_exists(arn),
            AwsPrincipal::NoOne | AwsPrincipal::NotAPrincipal => false,
        },
        PrincipalKind::Service => world.service_is_known(name),
        PrincipalKind::Federated => is_provider(name),
        PrincipalKind::CanonicalUser => false,
    };
    match entry.names.iter().find(|name| !is_valid(name)) {
        None => Ok(()),
        Some(name) => Err(IamPolicyError::InvalidPrincipal {
            kind: entry.kind.name().to_ascii_uppercase(),
            name: name.clone(),
        }),
    }
}

/// The ARN of an identity provider, or the bare name of one. Whether it exists is not asked.
fn is_provider(name: &str) -> bool {
    if name.is_empty() || name.contains(['*', '?']) {
        return false;
    }
    if !name.starts_with("arn:") {
        return !name.contains(':');
    }
    let mut parts = name.splitn(6, ':').skip(2);
    let is_iam = parts.next() == Some("iam") && parts.next() == Some("");
    let provider = parts.nth(1).unwrap_or_default();
    is_iam && (provider.starts_with("oidc-provider/") || provider.starts_with("saml-provider/"))
}

fn is_sts(action: &str) -> bool {
    action
        .split_once(':')
        .is_some_and(|(service, name)| service.eq_ignore_ascii_case("sts") && !name.is_empty())
}

fn written(element: Option<&Element<Vec<String>>>) -> Option<&[String]> {
    element.map(|it| it.written().as_slice()).filter(|it| !it.is_empty())
}

fn has_vendor(name: &str) -> bool {
    name.split_once(':').is_some_and(|(vendor, rest)| {
        !vendor.is_empty() && !vendor.contains(['*', '?']) && !rest.is_empty()
    })
}

fn check_condition_keys(conditions: &[Condition]) -> Result<(), IamPolicyError> {
    let mut keys = conditions.iter().flat_map(|condition| &condition.tests);
    let all = keys.all(|test| test.key.split_once(':').is_some_and(|(it, _)| !it.is_empty()));
    if all { Ok(()) } else { Err(IamPolicyError::NoVendor) }
}

fn check_resource(resource: &str) -> Result<(), IamPolicyError> {
    if resource == "*" {
        return Ok(());
    }
    let mut parts = resource.splitn(6, ':');
    let (scheme, partition, service) = (parts.next(), parts.next(), parts.next());
    let is_whole = parts.count() == 3;
    if scheme != Some("arn") || !(is_whole || resource.ends_with('*')) {
        return Err(IamPolicyError::NotAnArn(resource.to_owned()));
    }
    let partition = partition.unwrap_or_default();
    if !(partition == "*" || partition == "aws" || partition.starts_with("aws-")) {
        let (partition, resource) = (partition.to_owned(), resource.to_owned());
        return Err(IamPolicyError::NoSuchPartition { partition, resource });
    }
    match service {
        Some(service) if is_whole && (service.is_empty() || service.contains(['*', '?'])) => {
            Err(IamPolicyError::ResourceVendor)
        }
        _ => Ok(()),
    }
}

fn check_sids(statements: &[Statement]) -> Result<(), IamPolicyError> {
    let mut seen = HashSet::new();
    for sid in statements.iter().filter_map(|it| it.sid.as_deref()).filter(|sid| !sid.is_empty()) {
        if !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(IamPolicyError::SidCharacters);
        }
        if !seen.insert(sid) {
            return Err(IamPolicyError::SidTwice);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
