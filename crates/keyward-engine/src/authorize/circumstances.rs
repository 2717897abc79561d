//! The circumstances of a request: the values of every condition key, read where they are when a
//! policy asks for them.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/policy-conditions.html>

use std::cell::Cell;

use keyward_model::{
    AccountId, AliasName, Principal, Region, ServicePrincipal, Session, Timestamp,
};
use keyward_policy::{ConditionKey, ContextValue, KeyFamily, NamedKey, RequestContext};
use keyward_store::GrantRecord;

use crate::authority::Authority;
use crate::authorize::Asked;
use crate::condition::{ConditionValue, Visit, visit_constraints, visit_member};
use crate::organization::{Member, Organization};
use crate::{Call, Key};

/// What a request is about, as far as conditions ask.
#[derive(Clone, Copy, Default)]
pub(crate) struct Resource<'a> {
    /// The account it belongs to.
    pub(crate) account: Option<&'a AccountId>,
    /// The key.
    pub(crate) key: Option<&'a Key>,
    /// The alias by which the request names the key.
    pub(crate) alias: Option<&'a AliasName>,
    /// The aliases of the key, once somebody has asked for them.
    pub(crate) aliases: Option<&'a [AliasName]>,
    /// The grant.
    pub(crate) grant: Option<&'a GrantRecord>,
}

/// One request among its circumstances.
pub(crate) struct Circumstances<'a> {
    pub(crate) call: &'a Call,
    /// The Region the request is for.
    pub(crate) region: &'a Region,
    pub(crate) now: Timestamp,
    /// The machine's time, by which sessions live.
    pub(crate) machine_now: Timestamp,
    pub(crate) authority: &'a Authority,
    pub(crate) organization: Option<&'a Organization>,
    pub(crate) resource: Resource<'a>,
    pub(crate) asked: Asked<'a>,
    /// Whether a policy asked for the aliases of a key before they were loaded.
    pub(crate) lacks_aliases: Cell<bool>,
}

impl RequestContext for Circumstances<'_> {
    fn visit(&self, key: &ConditionKey, visit: &mut Visit<'_>) -> bool {
        if self.asked.conditions.visit(key, visit) {
            return true;
        }
        match key {
            ConditionKey::Named(key) => self.visit_named(*key, visit),
            ConditionKey::Family(family, name) => self.visit_family(*family, name, visit),
            ConditionKey::Other(name) => self.visit_claim(name, visit),
        }
    }
}

