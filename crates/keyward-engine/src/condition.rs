//! What a request says of itself to policies and grants: the values of condition keys that come
//! from its parameters.
//!
//! Every action holds these values, so that none can be forgotten. What is known of the caller, the
//! key and the connection is not here.

use keyward_model::{
    EncryptionAlgorithm, EncryptionContext, ExpirationModel, GrantOperation, KeyAgreementAlgorithm,
    KeySpec, KeyUsage, MacAlgorithm, MessageType, MultiRegionKeyType, Origin, SigningAlgorithm,
    Timestamp, WrappingAlgorithm, WrappingKeySpec,
};
use keyward_policy::{
    ConditionKey, ContextValue, GrantTerms, KeyFamily, NamedKey, same_ignoring_case,
};
use keyward_store::GrantConstraints;

use crate::grantee::terms;

/// What takes the values of a condition key, one by one.
pub type Visit<'a> = dyn FnMut(ContextValue<'_>) + 'a;

/// Parameters of a request, as condition keys.
pub trait Conditions: Send + Sync {
    /// Calls `visit` with each value of the key, and says whether the request has the key at all.
    fn visit(&self, key: &ConditionKey, visit: &mut Visit<'_>) -> bool;

    /// The encryption context that constraints of grants are held against; `None` for actions that
    /// take none.
    fn encryption_context(&self) -> Option<&EncryptionContext<'_>> {
        None
    }

    /// The grant that the request asks for.
    fn new_grant(&self) -> Option<NewGrant<'_>> {
        None
    }
}

/// One parameter: the value of a condition key.
pub trait ConditionValue {
    /// As [`Conditions::visit`], for a key that is known to be this one.
    fn visit(&self, visit: &mut Visit<'_>) -> bool;
}

macro_rules! words {
    ($($type:ty),+ $(,)?) => {$(
        impl ConditionValue for $type {
            fn visit(&self, visit: &mut Visit<'_>) -> bool {
                visit(ContextValue::Text(self.as_str()));
                true
            }
        }
    )+};
}

words!(
    EncryptionAlgorithm,
    ExpirationModel,
    KeyAgreementAlgorithm,
    KeySpec,
    KeyUsage,
    MacAlgorithm,
    MessageType,
    MultiRegionKeyType,
    Origin,
    SigningAlgorithm,
    WrappingAlgorithm,
    WrappingKeySpec,
);

impl ConditionValue for &str {
    fn visit(&self, visit: &mut Visit<'_>) -> bool {
        visit(ContextValue::Text(self));
        true
    }
}

impl ConditionValue for bool {
    fn visit(&self, visit: &mut Visit<'_>) -> bool {
        visit(ContextValue::Bool(*self));
        true
    }
}

impl ConditionValue for u32 {
    fn visit(&self, visit: &mut Visit<'_>) -> bool {
        visit(ContextValue::Integer(i64::from(*self)));
        true
    }
}

impl ConditionValue for i64 {
    fn visit(&self, visit: &mut Visit<'_>) -> bool {
        visit(ContextValue::Integer(*self));
        true
    }
}

impl ConditionValue for Timestamp {
    fn visit(&self, visit: &mut Visit<'_>) -> bool {
        visit(ContextValue::Instant(self.unix_ms()));
        true
    }
}

/// A parameter that was not sent leaves its key absent.
impl<V: ConditionValue> ConditionValue for Option<V> {
    fn visit(&self, visit: &mut Visit<'_>) -> bool {
        self.as_ref().is_some_and(|value| value.visit(visit))
    }
}

impl Conditions for &EncryptionContext<'_> {
    fn visit(&self, key: &ConditionKey, visit: &mut Visit<'_>) -> bool {
        visit_pairs(self.pairs(), key, visit)
    }

    fn encryption_context(&self) -> Option<&EncryptionContext<'_>> {
        Some(self)
    }
}

/// A grant, as CreateGrant asks for it.
#[derive(Clone, Copy, Debug)]
pub struct NewGrant<'a> {
    /// `Operations`.
    pub operations: &'a [GrantOperation],
    /// `Constraints`.
    pub constraints: &'a GrantConstraints,
    /// `GranteePrincipal`.
    pub grantee_principal: Option<&'a str>,
    /// `GranteeServicePrincipal`.
    pub grantee_service_principal: Option<&'a str>,
    /// `RetiringPrincipal`.
    pub retiring_principal: Option<&'a str>,
    /// `RetiringServicePrincipal`.
    pub retiring_service_principal: Option<&'a str>,
}

impl<'a> NewGrant<'a> {
    /// What the grant would allow.
    pub(crate) fn terms(&self) -> GrantTerms<'a> {
        terms(self.operations, self.constraints)
    }
}

