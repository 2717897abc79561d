//! Sessions: what a temporary credential says of itself, from its issue to its use.
//!
//! A session token carries all there is to know of a session but its secret, which is found from the
//! token too. Nothing is kept of a session that was issued, so any node takes it. What a token names
//! is looked up: a session ends with its user or role.

mod content;

use std::sync::Arc;

use keyward_crypto::{SigningSecret, sha256};
use keyward_model::{AccessKeyId, AccountId, Caller, Principal, Session};
use keyward_store::StoreError;

use self::content::Content;
use crate::credential::Standing;
use crate::{Credential, CredentialLookup, Engine, OpError, op_error};

/// The longest session: GetSessionToken's and GetFederationToken's 36 hours.
pub const SESSION_S_MAX: u32 = 129_600;
/// What session policies, their ARNs and session tags come to at most, packed.
const PACKED_BYTES_MAX: usize = 3072;

/// A session to be issued.
#[derive(Debug)]
pub struct NewSession {
    /// The account.
    pub account: AccountId,
    /// Whose session it is.
    pub principal: Principal,
    /// What it says of itself.
    pub session: Session,
    /// The long-term access key that a root user's session was made with: it ends with that key.
    pub parent: Option<AccessKeyId>,
}

/// A temporary credential, at the only moment its secret is shown.
#[derive(Debug)]
pub struct IssuedSession {
    /// Who calls with it. It has the access key id and the end of its life.
    pub caller: Caller,
    /// `SecretAccessKey`.
    pub secret: SigningSecret,
    /// `SessionToken`.
    pub token: String,
    /// `PackedPolicySize`, a percentage; `None` when there is nothing packed.
    pub packed_policy_percent: Option<u32>,
}

impl Engine {
    /// Issues a session. Whoever asks for one has checked that the caller may have it.
    pub fn issue_session(&self, new: NewSession) -> Result<IssuedSession, OpError> {
        let NewSession { account, principal, session, parent } = new;
        let packed_policy_percent = packed_percent(&session)?;
        let content = Content::of(&account, &principal, &session, parent.as_ref());
        let content = content.ok_or_else(|| OpError::internal("no sessions are issued to it"))?;
        let text = serde_json::to_vec(&content).map_err(OpError::internal)?;
        let access_key_id = AccessKeyId::temporary(self.rng());
        let sealed = self.ring().keys().seal_session(access_key_id.as_str(), &text);
        let sealed = sealed.map_err(OpError::internal)?;
        let caller = Caller {
            partition: self.partition(),
            account,
            principal,
            access_key_id,
            session: Some(session),
            invoked_by: None,
        };
        let (secret, token) = (sealed.secret, sealed.token);
        Ok(IssuedSession { caller, secret, token, packed_policy_percent })
    }

    /// Looks up a temporary access key by the session token that came with it. A token that is not
    /// genuine costs no more than trying to open it.
    pub(crate) async fn session(
        &self,
        id: &AccessKeyId,
        token: Option<&str>,
    ) -> Result<CredentialLookup, StoreError> {
        let Some(token) = token else { return Ok(CredentialLookup::BadToken) };
        let digest = sha256(&[token.as_bytes()]);
        let kept = self.sessions.get(&digest).filter(|kept| kept.caller.access_key_id == *id);
        if let Some(kept) = kept
            && self.standing_of(&kept).await? == Standing::AsKnown
        {
            return Ok(CredentialLookup::Found(kept));
        }
        let Some(credential) = self.opened_session(id, token).await? else {
            self.sessions.remove(&digest);
            return Ok(CredentialLookup::BadToken);
        };
        if !credential.has_expired(self.machine_clock().now()) {
            self.sessions.insert(digest, Arc::clone(&credential));
        }
        Ok(CredentialLookup::Found(credential))
    }

    /// The session of a token; `None` when the token is not the access key's, or what it names is
    /// gone.
    async fn opened_session(
        &self,
        id: &AccessKeyId,
        token: &str,
    ) -> Result<Option<Arc<Credential>>, StoreError> {
        let Some(opened) = self.ring().keys().open_session(id.as_str(), token) else {
            return Ok(None);
        };
        let Some(content) = Content::read(&opened.content) else { return Ok(None) };
        let parent = content.parent();
        let Some((account, principal, session)) = self.resolved(content).await? else {
            return Ok(None);
        };
        let caller = Caller {
            partition: self.partition(),
            account,
            principal,
            access_key_id: id.clone(),
            session: Some(session),
            invoked_by: None,
        };
        let credential = Credential::of_session(Arc::new(caller), opened.secret, parent);
        let standing = self.standing_of(&credential).await?;
        Ok((standing == Standing::AsKnown).then(|| Arc::new(credential)))
    }

    /// What a token says, with the names that its user or role has now.
    async fn resolved(
        &self,
        content: Content,
    ) -> Result<Option<(AccountId, Principal, Session)>, StoreError> {
        let Some(account) = content.account() else { return Ok(None) };
        let identity = match content.unique_id() {
            Some(id) => match self.identity(&account, &id).await? {
                Some(identity) => Some(identity),
                None => return Ok(None),
            },
            None => None,
        };
        Ok(content
            .into_parts(identity.as_deref())
            .map(|(principal, session)| (account, principal, session)))
    }
}

/// How full the token is of policies and tags.
fn packed_percent(session: &Session) -> Result<Option<u32>, OpError> {
    let policies = session.policies.iter().flatten().map(String::len);
    let arns = session.policy_arns.iter().map(String::len);
    let tags = session.tags.iter().map(|(key, value)| key.len() + value.len() + 1);
    let transitive = session.transitive_tag_keys.iter().map(|_| 1);
    let packed: usize = policies.chain(arns).chain(tags).chain(transitive).sum();
    if packed == 0 {
        return Ok(None);
    }
    let percent = packed.saturating_mul(100).div_ceil(PACKED_BYTES_MAX);
    if percent > 100 {
        // WIRE: the words are the service's for too many tags.
        return Err(op_error!(
            PackedPolicyTooLarge,
            "Packed size of session tags consumes {percent}% of allotted space."
        ));
    }
    Ok(u32::try_from(percent).ok())
}