impl Circumstances<'_> {
    fn visit_named(&self, key: NamedKey, visit: &mut Visit<'_>) -> bool {
        use NamedKey as K;
        match key {
            K::AwsCurrentTime | K::AwsEpochTime => self.now.visit(visit),
            K::AwsSecureTransport => self.call.client.tls.is_some().visit(visit),
            K::AwsSourceIp => self.visit_source_ip(visit),
            K::AwsUserAgent => self.call.client.user_agent.as_deref().visit(visit),
            K::AwsRequestedRegion => self.region.as_str().visit(visit),
            K::AwsResourceAccount => self.resource.account.map(AccountId::as_str).visit(visit),
            K::AwsResourceOrgId => self.member_of_resource().map(|(id, _)| id).visit(visit),
            K::AwsResourceOrgPaths => self.member_of_resource().map(|(_, path)| path).visit(visit),
            K::AwsCalledVia | K::AwsCalledViaFirst | K::AwsCalledViaLast => {
                self.call.caller.invoked_by.as_deref().visit(visit)
            }
            K::AwsViaAwsService => self.call.caller.invoked_by.is_some().visit(visit),
            K::KmsViaService => self.visit_via_service(visit),
            K::KmsGrantIsForAwsResource => self.visit_is_for_aws_resource(visit),
            K::KmsKeyOrigin
            | K::KmsKeySpec
            | K::KmsCustomerMasterKeySpec
            | K::KmsKeyUsage
            | K::KmsCustomerMasterKeyUsage
            | K::KmsMultiRegion
            | K::KmsMultiRegionKeyType
            | K::KmsRequestAlias
            | K::KmsResourceAliases => self.visit_key(key, visit),
            K::KmsEncryptionContextKeys | K::KmsGrantConstraintType => {
                self.visit_grant(&ConditionKey::Named(key), visit)
            }
            _ => self.visit_caller(key, visit),
        }
    }

    fn visit_key(&self, asked: NamedKey, visit: &mut Visit<'_>) -> bool {
        use NamedKey as K;
        let Some(key) = self.resource.key else { return false };
        match asked {
            K::KmsKeyOrigin => key.record.origin.visit(visit),
            K::KmsKeySpec | K::KmsCustomerMasterKeySpec => key.record.spec.visit(visit),
            K::KmsKeyUsage | K::KmsCustomerMasterKeyUsage => key.record.usage.visit(visit),
            K::KmsMultiRegion => key.record.multi_region.is_some().visit(visit),
            K::KmsMultiRegionKeyType => key.multi_region_role().visit(visit),
            K::KmsRequestAlias => self.resource.alias.map(AliasName::as_str).visit(visit),
            K::KmsResourceAliases => {
                let Some(aliases) = self.resource.aliases else {
                    self.lacks_aliases.set(true);
                    return false;
                };
                for alias in aliases {
                    visit(ContextValue::Text(alias.as_str()));
                }
                !aliases.is_empty()
            }
            _ => false,
        }
    }

    fn visit_caller(&self, key: NamedKey, visit: &mut Visit<'_>) -> bool {
        use NamedKey as K;
        let caller = &self.call.caller;
        if let Principal::Service(service) = &caller.principal {
            return visit_service(service, key, visit);
        }
        match key {
            K::AwsPrincipalAccount | K::KmsCallerAccount => caller.account.as_str().visit(visit),
            K::AwsPrincipalArn => self.principal_arn().visit(visit),
            K::AwsPrincipalType => principal_type(&caller.principal).visit(visit),
            K::AwsUserid => self.authority.user_id.as_str().visit(visit),
            K::AwsUsername => match &caller.principal {
                Principal::User(user) => user.name.as_str().visit(visit),
                _ => false,
            },
            K::AwsPrincipalIsAwsService => false.visit(visit),
            K::AwsPrincipalOrgId => self.member_of_caller().map(|(id, _)| id).visit(visit),
            K::AwsPrincipalOrgPaths => self.member_of_caller().map(|(_, path)| path).visit(visit),
            _ => caller.session.as_ref().is_some_and(|it| self.visit_session(it, key, visit)),
        }
    }

    fn visit_session(&self, session: &Session, key: NamedKey, visit: &mut Visit<'_>) -> bool {
        use NamedKey as K;
        match key {
            K::AwsTokenIssueTime => session.issued_at.visit(visit),
            K::AwsMultiFactorAuthPresent => session.mfa_authenticated_at.is_some().visit(visit),
            K::AwsMultiFactorAuthAge => {
                let age = |at: Timestamp| self.machine_now.unix_s() - at.unix_s();
                session.mfa_authenticated_at.map(age).visit(visit)
            }
            K::AwsSourceIdentity => session.source_identity.as_deref().visit(visit),
            K::AwsFederatedProvider => {
                session.federation.as_ref().map(|it| it.provider.as_str()).visit(visit)
            }
            _ => false,
        }
    }

    fn visit_family(&self, family: KeyFamily, name: &str, visit: &mut Visit<'_>) -> bool {
        match family {
            KeyFamily::AwsPrincipalTag => self.visit_principal_tag(name, visit),
            KeyFamily::AwsResourceTag => {
                let tags = self.resource.key.map(|key| &*key.tags).unwrap_or_default();
                visit_member(pairs(tags), name, visit)
            }
            KeyFamily::KmsEncryptionContext => {
                self.visit_grant(&ConditionKey::Family(family, name.into()), visit)
            }
            _ => false,
        }
    }

    /// The tags of the session override those of the user or role.
    fn visit_principal_tag(&self, name: &str, visit: &mut Visit<'_>) -> bool {
        let session = self.call.caller.session.as_ref().map(|it| &*it.tags).unwrap_or_default();
        let own = self.authority.entity.as_ref().map(|it| &*it.tags).unwrap_or_default();
        visit_member(pairs(session), name, visit) || visit_member(pairs(own), name, visit)
    }

    /// What is left in the session of an identity provider's token.
    fn visit_claim(&self, name: &str, visit: &mut Visit<'_>) -> bool {
        let session = self.call.caller.session.as_ref();
        let Some(federation) = session.and_then(|session| session.federation.as_ref()) else {
            return false;
        };
        let mut claims = federation.claims.iter();
        let claim = claims.find(|(key, _)| keyward_policy::same_ignoring_case(key, name));
        claim.is_some_and(|(_, values)| {
            for value in values {
                visit(ContextValue::Text(value));
            }
            true
        })
    }

    /// What the grant in question says of itself.
    fn visit_grant(&self, key: &ConditionKey, visit: &mut Visit<'_>) -> bool {
        let grant = self.resource.grant;
        grant.is_some_and(|grant| visit_constraints(&grant.constraints, key, visit))
    }

    /// A service that calls in somebody's name stands in the place of the client.
    fn visit_source_ip(&self, visit: &mut Visit<'_>) -> bool {
        if self.call.caller.invoked_by.is_some() {
            return false;
        }
        visit(ContextValue::Ip(self.call.client.source_ip.to_canonical()));
        true
    }

    fn visit_via_service(&self, visit: &mut Visit<'_>) -> bool {
        let Some(service) = self.call.caller.invoked_by.as_deref() else { return false };
        let name = service.strip_suffix(".amazonaws.com").unwrap_or(service);
        format!("{name}.{}.amazonaws.com", self.region).as_str().visit(visit)
    }

    fn visit_is_for_aws_resource(&self, visit: &mut Visit<'_>) -> bool {
        let is_about_grants =
            matches!(self.asked.name, "kms:CreateGrant" | "kms:ListGrants" | "kms:RevokeGrant");
        let caller = &self.call.caller;
        let is_service =
            caller.invoked_by.is_some() || matches!(caller.principal, Principal::Service(_));
        is_about_grants && is_service.visit(visit)
    }

    /// `aws:PrincipalArn`: of a role's session the role's.
    fn principal_arn(&self) -> Option<&str> {
        match (&self.call.caller.principal, self.authority.entity.as_deref()) {
            (Principal::AssumedRole { .. } | Principal::User(_), Some(entity)) => Some(&entity.arn),
            (Principal::WebIdentity(_) | Principal::Service(_), _) => None,
            _ => Some(&self.authority.arn),
        }
    }

    fn member_of_caller(&self) -> Option<(&str, &str)> {
        self.member(&self.call.caller.account)
    }

    fn member_of_resource(&self) -> Option<(&str, &str)> {
        self.member(self.resource.account?)
    }

    fn member(&self, account: &AccountId) -> Option<(&str, &str)> {
        let organization = self.organization?;
        let Member { path, .. } = organization.members.get(account)?;
        Some((&organization.id, path))
    }
}

fn visit_service(service: &ServicePrincipal, key: NamedKey, visit: &mut Visit<'_>) -> bool {
    use NamedKey as K;
    match key {
        K::AwsPrincipalIsAwsService => true.visit(visit),
        K::AwsPrincipalServiceName | K::AwsPrincipalServiceNamesList => {
            service.name.as_str().visit(visit)
        }
        K::AwsPrincipalType => "Service".visit(visit),
        K::AwsSourceArn => service.source_arn.as_deref().visit(visit),
        K::AwsSourceAccount => service.source_account.as_ref().map(AccountId::as_str).visit(visit),
        _ => false,
    }
}

const fn principal_type(principal: &Principal) -> &'static str {
    match principal {
        Principal::AssumedRole { .. } => "AssumedRole",
        Principal::FederatedUser { .. } => "FederatedUser",
        Principal::Root => "Account",
        Principal::Service(_) => "Service",
        Principal::User(_) => "User",
        Principal::WebIdentity(_) => "Anonymous",
    }
}

fn pairs(tags: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|(key, value)| (key.as_str(), value.as_str()))
}
