//! Access keys that operations make.

use keyward_crypto::SigningSecret;
use keyward_store::{CredentialOwner, CredentialRecord};

use crate::authorize::{Account, reach};
use crate::{Action, Authorized, Cx, OpError};

impl Cx {
    /// Makes an access key of an owner in the caller's account: its row, and its secret at the only
    /// moment it is shown.
    pub fn new_access_key<A>(
        &self,
        _account: &Authorized<A, Account>,
        owner: CredentialOwner,
    ) -> Result<(CredentialRecord, SigningSecret), OpError>
    where
        A: Action<Reach = reach::Change>,
    {
        let (credential, record) = self
            .engine()
            .new_credential(self.caller().account, owner)
            .map_err(OpError::internal)?;
        Ok((record, credential.secret))
    }
}
