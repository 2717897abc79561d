//! The subcommands, one file each.

mod account;
mod audit;
mod certificate;
mod clock;
mod dev;
mod explain;
mod init;
mod operate;
mod policy;
mod quickstart;
mod seal;
mod serve;
mod service;
mod version;

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use tokio::runtime::{Builder, Runtime};
use tracing::warn;

use crate::arguments::{Arguments, Command};
use crate::config::Config;
use crate::pulse;

/// Runs the command. A command that succeeds says on stdout what it did; the reason why one fails
/// is the error.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::Audit(arguments) => return audit::run(&arguments),
        Command::Init(arguments) => init::run(&arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Quickstart(arguments) => quickstart::run(arguments),
        Command::Account(arguments) => account::run(&arguments),
        Command::Clock(arguments) => clock::run(&arguments),
        Command::Dev(arguments) => dev::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Seal(arguments) => seal::run(&arguments),
        Command::Service(arguments) => service::run(&arguments),
        Command::Certificate(arguments) => certificate::run(arguments),
        Command::Policy(arguments) => policy::run(&arguments),
        Command::Version(arguments) => version::run(&arguments),
    }
    .map(|()| ExitCode::SUCCESS)
}

/// Says on stderr why something did not work. If nobody reads it, the exit status still tells.
pub(crate) fn complain(error: &anyhow::Error) {
    let _ = writeln!(std::io::stderr(), "keyward: {error:#}");
}

/// Prints what a command has to say.
fn print(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).context("could not print")
}

/// What became of printing what was done; all is well if its reader has gone.
fn unless_unread(printed: Result<()>) -> Result<()> {
    let is_unread = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
    match printed {
        Err(error) if error.downcast_ref().is_some_and(is_unread) => Ok(()),
        printed => printed,
    }
}

/// Prints a value as one line of JSON.
fn print_json(value: &serde_json::Value) -> Result<()> {
    print(&format!("{value}\n"))
}

/// Says which variables were probably meant for us and have no effect.
fn warn_of_unread_variables() -> Result<()> {
    for name in Config::unread_variables()? {
        warn!(name, "an environment variable that begins like a setting is none and has no effect");
    }
    Ok(())
}

/// The threads a command runs on.
pub(crate) fn runtime() -> Result<Runtime> {
    let runtime = Builder::new_multi_thread().enable_all().build();
    let started = runtime.and_then(|runtime| {
        pulse::start(runtime.handle().clone())?;
        Ok(runtime)
    });
    started.context("could not start threads")
}
