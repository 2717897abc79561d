//! `keyward service add | list | remove | reset-credentials`

use anyhow::Result;

use super::operate::operate;
use crate::admin::{Command, ServiceCalls};
use crate::arguments::{Registration, Service, ServiceAdd};

pub(super) fn run(arguments: &Service) -> Result<()> {
    match arguments {
        Service::Add(add) => operate(&add.deployment, &add_command(add), add.json),
        Service::List(list) => operate(&list.deployment, &Command::ServiceList {}, list.json),
        Service::Remove(remove) => {
            let (name, account_id) = names(&remove.registration);
            let command = Command::ServiceRemove { name, account_id };
            operate(&remove.deployment, &command, remove.json)
        }
        Service::ResetCredentials(reset) => {
            let (name, account_id) = names(&reset.registration);
            let command = Command::ServiceReset { name, account_id };
            operate(&reset.deployment, &command, reset.json)
        }
    }
}

fn add_command(add: &ServiceAdd) -> Command {
    let text = |account: &Option<_>| account.as_ref().map(ToString::to_string);
    let calls = if add.owned {
        ServiceCalls::Owned {}
    } else if add.as_itself {
        let source_account = text(&add.source_account);
        ServiceCalls::AsItself { source_arn: add.source_arn.clone(), source_account }
    } else {
        ServiceCalls::OnBehalf { role: add.role.clone() }
    };
    let name = add.name.as_str().to_owned();
    Command::ServiceAdd { name, account_id: text(&add.account), calls }
}

fn names(registration: &Registration) -> (String, Option<String>) {
    let account = registration.account.map(|account| account.to_string());
    (registration.name.as_str().to_owned(), account)
}
