//! From the text of a principal to who calls.

use super::SimulationError;
use crate::request::Subject;

/// What stands for the unique id of the caller's role. No policy can name it.
const ROLE_ID: &str = "AROA-CALLER";

/// Who calls.
#[derive(Clone, Debug)]
pub(super) enum Caller {
    Anonymous,
    Root { account: String },
    User { account: String, arn: String },
    Role { account: String, session_arn: String, role_arn: String, is_path_known: bool },
    FederatedUser { account: String, arn: String },
    Service { name: String },
    WebIdentity { provider: String },
}

impl Caller {
    /// Reads a principal. `kind` is the name of the member it stood in, if it came in an object;
    /// `action` tells the bare name of an identity provider from that of a service.
    pub(super) fn parse(
        text: &str,
        kind: Option<&str>,
        action: &str,
    ) -> Result<Self, SimulationError> {
        let refused = || SimulationError::NotAPrincipal(text.chars().take(128).collect());
        let by_provider = ["sts:assumerolewithwebidentity", "sts:assumerolewithsaml"];
        let is_provider = kind == Some("Federated")
            || (kind.is_none() && by_provider.iter().any(|it| action.eq_ignore_ascii_case(it)));
        match text {
            "" => Err(refused()),
            "*" => Ok(Self::Anonymous),
            _ if is_account(text) => Ok(Self::Root { account: text.to_owned() }),
            _ if text.starts_with("arn:") => Self::of_arn(text).ok_or_else(refused),
            _ if is_provider => Ok(Self::WebIdentity { provider: text.to_owned() }),
            _ if kind == Some("Service") || text.contains('.') => {
                Ok(Self::Service { name: text.to_owned() })
            }
            _ => Err(refused()),
        }
    }

    fn of_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':').skip(1);
        let (partition, service) = (parts.next()?, parts.next()?);
        let (_, account, resource) = (parts.next()?, parts.next()?.to_owned(), parts.next()?);
        let (kind, name) = resource.split_once('/').unwrap_or((resource, ""));
        let arn = arn.to_owned();
        match (service, kind) {
            ("iam", "root") if name.is_empty() => Some(Self::Root { account }),
            ("iam", "user") if !name.is_empty() => Some(Self::User { account, arn }),
            ("iam", "role") if !name.is_empty() => {
                let role = name.rsplit('/').next()?;
                // Some session of it; which one is not known, and no policy can name it.
                let session_arn = format!("arn:{partition}:sts::{account}:assumed-role/{role}/*");
                Some(Self::Role { account, session_arn, role_arn: arn, is_path_known: true })
            }
            ("sts", "assumed-role") if !name.is_empty() => {
                let role = name.split('/').next()?;
                let role_arn = format!("arn:{partition}:iam::{account}:role/{role}");
                Some(Self::Role { account, session_arn: arn, role_arn, is_path_known: false })
            }
            ("sts", "federated-user") if !name.is_empty() => {
                Some(Self::FederatedUser { account, arn })
            }
            ("iam", "oidc-provider" | "saml-provider") => Some(Self::WebIdentity { provider: arn }),
            _ => None,
        }
    }

    /// A session's ARN does not tell the path of its role; `aws:PrincipalArn` does, if it is that
    /// role's.
    pub(super) fn learn_role(&mut self, principal_arn: &str) {
        let is_same = self.bind(principal_arn).is_some();
        if let Self::Role { role_arn, is_path_known, .. } = self
            && is_same
        {
            principal_arn.clone_into(role_arn);
            *is_path_known = true;
        }
    }

    pub(super) fn subject<'a>(&'a self, service_names: &'a [&'a str]) -> Subject<'a> {
        match self {
            Self::Anonymous => Subject::Anonymous,
            Self::Root { account } => Subject::Root { account },
            Self::User { account, arn } => Subject::User { account, arn, id: "" },
            Self::Role { account, session_arn: arn, role_arn, .. } => {
                Subject::RoleSession { account, arn, role_arn, role_id: ROLE_ID }
            }
            Self::FederatedUser { account, arn } => {
                Subject::FederatedUser { account, arn, parent: None }
            }
            Self::Service { .. } => Subject::Service { names: service_names },
            Self::WebIdentity { provider } => Subject::WebIdentity { provider_arn: provider },
        }
    }

    pub(super) fn account(&self) -> Option<&str> {
        match self {
            Self::Root { account }
            | Self::User { account, .. }
            | Self::Role { account, .. }
            | Self::FederatedUser { account, .. } => Some(account),
            Self::Anonymous | Self::Service { .. } | Self::WebIdentity { .. } => None,
        }
    }

    /// Whether a service made the role for itself, which the path of the role tells.
    pub(super) fn is_service_linked(&self) -> bool {
        matches!(self, Self::Role { role_arn, .. } if role_arn.contains(":role/aws-service-role/"))
    }

    /// The id to which a principal of a policy is bound, if it names the caller's role under a path
    /// that the caller's ARN does not tell. Names of roles are unique in their account.
    pub(super) fn bind(&self, principal: &str) -> Option<Box<str>> {
        match self {
            Self::Role { role_arn, is_path_known: false, .. } => {
                let (prefix, name) = role_arn.split_once(":role/")?;
                let (other_prefix, path) = principal.split_once(":role/")?;
                let is_same = prefix == other_prefix && path.rsplit('/').next() == Some(name);
                is_same.then(|| ROLE_ID.into())
            }
            _ => None,
        }
    }
}

/// Twelve digits.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
