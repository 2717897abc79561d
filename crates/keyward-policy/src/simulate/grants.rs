//! Grants of an input, and what they say to its request.

use std::borrow::Cow;

use keyward_model::{EncryptionContext, GrantOperation};

use super::context::Context;
use crate::condition_key::{ConditionKey, NamedKey};
use crate::decide::GrantRoute;
use crate::grant::{GrantPrincipal, GrantRequest, GrantTerms};
use crate::request::Subject;

/// One grant, as ListGrants shows it or CreateGrant takes it.
#[derive(Clone, Debug, Default)]
pub(super) struct Grant {
    pub(super) key: Option<String>,
    pub(super) grantee: Option<String>,
    /// What the grantee is bound to, if it names the caller's role under another path.
    pub(super) grantee_id: Option<Box<str>>,
    pub(super) grantee_service: Option<String>,
    pub(super) operations: Vec<GrantOperation>,
    pub(super) equals: Option<Vec<(String, String)>>,
    pub(super) subset: Option<Vec<(String, String)>>,
    pub(super) source_arn: Option<String>,
}

/// The best that any of the grants says.
pub(super) fn route(
    grants: &[Grant],
    operation: GrantOperation,
    resource: &str,
    subject: &Subject<'_>,
    context: &Context,
) -> GrantRoute {
    let pairs = context.pairs().map(|(name, value)| (Cow::from(name), Cow::from(value)));
    let encryption_context = EncryptionContext::of_unique(pairs.collect());
    let child = Child::of(context);
    let request = GrantRequest {
        operation,
        encryption_context: &encryption_context,
        source_arn: context.first(NamedKey::AwsSourceArn),
        child: child.as_ref().map(Child::terms),
    };
    let routes = grants.iter().filter(|grant| grant.is_on(resource)).filter_map(|grant| {
        let named = grant.principals().find_map(|principal| principal.find_match(subject))?;
        Some(grant.terms().route(named, &request))
    });
    routes.max().unwrap_or_default()
}

impl Grant {
    fn is_on(&self, resource: &str) -> bool {
        let id = resource.rsplit_once(":key/").map(|(_, id)| id);
        self.key.as_deref().is_none_or(|key| key == resource || Some(key) == id)
    }

    /// A service may stand as `GranteePrincipal` too: so ListGrants shows grants of services.
    fn principals(&self) -> impl Iterator<Item = GrantPrincipal<'_>> {
        let arn = self.grantee.as_deref().map(|arn| {
            let unique_id = self.grantee_id.as_deref();
            if arn.starts_with("arn:") {
                GrantPrincipal::Arn { arn, unique_id }
            } else {
                GrantPrincipal::Service(arn)
            }
        });
        // A grant to a service principal is for one source; without it there is no such grant.
        let service = self.grantee_service.as_deref().filter(|_| self.source_arn.is_some());
        arn.into_iter().chain(service.map(GrantPrincipal::Service))
    }

    fn terms(&self) -> GrantTerms<'_> {
        GrantTerms {
            operations: &self.operations,
            encryption_context_equals: self.equals.as_deref(),
            encryption_context_subset: self.subset.as_deref(),
            source_arn: self.source_arn.as_deref(),
        }
    }
}

/// The grant that a CreateGrant asks for, as its condition keys tell.
struct Child {
    operations: Vec<GrantOperation>,
    pairs: Vec<(String, String)>,
    kind: Option<String>,
    source_arn: Option<String>,
}

impl Child {
    /// `None` when the keys do not tell a grant that can be made.
    fn of(context: &Context) -> Option<Self> {
        let key = ConditionKey::Named(NamedKey::KmsGrantOperations);
        let operations: Vec<_> = context
            .values(&key)
            .map(|name| name.parse::<GrantOperation>().ok())
            .collect::<Option<_>>()?;
        let owned = |key| context.first(key).map(ToOwned::to_owned);
        (!operations.is_empty()).then(|| Self {
            operations,
            pairs: context.pairs().map(|(name, value)| (name.into(), value.into())).collect(),
            kind: owned(NamedKey::KmsGrantConstraintType),
            source_arn: owned(NamedKey::KmsGrantConstraintSourceArn),
        })
    }

    fn terms(&self) -> GrantTerms<'_> {
        let pairs = |kind| (self.kind.as_deref() == Some(kind)).then_some(self.pairs.as_slice());
        GrantTerms {
            operations: &self.operations,
            encryption_context_equals: pairs("EncryptionContextEquals"),
            encryption_context_subset: pairs("EncryptionContextSubset"),
            source_arn: self.source_arn.as_deref(),
        }
    }
}
