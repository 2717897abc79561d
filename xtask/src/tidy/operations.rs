//! One operation, one file, one line in the table, and the link to its page.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::source::Source;
use crate::model::lower_snake;

/// Where the operations of a service stand.
struct Api {
    sources: &'static str,
    model: &'static str,
    table: &'static str,
    /// An entry of the table.
    entry: &'static str,
    pages: &'static str,
}

const APIS: [Api; 3] = [
    Api {
        sources: "crates/keyward-ops/src/",
        model: "crates/keyward-ops/src/constraints/operations.rs",
        table: "crates/keyward-ops/src/table.rs",
        entry: r"\bentry::<(?:\w+::)*(\w+)>\(\)",
        pages: "https://docs.aws.amazon.com/kms/latest/APIReference/API_",
    },
    Api {
        sources: "crates/keyward-iam/src/iam/",
        model: "crates/keyward-iam/src/iam/constraints/operations.rs",
        table: "crates/keyward-iam/src/table.rs",
        entry: r"\biam_entry::<(?:\w+::)*(\w+)>\(\)",
        pages: "https://docs.aws.amazon.com/IAM/latest/APIReference/API_",
    },
    Api {
        sources: "crates/keyward-iam/src/sts/",
        model: "crates/keyward-iam/src/sts/constraints/operations.rs",
        table: "crates/keyward-iam/src/table.rs",
        entry: r"\b(?:unsigned_)?sts_entry::<(?:\w+::)*(\w+)>\(\)",
        pages: "https://docs.aws.amazon.com/STS/latest/APIReference/API_",
    },
];
/// The link stands in the first lines of a file.
const LINK_LINES: usize = 6;

pub(super) fn findings(sources: &[Source]) -> Vec<String> {
    APIS.iter().flat_map(|api| api.findings(sources)).collect()
}

impl Api {
    fn findings(&self, sources: &[Source]) -> Vec<String> {
        let model = names(sources, self.model, r#"name: "(\w+)""#);
        let table = names(sources, self.table, self.entry);
        let file = |name: &String| format!("{}{}.rs", self.sources, lower_snake(name));
        // The model writes acronyms in capitals, which types do not.
        let known: BTreeSet<_> = model.iter().map(file).collect();
        let offered: BTreeSet<_> = table.iter().map(file).collect();
        let by_file: BTreeMap<_, _> = model.iter().map(|name| (file(name), name)).collect();
        let mut findings = Vec::new();
        for name in table.iter().filter(|name| !known.contains(&file(name))) {
            findings.push(format!("{}: the model has no operation `{name}`", self.table));
        }
        for (file, name) in by_file {
            let source = sources.iter().find(|source| source.path == file);
            match (source, offered.contains(&file)) {
                (Some(source), true) => findings.extend(self.missing_link(source, name)),
                (Some(_), false) => findings.push(format!("{file}: `{name}` is not in the table")),
                (None, true) => {
                    findings.push(format!("{}: `{name}` has no file {file}", self.table));
                }
                (None, false) => {}
            }
        }
        findings
    }

    fn missing_link(&self, source: &Source, name: &str) -> Option<String> {
        let link = format!("{}{name}.html", self.pages);
        (!links(source, &link))
            .then(|| format!("{}: its first lines do not link {link}", source.path))
    }
}

fn names(sources: &[Source], path: &str, pattern: &str) -> BTreeSet<String> {
    let source = sources.iter().find(|source| source.path == path);
    let (Some(source), Ok(pattern)) = (source, Regex::new(pattern)) else {
        return BTreeSet::new();
    };
    let found = pattern.captures_iter(&source.text);
    found.filter_map(|found| Some(found.get(1)?.as_str().to_owned())).collect()
}

/// Whether the file holds an operation: it opens with the link to one.
pub(super) fn is_operation_file(source: &Source) -> bool {
    APIS.iter().any(|api| source.path.starts_with(api.sources) && links(source, api.pages))
}

fn links(source: &Source, link: &str) -> bool {
    let head = source.text.lines().take(LINK_LINES);
    head.filter(|line| line.starts_with("//!")).any(|line| line.contains(link))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = APIS[0].model;
    const TABLE: &str = APIS[0].table;

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
    fn each_service_has_its_own_entries() {
        let [_, iam, sts] = APIS;
        let models = [(iam.model, r#"name: "GetUser""#), (sts.model, r#"name: "AssumeRole""#)];
        let find = |table: &str| {
            let files = models.iter().copied().chain([(iam.table, table)]);
            let sources: Vec<_> =
                files.map(|(path, text)| Source::new(path, text.to_owned())).collect();
            findings(&sources)
        };
        assert!(find("").is_empty());
        let missing = find("iam_entry::<GetUser>(), sts_entry::<AssumeRole>(),");
        let (user, role) = ("src/iam/get_user.rs", "src/sts/assume_role.rs");
        assert_eq!(missing.len(), 2);
        assert!(missing.iter().all(|finding| finding.contains(user) || finding.contains(role)));
        assert_eq!(find("iam_entry::<AssumeRole>(), unsigned_sts_entry::<GetUser>(),").len(), 2);
    }

    #[test]
    fn a_file_without_its_link_is_found() {
        assert_eq!(found(&[(FILE, "//! Does it."), (TABLE, "entry::<ReEncrypt>(),")]).len(), 1);
    }
}
