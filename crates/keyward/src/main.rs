//! The program: arguments, configuration, wiring, subcommands.
//!
//! It owns the data directory, the process and the order in which the parts are put together. It
//! knows no operation, no SQL and no cryptography.

mod admin;
mod arguments;
mod certificate;
mod command;
mod config;
mod data_dir;
mod hardening;
mod logging;
mod metrics;
mod notify;
mod organization;
mod passphrase;
mod private_file;
mod profile;
mod pulse;
mod root_key;
mod schedule;
mod serving;
mod shell;
mod sinks;
mod terminal;
mod wiring;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Wrong usage ends here with status 2 and the words of clap.
    let arguments =
        arguments::Arguments::of(std::env::args_os()).unwrap_or_else(|refused| refused.exit());
    hardening::before_anything_else();
    command::run(arguments).unwrap_or_else(|error| {
        command::complain(&error);
        ExitCode::FAILURE
    })
}
