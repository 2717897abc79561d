//! One operation, one file, one line in the table, and the link to its page.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::source::Source;
use crate::model::lower_snake;

const SOURCES: &str = "crates/keyward-ops/src/";
const MODEL: &str = "crates/keyward-ops/src/constraints/operations.rs";
const TABLE: &str = "crates/keyward-ops/src/table.rs";
const PAGES: &str = "https://docs.aws.amazon.com/kms/latest/APIReference/API_";
/// The link stands in the first lines of a file.
const LINK_LINES: usize = 6;

pub(super) fn findings(sources: &[Source]) -> Vec<String> {
    let model = names(sources, MODEL, r#"name: "(\w+)""#);
    let table = names(sources, TABLE, r"\bentry::<(?:\w+::)*(\w+)>\(\)");
    let by_file: BTreeMap<_, _> =
        model.iter().map(|name| (format!("{SOURCES}{}.rs", lower_snake(name)), name)).collect();
    let mut findings = Vec::new();
    for name in table.difference(&model) {
        findings.push(format!("{TABLE}: the model has no operation `{name}`"));
    }
    for (file, name) in by_file {
        let source = sources.iter().find(|source| source.path == file);
        match (source, table.contains(name)) {
            (Some(source), true) => findings.extend(missing_link(source, name)),
            (Some(_), false) => findings.push(format!("{file}: `{name}` is not in the table")),
            (None, true) => findings.push(format!("{TABLE}: `{name}` has no file {file}")),
            (None, false) => {}
        }
    }
    findings
}

fn names(sources: &[Source], path: &str, pattern: &str) -> BTreeSet<String> {
    let source = sources.iter().find(|source| source.path == path);
    let (Some(source), Ok(pattern)) = (source, Regex::new(pattern)) else {
        return BTreeSet::new();
    };
    let found = pattern.captures_iter(&source.text);
    found.filter_map(|found| Some(found.get(1)?.as_str().to_owned())).collect()
}

fn missing_link(source: &Source, name: &str) -> Option<String> {
    let link = format!("{PAGES}{name}.html");
    (!links(source, &link)).then(|| format!("{}: its first lines do not link {link}", source.path))
}

/// Whether the file holds an operation: it opens with the link to one.
pub(super) fn is_operation_file(source: &Source) -> bool {
    source.path.starts_with(SOURCES) && links(source, PAGES)
}

fn links(source: &Source, link: &str) -> bool {
    let head = source.text.lines().take(LINK_LINES);
    head.filter(|line| line.starts_with("//!")).any(|line| line.contains(link))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let model = [(MODEL, "name: \"Encrypt\", name: \"ReEncrypt\"")];
        let files = model.iter().chain(files);
        let sources: Vec<_> =
            files.map(|(path, text)| Source::new(path, (*text).to_owned())).collect();
        findings(&sources)
    }

    const FILE: &str = "crates/keyward-ops/src/re_encrypt.rs";
    const DOC: &str = "//! Does it.\n//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html>";

    #[test]
    fn file_table_and_model_agree() {
        assert!(found(&[(FILE, DOC), (TABLE, "entry::<ReEncrypt>(),")]).is_empty());
        assert!(found(&[(FILE, DOC), (TABLE, "entry::<re_encrypt::ReEncrypt>(),")]).is_empty());
    }

    #[test]
    fn each_without_the_other_is_found() {
        assert_eq!(found(&[(FILE, DOC), (TABLE, "")]).len(), 1);
        assert_eq!(found(&[(TABLE, "entry::<ReEncrypt>(),")]).len(), 1);
        assert_eq!(found(&[(TABLE, "entry::<Encode>(),")]).len(), 1);
    }

    #[test]
    fn a_file_without_its_link_is_found() {
        assert_eq!(found(&[(FILE, "//! Does it."), (TABLE, "entry::<ReEncrypt>(),")]).len(), 1);
    }
}
