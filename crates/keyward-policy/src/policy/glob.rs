//! Patterns with `*` and `?`, split when a policy is compiled.
//!
//! Whoever writes a policy can make patterns long, and whoever sends a request its texts: what they
//! cost together stays far below the product of the two.

mod long_piece;

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// These characters.
    Text(String),
    /// `?`: one character.
    One,
    /// `*`: any characters, also none.
    Run,
}

/// The most comparisons made in search of a piece before it is searched for in another way.
const COMPARISONS_MAX: usize = 4096;

/// A pattern for a whole text.
#[derive(Clone, Debug)]
pub(crate) enum Glob {
    /// The lone `*`.
    Any,
    /// Text without wildcards.
    Exact(Box<str>),
    /// Text with one `*` at its end.
    Prefix(Box<str>),
    /// Any other pattern without `*`.
    Fixed(Piece),
    /// Any other pattern: what stands before the first `*`, between two, and after the last.
    Open { first: Piece, middle: Box<[Piece]>, last: Piece },
}

impl Glob {
    /// Splits a pattern in which `*` and `?` are wildcards and nothing else is special.
    pub(crate) fn parse(pattern: &str) -> Self {
        Self::from_tokens(&tokens(pattern))
    }

    pub(crate) fn from_tokens(tokens: &[Token]) -> Self {
        let mut pieces: Vec<_> =
            tokens.split(|token| *token == Token::Run).map(Piece::from_tokens).collect();
        let last = pieces.pop().unwrap_or_default();
        if pieces.is_empty() {
            return last.text().map_or_else(|| Self::Fixed(last.clone()), Self::Exact);
        }
        let first = pieces.remove(0);
        pieces.retain(|piece| !piece.0.is_empty());
        if pieces.is_empty() && last.0.is_empty() {
            if first.0.is_empty() {
                return Self::Any;
            }
            if let Some(text) = first.text() {
                return Self::Prefix(text);
            }
        }
        Self::Open { first, middle: pieces.into(), last }
    }

    /// Whether the pattern covers the whole text. Case matters.
    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => **exact == *text,
            Self::Prefix(prefix) => text.starts_with(&**prefix),
            Self::Fixed(piece) => piece.strip_from_start(text) == Some(""),
            Self::Open { first, middle, last } => {
                let inner = first.strip_from_start(text).and_then(|rest| last.strip_from_end(rest));
                // Taking the leftmost place for each piece leaves the most room for the next ones.
                inner
                    .and_then(|inner| middle.iter().try_fold(inner, |rest, it| it.skip_past(rest)))
                    .is_some()
            }
        }
    }
}

/// The tokens of a pattern in which `*` and `?` are wildcards.
pub(crate) fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for character in pattern.chars() {
        match character {
            '*' => tokens.push(Token::Run),
            '?' => tokens.push(Token::One),
            plain => push_text(&mut tokens, plain.encode_utf8(&mut [0; 4])),
        }
    }
    tokens
}

/// Appends text, joined with text before it.
pub(crate) fn push_text(tokens: &mut Vec<Token>, text: &str) {
    if let Some(Token::Text(before)) = tokens.last_mut() {
        before.push_str(text);
    } else if !text.is_empty() {
        tokens.push(Token::Text(text.to_owned()));
    }
}

/// A part of a pattern without `*`: so many characters, some of them given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Piece(Box<[Atom]>);

#[derive(Clone, Debug)]
enum Atom {
    Text(Box<str>),
    One,
}

impl Piece {
    fn from_tokens(tokens: &[Token]) -> Self {
        let atom = |token: &Token| match token {
            Token::Text(text) => Atom::Text(text.as_str().into()),
            Token::One | Token::Run => Atom::One,
        };
        Self(tokens.iter().map(atom).collect())
    }

    /// The text of a piece that is nothing but text.
    fn text(&self) -> Option<Box<str>> {
        match &*self.0 {
            [] => Some("".into()),
            [Atom::Text(text)] => Some(text.clone()),
            _ => None,
        }
    }

