//! The steps a change must pass, each runnable by hand.

use std::path::Path;
use std::process::Command;

use anyhow::bail;

use crate::{model, tree};

const STEPS: [&str; 6] = ["fmt", "clippy", "doc", "test", "model", "deny"];

/// Every step, in order, until one fails.
pub(crate) fn all(root: &Path) -> anyhow::Result<()> {
    STEPS.iter().try_for_each(|step| self::step(root, step))
}

/// One step.
pub(crate) fn step(root: &Path, step: &str) -> anyhow::Result<()> {
    println!("ci: {step}");
    match step {
        "fmt" => cargo(root, &["fmt", "--all", "--check"]),
        "clippy" => cargo(
            root,
            &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"],
        ),
        "doc" => tree::run(
            command(root, &["doc", "--no-deps", "--workspace", "--quiet"])
                .env("RUSTDOCFLAGS", "-D warnings"),
        ),
        "test" => cargo(root, &["test", "--workspace", "--quiet"]),
        "model" => model::check(root),
        "deny" => deny(root),
        _ => bail!("no step `{step}`; the steps are: {}", STEPS.join(" ")),
    }
}

fn deny(root: &Path) -> anyhow::Result<()> {
    let is_installed = tree::output(&mut command(root, &["deny", "--version"])).is_ok();
    if !is_installed {
        bail!("cargo-deny is not installed; `cargo install --locked cargo-deny` installs it");
    }
    cargo(root, &["deny", "check"])
}

fn cargo(root: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    tree::run(&mut command(root, arguments))
}

fn command(root: &Path, arguments: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(root);
    command
}
