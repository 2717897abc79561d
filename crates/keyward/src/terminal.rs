//! What may be shown to people: texts that others chose, and colour where it is wanted.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

/// A text without what a terminal would obey: control characters, and marks that turn the direction of
/// writing, are spelled out.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns {
            // Writing to a string cannot fail.
            let _ = write!(shown, "{}", c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Whether stdout is read by people as it comes.
pub(crate) fn is_watched() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether colour is wanted on stdout: <https://no-color.org>.
pub(crate) fn has_colour() -> bool {
    let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    is_watched() && !is_refused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_shown() {
        assert_eq!(printable("dana ‹ä›"), "dana ‹ä›");
        assert_eq!(printable("a\u{1b}[2Jb\r\n"), r"a\u{1b}[2Jb\u{d}\u{a}");
        assert_eq!(printable("a\u{202e}b\u{9b}"), r"a\u{202e}b\u{9b}");
    }
}
