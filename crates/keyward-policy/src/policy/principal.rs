//! Principals and whom they name.

use crate::document::{Element, Principal, PrincipalEntry, PrincipalKind};
use crate::principal_arn::{AwsPrincipal, classify};
use crate::request::Subject;

/// How directly a policy names the caller, which decides what else must allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// By its account: the account's own policies decide.
    Account,
    /// By its role, or the user behind a federated session: boundary and session policy limit it.
    Role,
    /// Itself, as a service, or as everyone.
    Direct,
}

/// Finds the unique id that the ARN of a user or role was bound to when the policy was saved.
pub(crate) type Bind<'a> = &'a dyn Fn(&str) -> Option<Box<str>>;

/// `Principal` or `NotPrincipal`.
#[derive(Clone, Debug)]
pub(crate) struct Principals {
    is_listed: bool,
    names: Box<[OwnedName]>,
}

#[derive(Clone, Debug)]
struct OwnedName {
    kind: Kind,
    text: Box<str>,
    id: Option<Box<str>>,
}

/// One principal by name.
#[derive(Clone, Copy, Debug)]
struct Name<'a> {
    kind: Kind,
    text: &'a str,
    /// The unique id that the ARN of a user or role was bound to.
    id: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Everyone,
    Account,
    User,
    Role,
    /// A role session or a federated user.
    Session,
    Service,
    Federated,
}

impl Principals {
    pub(crate) fn compile(element: &Element<Principal>, bind: Bind<'_>) -> Self {
        let names: Box<[OwnedName]> = match element.written() {
            Principal::Everyone => {
                Box::new([OwnedName { kind: Kind::Everyone, text: "*".into(), id: None }])
            }
            Principal::Entries(entries) => {
                entries.iter().flat_map(|entry| names(entry, bind)).collect()
            }
        };
        Self { is_listed: matches!(element, Element::Listed(_)), names }
    }

    /// Whom an Allow is for, and how directly.
    pub(crate) fn allow(&self, subject: &Subject<'_>) -> Option<Class> {
        let mut names = self.names();
        match subject {
            // Whom only a provider vouches for is no principal of any account: a policy that means
            // such callers names their provider.
            Subject::WebIdentity { .. } => {
                let is_named = self.is_listed && names.any(|name| name.is_direct(subject));
                is_named.then_some(Class::Direct)
            }
            _ if self.is_listed => names.filter_map(|name| name.class(subject)).max(),
            _ => names.all(|name| name.class(subject).is_none()).then_some(Class::Direct),
        }
    }

    /// Whom a Deny is for. A caller is spared by `NotPrincipal` only if everything it acts as is
    /// listed: itself, its role, its account. A user or role with a permissions boundary is never
    /// spared.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
    pub(crate) fn deny(&self, subject: &Subject<'_>, has_boundary: bool) -> bool {
        if self.is_listed {
            return self.names().any(|name| name.class(subject).is_some());
        }
        let is_entity = matches!(subject, Subject::User { .. } | Subject::RoleSession { .. });
        if has_boundary && is_entity {
            return true;
        }
        let lists = |class: Class| self.names().any(|name| name.names_as(class, subject));
        let is_spared = match subject {
            Subject::Root { .. } => lists(Class::Account),
            Subject::User { .. } | Subject::FederatedUser { .. } => {
                lists(Class::Direct) && lists(Class::Account)
            }
            Subject::RoleSession { .. } => {
                lists(Class::Direct) && lists(Class::Role) && lists(Class::Account)
            }
            Subject::Service { .. } | Subject::WebIdentity { .. } | Subject::Anonymous => {
                lists(Class::Direct)
            }
        };
        !is_spared
    }

    fn names(&self) -> impl Iterator<Item = Name<'_>> {
        self.names.iter().map(|it| Name { kind: it.kind, text: &it.text, id: it.id.as_deref() })
    }
}

