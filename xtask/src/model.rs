//! The constraint table, generated from the public API model.
//!
//! The model is read from one pinned release of botocore; where the service is known to differ, an
//! overrides file says so. The result is committed, and `--check` shows that nothing but this
//! program wrote it.

mod fetch;
mod names;
mod overrides;
mod service;
mod write;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

pub(crate) use names::lower_snake;
use overrides::Overrides;
use service::Service;

const SOURCES: &str = "crates/keyward-ops/src";
const OVERRIDES: &str = "crates/keyward-ops/constraints.overrides.toml";

/// The generated files, by path from the root.
type Files = BTreeMap<String, String>;

/// Writes the generated files.
pub(crate) fn write(root: &Path) -> anyhow::Result<()> {
    for (path, text) in generate(root)? {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap_or(root))?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// Fails when a generated file is not what would be written now.
pub(crate) fn check(root: &Path) -> anyhow::Result<()> {
    let differs = |(path, text): &(String, String)| {
        fs::read_to_string(root.join(path)).ok().as_deref() != Some(text.as_str())
    };
    let stale: Vec<_> = generate(root)?.into_iter().filter(differs).collect();
    let stale: Vec<_> = stale.iter().map(|(path, _)| path.as_str()).collect();
    if stale.is_empty() {
        println!("the constraint table is what the model says");
        Ok(())
    } else {
        bail!("not what the model says: {}; run `cargo xtask model`", stale.join(", "))
    }
}

fn generate(root: &Path) -> anyhow::Result<Files> {
    let overrides = fs::read_to_string(root.join(OVERRIDES))
        .with_context(|| format!("cannot read {OVERRIDES}"))?;
    let overrides: Overrides = toml::from_str(&overrides).context(OVERRIDES)?;
    let service: Service = serde_json::from_slice(&fetch::service_model(root)?)?;
    let service = overrides.applied_to(service)?;
    write::files(root, SOURCES, &service)
}
