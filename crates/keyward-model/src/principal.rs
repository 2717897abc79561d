//! What a credential stands for, and what a temporary one says of itself.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use crate::{AccountId, Timestamp, UniqueId};

/// The kinds of principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A session of a role.
    AssumedRole {
        /// The role.
        role: Identity,
        /// `RoleSessionName`.
        session_name: String,
    },
    /// A session of GetFederationToken.
    FederatedUser {
        /// The name in its ARN.
        name: String,
        /// The user whose permissions it has a part of; `None` for the account's root user.
        user: Option<Identity>,
    },
    /// The account's root user.
    Root,
    /// A service that calls as itself.
    Service(ServicePrincipal),
    /// An IAM user.
    User(Identity),
    /// Whoever shows an identity provider's token, before it has assumed a role.
    WebIdentity(WebIdentity),
}

/// A user or a role, by all that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Begins and ends with `/`.
    pub path: String,
    /// The friendly name.
    pub name: String,
    /// What no other user or role ever has.
    pub unique_id: UniqueId,
}

impl Identity {
    /// Path and name, as they stand in the ARN behind `user` or `role`.
    pub fn full_name(&self) -> String {
        format!("{}{}", self.path, self.name)
    }
}

/// A service that calls as itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePrincipal {
    /// Such as `backup.amazonaws.com`.
    pub name: String,
    /// `aws:SourceArn`: the resource for which it calls.
    pub source_arn: Option<String>,
    /// `aws:SourceAccount`.
    pub source_account: Option<AccountId>,
}

/// The holder of an identity provider's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebIdentity {
    /// The ARN of the OIDC provider.
    pub provider: String,
    /// The token's audience.
    pub audience: String,
    /// The token's subject.
    pub subject: String,
}

impl WebIdentity {
    /// `principalId`: provider, audience and subject.
    pub fn principal_id(&self) -> String {
        let Self { provider, audience, subject } = self;
        format!("{provider}:{audience}:{subject}")
    }
}

/// What a temporary credential says of itself. The session token carries all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// `aws:TokenIssueTime`, by the machine's clock.
    pub issued_at: Timestamp,
    /// When the credential ends, by the machine's clock.
    pub expires_at: Timestamp,
    /// When a code of an MFA device was shown, if one was.
    pub mfa_authenticated_at: Option<Timestamp>,
    /// Session tags, at most 50; they override the principal's own.
    pub tags: Vec<(String, String)>,
    /// The keys of session tags that a role assumed with this session gets too.
    pub transitive_tag_keys: Vec<String>,
    /// `aws:SourceIdentity`.
    pub source_identity: Option<String>,
    /// The documents of the session policies given as text; `None` when there is no session policy.
    /// Together with `policy_arns` they limit what the session may do to what one of them allows.
    pub policies: Option<Vec<String>>,
    /// Managed policies of the principal's account that are session policies too, as they are at
    /// the time of a request.
    pub policy_arns: Vec<String>,
    /// The identity provider behind a session of AssumeRoleWithWebIdentity.
    pub federation: Option<Federation>,
}

/// What is left in a session of the token it was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Federation {
    /// `aws:FederatedProvider`: the ARN of the OIDC provider.
    pub provider: String,
    /// Condition keys with their values, such as `accounts.example.com:sub`.
    pub claims: Vec<(String, Vec<String>)>,
}
