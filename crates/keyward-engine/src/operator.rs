//! What an operator does to a deployment: adds accounts and replaces root credentials.

use keyward_audit::Fragment;
use keyward_crypto::SigningSecret;
use keyward_model::{AccessKeyId, AccountId, Region};
use keyward_store::{
    AccountRecord, AuditRow, Change, CommitError, CredentialOwner, CredentialRecord,
    CredentialStatus, StoreError, Write,
};

use crate::credential::secret_binding;
use crate::record::operator_line;
use crate::{Engine, KeyRing};

/// A root credential, at the only moment its secret is shown.
#[derive(Debug)]
pub struct NewCredential {
    /// The account.
    pub account: AccountId,
    /// The access key.
    pub access_key_id: AccessKeyId,
    /// The secret access key.
    pub secret: SigningSecret,
}

/// An operator's command, as its record tells it.
pub(crate) struct OperatorCommand<'a> {
    /// `eventName`.
    pub(crate) name: &'a str,
    /// The account in whose log the record is.
    pub(crate) account: AccountId,
    /// `awsRegion`.
    pub(crate) region: &'a Region,
    /// Who gave the command.
    pub(crate) operator: &'a str,
    /// `requestParameters`.
    pub(crate) request_parameters: Fragment,
}

/// Why an operator's command did nothing.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The account exists already.
    #[error("account {0} exists already")]
    AccountExists(AccountId),
    /// The audit journal cannot take the record.
    #[error("the audit journal cannot be written, so nothing was done")]
    Journal(#[source] keyward_audit::JournalError),
    /// The cryptographic module failed.
    #[error("the cryptographic module failed")]
    Module,
    /// The account does not exist.
    #[error("there is no account {0}")]
    NoSuchAccount(AccountId),
    /// The database failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl From<StoreError> for OperatorError {
    fn from(error: StoreError) -> Self {
        Self::Commit(CommitError::Store(error))
    }
}

impl Engine {
    /// Adds an account with a root credential; a random account id unless one is named.
    pub async fn create_account(
        &self,
        account: Option<AccountId>,
        operator: &str,
    ) -> Result<NewCredential, OperatorError> {
        let account = account.unwrap_or_else(|| AccountId::random(self.rng()));
        if self.store().accounts().find(&account).await?.is_some() {
            return Err(OperatorError::AccountExists(account));
        }
        let (credential, record) = self.new_credential(account)?;
        let added = AccountRecord { account, created_at: self.clock().now(), owner_service: None };
        let writes = vec![Write::PutAccount(added), Write::PutCredential(record)];
        self.operate(&self.command("CreateAccount", account, operator), writes).await?;
        Ok(credential)
    }

    /// Replaces the account's root credentials: every older one stops working.
    pub async fn reset_root(
        &self,
        account: AccountId,
        operator: &str,
    ) -> Result<NewCredential, OperatorError> {
        if self.store().accounts().find(&account).await?.is_none() {
            return Err(OperatorError::NoSuchAccount(account));
        }
        let older = self.store().credentials().list(&account, &CredentialOwner::Root).await?;
        let mut writes: Vec<_> =
            older.into_iter().map(|old| Write::DeleteCredential(old.access_key_id)).collect();
        let (credential, record) = self.new_credential(account)?;
        writes.push(Write::PutCredential(record));
        self.operate(&self.command("ResetRoot", account, operator), writes).await?;
        Ok(credential)
    }

    /// Puts a command on record that changes nothing of an account's; it is recorded in the log of
    /// `account`.
    pub async fn record_command(
        &self,
        name: &'static str,
        account: AccountId,
        operator: &str,
    ) -> Result<(), OperatorError> {
        self.operate(&self.command(name, account, operator), Vec::new()).await
    }

    /// Puts a command on record that did not work, in the log of `account`.
    pub async fn record_failed_command(
        &self,
        name: &'static str,
        account: AccountId,
        operator: &str,
        reason: &str,
    ) -> Result<(), OperatorError> {
        let event_id = keyward_model::new_uuid(self.rng());
        let request_parameters = Fragment::default();
        let command =
            OperatorCommand { request_parameters, ..self.command(name, account, operator) };
        let line = operator_line(self, event_id, &command, Some(reason));
        self.journal().append(&line).await.map_err(OperatorError::Journal)
    }

    fn new_credential(
        &self,
        account: AccountId,
    ) -> Result<(NewCredential, CredentialRecord), OperatorError> {
        new_credential(self.ring(), account, (self.rng(), self.clock().now()))
    }

    /// A command that concerns an account, as its record tells it.
    fn command<'a>(
        &'a self,
        name: &'a str,
        account: AccountId,
        operator: &'a str,
    ) -> OperatorCommand<'a> {
        let mut request_parameters = Fragment::default();
        request_parameters.add().text("accountId", account.as_str());
        let region = self.default_region();
        OperatorCommand { name, account, region, operator, request_parameters }
    }

    /// Commits a command's writes with its record.
    pub(crate) async fn operate(
        &self,
        command: &OperatorCommand<'_>,
        writes: Vec<Write>,
    ) -> Result<(), OperatorError> {
        self.journal().check().map_err(OperatorError::Journal)?;
        let record = self.operator_row(command);
        let change = Change { writes, ..Change::default() };
        self.commit_recorded(change, record).await?;
        Ok(())
    }

    pub(crate) fn operator_row(&self, command: &OperatorCommand<'_>) -> AuditRow {
        let event_id = keyward_model::new_uuid(self.rng());
        AuditRow { event_id, line: operator_line(self, event_id, command, None) }
    }
}

/// Makes a root credential and its row.
pub(crate) fn new_credential(
    key_ring: &KeyRing,
    account: AccountId,
    (rng, now): (&dyn keyward_model::Rng, keyward_model::Timestamp),
) -> Result<(NewCredential, CredentialRecord), OperatorError> {
    let access_key_id = AccessKeyId::long_term(rng);
    let secret = SigningSecret::generate().map_err(|_| OperatorError::Module)?;
    let row = access_key_id.as_str().as_bytes();
    let sealed_secret =
        key_ring.keys().seal(&secret_binding(row), &secret).map_err(|_| OperatorError::Module)?;
    let record = CredentialRecord {
        access_key_id: access_key_id.clone(),
        account,
        owner: CredentialOwner::Root,
        status: CredentialStatus::Active,
        sealed_secret,
        created_at: now,
    };
    Ok((NewCredential { account, access_key_id, secret }, record))
}
