//! What cargo checks of a change, each step runnable by hand. `make test` runs the same steps, and
//! what is not cargo's beside them.

use std::path::Path;
use std::process::Command;

use anyhow::bail;

use crate::tree;

/// In order; the rules of `tidy` are among the tests.
const STEPS: [&str; 4] = ["fmt", "clippy", "doc", "test"];
/// Packages that are no members of the workspace.
const APART: [&str; 2] = ["fuzz/Cargo.toml", "suites/rust-sdk/Cargo.toml"];

/// Every step, in order, until one fails.
pub(crate) fn all(root: &Path) -> anyhow::Result<()> {
    STEPS.iter().try_for_each(|step| self::step(root, step))
}

/// One step.
pub(crate) fn step(root: &Path, step: &str) -> anyhow::Result<()> {
    println!("ci: {step}");
    match step {
        "fmt" => fmt(root),
        "clippy" => {
            let lints = ["--all-targets", "--", "-D", "warnings"];
            tree::run(locked(root, "clippy").args(lints))
        }
        "doc" => tree::run(locked(root, "doc").arg("--no-deps").env("RUSTDOCFLAGS", "-D warnings")),
        "test" => tree::run(&mut locked(root, "test")),
        _ => bail!("no step `{step}`; the steps are: {}", STEPS.join(" ")),
    }
}

fn fmt(root: &Path) -> anyhow::Result<()> {
    tree::run(cargo(root).args(["fmt", "--all", "--check"]))?;
    APART.iter().try_for_each(|manifest| {
        tree::run(cargo(root).args(["fmt", "--check", "--manifest-path", manifest]))
    })
}

/// The lock file decides, everywhere.
fn locked(root: &Path, subcommand: &str) -> Command {
    let mut command = cargo(root);
    command.args([subcommand, "--locked", "--workspace", "--quiet"]);
    command
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}
