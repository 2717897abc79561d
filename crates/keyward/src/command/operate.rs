//! How an operator's command reaches a deployment, whether a server runs or not, and what is said
//! when it is done.

pub(super) mod explanation;

use anyhow::Result;
use keyward_model::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{print, print_json, runtime, unless_unread};
use crate::admin::{
    self, AccountLine, Command, DeliveredLine, Deliverer, Desk, Outcome, ServiceLine,
};
use crate::arguments::Deployment;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::{logging, wiring};

/// Carries a command out: through the running server's admin socket, or here when none runs.
pub(super) fn operate(deployment: &Deployment, command: &Command, as_json: bool) -> Result<()> {
    let outcome = carry_out(deployment, command)?;
    // It is done, also if nobody reads what.
    unless_unread(if as_json { print_json(&json_of(&outcome)) } else { print(&words_of(&outcome)) })
}

fn carry_out(deployment: &Deployment, command: &Command) -> Result<Outcome> {
    let dir = DataDir::locate(deployment.directory.data_dir.clone())?;
    dir.require_deployment()?;
    let ask = || runtime()?.block_on(admin::ask(&dir, command));
    // Root may ask the server of another user, and leaves nothing of its own beside it.
    if dir.is_locked()? {
        return ask();
    }
    dir.require_safe()?;
    let Some(lock) = dir.try_lock()? else { return ask() };
    let config = Config::load(&dir, deployment.config.as_deref())?;
    logging::start(&config.log)?;
    let opened = wiring::open(&dir, &deployment.passphrase, &lock)?;
    runtime()?.block_on(async {
        let (engine, seal) = opened.start(&dir, &config, None).await?;
        let operator = format!("uid {}", rustix::process::getuid().as_raw());
        let delivery = Mutex::new(wiring::delivery(&engine, &dir, &config)?);
        let desk = Desk::new(engine, seal, dir, Deliverer::Here(Box::new(delivery)));
        desk.carry_out(command, &operator).await
    })
}

fn date_of(unix_s: i64) -> impl std::fmt::Display {
    keyward_audit::iso_date(Timestamp::from_unix_ms(unix_s.saturating_mul(1000)))
}

fn words_of(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accounts { accounts } => {
            let line = |account: &AccountLine| {
                [&account.account_id, "  ", &account.profile, "\n"].concat()
            };
            accounts.iter().map(line).collect()
        }
        Outcome::ClockAccepted { now_unix_s } => {
            format!("The time is accepted: {}\n", date_of(*now_unix_s))
        }
        Outcome::ClockAdvanced { now_unix_s } => {
            format!("The deployment's clock shows {}\n", date_of(*now_unix_s))
        }
        Outcome::Credential { account_id, access_key_id, profile } => {
            format!(
                "Account {account_id} has the access key {access_key_id}, in the profile {profile}\n"
            )
        }
        Outcome::Delivered { file_count, digest_count, files, digests } => {
            let line = |it: &DeliveredLine| format!("{}/{}\n", it.bucket, it.object);
            let lines: String = files.iter().chain(digests).map(line).collect();
            format!("Delivered {file_count} log files and {digest_count} digests\n{lines}")
        }
        Outcome::DomainKeyRotated { number } => {
            format!("Everything is sealed under domain key {number}\n")
        }
        Outcome::Explained { records } => records.iter().map(explanation::words).collect(),
        Outcome::KeysLoaded { count } => format!("Loaded {count} keys\n"),
        Outcome::ServiceRemoved { principal } => format!("{principal} is no longer registered\n"),
        Outcome::Services { services } => {
            let line = |service: &ServiceLine| {
                let ServiceLine { principal, account_id, calls, profile, .. } = service;
                format!("{principal}  {account_id}  {calls}  {profile}\n")
            };
            services.iter().map(line).collect()
        }
    }
}

fn json_of(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Accounts { accounts } => {
            json!({ "accounts": accounts.iter().map(json_of_account).collect::<Vec<_>>() })
        }
        Outcome::ClockAccepted { now_unix_s } | Outcome::ClockAdvanced { now_unix_s } => {
            json!({ "nowUnixSeconds": now_unix_s })
        }
        Outcome::Credential { account_id, access_key_id, profile } => {
            json!({ "accountId": account_id, "accessKeyId": access_key_id, "profile": profile })
        }
        Outcome::Delivered { file_count, digest_count, files, digests } => json!({
            "fileCount": file_count,
            "digestCount": digest_count,
            "files": files.iter().map(json_of_delivered).collect::<Vec<_>>(),
            "digests": digests.iter().map(json_of_delivered).collect::<Vec<_>>(),
        }),
        Outcome::DomainKeyRotated { number } => json!({ "domainKey": number }),
        Outcome::Explained { records } => json!({ "records": records }),
        Outcome::KeysLoaded { count } => json!({ "keysLoaded": count }),
        Outcome::ServiceRemoved { principal } => json!({ "removed": principal }),
        Outcome::Services { services } => {
            json!({ "services": services.iter().map(json_of_service).collect::<Vec<_>>() })
        }
    }
}

fn json_of_service(service: &ServiceLine) -> Value {
    json!({
        "principal": service.principal,
        "accountId": service.account_id,
        "calls": service.calls,
        "profile": service.profile,
        "createdUnixSeconds": service.created_unix_s,
    })
}

fn json_of_delivered(line: &DeliveredLine) -> Value {
    let mut value = json!({
        "accountId": line.account_id,
        "region": line.region,
        "bucket": line.bucket,
        "object": line.object,
    });
    if let (Some(records), Value::Object(members)) = (line.records, &mut value) {
        members.insert("records".to_owned(), records.into());
    }
    value
}

fn json_of_account(account: &AccountLine) -> Value {
    json!({
        "accountId": account.account_id,
        "profile": account.profile,
        "createdUnixSeconds": account.created_unix_s,
    })
}
