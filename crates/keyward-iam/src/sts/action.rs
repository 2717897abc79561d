//! The permissions that asking for a session takes, with all that policies may ask about the
//! session.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>

use keyward_engine::{Access, Action, ConditionValue, Conditions, Visit, reach, visit_member};
use keyward_policy::{ConditionKey, ContextValue, KeyFamily, NamedKey, same_ignoring_case};

/// A session that is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SessionRequest<'a> {
    /// `ExternalId`.
    pub(crate) external_id: Option<&'a str>,
    /// `RoleSessionName`.
    pub(crate) role_session_name: Option<&'a str>,
    /// The source identity, sent or inherited.
    pub(crate) source_identity: Option<&'a str>,
    /// Session tags that were sent.
    pub(crate) tags: &'a [(String, String)],
    /// Those of their keys that are to be handed on.
    pub(crate) transitive_tag_keys: &'a [String],
    /// Whether a code of an MFA device was sent.
    pub(crate) is_mfa_shown: bool,
    /// The tags of the role.
    pub(crate) role_tags: &'a [(String, String)],
    /// What an identity provider's token claims, by condition key.
    pub(crate) claims: &'a [(String, Vec<String>)],
    /// The identity provider.
    pub(crate) provider: Option<&'a str>,
}

/// Declares the permissions.
macro_rules! actions {
    ($($name:ident)+) => {$(
        #[doc = concat!("`sts:", stringify!($name), "`")]
        pub(crate) struct $name<'a>(pub(crate) &'a SessionRequest<'a>);

        impl Action for $name<'_> {
            const NAME: &'static str = concat!("sts:", stringify!($name));
            const ACCESS: Access = Access::CrossAccount;
            type Reach = reach::Look;
            type Proven = $name<'static>;
        }

        impl Conditions for $name<'_> {
            fn visit(&self, key: &ConditionKey, visit: &mut Visit<'_>) -> bool {
                self.0.visit(key, visit)
            }
        }
    )+};
}

actions! { AssumeRole AssumeRoleWithWebIdentity GetFederationToken SetSourceIdentity TagSession }

impl SessionRequest<'_> {
    fn visit(&self, key: &ConditionKey, visit: &mut Visit<'_>) -> bool {
        match key {
            ConditionKey::Named(key) => self.visit_named(*key, visit),
            ConditionKey::Family(KeyFamily::AwsRequestTag, name) => {
                visit_member(pairs(self.tags), name, visit)
            }
            ConditionKey::Family(KeyFamily::AwsResourceTag | KeyFamily::IamResourceTag, name) => {
                visit_member(pairs(self.role_tags), name, visit)
            }
            ConditionKey::Family(..) => false,
            ConditionKey::Other(name) => self.visit_claim(name, visit),
        }
    }

    fn visit_named(&self, key: NamedKey, visit: &mut Visit<'_>) -> bool {
        use NamedKey as K;
        match key {
            K::StsExternalId => self.external_id.visit(visit),
            K::StsRoleSessionName => self.role_session_name.visit(visit),
            K::StsSourceIdentity => self.source_identity.visit(visit),
            K::StsTransitiveTagKeys => {
                visit_each(self.transitive_tag_keys.iter().map(String::as_str), visit)
            }
            K::AwsTagKeys => visit_each(self.tags.iter().map(|(key, _)| key.as_str()), visit),
            // Of a session that shows MFA already, the session says so.
            K::AwsMultiFactorAuthPresent => self.is_mfa_shown && true.visit(visit),
            K::AwsMultiFactorAuthAge => self.is_mfa_shown && 0_u32.visit(visit),
            K::AwsFederatedProvider => self.provider.visit(visit),
            _ => false,
        }
    }

    fn visit_claim(&self, name: &str, visit: &mut Visit<'_>) -> bool {
        let claim = self.claims.iter().find(|(key, _)| same_ignoring_case(key, name));
        claim.is_some_and(|(_, values)| visit_each(values.iter().map(String::as_str), visit))
    }
}

fn visit_each<'a>(values: impl Iterator<Item = &'a str>, visit: &mut Visit<'_>) -> bool {
    let mut is_present = false;
    for value in values {
        is_present = true;
        visit(ContextValue::Text(value));
    }
    is_present
}

fn pairs(tags: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|(key, value)| (key.as_str(), value.as_str()))
}
