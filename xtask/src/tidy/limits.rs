//! How long things may be.

use std::collections::BTreeMap;

use super::Exceptions;
use super::operations::is_operation_file;
use super::source::Source;

const FUNCTION_LINES_MAX: usize = 70;
const FILE_CODE_LINES_MAX: usize = 500;
/// With its tests: an operation is read as a whole.
const OPERATION_FILE_LINES_MAX: usize = 500;
/// Without tests: every operation brings more of them than of itself.
const CRATE_CODE_LINES_MAX: usize = 12_000;

pub(super) fn findings(sources: &[Source], exceptions: &Exceptions) -> Vec<String> {
    let written = |source: &&Source| source.is_rust() && !exceptions.is_generated(&source.path);
    let written: Vec<_> = sources.iter().filter(written).collect();
    let mut findings: Vec<_> = written.iter().flat_map(|source| long_functions(source)).collect();
    let files = written.iter().filter(|source| !exceptions.may_be_long(&source.path));
    findings.extend(files.filter_map(|source| long_file(source)));
    findings.extend(large_crates(&written));
    findings
}

fn long_functions(source: &Source) -> Vec<String> {
    let functions = source.functions().into_iter();
    let long = functions.filter(|function| function.length > FUNCTION_LINES_MAX);
    long.map(|function| {
        let (name, line, length) = (function.name, function.line, function.length);
        format!("{}:{line}: `{name}` has {length} lines, of {FUNCTION_LINES_MAX}", source.path)
    })
    .collect()
}

fn long_file(source: &Source) -> Option<String> {
    let (lines, max, what) = if is_operation_file(source) {
        (source.text.lines().count(), OPERATION_FILE_LINES_MAX, "lines")
    } else if source.is_test() {
        return None;
    } else {
        (source.code_lines(), FILE_CODE_LINES_MAX, "lines of code")
    };
    (lines > max).then(|| format!("{}: {lines} {what}, of {max}", source.path))
}

fn large_crates(sources: &[&Source]) -> Vec<String> {
    let mut crates: BTreeMap<&str, usize> = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.is_test()) {
        let name = source.path.strip_prefix("crates/").and_then(|path| path.split('/').next());
        *crates.entry(name.unwrap_or("xtask")).or_default() += source.code_lines();
    }
    let large = crates.into_iter().filter(|(_, lines)| *lines > CRATE_CODE_LINES_MAX);
    large
        .map(|(name, lines)| format!("{name}: {lines} lines of code, of {CRATE_CODE_LINES_MAX}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: String) -> Vec<String> {
        findings(&[Source::new(path, text)], &Exceptions::default())
    }

    #[test]
    fn a_function_past_its_limit_is_found() {
        let function = |lines: usize| format!("fn long() {{\n{}}}\n", "x;\n".repeat(lines - 2));
        assert_eq!(found("crates/a/src/a.rs", function(70)), Vec::<String>::new());
        assert_eq!(
            found("crates/a/src/a.rs", function(71)),
            ["crates/a/src/a.rs:1: `long` has 71 lines, of 70"]
        );
    }

    #[test]
    fn a_file_past_its_limit_is_found() {
        let file = |lines| "static A: () = ();\n".repeat(lines);
        assert!(found("crates/a/src/a.rs", file(500)).is_empty());
        assert_eq!(
            found("crates/a/src/a.rs", file(501)),
            ["crates/a/src/a.rs: 501 lines of code, of 500"]
        );
        assert!(found("crates/a/tests/a.rs", file(501)).is_empty());
    }

    #[test]
    fn a_crate_past_its_limit_is_found() {
        // A file past its own limit is another finding.
        let large = found("crates/a/src/a.rs", "static A: () = ();\n".repeat(12_001));
        let large: Vec<_> = large.iter().filter(|finding| finding.starts_with("a: ")).collect();
        assert_eq!(large, ["a: 12001 lines of code, of 12000"]);
        let tests = found("crates/a/tests/a.rs", "static A: () = ();\n".repeat(12_001));
        assert_eq!(tests, Vec::<String>::new());
    }
}
