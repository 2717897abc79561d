//! `keyward audit search`

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use keyward_model::Clock as _;
use keyward_trail::search::{Found, Order, Places, Taker, search};

use super::is_there;
use super::print::Printer;
use crate::arguments::AuditSearch;
use crate::command::complain;
use crate::data_dir::DataDir;
use crate::wiring::SystemClock;

/// The exit status that says that nothing was found; 2 says that something went wrong.
const NOTHING: u8 = 1;
const TROUBLE: u8 = 2;

pub(super) fn run(arguments: &AuditSearch) -> ExitCode {
    match find(arguments) {
        Ok(Outcome { has_missed: true, .. }) => ExitCode::from(TROUBLE),
        Ok(Outcome { found: 0, .. }) => ExitCode::from(NOTHING),
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(TROUBLE)
        }
    }
}

/// What came of a search.
struct Outcome {
    found: u64,
    has_missed: bool,
}

fn find(arguments: &AuditSearch) -> Result<Outcome> {
    let dir = DataDir::locate(arguments.directory.data_dir.clone())?;
    dir.require_present()?;
    let places = Places { journal: dir.journal(), audit: dir.audit() };
    if !is_there(&places.journal)? && !is_there(&places.audit)? {
        bail!("{} holds no audit trail", dir.path().display());
    }
    let order = if arguments.newest { Order::NewestFirst } else { Order::OldestFirst };
    let filter = arguments.filter.at(SystemClock.now());
    let mut printing = Printing {
        printer: Printer::new(&arguments.shown),
        limit: arguments.shown.limit.unwrap_or(u64::MAX),
        outcome: Outcome { found: 0, has_missed: false },
        failure: None,
    };
    search(&places, &filter, (order, arguments.shown.explain), &mut printing)
        .with_context(|| dir.path().display().to_string())?;
    let Printing { printer, outcome, failure, .. } = printing;
    match failure {
        Some(error) => Err(error),
        None => printer.finish().map(|()| outcome),
    }
}

/// Prints what is found.
struct Printing {
    printer: Printer,
    limit: u64,
    outcome: Outcome,
    failure: Option<anyhow::Error>,
}

impl Taker for Printing {
    fn take(&mut self, found: Found<'_>) -> ControlFlow<()> {
        self.outcome.found += 1;
        match self.printer.print(found.record, found.note) {
            Ok(()) if self.outcome.found < self.limit && self.printer.is_read() => {
                ControlFlow::Continue(())
            }
            Ok(()) => ControlFlow::Break(()),
            Err(error) => {
                self.failure = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn miss(&mut self, file: &Path, error: &dyn Error) {
        self.outcome.has_missed = true;
        complain(&anyhow!("{} is left out: {error}", file.display()));
    }
}
