//! The rules of the tree that no compiler or lint knows.
//!
//! Every rule reads the tracked files and returns what it finds, one line each, so that all of it
//! is seen at once. Exceptions are listed in `tidy.toml`, each with its reason. Limits on
//! parameters, and much else, are clippy's.

mod arrows;
mod limits;
mod operations;
mod source;
mod words;

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use serde::Deserialize;

use crate::tree;
use source::Source;

/// Everything that breaks a rule; empty when the tree is tidy.
pub(crate) fn findings(root: &Path) -> anyhow::Result<Vec<String>> {
    let exceptions = std::fs::read_to_string(root.join("tidy.toml")).context("tidy.toml")?;
    let exceptions: Exceptions = toml::from_str(&exceptions).context("tidy.toml")?;
    let sources = tracked(root)?;
    let mut findings = exceptions.unused(&sources);
    findings.extend(arrows::findings(&sources)?);
    findings.extend(limits::findings(&sources, &exceptions));
    findings.extend(operations::findings(&sources));
    findings.extend(words::findings(&sources, &exceptions)?);
    Ok(findings)
}

/// The tracked text files that are there.
fn tracked(root: &Path) -> anyhow::Result<Vec<Source>> {
    let listed = tree::output(Command::new("git").arg("ls-files").current_dir(root))?;
    let paths = String::from_utf8(listed)?;
    // What is no text, or was removed and not yet committed, breaks no rule.
    let read = |path: &str| Some(Source::new(path, std::fs::read_to_string(root.join(path)).ok()?));
    Ok(paths.lines().filter_map(read).collect())
}

/// What the rules do not apply to.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exceptions {
    /// Files no one reads or writes by hand: no limit on their size counts them.
    #[serde(default)]
    generated: Vec<Exception>,
    /// Files that may be longer than the limit.
    #[serde(default)]
    long_file: Vec<Exception>,
    /// Files that may hold a banned word.
    #[serde(default)]
    word: Vec<WordException>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    path: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordException {
    path: String,
    word: String,
    reason: String,
}

impl Exceptions {
    fn is_generated(&self, path: &str) -> bool {
        self.generated.iter().any(|exception| exception.path == path)
    }

    fn may_be_long(&self, path: &str) -> bool {
        self.long_file.iter().any(|exception| exception.path == path)
    }

    fn may_hold(&self, path: &str, word: &str) -> bool {
        self.word.iter().any(|exception| exception.path == path && exception.word == word)
    }

    /// Exceptions without a reason, or for a file that is gone.
    fn unused(&self, sources: &[Source]) -> Vec<String> {
        let files = self.generated.iter().chain(&self.long_file);
        let files = files.map(|exception| (&exception.path, &exception.reason));
        let words = self.word.iter().map(|exception| (&exception.path, &exception.reason));
        let is_gone = |path: &String| sources.iter().all(|source| source.path != *path);
        files
            .chain(words)
            .filter(|(path, reason)| reason.is_empty() || is_gone(path))
            .map(|(path, _)| {
                format!("tidy.toml: the exception for {path} has no reason or no file")
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() {
        let findings = findings(&tree::root()).unwrap();
        assert!(findings.is_empty(), "\n{}", findings.join("\n"));
    }

    #[test]
    fn an_exception_needs_a_reason_and_a_file() {
        let exceptions: Exceptions = toml::from_str(
            "[[long_file]]\npath = 'a.rs'\nreason = ''\n[[long_file]]\npath = 'b.rs'\nreason = 'x'\n\
             [[long_file]]\npath = 'gone.rs'\nreason = 'x'",
        )
        .unwrap();
        let sources = ["a.rs", "b.rs"].map(|path| Source::new(path, String::new()));
        let unused = exceptions.unused(&sources);
        assert_eq!(unused.len(), 2);
        assert!(unused.iter().all(|finding| !finding.contains("b.rs")));
    }
}