impl Conditions for NewGrant<'_> {
    fn visit(&self, key: &ConditionKey, visit: &mut Visit<'_>) -> bool {
        let ConditionKey::Named(named) = key else {
            return visit_constraints(self.constraints, key, visit);
        };
        match named {
            NamedKey::KmsGrantConstraintSourceArn => {
                self.constraints.source_arn.as_deref().visit(visit)
            }
            NamedKey::KmsGrantOperations => {
                self.operations.iter().for_each(|it| visit(ContextValue::Text(it.as_str())));
                true
            }
            NamedKey::KmsGranteePrincipal => self.grantee_principal.visit(visit),
            NamedKey::KmsGranteeServicePrincipal => self.grantee_service_principal.visit(visit),
            NamedKey::KmsRetiringPrincipal => self.retiring_principal.visit(visit),
            NamedKey::KmsRetiringServicePrincipal => self.retiring_service_principal.visit(visit),
            _ => visit_constraints(self.constraints, key, visit),
        }
    }

    fn new_grant(&self) -> Option<NewGrant<'_>> {
        Some(*self)
    }
}

/// What a grant's constraints say to policies about CreateGrant and RetireGrant.
pub(crate) fn visit_constraints(
    constraints: &GrantConstraints,
    key: &ConditionKey,
    visit: &mut Visit<'_>,
) -> bool {
    let GrantConstraints { encryption_context_equals, encryption_context_subset, source_arn } =
        constraints;
    let pairs = encryption_context_equals.as_ref().or(encryption_context_subset.as_ref());
    if let ConditionKey::Named(NamedKey::KmsGrantConstraintType) = key {
        let name = match (encryption_context_equals, encryption_context_subset, source_arn) {
            (Some(_), ..) => "EncryptionContextEquals",
            (None, Some(_), _) => "EncryptionContextSubset",
            (None, None, Some(_)) => "SourceArn",
            (None, None, None) => return false,
        };
        visit(ContextValue::Text(name));
        return true;
    }
    let pairs = pairs.map(Vec::as_slice).unwrap_or_default();
    visit_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())), key, visit)
}

/// `kms:EncryptionContext:` and `kms:EncryptionContextKeys`.
fn visit_pairs<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    key: &ConditionKey,
    visit: &mut Visit<'_>,
) -> bool {
    match key {
        ConditionKey::Family(KeyFamily::KmsEncryptionContext, wanted) => {
            visit_member(pairs, wanted, visit)
        }
        ConditionKey::Named(NamedKey::KmsEncryptionContextKeys) => {
            let mut is_present = false;
            for (name, _) in pairs {
                is_present = true;
                visit(ContextValue::Text(name));
            }
            is_present
        }
        _ => false,
    }
}

/// The values of the pairs with this name. Names are compared ignoring case.
pub fn visit_member<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    wanted: &str,
    visit: &mut Visit<'_>,
) -> bool {
    let mut is_present = false;
    for (_, value) in pairs.filter(|(name, _)| same_ignoring_case(name, wanted)) {
        is_present = true;
        visit(ContextValue::Text(value));
    }
    is_present
}

/// `aws:RequestTag/`, `aws:TagKeys` and, of a key that the request makes, `aws:ResourceTag/`.
#[derive(Clone, Debug)]
pub struct RequestTags<'a> {
    tags: Vec<(&'a str, &'a str)>,
    kind: TagsKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TagsKind {
    Put,
    PutOnNewKey,
    Removed,
}

impl<'a> RequestTags<'a> {
    /// Tags that the request puts on a key.
    pub fn put(tags: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self { tags: tags.collect(), kind: TagsKind::Put }
    }

    /// Tags of a key that the request makes.
    pub fn put_on_new_key(tags: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self { tags: tags.collect(), kind: TagsKind::PutOnNewKey }
    }

    /// The keys of tags that the request takes from a key.
    pub fn removed(keys: impl Iterator<Item = &'a str>) -> Self {
        Self { tags: keys.map(|key| (key, "")).collect(), kind: TagsKind::Removed }
    }
}

impl Conditions for RequestTags<'_> {
    fn visit(&self, key: &ConditionKey, visit: &mut Visit<'_>) -> bool {
        let tags = self.tags.iter().copied();
        match (key, self.kind) {
            (ConditionKey::Named(NamedKey::AwsTagKeys), _) => {
                tags.for_each(|(name, _)| visit(ContextValue::Text(name)));
                !self.tags.is_empty()
            }
            (
                ConditionKey::Family(KeyFamily::AwsRequestTag, wanted),
                TagsKind::Put | TagsKind::PutOnNewKey,
            )
            | (ConditionKey::Family(KeyFamily::AwsResourceTag, wanted), TagsKind::PutOnNewKey) => {
                visit_member(tags, wanted, visit)
            }
            _ => false,
        }
    }
}
