//! Access keys in use.

use std::sync::Arc;

use keyward_crypto::{Binding, SigningSecret};
use keyward_model::{AccessKeyId, Caller};
use keyward_store::{
    CredentialOwner, CredentialRecord, CredentialStatus, EntityRecord, StoreError,
};

use crate::Engine;

/// An access key, ready to verify signatures with.
#[derive(Debug)]
pub struct Credential {
    /// Who signs with it.
    pub caller: Arc<Caller>,
    /// The secret access key.
    pub secret: SigningSecret,
}

/// What a lookup of an access key found.
#[derive(Debug)]
pub enum CredentialLookup {
    /// No such access key, or one that is not active.
    Absent,
    /// Too many unknown callers are being looked up at this moment.
    Busy,
    /// The access key.
    Found(Arc<Credential>),
}

impl Engine {
    /// Looks up an access key for a caller not yet authenticated. Misses share a node-wide budget,
    /// so that unknown callers cannot crowd out known ones.
    pub async fn credential(&self, id: &AccessKeyId) -> Result<CredentialLookup, StoreError> {
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
        // Only root users sign as yet.
        let is_known = record.owner == CredentialOwner::Root;
        if record.status == CredentialStatus::Inactive || !is_known {
            return Ok(None);
        }
        let row = record.access_key_id.as_str().as_bytes();
        let secret = self
            .ring()
            .keys()
            .open(&secret_binding(row), &record.sealed_secret)
            .map_err(|_| StoreError::Forged { table: CredentialRecord::TABLE })?;
        let caller = Caller::root(self.partition(), record.account, record.access_key_id);
        let caller = Arc::new(caller);
        Ok(Some(Arc::new(Credential { caller, secret: secret.into() })))
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
