//! Access keys in use.

use std::sync::Arc;

use keyward_crypto::{Binding, SigningSecret};
use keyward_model::{AccessKeyId, AccountId, Caller, Identity, Principal, Timestamp, UniqueId};
use keyward_store::{
    CredentialOwner, CredentialRecord, CredentialStatus, EntityRecord, StoreError,
};

use crate::Engine;

/// How often a lookup that others keep overtaking begins again.
const ATTEMPTS_MAX: u32 = 4;

/// An access key, ready to verify signatures with.
#[derive(Debug)]
pub struct Credential {
    /// Who signs with it.
    pub caller: Arc<Caller>,
    /// The secret access key.
    pub secret: SigningSecret,
    /// The long-term access key that a root user's session ends with.
    parent: Option<AccessKeyId>,
}

impl Credential {
    /// A long-term access key.
    pub const fn new(caller: Arc<Caller>, secret: SigningSecret) -> Self {
        Self { caller, secret, parent: None }
    }

    pub(crate) const fn of_session(
        caller: Arc<Caller>,
        secret: SigningSecret,
        parent: Option<AccessKeyId>,
    ) -> Self {
        Self { caller, secret, parent }
    }

    /// Whether it is a session's and has ended.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.caller.session.as_ref().is_some_and(|session| session.expires_at <= now)
    }
}

/// What a lookup of an access key found.
#[derive(Debug)]
pub enum CredentialLookup {
    /// No such access key, or one that is not active, or whose user is gone.
    Absent,
    /// The access key is a temporary one, and the session token is missing, is not its own, or is
    /// of a session that is no more.
    BadToken,
    /// Too many unknown callers are being looked up at this moment.
    Busy,
    /// The access key. If it is a session's, its end has still to be looked at.
    Found(Arc<Credential>),
}

/// What has become of whom a credential stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// All is as the credential says.
    AsKnown,
    /// The user or role is gone.
    Gone,
    /// The user has another name now.
    Renamed,
}

impl Engine {
    /// Looks up an access key for a caller not yet authenticated. Misses share a node-wide budget,
    /// so that unknown callers cannot crowd out known ones.
    pub async fn credential(
        &self,
        id: &AccessKeyId,
        session_token: Option<&str>,
    ) -> Result<CredentialLookup, StoreError> {
        if id.is_temporary() {
            return self.session(id, session_token).await;
        }
        for _ in 0..ATTEMPTS_MAX {
            let credential = match self.long_term(id).await? {
                CredentialLookup::Found(credential) => credential,
                other => return Ok(other),
            };
            match self.standing_of(&credential).await? {
                Standing::AsKnown => return Ok(CredentialLookup::Found(credential)),
                Standing::Gone => return Ok(CredentialLookup::Absent),
                Standing::Renamed => self.credentials.forget(id),
            }
        }
        Ok(CredentialLookup::Busy)
    }

    async fn long_term(&self, id: &AccessKeyId) -> Result<CredentialLookup, StoreError> {
        let found = self
            .credentials
            .find(id, || async {
                let Ok(_permit) = self.unknown_callers.try_acquire() else {
                    return Err(LookupError::Busy);
                };
                // A secret sealed anew while it is read opens the second time.
                match self.try_load_credential(id).await {
                    Err(LookupError::Store(StoreError::Forged { .. })) => {
                        self.try_load_credential(id).await
                    }
                    loaded => loaded,
                }
            })
            .await;
        match found {
            Ok(Some(credential)) => Ok(CredentialLookup::Found(credential)),
            Ok(None) => Ok(CredentialLookup::Absent),
            Err(LookupError::Busy) => Ok(CredentialLookup::Busy),
            Err(LookupError::Store(error)) => Err(error),
        }
    }

    async fn try_load_credential(
        &self,
        id: &AccessKeyId,
    ) -> Result<Option<Arc<Credential>>, LookupError> {
        let Some(record) = self.store().credentials().find(id).await? else { return Ok(None) };
        if record.status == CredentialStatus::Inactive {
            return Ok(None);
        }
        let mut invoked_by = None;
        let principal = match &record.owner {
            CredentialOwner::Root => Principal::Root,
            CredentialOwner::User(id) => match self.identity(&record.account, id).await? {
                Some(user) => Principal::User(user.as_ref().clone()),
                None => return Ok(None),
            },
            CredentialOwner::Service(name) => {
                match self.service_caller(&record.account, name).await? {
                    Some((principal, via)) => {
                        invoked_by = via;
                        principal
                    }
                    None => return Ok(None),
                }
            }
        };
        let row = record.access_key_id.as_str().as_bytes();
        let secret = self
            .ring()
            .keys()
            .open(&secret_binding(row), &record.sealed_secret)
            .map_err(|_| StoreError::Forged { table: CredentialRecord::TABLE })?;
        let caller = Caller::root(self.partition(), record.account, record.access_key_id);
        let caller = Arc::new(Caller { principal, invoked_by, ..caller });
        Ok(Some(Arc::new(Credential::new(caller, secret.into()))))
    }

    /// What has become of whom the credential stands for since it was loaded.
    pub(crate) async fn standing_of(
        &self,
        credential: &Credential,
    ) -> Result<Standing, StoreError> {
        let caller = &credential.caller;
        if let Some(parent) = &credential.parent
            && matches!(self.long_term(parent).await?, CredentialLookup::Absent)
        {
            return Ok(Standing::Gone);
        }
        let Some(known) = identity_of(&caller.principal) else { return Ok(Standing::AsKnown) };
        Ok(match self.identity(&caller.account, &known.unique_id).await? {
            None => Standing::Gone,
            Some(now) if *now == *known => Standing::AsKnown,
            Some(_) => Standing::Renamed,
        })
    }

    /// What a user or role of the account is called now; `None` if it is gone.
    pub(crate) async fn identity(
        &self,
        account: &AccountId,
        id: &UniqueId,
    ) -> Result<Option<Arc<Identity>>, StoreError> {
        if let Some(identity) = self.names.find_fresh(id, account) {
            return Ok(identity);
        }
        let load = || async {
            let found = self.store().entities().find_by_id(id).await?;
            let record = found.map(|found| found.record);
            Ok(record.filter(|record| record.account == *account).map(|record| {
                let EntityRecord { path, name, .. } = record;
                Arc::new(Identity { path, name, unique_id: *id })
            }))
        };
        self.names.load(id, account, load).await
    }
}

/// The user or role that is behind a principal.
const fn identity_of(principal: &Principal) -> Option<&Identity> {
    match principal {
        Principal::User(identity) | Principal::AssumedRole { role: identity, .. } => Some(identity),
        Principal::FederatedUser { user, .. } => user.as_ref(),
        Principal::Root | Principal::Service(_) | Principal::WebIdentity(_) => None,
    }
}

/// Where a sealed secret access key lives.
pub(crate) const fn secret_binding(row: &[u8]) -> Binding<'_> {
    Binding { table: CredentialRecord::TABLE, row, column: "sealed_secret" }
}

/// Where the sealed seed of an MFA device lives.
pub(crate) const fn seed_binding(row: &[u8]) -> Binding<'_> {
    Binding { table: EntityRecord::TABLE, row, column: "sealed" }
}

/// Why a lookup found out nothing.
enum LookupError {
    Busy,
    Store(StoreError),
}

impl From<StoreError> for LookupError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
