//! Operator commands, on a running server and on a directory without one.
//!
//! The same function carries a command out in both cases: behind `DIR/admin.sock` while a server
//! runs, in the command's own process while none does. Either way the engine writes the audit
//! record. New credentials are written to `DIR/aws` where they are made and never cross the socket.

mod client;
mod deliver;
mod development;
mod explain;
mod path;
mod protocol;
mod service;
mod socket;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use keyward_audit::Fragment;
use keyward_crypto::Seal;
use keyward_engine::{ClockWatch, Engine, NewAccount, NewCredential};
use keyward_model::{AccountId, Timestamp};
use keyward_store::AccountRecord;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::warn;

pub(crate) use client::ask;
pub(crate) use deliver::Deliverer;
pub(crate) use protocol::{
    AccountLine, Command, DeliveredLine, KEY_FILE_BYTES_MAX, KeyFile, Outcome, ServiceCalls,
    ServiceLine,
};
pub(crate) use socket::AdminSocket;

use crate::data_dir::DataDir;
use crate::logging::chain;
use crate::profile::Profiles;

/// A deployment in the hands of an operator.
pub(crate) struct Desk {
    pub(crate) engine: Arc<Engine>,
    pub(crate) seal: Seal,
    pub(crate) dir: DataDir,
    pub(crate) deliverer: Deliverer,
    /// What the schedule knows of the clock.
    pub(crate) clock_watch: Mutex<ClockWatch>,
    /// One command at a time: each rewrites files or keys as a whole.
    turn: Mutex<()>,
}

impl Desk {
    pub(crate) fn new(engine: Arc<Engine>, seal: Seal, dir: DataDir, deliverer: Deliverer) -> Self {
        let (clock_watch, turn) = (Mutex::default(), Mutex::default());
        Self { engine, seal, dir, deliverer, clock_watch, turn }
    }

    /// Carries a command out on behalf of the operator named. One that does not work leaves its
    /// record too.
    pub(crate) async fn carry_out(&self, command: &Command, operator: &str) -> Result<Outcome> {
        let _turn = self.turn.lock().await;
        let result = self.perform(command, operator).await;
        if let Err(error) = &result
            && let Err(unrecorded) = self.record_failure(command, operator, error).await
        {
            warn!(error = chain(unrecorded), "a command that failed is not on record");
        }
        result
    }

    /// Puts a command on record that mends what keeps the journal from taking records.
    async fn record_finished(&self, command: &Command, operator: &str) -> Result<()> {
        let who = (self.first_account().await?, operator);
        let add_parameters = |parameters: &mut Fragment| command.add_parameters(parameters);
        Ok(self.engine.record_finished_command(command.event_name(), who, add_parameters).await?)
    }

    async fn record_failure(
        &self,
        command: &Command,
        operator: &str,
        error: &anyhow::Error,
    ) -> Result<()> {
        let (account, reason) = (self.first_account().await?, format!("{error:#}"));
        let mut parameters = Fragment::default();
        command.add_parameters(&mut parameters);
        let (name, who) = (command.event_name(), (account, operator));
        Ok(self.engine.record_failed_command(name, who, parameters, &reason).await?)
    }

    async fn perform(&self, command: &Command, operator: &str) -> Result<Outcome> {
        match command {
            Command::AccountCreate { account_id } => {
                let account = account_id.as_deref().map(str::parse).transpose()?;
                self.create_account(account, operator).await
            }
            Command::AccountList {} => self.list_accounts(operator).await,
            Command::AccountResetRoot { account_id } => {
                let account = match account_id {
                    Some(account) => account.parse()?,
                    None => self.first_account().await?,
                };
                let first = self.first_account().await?;
                Profiles::of(&self.dir)?.require_own(account, first)?;
                let credential = self.engine.reset_root(account, operator).await?;
                self.hand_over(&credential, first)
            }
            Command::AuditDeliver { digest } => {
                let outcome = self.deliver(*digest).await?;
                self.record_finished(command, operator).await?;
                Ok(outcome)
            }
            Command::ClockAccept {} => {
                let mut watch = self.clock_watch.lock().await;
                self.record_finished(command, operator).await?;
                let now = self.engine.accept_clock(&mut watch).await?;
                Ok(Outcome::ClockAccepted { now_unix_s: now.unix_s() })
            }
            Command::DevAdvance { by_s } => {
                self.advance_clock(Duration::from_secs(*by_s), operator).await
            }
            Command::DevLoad { file } => self.load_keys(file, operator).await,
            Command::Explain { request_id } => self.explain(request_id, operator).await,
            Command::ServiceAdd { name, account_id, calls } => {
                self.add_service((name, account_id.as_deref(), calls), operator).await
            }
            Command::ServiceList {} => self.list_services(operator).await,
            Command::ServiceRemove { name, account_id } => {
                self.remove_service((name, account_id.as_deref()), operator).await
            }
            Command::ServiceReset { name, account_id } => {
                self.reset_service((name, account_id.as_deref()), operator).await
            }
            Command::SealRotateDomainKey {} => {
                let number = self.rotate_domain_keys(operator).await?;
                Ok(Outcome::DomainKeyRotated { number })
            }
        }
    }

