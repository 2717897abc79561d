//! Text without allocation: comparison that ignores case, and short forms on the stack.

use std::fmt;

/// Whether two texts are the same but for case, character by character. Condition keys and the tag
/// and context names inside them are compared so.
pub fn same_ignoring_case(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return a.eq_ignore_ascii_case(b);
    }
    a.chars().flat_map(char::to_lowercase).eq(b.chars().flat_map(char::to_lowercase))
}

/// Text of at most `N` bytes.
pub(crate) struct StackText<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> StackText<N> {
    /// What `value` writes; `None` when it is too long.
    pub(crate) fn of(value: &dyn fmt::Display) -> Option<Self> {
        let mut text = Self { bytes: [0; N], length: 0 };
        fmt::Write::write_fmt(&mut text, format_args!("{value}")).ok()?;
        Some(text)
    }

    /// `text` with ASCII letters in lower case; `None` when it is too long.
    pub(crate) fn lower_case(text: &str) -> Option<Self> {
        let mut lower = Self { bytes: [0; N], length: 0 };
        fmt::Write::write_str(&mut lower, text).ok()?;
        lower.bytes.make_ascii_lowercase();
        Some(lower)
    }

    pub(crate) fn as_str(&self) -> &str {
        self.bytes
            .get(..self.length)
            .and_then(|written| std::str::from_utf8(written).ok())
            .unwrap_or_default()
    }
}

impl<const N: usize> fmt::Write for StackText<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length.checked_add(text.len()).ok_or(fmt::Error)?;
        let room = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_ignored_beyond_ascii() {
        assert!(same_ignoring_case("Team", "tEAM"));
        assert!(same_ignoring_case("\u{c9}quipe", "\u{e9}QUIPE"));
        assert!(!same_ignoring_case("Team", "Teams"));
        assert!(!same_ignoring_case("\u{e9}quipe", "equipe"));
    }

    #[test]
    fn text_that_does_not_fit_is_none() {
        assert_eq!(StackText::<3>::of(&123).unwrap().as_str(), "123");
        assert!(StackText::<3>::of(&1234).is_none());
        assert_eq!(StackText::<3>::lower_case("AbC").unwrap().as_str(), "abc");
        assert!(StackText::<3>::lower_case("abcd").is_none());
    }
}
