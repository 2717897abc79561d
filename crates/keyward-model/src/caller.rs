//! Who calls.

use std::fmt;
use std::str::FromStr;

use crate::unique_id::base32;
use crate::{AccountId, Partition, Principal, Session, WebIdentity};

/// The id of an access key: 16 to 128 upper-case letters and digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccessKeyId(Box<str>);

/// Text that is no access key id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an access key id is 16 to 128 upper-case letters and digits")]
pub struct NotAnAccessKeyId;

const TEMPORARY: &str = "ASIA";

impl AccessKeyId {
    /// A new id for a long-term credential: `AKIA` and 16 characters of the base32 alphabet.
    pub fn long_term(rng: &dyn crate::Rng) -> Self {
        Self::random("AKIA", rng)
    }

    /// A new id for a temporary credential: `ASIA` and 16 characters of the base32 alphabet.
    pub fn temporary(rng: &dyn crate::Rng) -> Self {
        Self::random(TEMPORARY, rng)
    }

    fn random(prefix: &str, rng: &dyn crate::Rng) -> Self {
        let mut random = [0_u8; 16];
        rng.fill(&mut random);
        let random: String = random.iter().map(|&byte| char::from(base32(byte))).collect();
        Self(format!("{prefix}{random}").into())
    }

    /// Whether it is the id of a temporary credential, which is of use only with its session token.
    pub fn is_temporary(&self) -> bool {
        self.0.starts_with(TEMPORARY)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccessKeyId {
    type Err = NotAnAccessKeyId;

    fn from_str(text: &str) -> Result<Self, NotAnAccessKeyId> {
        let is_allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        if (16..=128).contains(&text.len()) && text.bytes().all(is_allowed) {
            Ok(Self(text.into()))
        } else {
            Err(NotAnAccessKeyId)
        }
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An authenticated caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The partition of the deployment.
    pub partition: Partition,
    /// The account of the principal.
    pub account: AccountId,
    /// What the credential stands for.
    pub principal: Principal,
    /// The access key the request was signed with.
    pub access_key_id: AccessKeyId,
    /// What a temporary credential says of itself; `None` for a long-term one.
    pub session: Option<Session>,
    /// The service that makes the call in the principal's name, such as `s3.amazonaws.com`.
    pub invoked_by: Option<String>,
}

impl Caller {
    /// The root user of an account, with a long-term access key.
    pub const fn root(
        partition: Partition,
        account: AccountId,
        access_key_id: AccessKeyId,
    ) -> Self {
        let principal = Principal::Root;
        Self { partition, account, principal, access_key_id, session: None, invoked_by: None }
    }

    /// Whoever sends a request without a signature, until its operation has found out who it is.
    /// Of no account that exists.
    pub fn stranger(partition: Partition) -> Self {
        let nobody = WebIdentity {
            provider: String::new(),
            audience: String::new(),
            subject: String::new(),
        };
        Self {
            principal: Principal::WebIdentity(nobody),
            ..Self::root(partition, AccountId::NONE, AccessKeyId("".into()))
        }
    }

    /// The ARN that error messages and audit records name the caller by: of a role's session, not
    /// of the role. A service has none and is told by its name.
    pub fn arn(&self) -> String {
        let Self { partition, account, .. } = self;
        match &self.principal {
            Principal::Root => format!("arn:{partition}:iam::{account}:root"),
            Principal::User(user) => {
                format!("arn:{partition}:iam::{account}:user{}", user.full_name())
            }
            Principal::AssumedRole { role, session_name } => {
                format!("arn:{partition}:sts::{account}:assumed-role/{}/{session_name}", role.name)
            }
            Principal::FederatedUser { name, .. } => {
                format!("arn:{partition}:sts::{account}:federated-user/{name}")
            }
            Principal::Service(service) => service.name.clone(),
            Principal::WebIdentity(identity) => identity.principal_id(),
        }
    }

    /// `aws:PrincipalArn`: as [`Caller::arn`], but of a role's session the role's; `None` for those
    /// who are no IAM principal.
    pub fn principal_arn(&self) -> Option<String> {
        match &self.principal {
            Principal::AssumedRole { role, .. } => {
                let Self { partition, account, .. } = self;
                Some(format!("arn:{partition}:iam::{account}:role{}", role.full_name()))
            }
            Principal::Service(_) | Principal::WebIdentity(_) => None,
            _ => Some(self.arn()),
        }
    }

    /// `aws:userid` and `principalId`.
    pub fn user_id(&self) -> String {
        match &self.principal {
            Principal::Root => self.account.to_string(),
            Principal::User(user) => user.unique_id.to_string(),
            Principal::AssumedRole { role, session_name } => {
                format!("{}:{session_name}", role.unique_id)
            }
            Principal::FederatedUser { name, .. } => format!("{}:{name}", self.account),
            Principal::Service(service) => service.name.clone(),
            Principal::WebIdentity(identity) => identity.principal_id(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Identity;

    struct Zeros;

    impl crate::Rng for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    #[test]
    fn the_prefix_tells_a_temporary_access_key_from_a_long_term_one() {
        let (long_term, temporary) =
            (AccessKeyId::long_term(&Zeros), AccessKeyId::temporary(&Zeros));
        assert_eq!(long_term.as_str(), "AKIAAAAAAAAAAAAAAAAA");
        assert_eq!(temporary.as_str(), "ASIAAAAAAAAAAAAAAAAA");
        assert!(temporary.is_temporary() && !long_term.is_temporary());
        assert_eq!(temporary.as_str().parse(), Ok(temporary));
    }

    fn caller(principal: Principal) -> Caller {
        let account = "111122223333".parse().unwrap();
        let key = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
        Caller { principal, ..Caller::root(Partition::Aws, account, key) }
    }

    fn identity(id: &str) -> Identity {
        let unique_id = format!("{id}ABCDEFGHIJKLMNOPQ").parse().unwrap();
        Identity { path: "/team/".to_owned(), name: "app".to_owned(), unique_id }
    }

    #[test]
    fn each_principal_is_named_as_the_service_names_it() {
        let root = caller(Principal::Root);
        assert_eq!(root.arn(), "arn:aws:iam::111122223333:root");
        assert_eq!(root.user_id(), "111122223333");

        let user = caller(Principal::User(identity("AIDA")));
        assert_eq!(user.arn(), "arn:aws:iam::111122223333:user/team/app");
        assert_eq!(user.principal_arn(), Some(user.arn()));
        assert_eq!(user.user_id(), "AIDAABCDEFGHIJKLMNOPQ");

        let role = identity("AROA");
        let session = caller(Principal::AssumedRole { role, session_name: "s-1".to_owned() });
        assert_eq!(session.arn(), "arn:aws:sts::111122223333:assumed-role/app/s-1");
        let role_arn = "arn:aws:iam::111122223333:role/team/app";
        assert_eq!(session.principal_arn().as_deref(), Some(role_arn));
        assert_eq!(session.user_id(), "AROAABCDEFGHIJKLMNOPQ:s-1");

        let name = "bob".to_owned();
        let federated = caller(Principal::FederatedUser { name, user: Some(identity("AIDA")) });
        assert_eq!(federated.arn(), "arn:aws:sts::111122223333:federated-user/bob");
        assert_eq!(federated.user_id(), "111122223333:bob");
    }
}
