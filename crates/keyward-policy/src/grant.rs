//! When a grant allows a request.
//!
//! Whose the grant is and on which key is the caller's to know, and which grants are looked at.

use keyward_model::{EncryptionContext, GrantOperation};

use crate::decide::GrantRoute;
use crate::policy::{Class, class_of_grantee};
use crate::request::Subject;
use crate::text::same_ignoring_case;

/// Whom a grant names, and what it allows, borrowed from its record.
#[derive(Clone, Copy, Debug, Default)]
pub struct GrantTerms<'a> {
    /// `Operations`.
    pub operations: &'a [GrantOperation],
    /// `Constraints.EncryptionContextEquals`.
    pub encryption_context_equals: Option<&'a [(String, String)]>,
    /// `Constraints.EncryptionContextSubset`.
    pub encryption_context_subset: Option<&'a [(String, String)]>,
    /// `Constraints.SourceArn`.
    pub source_arn: Option<&'a str>,
}

/// A principal that a grant names, as grantee or to retire it.
#[derive(Clone, Copy, Debug)]
pub enum GrantPrincipal<'a> {
    /// `GranteePrincipal`, `RetiringPrincipal`.
    Arn {
        /// As given.
        arn: &'a str,
        /// The unique id the ARN of a user or role was bound to.
        unique_id: Option<&'a str>,
    },
    /// `GranteeServicePrincipal`, `RetiringServicePrincipal`.
    Service(&'a str),
}

/// How a grant names a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantMatch {
    /// The caller, its role, or the user behind its federated session.
    Caller,
    /// The caller's account: its root user, and whom the account's policies allow.
    Account,
}

/// What a grant is asked about.
#[derive(Clone, Copy, Debug)]
pub struct GrantRequest<'a> {
    /// The operation, for ReEncrypt one of its halves.
    pub operation: GrantOperation,
    /// The encryption context of the request, empty if it has none.
    pub encryption_context: &'a EncryptionContext<'a>,
    /// `aws:SourceArn` of the request.
    pub source_arn: Option<&'a str>,
    /// The grant that a CreateGrant asks for.
    pub child: Option<GrantTerms<'a>>,
}

impl GrantPrincipal<'_> {
    /// How this names the caller, if it does.
    pub fn find_match(&self, subject: &Subject<'_>) -> Option<GrantMatch> {
        match *self {
            Self::Service(service) => match subject {
                Subject::Service { names } if names.contains(&service) => Some(GrantMatch::Caller),
                _ => None,
            },
            Self::Arn { arn, unique_id } => match class_of_grantee(arn, unique_id, subject)? {
                // What a federated session has of its user is limited by the session's policies.
                Class::Role if matches!(subject, Subject::FederatedUser { .. }) => {
                    Some(GrantMatch::Account)
                }
                Class::Direct | Class::Role => Some(GrantMatch::Caller),
                Class::Account => Some(GrantMatch::Account),
            },
        }
    }
}

impl GrantTerms<'_> {
    /// What a grant with these terms, to a grantee that matches so, says to the request.
    pub fn route(&self, grantee: GrantMatch, request: &GrantRequest<'_>) -> GrantRoute {
        if !self.operations.contains(&request.operation)
            || !self.source_allows(request)
            || !self.encryption_context_allows(request)
        {
            return GrantRoute::None;
        }
        if request.operation == GrantOperation::CreateGrant
            && !request.child.is_some_and(|child| self.covers(&child))
        {
            return GrantRoute::ChildTooBroad;
        }
        match grantee {
            GrantMatch::Caller => GrantRoute::Caller,
            GrantMatch::Account => GrantRoute::Account,
        }
    }

    fn source_allows(&self, request: &GrantRequest<'_>) -> bool {
        request.operation == GrantOperation::RetireGrant
            || self.source_arn.is_none_or(|source| request.source_arn == Some(source))
    }

    fn encryption_context_allows(&self, request: &GrantRequest<'_>) -> bool {
        if !request.operation.takes_encryption_context() {
            return true;
        }
        let context = request.encryption_context;
        let has = |(key, value): &(String, String)| {
            context.pairs().any(|(name, found)| same_ignoring_case(name, key) && found == value)
        };
        let equals = self.encryption_context_equals.is_none_or(|pairs| {
            let is_listed = |(name, found): (&str, &str)| {
                pairs.iter().any(|(key, value)| same_ignoring_case(name, key) && found == value)
            };
            pairs.len() == context.pairs().len()
                && pairs.iter().all(has)
                && context.pairs().all(is_listed)
        });
        equals && self.encryption_context_subset.is_none_or(|pairs| pairs.iter().all(has))
    }

    /// Whether a grant made through this one may have these terms: no operation more, and every
    /// constraint kept or tightened.
    fn covers(&self, child: &GrantTerms<'_>) -> bool {
        let operations = child.operations.iter().all(|it| self.operations.contains(it));
        let source = self.source_arn.is_none_or(|source| child.source_arn == Some(source));
        let equals = self.encryption_context_equals.is_none_or(|pairs| {
            child.encryption_context_equals.is_some_and(|other| {
                other.len() == pairs.len()
                    && contains_all(other, pairs)
                    && contains_all(pairs, other)
            })
        });
        let subset = self.encryption_context_subset.is_none_or(|pairs| {
            [child.encryption_context_subset, child.encryption_context_equals]
                .into_iter()
                .flatten()
                .any(|other| contains_all(other, pairs))
        });
        operations && source && equals && subset
    }
}

fn contains_all(pairs: &[(String, String)], wanted: &[(String, String)]) -> bool {
    wanted.iter().all(|(key, value)| {
        pairs.iter().any(|(name, found)| same_ignoring_case(name, key) && found == value)
    })
}

#[cfg(test)]
mod tests;
