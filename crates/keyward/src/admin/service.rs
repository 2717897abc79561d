//! What an operator does to registered services.

use anyhow::{Context, Result, bail};
use keyward_engine::{NewCredential, NewService, NewServiceKind};
use keyward_model::AccountId;
use keyward_store::ServiceRecord;

use super::{Desk, Outcome, ServiceCalls, ServiceLine};
use crate::profile::Profiles;

impl Desk {
    pub(super) async fn add_service(
        &self,
        (name, account_id, calls): (&str, Option<&str>, &ServiceCalls),
        operator: &str,
    ) -> Result<Outcome> {
        let kind = match calls {
            ServiceCalls::AsItself { source_arn, source_account } => NewServiceKind::AsItself {
                source_arn: source_arn.clone(),
                source_account: source_account.as_deref().map(str::parse).transpose()?,
            },
            ServiceCalls::OnBehalf { role } => NewServiceKind::OnBehalf { role: role.clone() },
            ServiceCalls::Owned {} => NewServiceKind::Owned,
        };
        let (name, account) = (name.parse()?, self.account_or_first(account_id).await?);
        let new = NewService { name, account, kind };
        let credential = self.engine.add_service(new.clone(), operator).await?;
        self.hand_over_service(new.name.as_str(), &credential).await
    }

    pub(super) async fn list_services(&self, operator: &str) -> Result<Outcome> {
        let (account, first) = (self.first_account().await?, self.first_account().await?);
        self.engine.record_command("ListServices", account, operator).await?;
        let services = self.engine.list_services().await?;
        let line = |record: &ServiceRecord| ServiceLine {
            principal: format!("{}.amazonaws.com", record.name),
            account_id: record.account.to_string(),
            calls: calls_of(record).to_owned(),
            profile: Profiles::of_service(&record.name, record.account, first),
            created_unix_s: record.created_at.unix_s(),
        };
        Ok(Outcome::Services { services: services.iter().map(line).collect() })
    }

    pub(super) async fn remove_service(
        &self,
        (name, account_id): (&str, Option<&str>),
        operator: &str,
    ) -> Result<Outcome> {
        let account = self.account_or_first(account_id).await?;
        let name = name.parse()?;
        self.engine.remove_service((&name, account), operator).await?;
        Ok(Outcome::ServiceRemoved { principal: name.principal() })
    }

    pub(super) async fn reset_service(
        &self,
        (name, account_id): (&str, Option<&str>),
        operator: &str,
    ) -> Result<Outcome> {
        let account = self.account_or_first(account_id).await?;
        let name = name.parse()?;
        let credential = self.engine.reset_service((&name, account), operator).await?;
        self.hand_over_service(name.as_str(), &credential).await
    }

    async fn account_or_first(&self, account_id: Option<&str>) -> Result<AccountId> {
        match account_id {
            Some(account) => account.parse().context("an account id is twelve digits"),
            None => self.first_account().await,
        }
    }

    /// Writes a service's new credential where its operator finds it.
    async fn hand_over_service(&self, name: &str, credential: &NewCredential) -> Result<Outcome> {
        let first = self.first_account().await?;
        let profile = Profiles::of_service(name, credential.account, first);
        let written = Profiles::of(&self.dir)?.put_beside(&profile, credential);
        if let Err(error) = written {
            let again =
                format!("service reset-credentials {name} --account {}", credential.account);
            bail!(
                "the service {name} has new credentials, but they could not be written ({error:#}); \
                 run `{}` once they can",
                self.dir.command(&again)
            );
        }
        Ok(Outcome::Credential {
            account_id: credential.account.to_string(),
            access_key_id: credential.access_key_id.as_str().to_owned(),
            profile,
        })
    }
}

fn calls_of(record: &ServiceRecord) -> &'static str {
    if record.owned_account.is_some() { "owned" } else { record.kind.as_str() }
}
