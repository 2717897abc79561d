//! Who calls, and how an entry of a `Principal` element names a caller.

use keyward_policy::{Effect, Element, Principal, PrincipalKind, Statement};

/// What a caller is to a statement that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// The caller itself, or everyone.
    Direct,
    /// The role of the caller's session.
    Role,
    /// The caller's account, which is asked to decide.
    Account,
}

#[derive(Clone, Debug)]
pub(crate) enum Caller {
    Anonymous,
    Root {
        account: String,
    },
    User {
        arn: String,
        account: String,
    },
    /// A session; of one given by its role's ARN the session's name is not known.
    Role {
        account: String,
        role_arn: String,
        session_arn: Option<String>,
        /// Whether the role's ARN has its path, which a session's ARN does not tell.
        is_path_known: bool,
    },
    FederatedUser {
        arn: String,
        account: String,
    },
    Service {
        name: String,
    },
    /// An identity provider, which only trust policies name.
    Provider {
        name: String,
    },
}

impl Caller {
    /// Reads what the word or ARN names. `kind` is the member name, if it came in an object.
    pub(crate) fn of(text: &str, kind: Option<&str>) -> Result<Self, String> {
        let digits = |t: &str| t.len() == 12 && t.bytes().all(|b| b.is_ascii_digit());
        if kind == Some("Federated") {
            return Ok(Self::Provider { name: text.to_owned() });
        }
        if text == "*" {
            return Ok(Self::Anonymous);
        }
        if digits(text) {
            return Ok(Self::Root { account: text.to_owned() });
        }
        if kind == Some("Service") || !text.starts_with("arn:") {
            return Ok(Self::Service { name: text.to_owned() });
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [_, partition, service, _, account, resource] = parts[..] else {
            return Err(format!("{text} is no ARN"));
        };
        let (arn, account) = (text.to_owned(), account.to_owned());
        let (resource_kind, name) = resource.split_once('/').unwrap_or((resource, ""));
        match (service, resource_kind) {
            ("iam", "root") => Ok(Self::Root { account }),
            ("iam", "user") => Ok(Self::User { arn, account }),
            ("iam", "role") => {
                Ok(Self::Role { account, role_arn: arn, session_arn: None, is_path_known: true })
            }
            ("sts", "assumed-role") => {
                let role = name.split('/').next().unwrap_or_default();
                let role_arn = format!("arn:{partition}:iam::{account}:role/{role}");
                Ok(Self::Role { account, role_arn, session_arn: Some(arn), is_path_known: false })
            }
            ("sts", "federated-user") => Ok(Self::FederatedUser { arn, account }),
            ("iam", "oidc-provider" | "saml-provider") => Ok(Self::Provider { name: arn }),
            _ => Err(format!("{text} is no principal")),
        }
    }

    /// The account whose identity this is; services, providers and strangers have none.
    pub(crate) fn account(&self) -> Option<&str> {
        match self {
            Self::Root { account }
            | Self::User { account, .. }
            | Self::Role { account, .. }
            | Self::FederatedUser { account, .. } => Some(account),
            Self::Anonymous | Self::Service { .. } | Self::Provider { .. } => None,
        }
    }

    pub(crate) fn is_service_linked(&self) -> bool {
        matches!(self, Self::Role { role_arn, .. } if role_arn.contains(":role/aws-service-role/"))
    }

    /// What the caller is to this statement; `None` when the statement is not about it.
    pub(crate) fn class(&self, statement: &Statement, has_boundary: bool) -> Option<Class> {
        match statement.principal.as_ref()? {
            // Whom only a provider vouches for must be meant by its provider.
            Element::Listed(principal)
                if statement.effect == Effect::Allow && self.is_provider() =>
            {
                self.provided(principal).then_some(Class::Direct)
            }
            Element::Listed(principal) => self.named(principal),
            Element::NotListed(principal) if statement.effect == Effect::Allow => {
                (!self.is_provider() && self.named(principal).is_none()).then_some(Class::Direct)
            }
            Element::NotListed(principal) => {
                // Documented: a boundary makes the exception useless.
                let is_entity = matches!(self, Self::User { .. } | Self::Role { .. });
                let is_spared = self.is_spared(principal) && !(has_boundary && is_entity);
                (!is_spared).then_some(Class::Direct)
            }
        }
    }

    fn is_provider(&self) -> bool {
        matches!(self, Self::Provider { .. })
    }

    fn provided(&self, principal: &Principal) -> bool {
        let Principal::Entries(entries) = principal else { return false };
        entries.iter().any(|entry| {
            let names = |name: &String| self.entry(entry.kind, name).is_some();
            entry.kind == PrincipalKind::Federated && entry.names.iter().any(names)
        })
    }

    fn named(&self, principal: &Principal) -> Option<Class> {
        let entries = match principal {
            Principal::Everyone => return Some(Class::Direct),
            Principal::Entries(entries) => entries,
        };
        let all: Vec<Class> = entries
            .iter()
            .flat_map(|entry| entry.names.iter().map(|name| (entry.kind, name.as_str())))
            .filter_map(|(kind, name)| self.entry(kind, name))
            .collect();
        // The strongest claim first.
        [Class::Direct, Class::Role, Class::Account].into_iter().find(|class| all.contains(class))
    }

    fn entry(&self, kind: PrincipalKind, name: &str) -> Option<Class> {
        match (kind, self) {
            (PrincipalKind::Aws, _) if name == "*" => Some(Class::Direct),
            (PrincipalKind::Aws, _) if self.account().is_some_and(|a| names_account(name, a)) => {
                Some(Class::Account)
            }
            (PrincipalKind::Aws, Self::User { arn, .. } | Self::FederatedUser { arn, .. })
                if arn == name =>
            {
                Some(Class::Direct)
            }
            (PrincipalKind::Aws, Self::Role { session_arn: Some(arn), .. }) if arn == name => {
                Some(Class::Direct)
            }
            (PrincipalKind::Aws, Self::Role { .. }) if self.is_of_role(name) => Some(Class::Role),
            (PrincipalKind::Service, Self::Service { name: own }) if own == name => {
                Some(Class::Direct)
            }
            (PrincipalKind::Federated, Self::Provider { name: own }) if provides(own, name) => {
                Some(Class::Direct)
            }
            _ => None,
        }
    }

    /// Names of roles are unique in their account: where the path is not known, the name decides.
    pub(crate) fn is_of_role(&self, name: &str) -> bool {
        let Self::Role { role_arn, is_path_known, .. } = self else { return false };
        let ends = |arn: &str| {
            let (head, path) = arn.split_once(":role/")?;
            Some((head.to_owned(), path.rsplit('/').next()?.to_owned()))
        };
        role_arn == name || (!is_path_known && ends(name).is_some() && ends(role_arn) == ends(name))
    }

    /// `NotPrincipal` with `Deny` spares who is listed with everything it is: account, role,
    /// session.
    fn is_spared(&self, principal: &Principal) -> bool {
        let Principal::Entries(entries) = principal else { return true };
        let lists = |kind, wanted: &dyn Fn(&str) -> bool| {
            entries.iter().any(|entry| entry.kind == kind && entry.names.iter().any(|n| wanted(n)))
        };
        let aws = |wanted: &dyn Fn(&str) -> bool| lists(PrincipalKind::Aws, wanted);
        if aws(&|name| name == "*") {
            return true;
        }
        let account = || self.account().is_some_and(|own| aws(&|name| names_account(name, own)));
        match self {
            Self::Anonymous => false,
            Self::Root { .. } => account(),
            Self::User { arn, .. } | Self::FederatedUser { arn, .. } => {
                account() && aws(&|name| name == arn)
            }
            Self::Role { session_arn, .. } => {
                account()
                    && aws(&|name| self.is_of_role(name))
                    && session_arn.as_ref().is_none_or(|arn| aws(&|name| name == arn))
            }
            Self::Service { name: own } => lists(PrincipalKind::Service, &|name| name == own),
            Self::Provider { name: own } => {
                lists(PrincipalKind::Federated, &|name| provides(own, name))
            }
        }
    }
}

/// `111122223333` and `arn:aws:iam::111122223333:root` are the same.
pub(crate) fn names_account(name: &str, account: &str) -> bool {
    let parts: Vec<&str> = name.split(':').collect();
    name == account || matches!(parts[..], ["arn", _, "iam", "", own, "root"] if own == account)
}

/// A provider goes by its ARN or, if it is an OIDC provider, by its bare name.
fn provides(own: &str, name: &str) -> bool {
    own == name || own.ends_with(&format!(":oidc-provider/{name}"))
}
