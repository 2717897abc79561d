//! `keyward account create | list | reset-root`

use anyhow::Result;

use super::operate::operate;
use crate::admin::Command;
use crate::arguments::Account;

pub(super) fn run(arguments: &Account) -> Result<()> {
    match arguments {
        Account::Create(arguments) => {
            let account_id = arguments.account_id.map(|account| account.to_string());
            let command = Command::AccountCreate { account_id };
            operate(&arguments.deployment, &command, arguments.json)
        }
        Account::List(arguments) => {
            operate(&arguments.deployment, &Command::AccountList {}, arguments.json)
        }
        Account::ResetRoot(arguments) => {
            let account_id = arguments.account_id.map(|account| account.to_string());
            let command = Command::AccountResetRoot { account_id };
            operate(&arguments.deployment, &command, arguments.json)
        }
    }
}
