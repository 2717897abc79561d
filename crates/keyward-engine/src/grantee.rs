//! The grants of a key by grantee, ready to be asked.
//!
//! Only grants to the caller are looked at, so what a key grants to others costs nothing; and of
//! those that bind an encryption context only those that share a pair with the request, so that a
//! role with one grant for each of a great many volumes is served as fast as one with a single grant.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use keyward_model::{Caller, GrantOperation, Principal, UniqueId};
use keyward_policy::{GrantMatch, GrantPrincipal, GrantRequest, GrantRoute, GrantTerms, Subject};
use keyward_store::{GrantConstraints, GrantPrincipal as StoredPrincipal, GrantRecord, ScopedKey};

use crate::{Engine, OpError};

/// A key and the text by which its grants name a grantee.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeyGrantee {
    key: ScopedKey,
    grantee: Arc<str>,
}

/// The grants of a key to one grantee.
pub(crate) struct GranteeGrants {
    /// Those that bind no pair of an encryption context.
    unbound: Vec<Grant>,
    /// The others, by the hash of one of their pairs.
    bound: HashMap<u64, Vec<Grant>>,
    hasher: RandomState,
}

struct Grant {
    grantee: StoredGrantee,
    operations: Vec<GrantOperation>,
    constraints: GrantConstraints,
}

/// Whom a grant names.
enum StoredGrantee {
    Principal(String, Option<String>),
    Service(String),
}

impl Engine {
    /// The grants of the key to those whom this text names.
    pub(crate) async fn grants_of(
        &self,
        key: &ScopedKey,
        grantee: &Arc<str>,
        caller: &Caller,
    ) -> Result<Arc<GranteeGrants>, OpError> {
        let name = KeyGrantee { key: key.clone(), grantee: Arc::clone(grantee) };
        if let Some(grants) = self.grants.find_fresh(&name, key) {
            return Ok(grants);
        }
        let stored = match caller.principal {
            Principal::Service(_) => StoredPrincipal::Service(grantee),
            _ => StoredPrincipal::Principal(grantee),
        };
        let load = || async {
            let found = self.store().grants().of_grantees(key, &[stored]).await;
            Ok(Arc::new(GranteeGrants::new(found.map_err(OpError::internal)?)))
        };
        self.grants.load(&name, key, load).await
    }
}

impl GranteeGrants {
    fn new(records: Vec<GrantRecord>) -> Self {
        let mut grants =
            Self { unbound: Vec::new(), bound: HashMap::new(), hasher: RandomState::new() };
        for record in records {
            let GrantConstraints { encryption_context_equals, encryption_context_subset, .. } =
                &record.constraints;
            let pairs = encryption_context_equals.iter().chain(encryption_context_subset);
            let pair = pairs.flatten().next().map(|(key, value)| grants.hash(key, value));
            let Some(grant) = Grant::of(record) else { continue };
            match pair {
                Some(pair) => grants.bound.entry(pair).or_default().push(grant),
                None => grants.unbound.push(grant),
            }
        }
        grants
    }

    /// The best that these grants say to the request.
    pub(crate) fn route(&self, subject: &Subject<'_>, request: &GrantRequest<'_>) -> GrantRoute {
        let route = best(&self.unbound, subject, request);
        if route == GrantRoute::Caller || self.bound.is_empty() {
            return route;
        }
        if !request.operation.takes_encryption_context() {
            let bound = best(self.bound.values().flatten(), subject, request);
            return route.max(bound);
        }
        let pairs = request.encryption_context.pairs();
        let bound = pairs.filter_map(|(key, value)| self.bound.get(&self.hash(key, value)));
        route.max(bound.map(|grants| best(grants, subject, request)).max().unwrap_or_default())
    }

    /// Keys of pairs are compared ignoring case.
    fn hash(&self, key: &str, value: &str) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        key.chars().flat_map(char::to_lowercase).for_each(|c| hasher.write_u32(u32::from(c)));
        hasher.write_u32(u32::MAX);
        hasher.write(value.as_bytes());
        hasher.finish()
    }
}

