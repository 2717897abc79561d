//! Which crate may depend on which. Dependencies point one way; a new arrow is a design decision.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::Deserialize;

use super::source::Source;

/// What each crate may depend on. Dependencies of tests alone are free.
const ARROWS: [(&str, &[&str]); 24] = [
    // The program wires everything, and alone builds backends.
    (
        "keyward",
        &[
            "keyward-attestation",
            "keyward-audit",
            "keyward-cloudtrail",
            "keyward-crypto",
            "keyward-engine",
            "keyward-iam",
            "keyward-model",
            "keyward-oidc",
            "keyward-ops",
            "keyward-outbound",
            "keyward-policy",
            "keyward-server",
            "keyward-sink",
            "keyward-store",
            "keyward-store-sqlite",
            "keyward-trail",
        ],
    ),
    ("keyward-attestation", &["keyward-model"]),
    ("keyward-audit", &["keyward-model"]),
    // The benchmark sees the built program from outside. The servers it is compared with call the
    // libraries; one of them is the service without a journal.
    (
        "keyward-bench",
        &[
            "keyward-audit",
            "keyward-crypto",
            "keyward-engine",
            "keyward-model",
            "keyward-oidc",
            "keyward-ops",
            "keyward-outbound",
            "keyward-server",
            "keyward-sigv4",
            "keyward-store",
            "keyward-store-sqlite",
        ],
    ),
    (
        "keyward-cloudtrail",
        &["keyward-audit", "keyward-engine", "keyward-model", "keyward-policy", "keyward-shape"],
    ),
    ("keyward-crypto", &["keyward-lc", "keyward-model", "keyward-sm2"]),
    ("keyward-engine", BELOW_ENGINE),
    (
        "keyward-iam",
        &[
            "keyward-audit",
            "keyward-crypto",
            "keyward-engine",
            "keyward-model",
            "keyward-oidc",
            "keyward-policy",
            "keyward-shape",
            "keyward-store",
        ],
    ),
    ("keyward-lc", &[]),
    ("keyward-model", &[]),
    ("keyward-oidc", &["keyward-model", "keyward-outbound"]),
    (
        "keyward-ops",
        &[
            "keyward-attestation",
            "keyward-audit",
            "keyward-crypto",
            "keyward-engine",
            "keyward-model",
            "keyward-policy",
            "keyward-shape",
            "keyward-store",
        ],
    ),
    ("keyward-outbound", &["keyward-model"]),
    ("keyward-policy", &["keyward-model"]),
    ("keyward-server", &["keyward-engine", "keyward-model", "keyward-shape", "keyward-sigv4"]),
    ("keyward-shape", &[]),
    ("keyward-sigv4", &[]),
    ("keyward-sink", &["keyward-audit", "keyward-model", "keyward-outbound"]),
    ("keyward-sm2", &[]),
    ("keyward-store", &["keyward-model"]),
    ("keyward-store-sqlite", &["keyward-model", "keyward-store"]),
    // The test program, which wires everything once more.
    (
        "keyward-testkit",
        &[
            "keyward-attestation",
            "keyward-audit",
            "keyward-cloudtrail",
            "keyward-crypto",
            "keyward-engine",
            "keyward-iam",
            "keyward-model",
            "keyward-oidc",
            "keyward-ops",
            "keyward-outbound",
            "keyward-policy",
            "keyward-server",
            "keyward-shape",
            "keyward-sigv4",
            "keyward-store",
            "keyward-store-sqlite",
            "keyward-trail",
        ],
    ),
    (
        "keyward-trail",
        &["keyward-audit", "keyward-crypto", "keyward-engine", "keyward-model", "keyward-store"],
    ),
    ("xtask", &[]),
];

const BELOW_ENGINE: &[&str] = &[
    "keyward-attestation",
    "keyward-audit",
    "keyward-crypto",
    "keyward-model",
    "keyward-oidc",
    "keyward-policy",
    "keyward-shape",
    "keyward-store",
];

#[derive(Deserialize)]
struct Manifest {
    package: Option<Package>,
    #[serde(default)]
    dependencies: BTreeMap<String, toml::Value>,
    #[serde(default, rename = "build-dependencies")]
    build_dependencies: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

pub(super) fn findings(sources: &[Source]) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    // The clients in suites/ know the program only from outside; the fuzz targets may know all.
    let is_ours = |source: &&Source| {
        let is_apart = ["suites/", "fuzz/"].iter().any(|apart| source.path.starts_with(apart));
        source.path.ends_with("Cargo.toml") && !is_apart
    };
    for source in sources.iter().filter(is_ours) {
        let manifest: Manifest =
            toml::from_str(&source.text).with_context(|| source.path.clone())?;
        // The workspace's own manifest describes no package.
        if let Some(package) = &manifest.package {
            findings.extend(new_arrows(&source.path, &package.name, &manifest));
        }
    }
    Ok(findings)
}

fn new_arrows(path: &str, package: &str, manifest: &Manifest) -> Vec<String> {
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package) else {
        return vec![format!("{path}: `{package}` is not in the table of arrows")];
    };
    manifest
        .dependencies
        .keys()
        .chain(manifest.build_dependencies.keys())
        .filter(|name| ARROWS.iter().any(|(known, _)| known == name) || name.starts_with("keyward"))
        .filter(|name| !allowed.contains(&name.as_str()))
        .map(|name| format!("{path}: `{package}` may not depend on `{name}`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(package: &str, dependencies: &str) -> Vec<String> {
        let text = format!("[package]\nname = \"{package}\"\n[dependencies]\n{dependencies}\n");
        findings(&[Source::new("crates/x/Cargo.toml", text)]).unwrap()
    }

    #[test]
    fn an_arrow_outside_the_table_is_found() {
        assert!(
            found("keyward-engine", "keyward-shape.workspace = true\nserde = \"1\"").is_empty()
        );
        assert_eq!(
            found("keyward-shape", "keyward-model.workspace = true"),
            ["crates/x/Cargo.toml: `keyward-shape` may not depend on `keyward-model`"]
        );
        assert_eq!(found("keyward-new", "").len(), 1);
    }

    #[test]
    fn the_table_has_no_cycle() {
        let mut layers: Vec<&str> = Vec::new();
        while layers.len() < ARROWS.len() {
            let next = ARROWS.iter().find(|(name, below)| {
                !layers.contains(name) && below.iter().all(|name| layers.contains(name))
            });
            layers.push(next.expect("every crate stands on lower ones").0);
        }
    }

    #[test]
    fn only_programs_build_backends() {
        for (name, below) in ARROWS {
            let builds = below.iter().any(|below| below.starts_with("keyward-store-"));
            assert_eq!(
                builds,
                ["keyward", "keyward-bench", "keyward-testkit"].contains(&name),
                "{name}"
            );
        }
    }
}
