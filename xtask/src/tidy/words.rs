//! Words that do not belong in the tree.

use anyhow::Context as _;
use regex::Regex;

use super::Exceptions;
use super::source::Source;

/// Where a word is looked for.
enum In {
    /// Rust, without comments and literals.
    Code,
    /// Every line of every file.
    Text,
}

/// A word, where it is banned, and what to do instead.
const BANNED: [(&str, In, &str); 8] = [
    (r"\b\w*(?:Manager|Helper)\w*\b", In::Code, "name what it does"),
    (r"\butils\b", In::Code, "its content belongs elsewhere"),
    (r"\bfn get_\w+", In::Code, "say `find_`, `load_` or the noun alone"),
    (r"#!?\[allow\(", In::Code, "`#[expect(…, reason = …)]`"),
    (r"#\[ignore\b", In::Code, "a test runs, or is removed"),
    (r"\bthread::sleep\b", In::Code, "wait for an event with a deadline"),
    (r"\b(?:TO[D]O|FIX[M]E)\b", In::Text, "do it, or say why not"),
    (r#"(?:^|[\s"'`(=])/(?:home|root|tmp)/"#, In::Text, "a path of some machine"),
];

/// Wire words of the API that hold a banned one.
const WIRE_WORDS: [&str; 2] = ["KeyManager", "KeyManagerType"];

const BANNED_FILES: [(&str, &str); 2] =
    [("/mod.rs", "`foo.rs` stands beside `foo/`"), ("/utils.rs", "its content belongs elsewhere")];

pub(super) fn findings(sources: &[Source], exceptions: &Exceptions) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    for (pattern, place, advice) in BANNED {
        let pattern = Regex::new(pattern).context("a banned word")?;
        for source in sources {
            let text = match place {
                In::Code if source.is_rust() => &source.code,
                In::Code => continue,
                In::Text => &source.text,
            };
            let words = banned(&pattern, text).into_iter();
            let unlisted = words.filter(|(_, word)| {
                !is_wire_word(word, sources) && !exceptions.may_hold(&source.path, word)
            });
            findings.extend(
                unlisted.map(|(line, word)| format!("{}:{line}: `{word}`: {advice}", source.path)),
            );
        }
    }
    for (name, advice) in BANNED_FILES {
        let files = sources.iter().filter(|source| source.path.ends_with(name));
        findings.extend(files.map(|source| format!("{}: {advice}", source.path)));
    }
    Ok(findings)
}

fn banned<'t>(pattern: &Regex, text: &'t str) -> Vec<(usize, &'t str)> {
    let lines = text.lines().enumerate();
    lines
        .flat_map(|(index, line)| {
            pattern.find_iter(line).map(move |found| (index + 1, found.as_str().trim()))
        })
        .collect()
}

/// Whether the word is the API's own: one of a few types, or the name of an operation, which has a
/// file to itself.
fn is_wire_word(word: &str, sources: &[Source]) -> bool {
    let operation = word.strip_prefix("fn ").map(|name| format!("/src/{name}.rs"));
    WIRE_WORDS.contains(&word)
        || operation.is_some_and(|file| sources.iter().any(|source| source.path.ends_with(&file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        findings(&[Source::new(path, text.to_owned())], &Exceptions::default()).unwrap()
    }

    #[test]
    fn banned_words_are_found_in_code_only() {
        assert_eq!(
            found("crates/a/src/a.rs", "// A Manager.\nstruct KeyStoreManager;"),
            ["crates/a/src/a.rs:2: `KeyStoreManager`: name what it does"]
        );
        assert!(found("crates/a/src/a.rs", "struct KeyManager; fn f() { \"Helper\" }").is_empty());
        assert_eq!(found("crates/a/src/a.rs", "fn get_key() {}").len(), 1);
        assert_eq!(
            found("crates/a/src/a.rs", "#![allow(dead_code)]\n#[ignore]\nfn a() {}").len(),
            2
        );
        assert_eq!(found("crates/a/src/a.rs", "std::thread::sleep(x); mod utils;").len(), 2);
    }

    #[test]
    fn the_name_of_an_operation_may_start_with_get() {
        let sources = [
            Source::new("crates/k/src/get_key_policy.rs", String::new()),
            Source::new("crates/t/src/client.rs", "fn get_key_policy() {} fn get_it() {}".into()),
        ];
        let found = findings(&sources, &Exceptions::default()).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found.iter().all(|finding| finding.contains("get_it")));
    }

    #[test]
    fn notes_and_machine_paths_are_found_in_any_file() {
        assert_eq!(found("docs/a.md", &format!("a {}: b", "TO".to_owned() + "DO")).len(), 1);
        assert_eq!(found("a.toml", &format!("path = \"/{}/x\"", "home")).len(), 1);
        assert!(found("a.rs", "const LABEL: &str = \"keyward/root/wrap\";").is_empty());
    }

    #[test]
    fn banned_files_are_found() {
        assert_eq!(found("crates/a/src/b/mod.rs", "").len(), 1);
    }
}