fn names(entry: &PrincipalEntry, bind: Bind<'_>) -> Vec<OwnedName> {
    let name = |text: &String| {
        let (kind, text) = match entry.kind {
            PrincipalKind::Aws => aws_name(text)?,
            PrincipalKind::Service => (Kind::Service, text.as_str()),
            PrincipalKind::Federated => (Kind::Federated, text.as_str()),
            PrincipalKind::CanonicalUser => return None,
        };
        let id = if matches!(kind, Kind::User | Kind::Role) { bind(text) } else { None };
        Some(OwnedName { kind, text: text.into(), id })
    };
    entry.names.iter().filter_map(name).collect()
}

/// `None` for what names no one: a wildcard in an ARN, the id of who was deleted.
fn aws_name(text: &str) -> Option<(Kind, &str)> {
    match classify(text, partition_of(text)) {
        AwsPrincipal::Everyone => Some((Kind::Everyone, text)),
        AwsPrincipal::Account(account) => Some((Kind::Account, account)),
        AwsPrincipal::FederatedUser(_) => Some((Kind::Session, text)),
        AwsPrincipal::Identity(arn) => match resource_of(arn).split('/').next() {
            Some("user") => Some((Kind::User, arn)),
            Some("role") => Some((Kind::Role, arn)),
            _ => Some((Kind::Session, arn)),
        },
        AwsPrincipal::NoOne | AwsPrincipal::NotAPrincipal => None,
    }
}

fn partition_of(arn: &str) -> &str {
    arn.split(':').nth(1).unwrap_or_default()
}

fn resource_of(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or_default()
}

impl Name<'_> {
    fn class(&self, subject: &Subject<'_>) -> Option<Class> {
        [Class::Direct, Class::Role, Class::Account]
            .into_iter()
            .find(|&class| self.names_as(class, subject))
    }

    fn names_as(&self, class: Class, subject: &Subject<'_>) -> bool {
        if self.kind == Kind::Everyone {
            return true;
        }
        match class {
            Class::Direct => self.is_direct(subject),
            Class::Role => self.is_role(subject),
            Class::Account => self.kind == Kind::Account && subject.account() == Some(self.text),
        }
    }

    fn is_direct(&self, subject: &Subject<'_>) -> bool {
        match (self.kind, subject) {
            (Kind::User, Subject::User { arn, id, .. }) => self.is(arn, id),
            // A role made again under its name has sessions of the same names, too.
            (Kind::Session, Subject::RoleSession { arn, role_id, .. }) => {
                self.text == *arn && self.id.is_none_or(|id| id == *role_id)
            }
            (Kind::Session, Subject::FederatedUser { arn, .. }) => self.text == *arn,
            (Kind::Service, Subject::Service { names }) => names.contains(&self.text),
            (Kind::Federated, Subject::WebIdentity { provider_arn }) => {
                self.text == *provider_arn || host_of(provider_arn) == Some(self.text)
            }
            _ => false,
        }
    }

    fn is_role(&self, subject: &Subject<'_>) -> bool {
        match (self.kind, subject) {
            (Kind::Role, Subject::RoleSession { role_arn, role_id, .. }) => {
                self.is(role_arn, role_id)
            }
            (Kind::User, Subject::FederatedUser { parent: Some(parent), .. }) => {
                self.is(parent.arn, parent.id)
            }
            _ => false,
        }
    }

    /// Who was deleted and made again has the name and not the id.
    fn is(&self, arn: &str, id: &str) -> bool {
        match self.id {
            Some(bound) => bound == id,
            None => self.text == arn,
        }
    }
}

/// The bare name of an OIDC provider, which a trust policy may give instead of its ARN.
fn host_of(provider_arn: &str) -> Option<&str> {
    resource_of(provider_arn).strip_prefix("oidc-provider/")
}

/// How a grant that names this principal names the caller.
pub(crate) fn class_of_grantee(
    principal: &str,
    id: Option<&str>,
    subject: &Subject<'_>,
) -> Option<Class> {
    let (kind, text) = aws_name(principal)?;
    // A grant names one principal: the lone `*` is none.
    if kind == Kind::Everyone { None } else { Name { kind, text, id }.class(subject) }
}
