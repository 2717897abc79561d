//! Development tasks: `ci`, `model`, `tidy`.
//!
//! Owns what is checked about the tree as a whole and what is generated into it. It is no part of
//! the program and knows nothing of how it runs.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool answers on its standard streams"
)]

mod ci;
mod model;
mod tidy;
mod tree;

use std::process::ExitCode;

use anyhow::bail;

const USAGE: &str = "\
usage: cargo xtask <task>

  ci [<step>]       every step, or one of: fmt clippy doc test
  model [--check]   write the constraint table from the API model, or compare it
  tidy              check the rules of the tree";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> anyhow::Result<()> {
    let root = tree::root();
    match arguments {
        ["ci"] => ci::all(&root),
        ["ci", step] => ci::step(&root, step),
        ["model"] => model::write(&root),
        ["model", "--check"] => model::check(&root),
        ["tidy"] => report_tidy(&root),
        _ => bail!("{USAGE}"),
    }
}

fn report_tidy(root: &std::path::Path) -> anyhow::Result<()> {
    let findings = tidy::findings(root)?;
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        count => bail!("tidy: {count} findings"),
    }
}
