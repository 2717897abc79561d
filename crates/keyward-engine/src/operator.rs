//! What an operator does to a deployment: adds accounts and replaces root credentials.

use keyward_audit::{Fragment, Hold, JournalError};
use keyward_crypto::SigningSecret;
use keyward_model::{
    AccessKeyId, AccountId, Partition, Region, Rng, Timestamp, UniqueId, UniqueIdKind,
};
use keyward_store::{
    AccountRecord, AuditRow, Change, CommitError, CredentialOwner, CredentialRecord,
    CredentialStatus, EntityBody, EntityRecord, Precondition, StoreError, UserBody, Write,
};

use crate::credential::secret_binding;
use crate::record::operator_line;
use crate::{Engine, KeyRing, TrailEvent};

/// A credential, at the only moment its secret is shown.
#[derive(Debug)]
pub struct NewCredential {
    /// The account.
    pub account: AccountId,
    /// The access key.
    pub access_key_id: AccessKeyId,
    /// The secret access key.
    pub secret: SigningSecret,
}

/// An account that was just made.
#[derive(Debug)]
pub struct NewAccount {
    /// The root user's credential: for emergencies.
    pub root: NewCredential,
    /// That of the user `admin`, who may do everything IAM lets a user do.
    pub administrator: NewCredential,
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
    /// Somebody keeps the audit journal from taking the record.
    #[error("the audit journal is held by {0}, so nothing was done")]
    Held(String),
    /// The audit journal cannot take the record.
    #[error("the audit journal cannot be written, so nothing was done")]
    Journal(#[source] JournalError),
    /// The cryptographic module failed.
    #[error("the cryptographic module failed")]
    Module,
    /// The account does not exist.
    #[error("there is no account {0}")]
    NoSuchAccount(AccountId),
    /// The account has no role of this name.
    #[error("account {1} has no role `{0}`")]
    NoSuchRole(String, AccountId),
    /// The service is not registered in the account.
    #[error("no service `{0}` is registered in account {1}")]
    NoSuchService(String, AccountId),
    /// The service is registered in the account already.
    #[error("a service `{0}` is registered in account {1} already")]
    ServiceExists(String, AccountId),
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
    /// Adds an account with its root credential and the user `admin`; a random account id unless one
    /// is named.
    pub async fn create_account(
        &self,
        account: Option<AccountId>,
        operator: &str,
    ) -> Result<NewAccount, OperatorError> {
        let account = account.unwrap_or_else(|| AccountId::random(self.rng()));
        if self.store().accounts().find(&account).await?.is_some() {
            return Err(OperatorError::AccountExists(account));
        }
        let birth = (self.rng(), self.clock().now());
        let (new, writes) = new_account(self.ring(), (self.partition(), account), birth)?;
        self.operate(&self.command("CreateAccount", account, operator), writes).await?;
        Ok(new)
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
        let (credential, record) = self.new_credential(account, CredentialOwner::Root)?;
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

    /// Puts a command on record that was carried out and changed nothing of an account's, in the log
    /// of `account`. While the journal takes no records this one waits in the database: what mends
    /// the journal needs no journal.
    pub async fn record_finished_command(
        &self,
        name: &'static str,
        (account, operator): (AccountId, &str),
        add_parameters: impl FnOnce(&mut Fragment),
    ) -> Result<(), OperatorError> {
        let mut command = self.command(name, account, operator);
        add_parameters(&mut command.request_parameters);
        let record = self.operator_row(&command);
        Ok(self.commit_recorded(Change::default(), record).await?)
    }

    /// Puts a command on record that did not work, in the log of `account`. While the journal takes
    /// no records this one waits in the database.
    pub async fn record_failed_command(
        &self,
        name: &'static str,
        (account, operator): (AccountId, &str),
        request_parameters: Fragment,
        reason: &str,
    ) -> Result<(), OperatorError> {
        let event_id = keyward_model::new_uuid(self.rng());
        let command =
            OperatorCommand { request_parameters, ..self.command(name, account, operator) };
        let line = operator_line(self, event_id, &command, Some(reason));
        if self.journal().append(&line).await.is_ok() {
            return Ok(());
        }
        Ok(self.commit_recorded(Change::default(), AuditRow { event_id, line }).await?)
    }

    /// Puts on record what others did to the journal's files, as far as it was found since.
    pub async fn record_alterations(&self) -> Result<(), CommitError> {
        let mut alterations = self.journal().take_alterations().into_iter();
        while let Some(alteration) = alterations.next() {
            let event = TrailEvent::JournalAltered(alteration);
            let recorded = self.record_trail_event(event, Vec::new()).await;
            if recorded.is_err() {
                let rest = std::iter::once(alteration).chain(alterations);
                self.journal().put_back_alterations(rest);
                return recorded;
            }
        }
        Ok(())
    }

    /// Commits `writes` with a record of what became of the audit trail, in the log of the oldest
    /// account. While the journal takes no records it waits in the database.
    pub async fn record_trail_event(
        &self,
        event: TrailEvent,
        writes: Vec<Write>,
    ) -> Result<(), CommitError> {
        let change = Change { writes, ..Change::default() };
        let born_at = self.deployment().created_at;
        let accounts = self.store().accounts().list().await?;
        let first = accounts
            .iter()
            .min_by_key(|record| (record.created_at != born_at, record.created_at, record.account));
        let Some(first) = first else { return self.commit(change).await.map(drop) };
        let command = self.command(event.name(), first.account, "keyward");
        let request_parameters = event.parameters();
        let record = self.operator_row(&OperatorCommand { request_parameters, ..command });
        self.commit_recorded(change, record).await
    }

    pub(crate) fn new_credential(
        &self,
        account: AccountId,
        owner: CredentialOwner,
    ) -> Result<(NewCredential, CredentialRecord), OperatorError> {
        new_credential(self.ring(), (account, owner), (self.rng(), self.clock().now()))
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
        self.operate_if(command, Vec::new(), writes).await
    }

    /// The same, on conditions.
    pub(crate) async fn operate_if(
        &self,
        command: &OperatorCommand<'_>,
        preconditions: Vec<Precondition>,
        writes: Vec<Write>,
    ) -> Result<(), OperatorError> {
        self.journal().check().map_err(|error| self.unrecorded(error))?;
        let record = self.operator_row(command);
        let change = Change { preconditions, writes, ..Change::default() };
        self.commit_recorded(change, record).await?;
        Ok(())
    }

    /// Why the journal did not take a command's record.
    fn unrecorded(&self, error: JournalError) -> OperatorError {
        let holder = |hold: Hold| match hold {
            Hold::Delivery => "delivery to log files".to_owned(),
            Hold::Sink(name) => format!("the audit sink `{name}`"),
        };
        let holders: Vec<_> = self.journal().holds().into_iter().map(holder).collect();
        match error {
            // Released meanwhile if there is none.
            JournalError::Held if !holders.is_empty() => {
                OperatorError::Held(holders.join(" and by "))
            }
            error => OperatorError::Journal(error),
        }
    }

    pub(crate) fn operator_row(&self, command: &OperatorCommand<'_>) -> AuditRow {
        let event_id = keyward_model::new_uuid(self.rng());
        AuditRow { event_id, line: operator_line(self, event_id, command, None) }
    }
}

/// Makes an account, its credentials and their rows.
pub(crate) fn new_account(
    key_ring: &KeyRing,
    (partition, account): (Partition, AccountId),
    (rng, now): (&dyn Rng, Timestamp),
) -> Result<(NewAccount, Vec<Write>), OperatorError> {
    let (root, root_key) = new_credential(key_ring, (account, CredentialOwner::Root), (rng, now))?;
    let id = UniqueId::new(UniqueIdKind::User, rng);
    let owner = CredentialOwner::User(id);
    let (administrator, key) = new_credential(key_ring, (account, owner), (rng, now))?;
    let writes = vec![
        Write::PutAccount(AccountRecord { account, created_at: now, owner_service: None }),
        Write::PutCredential(root_key),
        Write::PutEntity(Box::new(administrator_record((partition, account), id, now))),
        Write::PutCredential(key),
    ];
    Ok((NewAccount { root, administrator }, writes))
}

/// The user `admin`: an ordinary user, with the policy that lets it do everything.
fn administrator_record(
    (partition, account): (Partition, AccountId),
    id: UniqueId,
    now: Timestamp,
) -> EntityRecord {
    let policy = format!("arn:{partition}:iam::aws:policy/AdministratorAccess");
    let body = UserBody { attached_policies: vec![policy], ..UserBody::default() };
    EntityRecord {
        account,
        name: "admin".to_owned(),
        unique_id: Some(id),
        path: "/".to_owned(),
        created_at: now,
        body: EntityBody::User(body),
    }
}

/// Makes an access key and its row.
pub(crate) fn new_credential(
    key_ring: &KeyRing,
    (account, owner): (AccountId, CredentialOwner),
    (rng, now): (&dyn Rng, Timestamp),
) -> Result<(NewCredential, CredentialRecord), OperatorError> {
    let access_key_id = AccessKeyId::long_term(rng);
    let secret = SigningSecret::generate().map_err(|_| OperatorError::Module)?;
    let row = access_key_id.as_str().as_bytes();
    let sealed_secret =
        key_ring.keys().seal(&secret_binding(row), &secret).map_err(|_| OperatorError::Module)?;
    let record = CredentialRecord {
        access_key_id: access_key_id.clone(),
        account,
        owner,
        status: CredentialStatus::Active,
        sealed_secret,
        created_at: now,
    };
    Ok((NewCredential { account, access_key_id, secret }, record))
}
