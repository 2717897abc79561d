//! `keyward account create | list | reset-root`

use std::fmt::Write;

use anyhow::Result;
use serde_json::json;

use super::operate::operate;
use super::{print, print_json};
use crate::admin::{AccountLine, Command, Outcome};
use crate::arguments::{Account, AccountCreate, AccountList, AccountResetRoot};

pub(super) fn run(arguments: &Account) -> Result<()> {
    match arguments {
        Account::Create(arguments) => create(arguments),
        Account::List(arguments) => list(arguments),
        Account::ResetRoot(arguments) => reset_root(arguments),
    }
}

fn create(arguments: &AccountCreate) -> Result<()> {
    let account_id = arguments.account_id.map(|account| account.to_string());
    let outcome = operate(&arguments.deployment, &Command::AccountCreate { account_id })?;
    report(&outcome, "Account", arguments.json)
}

fn reset_root(arguments: &AccountResetRoot) -> Result<()> {
    let account_id = arguments.account_id.map(|account| account.to_string());
    let outcome = operate(&arguments.deployment, &Command::AccountResetRoot { account_id })?;
    report(&outcome, "New root credentials of account", arguments.json)
}

fn list(arguments: &AccountList) -> Result<()> {
    let outcome = operate(&arguments.deployment, &Command::AccountList {})?;
    report(&outcome, "", arguments.json)
}

fn report(outcome: &Outcome, done: &str, as_json: bool) -> Result<()> {
    match outcome {
        Outcome::Credential { account_id, access_key_id, profile } if as_json => print_json(
            &json!({ "accountId": account_id, "accessKeyId": access_key_id, "profile": profile }),
        ),
        Outcome::Credential { account_id, access_key_id, profile } => print(&format!(
            "{done} {account_id}: access key {access_key_id}, in the profile {profile}\n"
        )),
        Outcome::Accounts { accounts } if as_json => {
            let accounts: Vec<_> = accounts.iter().map(account_json).collect();
            print_json(&json!({ "accounts": accounts }))
        }
        Outcome::Accounts { accounts } => {
            let mut lines = String::new();
            for account in accounts {
                writeln!(lines, "{}  {}", account.account_id, account.profile)?;
            }
            print(&lines)
        }
        Outcome::ClockAccepted { .. } | Outcome::DomainKeyRotated { .. } => Ok(()),
    }
}

fn account_json(line: &AccountLine) -> serde_json::Value {
    json!({
        "accountId": line.account_id,
        "profile": line.profile,
        "createdUnixSeconds": line.created_unix_s,
    })
}
