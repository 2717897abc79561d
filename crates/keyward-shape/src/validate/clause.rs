//! The text of a `ValidationException`.

use std::fmt;

use super::path::Path;
use super::rule::Rule;

/// The service shows values whole; an answer must stay bounded, so longer ones are cut here.
pub(super) const SHOWN_CHARS_MAX: usize = 1000;

/// Clauses beyond this many are counted but not worded, so that a long list of bad elements cannot
/// make the answer larger than the request.
const WORDED_MAX: usize = 100;

/// How a value is shown.
#[derive(Debug)]
pub(super) enum Shown {
    Hidden,
    Null,
    Value(String),
}

impl Shown {
    pub(super) fn text(text: &str) -> Self {
        Self::Value(cut(text))
    }

    pub(super) fn blob(length: usize) -> Self {
        Self::Value(format!("java.nio.HeapByteBuffer[pos=0 lim={length} cap={length}]"))
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hidden => f.write_str("Value"),
            Self::Null => f.write_str("Value null"),
            Self::Value(text) => write!(f, "Value '{text}'"),
        }
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The values of a list as the service shows them, `[a, b]`, built while they are read.
#[derive(Default)]
pub(super) struct ShownList {
    text: String,
    chars: usize,
    elements: usize,
    hidden: bool,
}

impl ShownList {
    pub(super) fn push(&mut self, element: &Shown) {
        let text = match element {
            Shown::Hidden => {
                self.hidden = true;
                return;
            }
            Shown::Null => "null",
            Shown::Value(text) => text,
        };
        self.elements += 1;
        if self.chars > SHOWN_CHARS_MAX {
            return;
        }
        if self.elements > 1 {
            self.text.push_str(", ");
        }
        self.text.push_str(text);
        self.chars += text.chars().count() + 2;
    }

    pub(super) fn shown(&self) -> Shown {
        if self.hidden { Shown::Hidden } else { Shown::Value(format!("[{}]", cut(&self.text))) }
    }
}

/// The clauses found so far.
#[derive(Default)]
pub(super) struct Clauses {
    found: usize,
    worded: Vec<String>,
}

impl Clauses {
    pub(super) fn push(&mut self, path: &Path<'_>, shown: &Shown, rule: &Rule) {
        self.found += 1;
        if self.worded.len() < WORDED_MAX {
            self.worded.push(format!("{shown} at '{path}' failed to satisfy constraint: {rule}"));
        }
    }

    pub(super) fn append(&mut self, other: Self) {
        self.found += other.found;
        let room = WORDED_MAX.saturating_sub(self.worded.len());
        self.worded.extend(other.worded.into_iter().take(room));
    }

    /// The whole message; `None` when no clause was found.
    pub(super) fn message(&self) -> Option<String> {
        let errors = match self.found {
            0 => return None,
            1 => "error",
            _ => "errors",
        };
        Some(format!("{} validation {errors} detected: {}", self.found, self.worded.join("; ")))
    }
}
