//! The model's regular expressions, which are Java's.

use std::sync::OnceLock;

use regex::Regex;

/// A regular expression of the model, compiled when first used. Made by [`pattern!`](crate::pattern).
///
/// It must match the whole value, as Java's `Matcher.matches` demands; `\w`, `\d` and `\s` are
/// ASCII, as they are in Java.
#[derive(Debug)]
pub struct Pattern {
    text: &'static str,
    /// Where the compiled form is kept: apart, so that a table is plain constant data.
    compiled: fn() -> &'static Compiled,
}

/// The compiled form of one pattern.
#[doc(hidden)]
pub type Compiled = OnceLock<Option<Regex>>;

/// The [`Pattern`](crate::Pattern) written so in the model.
#[macro_export]
macro_rules! pattern {
    ($text:literal) => {{
        static COMPILED: $crate::Compiled = $crate::Compiled::new();
        $crate::Pattern::new($text, || &COMPILED)
    }};
}

impl Pattern {
    #[doc(hidden)]
    pub const fn new(text: &'static str, compiled: fn() -> &'static Compiled) -> Self {
        Self { text, compiled }
    }

    /// The pattern as the model writes it, which is how a refusal shows it.
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// Whether this crate can read the pattern. One it cannot read matches nothing, so a test of
    /// each table asks this of every pattern.
    pub fn is_valid(&self) -> bool {
        self.regex().is_some()
    }

    pub(crate) fn matches(&self, value: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(value))
    }

    fn regex(&self) -> Option<&'static Regex> {
        (self.compiled)().get_or_init(|| Regex::new(&from_java(self.text)).ok()).as_ref()
    }
}

/// Rewrites what the two dialects spell or read differently.
fn from_java(java: &str) -> String {
    let mut written = String::from(r"\A(?:");
    let mut in_class = false;
    let mut rest = java.chars();
    while let Some(next) = rest.next() {
        match next {
            '\\' => push_escape(&mut written, &mut rest),
            '.' if !in_class => written.push_str(r"[^\n\r\u{85}\u{2028}\u{2029}]"),
            _ => {
                in_class = next == '[' || (in_class && next != ']');
                written.push(next);
            }
        }
    }
    written.push_str(r")\z");
    written
}

fn push_escape(written: &mut String, rest: &mut std::str::Chars<'_>) {
    match rest.next() {
        Some('d') => written.push_str("[0-9]"),
        Some('s') => written.push_str(r"[ \t\n\x0B\f\r]"),
        Some('w') => written.push_str("[0-9A-Za-z_]"),
        Some('u') => {
            let digits: String = rest.by_ref().take(4).collect();
            written.push_str(r"\u{");
            written.push_str(&digits);
            written.push('}');
        }
        Some(other) => {
            written.push('\\');
            written.push(other);
        }
        None => written.push('\\'),
    }
}

#[cfg(test)]
mod tests {
    macro_rules! matches {
        ($pattern:literal, $value:literal) => {{
            let pattern = pattern!($pattern);
            assert!(pattern.is_valid(), "{}", pattern.text());
            pattern.matches($value)
        }};
    }

    #[test]
    fn the_whole_value_must_match() {
        assert!(matches!("[0-9]{12}", "111122223333"));
        assert!(!matches!("[0-9]{12}", "1111222233334"));
        assert!(!matches!("^[a-z]+$", "abc\n"));
        assert!(!matches!("^(/a)$|^(/b)$", "/ab"));
        assert!(matches!("^(/a)$|^(/b)$", "/b"));
    }

    #[test]
    fn classes_are_ascii() {
        assert!(matches!(r"[\w]+", "policy_1"));
        assert!(!matches!(r"[\w]+", "pôlicy"));
        assert!(matches!(r"\d\s", "1\t"));
        assert!(!matches!(r"\d\s", "١ "));
        assert!(matches!(r"^[\w+=,.@:/-]+$", "arn:aws:iam::1:user/a.b@c"));
    }

    #[test]
    fn java_unicode_escapes_are_read() {
        assert!(matches!(r"[\u0009\u000A\u000D\u0020-\u00FF]+", "{\n\t\"é\"}"));
        assert!(!matches!(r"[\u0020-\u00FF]*", "\u{100}"));
    }

    #[test]
    fn a_dot_is_no_line_end() {
        assert!(matches!("a.c", "aéc"));
        assert!(!matches!("a.c", "a\u{2028}c"));
        assert!(!matches!("[.]", "x"));
    }

    #[test]
    fn an_unreadable_pattern_matches_nothing() {
        let pattern = pattern!("(?<!x)a");
        assert!(!pattern.is_valid());
        assert!(!pattern.matches("a"));
    }
}
