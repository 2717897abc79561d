//! What a session token holds, version 1: JSON. A release may add members, with
//! `#[serde(default)]`; it never takes one away or gives one another meaning.

use keyward_model::{
    AccessKeyId, AccountId, Federation, Identity, Principal, Session, Timestamp, UniqueId,
};
use serde::{Deserialize, Serialize};

/// A session as its token has it. Users and roles are there by what never changes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Content {
    #[serde(rename = "a")]
    account: String,
    #[serde(rename = "w")]
    who: Who,
    #[serde(rename = "i")]
    issued_at_ms: i64,
    #[serde(rename = "e")]
    expires_at_ms: i64,
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    mfa_authenticated_at_ms: Option<i64>,
    #[serde(rename = "t", default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<(String, String)>,
    #[serde(rename = "tt", default, skip_serializing_if = "Vec::is_empty")]
    transitive_tag_keys: Vec<String>,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    source_identity: Option<String>,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    policies: Option<Vec<String>>,
    #[serde(rename = "pa", default, skip_serializing_if = "Vec::is_empty")]
    policy_arns: Vec<String>,
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    federation: Option<(String, Claims)>,
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
}

/// Condition keys with their values.
type Claims = Vec<(String, Vec<String>)>;

#[derive(Debug, Serialize, Deserialize)]
enum Who {
    #[serde(rename = "f")]
    Federated(String, Option<UniqueId>),
    #[serde(rename = "r")]
    Role(UniqueId, String),
    #[serde(rename = "root")]
    Root,
    #[serde(rename = "u")]
    User(UniqueId),
}

impl Content {
    /// The content of a session's token; `None` for principals that have none.
    pub(super) fn of(
        account: &AccountId,
        principal: &Principal,
        session: &Session,
        parent: Option<&AccessKeyId>,
    ) -> Option<Self> {
        let who = match principal {
            Principal::AssumedRole { role, session_name } => {
                Who::Role(role.unique_id, session_name.clone())
            }
            Principal::FederatedUser { name, user } => {
                Who::Federated(name.clone(), user.as_ref().map(|user| user.unique_id))
            }
            Principal::Root => Who::Root,
            Principal::User(user) => Who::User(user.unique_id),
            Principal::Service(_) | Principal::WebIdentity(_) => return None,
        };
        let federation = session.federation.as_ref();
        Some(Self {
            account: account.to_string(),
            who,
            issued_at_ms: session.issued_at.unix_ms(),
            expires_at_ms: session.expires_at.unix_ms(),
            mfa_authenticated_at_ms: session.mfa_authenticated_at.map(Timestamp::unix_ms),
            tags: session.tags.clone(),
            transitive_tag_keys: session.transitive_tag_keys.clone(),
            source_identity: session.source_identity.clone(),
            policies: session.policies.clone(),
            policy_arns: session.policy_arns.clone(),
            federation: federation.map(|it| (it.provider.clone(), it.claims.clone())),
            parent: parent.map(ToString::to_string),
        })
    }

    /// Reads the content of a genuine token.
    pub(super) fn read(content: &[u8]) -> Option<Self> {
        serde_json::from_slice(content).ok()
    }

    /// The account.
    pub(super) fn account(&self) -> Option<AccountId> {
        self.account.parse().ok()
    }

    /// The user or role it is a session of.
    pub(super) const fn unique_id(&self) -> Option<UniqueId> {
        match &self.who {
            Who::Role(id, _) | Who::User(id) | Who::Federated(_, Some(id)) => Some(*id),
            Who::Root | Who::Federated(_, None) => None,
        }
    }

    /// The long-term access key it ends with.
    pub(super) fn parent(&self) -> Option<AccessKeyId> {
        self.parent.as_deref()?.parse().ok()
    }

    /// Whose session it is and what it says of itself. `identity` is what the user or role is
    /// called now.
    pub(super) fn into_parts(self, identity: Option<&Identity>) -> Option<(Principal, Session)> {
        let identity = identity.cloned();
        let principal = match self.who {
            Who::Federated(name, None) => Principal::FederatedUser { name, user: None },
            Who::Federated(name, Some(_)) => {
                Principal::FederatedUser { name, user: Some(identity?) }
            }
            Who::Role(_, session_name) => Principal::AssumedRole { role: identity?, session_name },
            Who::Root => Principal::Root,
            Who::User(_) => Principal::User(identity?),
        };
        let at = Timestamp::from_unix_ms;
        let federation = self.federation.map(|(provider, claims)| Federation { provider, claims });
        let session = Session {
            issued_at: at(self.issued_at_ms),
            expires_at: at(self.expires_at_ms),
            mfa_authenticated_at: self.mfa_authenticated_at_ms.map(at),
            tags: self.tags,
            transitive_tag_keys: self.transitive_tag_keys,
            source_identity: self.source_identity,
            policies: self.policies,
            policy_arns: self.policy_arns,
            federation,
        };
        Some((principal, session))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        let unique_id = "AROAKLMNOPQRSTUVWXYZ2".parse().unwrap();
        Identity { path: "/".to_owned(), name: "app".to_owned(), unique_id }
    }