fn best<'a>(
    grants: impl IntoIterator<Item = &'a Grant>,
    subject: &Subject<'_>,
    request: &GrantRequest<'_>,
) -> GrantRoute {
    let mut best = GrantRoute::None;
    for grant in grants {
        best = best.max(grant.route(subject, request));
        if best == GrantRoute::Caller {
            break;
        }
    }
    best
}

impl Grant {
    /// `None` for a grant that names nobody.
    fn of(record: GrantRecord) -> Option<Self> {
        let grantee = match (record.grantee_principal, record.grantee_service_principal) {
            (Some(arn), _) => {
                StoredGrantee::Principal(arn, record.grantee_id.map(|id| id.to_string()))
            }
            (None, Some(service)) => StoredGrantee::Service(service),
            (None, None) => return None,
        };
        let GrantRecord { operations, constraints, .. } = record;
        Some(Self { grantee, operations, constraints })
    }

    fn route(&self, subject: &Subject<'_>, request: &GrantRequest<'_>) -> GrantRoute {
        if !self.operations.contains(&request.operation) {
            return GrantRoute::None;
        }
        let grantee = match &self.grantee {
            StoredGrantee::Principal(arn, id) => matches(arn, id.as_deref(), subject),
            StoredGrantee::Service(service) => GrantPrincipal::Service(service).find_match(subject),
        };
        grantee.map_or(GrantRoute::None, |grantee| {
            terms(&self.operations, &self.constraints).route(grantee, request)
        })
    }
}

/// What a grant allows, as policies know it.
pub(crate) fn terms<'a>(
    operations: &'a [GrantOperation],
    constraints: &'a GrantConstraints,
) -> GrantTerms<'a> {
    GrantTerms {
        operations,
        encryption_context_equals: constraints.encryption_context_equals.as_deref(),
        encryption_context_subset: constraints.encryption_context_subset.as_deref(),
        source_arn: constraints.source_arn.as_deref(),
    }
}

/// How the grantee of a grant matches a caller.
pub(crate) fn is_to(grant: &GrantRecord, subject: &Subject<'_>) -> Option<GrantMatch> {
    let service = grant.grantee_service_principal.as_deref();
    names((grant.grantee_principal.as_deref(), service), grant.grantee_id.as_ref(), subject)
}

/// How the retiring principal of a grant matches a caller.
pub(crate) fn is_retired_by(grant: &GrantRecord, subject: &Subject<'_>) -> Option<GrantMatch> {
    let service = grant.retiring_service_principal.as_deref();
    names((grant.retiring_principal.as_deref(), service), grant.retiring_id.as_ref(), subject)
}

fn names(
    (arn, service): (Option<&str>, Option<&str>),
    id: Option<&UniqueId>,
    subject: &Subject<'_>,
) -> Option<GrantMatch> {
    let id = id.map(ToString::to_string);
    match (arn, service) {
        (Some(arn), _) => matches(arn, id.as_deref(), subject),
        (None, Some(service)) => GrantPrincipal::Service(service).find_match(subject),
        (None, None) => None,
    }
}

/// How a grant to this ARN, bound to this unique id, matches a caller. A session is bound to its
/// role: that of a role made again under the same name is another.
fn matches(arn: &str, unique_id: Option<&str>, subject: &Subject<'_>) -> Option<GrantMatch> {
    let id = match subject {
        Subject::User { id, .. } => Some(*id),
        Subject::RoleSession { role_id, .. } => Some(*role_id),
        Subject::FederatedUser { parent, .. } => parent.map(|parent| parent.id),
        _ => None,
    };
    if unique_id.is_some() && unique_id != id {
        return None;
    }
    GrantPrincipal::Arn { arn, unique_id }.find_match(subject)
}
