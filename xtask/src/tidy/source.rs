//! A source file, and what can be told about it without parsing Rust.

use std::path::Path;

use regex::Regex;

/// One tracked text file.
pub(super) struct Source {
    /// The path from the root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    /// The text with the content of comments and literals blanked out, line by line the same.
    pub(super) code: String,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
    /// From its `fn` to its last brace.
    pub(super) length: usize,
}

impl Source {
    pub(super) fn new(path: &str, text: String) -> Self {
        let code = if is_rust(path) { masked(&text) } else { text.clone() };
        Self { path: path.to_owned(), text, code }
    }

    pub(super) fn is_rust(&self) -> bool {
        is_rust(&self.path)
    }

    /// Whether the whole file is there for tests or benchmarks.
    pub(super) fn is_test(&self) -> bool {
        ["/tests/", "/benches/", "/conformance/"].iter().any(|part| self.path.contains(part))
            || self.path.ends_with("/tests.rs")
    }

    /// The lines that hold code, those of test modules left out.
    pub(super) fn code_lines(&self) -> usize {
        let mut code = self.code.clone();
        for (start, end) in test_modules(&self.code) {
            code.replace_range(start..end, "");
        }
        code.lines().filter(|line| !line.trim().is_empty()).count()
    }

    pub(super) fn functions(&self) -> Vec<Function> {
        let Ok(heads) = Regex::new(r"\bfn\s+(\w+)") else { return Vec::new() };
        let named = heads.captures_iter(&self.code).filter_map(|found| {
            let (whole, name) = (found.get(0)?, found.get(1)?);
            let body = body_start(&self.code, whole.end())?;
            let end = matching_brace(&self.code, body)?;
            let line =
                |offset: usize| self.code.get(..offset).map_or(0, |s| s.matches('\n').count());
            Some(Function {
                name: name.as_str().to_owned(),
                line: line(whole.start()) + 1,
                length: line(end) - line(whole.start()) + 1,
            })
        });
        named.collect()
    }
}

fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

/// Where the `{` of a function's body is, from the end of its name; `None` when it has no body.
fn body_start(code: &str, from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, letter) in code.get(from..)?.char_indices() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '{' if depth == 0 => return Some(from + offset),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn matching_brace(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, letter) in code.get(open..)?.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(open + offset),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The `#[cfg(test)] mod … { … }` of a file, last first, so that they can be cut out in turn.
fn test_modules(code: &str) -> Vec<(usize, usize)> {
    let Ok(head) = Regex::new(r"#\[cfg\(test\)\]\s*mod\s+\w+\s*\{") else { return Vec::new() };
    let mut modules: Vec<_> = head
        .find_iter(code)
        .filter_map(|found| {
            Some((found.start(), matching_brace(code, found.end().checked_sub(1)?)? + 1))
        })
        .collect();
    modules.reverse();
    modules
}

/// Blanks out comments and the content of literals.
fn masked(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(letter) = rest.chars().next() {
        let skipped = skipped(rest, before);
        let (taken, after) = rest.split_at(skipped.max(letter.len_utf8()));
        if skipped > 0 {
            code.extend(taken.chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }));
            before = ' ';
        } else {
            code.push(letter);
            before = letter;
        }
        rest = after;
    }
    code
}

/// The length of the comment or literal that `rest` starts with; 0 when it starts with neither.
fn skipped(rest: &str, before: char) -> usize {
    let is_word = before.is_alphanumeric() || before == '_';
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if rest.starts_with('"') {
        return quoted(rest);
    }
    if rest.starts_with('\'') {
        return character(rest);
    }
    let raw = rest.strip_prefix(['b', 'c']).unwrap_or(rest);
    match raw.strip_prefix('r') {
        Some(after) if !is_word => {
            raw_string(after).map_or(0, |end| rest.len() - after.len() + end)
        }
        _ => 0,
    }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (offset, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return offset + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A character literal; a lifetime is none.
fn character(rest: &str) -> usize {
    let mut letters = rest.char_indices().skip(1);
    match (letters.next(), letters.next()) {
        (Some((_, '\\')), Some(_)) => {
            letters.find(|(_, letter)| *letter == '\'').map_or(0, |(offset, _)| offset + 1)
        }
        (Some(_), Some((offset, '\''))) => offset + 1,
        _ => 0,
    }
}

/// The end of a raw string, from behind its `r`.
fn raw_string(after: &str) -> Option<usize> {
    let hashes = after.len() - after.trim_start_matches('#').len();
    let inner = after.get(hashes..)?.strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = inner.find(&close).map_or(inner.len(), |end| end + close.len());
    Some(hashes + 1 + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new("crates/a/src/a.rs", text.to_owned())
    }

    #[test]
    fn comments_and_literals_are_blanked_out() {
        let cases = [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"f("a\"{", '{', b"x")"#, "f(      ,    , b   )"),
            (r##"g(r#"a"{"#, br"}")"##, "g(        ,      )"),
            ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
            (r"h('\'', '\u{7f}', 'é')", "h(    ,         ,    )"),
        ];
        for (text, code) in cases {
            assert_eq!(masked(text).trim_end(), code.trim_end(), "{text}");
        }
    }

    #[test]
    fn functions_are_measured_from_head_to_last_brace() {
        let text = "trait T { fn a(&self); }\nfn b(\n    x: [u8; 2],\n) {\n    if x { \"}\" }\n}\nfn c() {}\n";
        let found = source(text).functions();
        let b = Function { name: "b".into(), line: 2, length: 5 };
        let c = Function { name: "c".into(), line: 7, length: 1 };
        assert_eq!(found, [b, c]);
    }

    #[test]
    fn tests_and_comments_are_no_code() {
        let text =
            "//! Doc.\n\nfn a() {\n    // Why.\n}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n";
        assert_eq!(source(text).code_lines(), 2);
        assert!(Source::new("crates/a/src/a/tests.rs", String::new()).is_test());
    }
}