    fn session() -> Session {
        let text = |text: &str| text.to_owned();
        Session {
            issued_at: Timestamp::from_unix_ms(1_792_324_800_000),
            expires_at: Timestamp::from_unix_ms(1_792_328_400_000),
            mfa_authenticated_at: Some(Timestamp::from_unix_ms(1_792_324_800_000)),
            tags: vec![(text("Team"), text("blue"))],
            transitive_tag_keys: vec![text("Team")],
            source_identity: Some(text("dana")),
            policies: Some(vec![text("{}")]),
            policy_arns: vec![text("arn:aws:iam::111122223333:policy/p")],
            federation: Some(Federation {
                provider: text("arn:aws:iam::111122223333:oidc-provider/id.example.com"),
                claims: vec![(text("id.example.com:sub"), vec![text("dana")])],
            }),
        }
    }

    fn made(principal: &Principal, session: &Session) -> String {
        let account = "111122223333".parse().unwrap();
        let parent = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
        let content = Content::of(&account, principal, session, Some(&parent)).unwrap();
        serde_json::to_string(&content).unwrap()
    }

    #[test]
    fn each_kind_of_session_is_read_back() {
        let user = || Identity { path: "/u/".to_owned(), ..identity() };
        for principal in [
            Principal::AssumedRole { role: identity(), session_name: "s".to_owned() },
            Principal::FederatedUser { name: "bob".to_owned(), user: Some(user()) },
            Principal::FederatedUser { name: "bob".to_owned(), user: None },
            Principal::Root,
            Principal::User(user()),
        ] {
            let content = Content::read(made(&principal, &session()).as_bytes()).unwrap();
            assert_eq!(content.parent().unwrap().as_str(), "AKIAIOSFODNN7EXAMPLE");
            assert_eq!(content.account().unwrap().as_str(), "111122223333");
            let identity = match &principal {
                Principal::AssumedRole { role, .. } => Some(role),
                Principal::FederatedUser { user, .. } => user.as_ref(),
                Principal::User(user) => Some(user),
                _ => None,
            };
            assert_eq!(content.unique_id(), identity.map(|identity| identity.unique_id));
            let identity = identity.cloned();
            assert_eq!(content.into_parts(identity.as_ref()), Some((principal, session())));
        }
    }

    #[test]
    fn a_session_whose_role_is_gone_is_none() {
        let principal = Principal::AssumedRole { role: identity(), session_name: "s".to_owned() };
        let content = Content::read(made(&principal, &session()).as_bytes()).unwrap();
        assert_eq!(content.into_parts(None), None);
    }

    /// Tokens are with clients.
    #[test]
    fn the_content_of_version_1_is_always_made_and_read() {
        let principal = Principal::AssumedRole { role: identity(), session_name: "s".to_owned() };
        assert_eq!(made(&principal, &session()), V1);
        let read = Content::read(V1.as_bytes()).unwrap().into_parts(Some(&identity()));
        assert_eq!(read, Some((principal, session())));

        let least = r#"{"a":"111122223333","w":"root","i":1,"e":2,"later":[]}"#;
        let (principal, session) =
            Content::read(least.as_bytes()).unwrap().into_parts(None).unwrap();
        assert_eq!(principal, Principal::Root);
        assert_eq!((session.issued_at.unix_ms(), session.expires_at.unix_ms()), (1, 2));
        assert_eq!((session.policies, session.federation), (None, None));
    }

    const V1: &str = concat!(
        r#"{"a":"111122223333","w":{"r":["AROAKLMNOPQRSTUVWXYZ2","s"]},"i":1792324800000,"#,
        r#""e":1792328400000,"m":1792324800000,"t":[["Team","blue"]],"tt":["Team"],"s":"dana","#,
        r#""p":["{}"],"pa":["arn:aws:iam::111122223333:policy/p"],"#,
        r#""f":["arn:aws:iam::111122223333:oidc-provider/id.example.com","#,
        r#"[["id.example.com:sub",["dana"]]]],"k":"AKIAIOSFODNN7EXAMPLE"}"#
    );
}
