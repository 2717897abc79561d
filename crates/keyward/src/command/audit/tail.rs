//! `keyward audit tail`

use std::time::Duration;

use anyhow::{Context, Result, bail};
use keyward_audit::{operator_note, without_operator_note};
use keyward_model::Clock as _;
use keyward_trail::search::{BackwardLines, Filter, JournalTail};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::interval;

use super::is_there;
use super::print::Printer;
use crate::arguments::AuditTail;
use crate::command::runtime;
use crate::data_dir::DataDir;
use crate::wiring::SystemClock;

/// How often the journal is looked at for what has come.
const LOOK: Duration = Duration::from_millis(200);

pub(super) fn run(arguments: &AuditTail) -> Result<()> {
    let dir = DataDir::locate(arguments.directory.data_dir.clone())?;
    dir.require_present()?;
    if !is_there(&dir.journal())? {
        bail!("{} holds no audit journal", dir.path().display());
    }
    runtime()?.block_on(async {
        // Before anything is printed: from then on a signal is expected to end the command quietly.
        let signals = arguments.follow.then(Signals::new).transpose()?;
        let printed = show(arguments, &dir, signals).await;
        printed.with_context(|| dir.journal().display().to_string())
    })
}

async fn show(arguments: &AuditTail, dir: &DataDir, signals: Option<Signals>) -> Result<()> {
    let mut shown = Shown {
        filter: arguments.filter.at(SystemClock.now()),
        printer: Printer::new(&arguments.shown),
        left: arguments.shown.limit.unwrap_or(u64::MAX),
    };
    let mut lines = BackwardLines::open(&dir.journal())?;
    let end = lines.end();
    let mut newest = Vec::new();
    // Of more than are shown, the newest.
    let wanted = usize::try_from(shown.left.min(arguments.lines.into()))?;
    while newest.len() < wanted
        && let Some(line) = lines.next().transpose()?
    {
        let (_, line) = line;
        if shown.filter.matching(&line).is_some() {
            newest.push(line);
        }
    }
    newest.iter().rev().try_for_each(|line| shown.print(line))?;
    shown.printer.flush()?;
    if let Some(signals) = signals {
        shown.follow(JournalTail::new(&dir.journal(), end), signals).await?;
    }
    shown.printer.finish()
}

/// What is shown, and how.
struct Shown {
    filter: Filter,
    printer: Printer,
    /// How many more events are wanted.
    left: u64,
}

impl Shown {
    fn print(&mut self, line: &[u8]) -> Result<()> {
        if self.left == 0 || self.filter.matching(line).is_none() {
            return Ok(());
        }
        self.left -= 1;
        self.printer.print(&without_operator_note(line), operator_note(line))
    }

    /// Prints what comes, until a signal comes, enough has come, or nobody reads.
    async fn follow(&mut self, mut tail: JournalTail, mut signals: Signals) -> Result<()> {
        let mut looks = interval(LOOK);
        while self.left > 0 && self.printer.is_read() {
            tokio::select! {
                _ = looks.tick() => {}
                () = signals.any() => return Ok(()),
            }
            loop {
                let lines = tail.read()?;
                if lines.is_empty() {
                    break;
                }
                lines.iter().try_for_each(|line| self.print(line))?;
            }
            self.printer.flush()?;
        }
        Ok(())
    }
}

/// What ends it.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