    /// Waits for a command under way, for as long as `grace`.
    pub(crate) async fn finish(&self, grace: Duration) {
        if timeout(grace, self.turn.lock()).await.is_err() {
            warn!("an operator's command was cut short by the stop");
        }
    }

    /// Replaces the domain key if it is older than `days`.
    pub(crate) async fn rotate_domain_keys_if_due(&self, days: u32) -> Result<bool> {
        let _turn = self.turn.lock().await;
        let records = self.engine.store().domain_keys().list().await?;
        let Some(newest) = records.iter().max_by_key(|record| record.number) else {
            return Ok(false);
        };
        if newest.created_at.plus_days(days) > self.engine.machine_clock().now() {
            // An older key is there only if its rotation was interrupted.
            if records.len() > 1 {
                self.engine.finish_domain_key_rotation().await?;
            }
            return Ok(false);
        }
        self.engine.rotate_domain_keys(&self.seal).await?;
        Ok(true)
    }

    async fn create_account(&self, account: Option<AccountId>, operator: &str) -> Result<Outcome> {
        let first = self.first_account().await?;
        if let Some(account) = account {
            Profiles::of(&self.dir)?.require_own(account, first)?;
        }
        if self.engine.clock().now() == self.born_at().await? {
            bail!("the clock shows the instant at which the deployment was made; set it right");
        }
        let NewAccount { root, administrator } =
            self.engine.create_account(account, operator).await?;
        let profiles = Profiles::of(&self.dir)?;
        profiles.put_beside(&Profiles::of_administrator(root.account, first), &administrator)?;
        self.hand_over(&root, first)
    }

    async fn rotate_domain_keys(&self, operator: &str) -> Result<u32> {
        let account = self.first_account().await?;
        self.engine.record_command("RotateDomainKey", account, operator).await?;
        self.engine.rotate_domain_keys(&self.seal).await?;
        let records = self.engine.store().domain_keys().list().await?;
        Ok(records.iter().map(|record| record.number).max().unwrap_or_default())
    }

    async fn list_accounts(&self, operator: &str) -> Result<Outcome> {
        let account = self.first_account().await?;
        self.engine.record_command("ListAccounts", account, operator).await?;
        let accounts = self.accounts().await?;
        let first = accounts.first().map(|record| record.account);
        let line = |record: &AccountRecord| AccountLine {
            account_id: record.account.to_string(),
            profile: Profiles::name(record.account, first),
            created_unix_s: record.created_at.unix_s(),
        };
        // Nobody signs in to the account of a service that owns keys.
        let shown = accounts.iter().filter(|record| record.owner_service.is_none());
        Ok(Outcome::Accounts { accounts: shown.map(line).collect() })
    }

    /// Writes a new credential where its owner finds it.
    fn hand_over(&self, credential: &NewCredential, first: AccountId) -> Result<Outcome> {
        let profiles = Profiles::of(&self.dir)?;
        let profile = profiles.put_credential(credential, first).with_context(|| {
            format!(
                "account {0} has new credentials, but they could not be written; run `{1}` once \
                 they can",
                credential.account,
                self.dir
                    .command(&format!("account reset-root --account-id {}", credential.account))
            )
        })?;
        Ok(Outcome::Credential {
            account_id: credential.account.to_string(),
            access_key_id: credential.access_key_id.as_str().to_owned(),
            profile,
        })
    }

    async fn first_account(&self) -> Result<AccountId> {
        match self.accounts().await?.first() {
            Some(record) => Ok(record.account),
            None => bail!("there is no account"),
        }
    }

    /// The first account, then the others by age.
    ///
    /// The first one was made with the deployment and bears the same time. No other does, however
    /// often the clock is set back, so which one is first never changes.
    async fn accounts(&self) -> Result<Vec<AccountRecord>> {
        let born_at = self.born_at().await?;
        let mut accounts = self.engine.store().accounts().list().await?;
        accounts.sort_by_key(|record| {
            (record.created_at != born_at, record.created_at, record.account)
        });
        Ok(accounts)
    }

    /// When the deployment was made.
    async fn born_at(&self) -> Result<Timestamp> {
        match self.engine.store().deployment().find().await? {
            Some(deployment) => Ok(deployment.created_at),
            None => bail!("{} holds no deployment", self.dir.database().display()),
        }
    }
}

#[cfg(test)]
mod tests;
