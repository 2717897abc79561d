//! What a decision is asked about: who, what, on which resource, under which circumstances.

use std::fmt;
use std::net::IpAddr;

use crate::condition_key::ConditionKey;
use crate::text::StackText;

/// The longest text of a value that is not text already.
const FORM_BYTES_MAX: usize = 64;

/// One request, borrowed.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The action, for instance `kms:Encrypt`.
    pub action: &'a str,
    /// The ARN of the resource, or `*` for an action that has none.
    pub resource: &'a str,
    /// The caller.
    pub subject: Subject<'a>,
    /// The values of condition keys.
    pub context: &'a dyn RequestContext,
}

/// Answers for the condition keys of one request.
pub trait RequestContext {
    /// Calls `visit` with each value of the key, and says whether the request has the key at all.
    /// A multivalued key may be present without a value. A key that the implementer does not know
    /// is absent.
    fn visit(&self, key: &ConditionKey, visit: &mut dyn FnMut(ContextValue<'_>)) -> bool;
}

/// A context without any key.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoContext;

impl RequestContext for NoContext {
    fn visit(&self, _: &ConditionKey, _: &mut dyn FnMut(ContextValue<'_>)) -> bool {
        false
    }
}

/// One value of a condition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextValue<'a> {
    /// Text, which operators of every type may read.
    Text(&'a str),
    /// A truth value; as text `true` or `false`.
    Bool(bool),
    /// A number; as a date, seconds since 1970.
    Integer(i64),
    /// Milliseconds since 1970; as text ISO 8601 in whole seconds, `2026-10-18T12:00:00Z`; as a
    /// number, seconds.
    Instant(i64),
    /// An address.
    Ip(IpAddr),
}

impl ContextValue<'_> {
    /// Hands the textual form to `read`, without allocation.
    pub(crate) fn with_text<R>(&self, read: impl FnOnce(&str) -> R) -> R {
        if let Self::Text(text) = self {
            return read(text);
        }
        let form = StackText::<FORM_BYTES_MAX>::of(self);
        read(form.as_ref().map_or("", StackText::as_str))
    }
}

impl fmt::Display for ContextValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Instant(ms) => crate::date::write_iso(*ms, f),
            Self::Ip(address) => write!(f, "{address}"),
        }
    }
}

/// The caller, as far as `Principal` elements tell callers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// The root user of an account, also in a session of GetSessionToken.
    Root {
        /// Its account.
        account: &'a str,
    },
    /// An IAM user, also in a session of GetSessionToken.
    User {
        /// Its account.
        account: &'a str,
        /// `arn:aws:iam::A:user/path/name`.
        arn: &'a str,
        /// `AIDA…`.
        id: &'a str,
    },
    /// A session of a role.
    RoleSession {
        /// The role's account.
        account: &'a str,
        /// `arn:aws:sts::A:assumed-role/name/session`.
        arn: &'a str,
        /// `arn:aws:iam::A:role/path/name`.
        role_arn: &'a str,
        /// `AROA…`, without the session's name.
        role_id: &'a str,
    },
    /// A session of GetFederationToken.
    FederatedUser {
        /// Its account.
        account: &'a str,
        /// `arn:aws:sts::A:federated-user/name`.
        arn: &'a str,
        /// The user that asked for the session; `None` when the root user did.
        parent: Option<ParentUser<'a>>,
    },
    /// A service that calls as itself.
    Service {
        /// Every name it goes by, for instance `ec2.amazonaws.com`.
        names: &'a [&'a str],
    },
    /// Whom an identity provider vouches for, before there is a session.
    WebIdentity {
        /// The provider's ARN, `arn:aws:iam::A:oidc-provider/host`.
        provider_arn: &'a str,
    },
    /// No one known.
    Anonymous,
}

/// The user behind a federated session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParentUser<'a> {
    /// `arn:aws:iam::A:user/path/name`.
    pub arn: &'a str,
    /// `AIDA…`.
    pub id: &'a str,
}

impl<'a> Subject<'a> {
    /// The account the caller belongs to; services and strangers have none.
    pub fn account(&self) -> Option<&'a str> {
        match *self {
            Self::Root { account }
            | Self::User { account, .. }
            | Self::RoleSession { account, .. }
            | Self::FederatedUser { account, .. } => Some(account),
            Self::Service { .. } | Self::WebIdentity { .. } | Self::Anonymous => None,
        }
    }

    /// Whether this is an account's root user, whose own permissions are everything.
    pub fn is_root(&self) -> bool {
        matches!(self, Self::Root { .. })
    }
}
