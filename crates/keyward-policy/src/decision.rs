//! What a decision says, and why.

use std::fmt;

/// The answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// Go ahead.
    Allowed(Because),
    /// No.
    Denied(Refusal),
}

impl Decision {
    /// Whether the request may go ahead.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

/// What allowed a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// The caller is the root user, and what else must allow does.
    RootUser,
    /// The resource's policy names the caller.
    ResourcePolicy,
    /// The resource's policy names the caller's role, or the user behind its federated session.
    RoleInResourcePolicy,
    /// The caller's identity policies allow; the resource's policy, if it has a say, lets them.
    IdentityPolicy,
    /// The resource's policy allows a caller of another account, whose identity policies do too.
    BothAccounts,
    /// A grant.
    Grant,
    /// Nothing denies, and nothing more was asked.
    NothingDenies,
}

impl Because {
    /// In words, for operators.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RootUser => "the caller is the account's root user, and nothing denies",
            Self::ResourcePolicy => "the resource-based policy names the caller",
            Self::RoleInResourcePolicy => {
                "the resource-based policy names the caller's role or user"
            }
            Self::IdentityPolicy => "an identity-based policy allows it",
            Self::BothAccounts => "the policies of both accounts allow it",
            Self::Grant => "a grant allows it",
            Self::NothingDenies => "nothing denies it",
        }
    }
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A statement denies it.
    ExplicitDeny(PolicyKind),
    /// No policy of this kind allows it, and one would have to.
    NoAllow(PolicyKind),
    /// The caller is of another account, and the operation is for the key's own account only.
    OtherAccount,
}

impl Refusal {
    /// Whether the refusal comes from the side of the resource, so that a caller of another account
    /// must not learn whether the resource exists.
    pub fn is_of_resource(self) -> bool {
        matches!(
            self,
            Self::OtherAccount
                | Self::ExplicitDeny(PolicyKind::Resource | PolicyKind::ResourceControl)
                | Self::NoAllow(PolicyKind::Resource | PolicyKind::ResourceControl)
        )
    }

    /// Whether the side of the resource comes before this refusal and has let the caller pass. Only
    /// then may a caller of another account learn that the resource exists: what its own policies
    /// deny, they deny to what is not there too, and by conditions on what is.
    pub fn comes_after_resource(self) -> bool {
        matches!(
            self,
            Self::NoAllow(PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session)
        )
    }

    /// The end of the message of an access-denied error, as callers of the resource's own account
    /// see it: `because no identity-based policy allows the kms:Encrypt action`.
    pub fn reason(self, action: &str) -> Reason<'_> {
        Reason { refusal: self, action }
    }
}

/// A [`Refusal`] in words.
#[derive(Clone, Copy, Debug)]
pub struct Reason<'a> {
    refusal: Refusal,
    action: &'a str,
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.refusal {
            Refusal::ExplicitDeny(kind) => {
                return write!(f, "with an explicit deny in {} {}", kind.article(), kind.name());
            }
            Refusal::NoAllow(kind) => kind,
            Refusal::OtherAccount => PolicyKind::Resource,
        };
        write!(f, "because no {} allows the {} action", kind.name(), self.action)
    }
}

/// The kinds of policy that take part in a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyKind {
    /// The policy of the resource: a key policy, a trust policy.
    Resource,
    /// Policies of the caller: its own, its groups', its role's.
    Identity,
    /// The permissions boundary of the caller.
    Boundary,
    /// The policies of the caller's session.
    Session,
    /// Service control policies.
    ServiceControl,
    /// Resource control policies.
    ResourceControl,
    /// The policy of the VPC endpoint the request came through.
    VpcEndpoint,
}

impl PolicyKind {
    /// All kinds, in the order in which a deny is looked for.
    pub const ALL: [Self; 7] = [
        Self::Resource,
        Self::Identity,
        Self::Boundary,
        Self::Session,
        Self::ServiceControl,
        Self::ResourceControl,
        Self::VpcEndpoint,
    ];

    /// As error messages call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resource => "resource-based policy",
            Self::Identity => "identity-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::ServiceControl => "service control policy",
            Self::ResourceControl => "resource control policy",
            Self::VpcEndpoint => "VPC endpoint policy",
        }
    }

    fn article(self) -> &'static str {
        if self == Self::Identity { "an" } else { "a" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_worded_as_the_service_words_it() {
        for (refusal, reason) in [
            (
                Refusal::NoAllow(PolicyKind::Identity),
                "because no identity-based policy allows the kms:Encrypt action",
            ),
            (
                Refusal::NoAllow(PolicyKind::Resource),
                "because no resource-based policy allows the kms:Encrypt action",
            ),
            (
                Refusal::NoAllow(PolicyKind::VpcEndpoint),
                "because no VPC endpoint policy allows the kms:Encrypt action",
            ),
            (
                Refusal::ExplicitDeny(PolicyKind::Resource),
                "with an explicit deny in a resource-based policy",
            ),
            (
                Refusal::ExplicitDeny(PolicyKind::Identity),
                "with an explicit deny in an identity-based policy",
            ),
            (
                Refusal::ExplicitDeny(PolicyKind::Boundary),
                "with an explicit deny in a permissions boundary",
            ),
        ] {
            assert_eq!(refusal.reason("kms:Encrypt").to_string(), reason);
        }
    }

    #[test]
    fn what_the_side_of_the_resource_refuses_does_not_tell_that_it_exists() {
        assert!(Refusal::OtherAccount.is_of_resource());
        for kind in PolicyKind::ALL {
            let is_of_resource = matches!(kind, PolicyKind::Resource | PolicyKind::ResourceControl);
            assert_eq!(Refusal::NoAllow(kind).is_of_resource(), is_of_resource, "{kind:?}");
            assert_eq!(Refusal::ExplicitDeny(kind).is_of_resource(), is_of_resource, "{kind:?}");
        }
    }

    #[test]
    fn only_what_the_resource_lets_pass_tells_that_it_exists() {
        assert!(!Refusal::OtherAccount.comes_after_resource());
        for kind in PolicyKind::ALL {
            let limits_identity =
                matches!(kind, PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session);
            assert_eq!(Refusal::NoAllow(kind).comes_after_resource(), limits_identity, "{kind:?}");
            assert!(!Refusal::ExplicitDeny(kind).comes_after_resource(), "{kind:?}");
        }
    }
}
