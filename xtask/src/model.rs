//! The constraint tables, generated from the public API models.
//!
//! The models are read from one pinned release of botocore; where a service is known to differ, or
//! is served in part, an overrides file says so. The result is committed, and `--check` shows that nothing but this
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

/// A service's model, and where its table goes.
struct Api {
    /// Its folder in botocore.
    model: &'static str,
    /// The folder of the table.
    sources: &'static str,
    /// Where the service differs from its model.
    overrides: &'static str,
    /// One of its limits, to explain the others by.
    example: &'static str,
}

const APIS: [Api; 4] = [
    Api {
        model: "kms/2014-11-01",
        sources: "crates/keyward-ops/src",
        overrides: "crates/keyward-ops/constraints.overrides.toml",
        example: "KeyIdType",
    },
    Api {
        model: "iam/2010-05-08",
        sources: "crates/keyward-iam/src/iam",
        overrides: "crates/keyward-iam/iam.overrides.toml",
        example: "UserNameType",
    },
    Api {
        model: "sts/2011-06-15",
        sources: "crates/keyward-iam/src/sts",
        overrides: "crates/keyward-iam/sts.overrides.toml",
        example: "ArnType",
    },
    Api {
        model: "cloudtrail/2013-11-01",
        sources: "crates/keyward-cloudtrail/src",
        overrides: "crates/keyward-cloudtrail/constraints.overrides.toml",
        example: "TagKey",
    },
];

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
        println!("the constraint tables are what the models say");
        Ok(())
    } else {
        bail!("not what the models say: {}; run `cargo xtask model`", stale.join(", "))
    }
}

fn generate(root: &Path) -> anyhow::Result<Files> {
    let mut files = Files::new();
    for api in &APIS {
        let path = api.overrides;
        let overrides =
            fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))?;
        let overrides: Overrides = toml::from_str(&overrides).context(path)?;
        let service: Service = serde_json::from_slice(&fetch::service_model(root, api.model)?)?;
        let service = overrides.applied_to(service).context(path)?;
        files.extend(write::files(root, api, &service)?);
    }
    Ok(files)
}
