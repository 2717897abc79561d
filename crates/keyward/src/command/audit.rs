//! `keyward audit deliver | search | tail | verify`

mod deliver;
mod print;
mod search;
mod tail;
mod verify;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::arguments::Audit;

pub(super) fn run(arguments: &Audit) -> Result<ExitCode> {
    match arguments {
        Audit::Deliver(arguments) => deliver::run(arguments).map(|()| ExitCode::SUCCESS),
        Audit::Search(arguments) => Ok(search::run(arguments)),
        Audit::Tail(arguments) => tail::run(arguments).map(|()| ExitCode::SUCCESS),
        Audit::Verify(arguments) => verify::run(arguments).map(|()| ExitCode::SUCCESS),
    }
}

/// Whether there is something. That nobody lets us look does not mean that there is nothing.
fn is_there(path: &Path) -> Result<bool> {
    path.try_exists().with_context(|| path.display().to_string())
}