    fn strip_from_start<'a>(&self, text: &'a str) -> Option<&'a str> {
        self.0.iter().try_fold(text, |rest, atom| match atom {
            Atom::Text(text) => rest.strip_prefix(&**text),
            Atom::One => {
                let mut characters = rest.chars();
                characters.next().map(|_| characters.as_str())
            }
        })
    }

    fn strip_from_end<'a>(&self, text: &'a str) -> Option<&'a str> {
        self.0.iter().rev().try_fold(text, |rest, atom| match atom {
            Atom::Text(text) => rest.strip_suffix(&**text),
            Atom::One => {
                let mut characters = rest.chars();
                characters.next_back().map(|_| characters.as_str())
            }
        })
    }

    /// What follows the leftmost place of the piece.
    fn skip_past<'a>(&self, text: &'a str) -> Option<&'a str> {
        let mut rest = text;
        let tries_max = COMPARISONS_MAX.checked_div(self.0.len()).unwrap_or(COMPARISONS_MAX);
        for _ in 0..tries_max.max(1) {
            if let Some(Atom::Text(start)) = self.0.first() {
                rest = rest.get(rest.find(&**start)?..)?;
            }
            if let Some(after) = self.strip_from_start(rest) {
                return Some(after);
            }
            let mut characters = rest.chars();
            characters.next()?;
            rest = characters.as_str();
        }
        long_piece::skip_past(self.characters(), rest)
    }

    /// Its characters; `None` for any one.
    fn characters(&self) -> impl Iterator<Item = Option<char>> {
        self.0.iter().flat_map(|atom| {
            let (text, one) = match atom {
                Atom::Text(text) => (&**text, None),
                Atom::One => ("", Some(None)),
            };
            text.chars().map(Some).chain(one)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], _) => text.is_empty(),
            (['*', rest @ ..], _) => (0..=text.len()).any(|skip| naive(rest, &text[skip..])),
            (['?', rest @ ..], [_, after @ ..]) => naive(rest, after),
            ([plain, rest @ ..], [first, after @ ..]) => plain == first && naive(rest, after),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn a_split_pattern_matches_what_it_matches_character_by_character(
            pattern in "[ab\u{e9}*?]{0,8}",
            text in "[ab\u{e9}]{0,10}",
        ) {
            let slow = naive(
                &pattern.chars().collect::<Vec<_>>(),
                &text.chars().collect::<Vec<_>>(),
            );
            prop_assert_eq!(Glob::parse(&pattern).matches(&text), slow);
        }
    }

    #[test]
    fn a_piece_is_found_however_many_places_almost_fit() {
        let text = "a".repeat(20_000);
        for (piece, is_found) in [
            ("a?".repeat(200) + "a", true),
            ("?".repeat(200) + "aa?", true),
            ("a?".repeat(200) + "b", false),
            ("?a".repeat(9_000), true),
            ("?a".repeat(10_001), false),
        ] {
            assert_eq!(Glob::parse(&format!("*{piece}*")).matches(&text), is_found, "{piece}");
        }
        let text = text + "bca";
        assert!(Glob::parse(&format!("*{}b*a", "a?".repeat(150))).matches(&text));
        assert!(!Glob::parse(&format!("*{}b*ca?", "a?".repeat(150))).matches(&text));
    }

    #[test]
    fn wildcards_stand_for_characters_and_not_for_bytes() {
        assert!(Glob::parse("?").matches("\u{20ac}"));
        assert!(Glob::parse("a?*?c").matches("a\u{e9}\u{e9}c"));
        assert!(!Glob::parse("a?c").matches("ac"));
    }

    #[test]
    fn two_ends_do_not_share_a_character() {
        assert!(!Glob::parse("ab*ba").matches("aba"));
        assert!(Glob::parse("ab*ba").matches("abba"));
    }
}
