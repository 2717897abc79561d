//! `keyward audit deliver | search | tail | verify`

mod deliver;
mod print;
mod search;
mod tail;
mod verify;

use std::process::ExitCode;

use anyhow::Result;

use crate::arguments::Audit;

pub(super) fn run(arguments: &Audit) -> Result<ExitCode> {
    match arguments {
        Audit::Deliver(arguments) => deliver::run(arguments).map(|()| ExitCode::SUCCESS),
        Audit::Search(arguments) => Ok(search::run(arguments)),
        Audit::Tail(arguments) => tail::run(arguments).map(|()| ExitCode::SUCCESS),
        Audit::Verify(arguments) => verify::run(arguments).map(|()| ExitCode::SUCCESS),
    }
}
