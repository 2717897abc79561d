//! The text of a `ValidationException`.

use std::fmt::{self, Write as _};

use super::path::Path;
use super::rule::Rule;

/// The service shows values whole; an answer must stay bounded, so longer ones are cut here.
pub(super) const SHOWN_CHARS_MAX: usize = 1000;

/// Clauses beyond this many are counted but not worded, so that a long list of bad elements cannot
/// make the answer larger than the request.
const WORDED_MAX: usize = 100;

/// How a value is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// The limits a request violates, clause by clause: the text of a `ValidationException`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clauses {
    found: usize,
    worded: Vec<Clause>,
    /// The request's members that are not sound, each once.
    members: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Clause {
    /// The member of the request that the value stands in.
    member: &'static str,
    shown: Shown,
    /// Where the value stands, and what it breaks.
    rest: String,
}

impl Clauses {
    /// The whole message, as the client is told.
    pub fn message(&self) -> String {
        self.message_hiding(&[])
    }

    /// The same without the values of these members of the request.
    pub fn message_hiding(&self, hidden: &[&str]) -> String {
        let errors = if self.found == 1 { "error" } else { "errors" };
        let mut message = format!("{} validation {errors} detected: ", self.found);
        for (at, clause) in self.worded.iter().enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            let is_hidden = hidden.contains(&clause.member) && clause.shown != Shown::Null;
            let shown = if is_hidden { &Shown::Hidden } else { &clause.shown };
            // A String takes whatever is written.
            let _ = write!(message, "{separator}{shown}{}", clause.rest);
        }
        message
    }

    /// Whether this member of the request is within its limits.
    pub fn spare(&self, member: &str) -> bool {
        !self.members.contains(&member)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.found == 0
    }

    pub(super) fn push(&mut self, path: &Path<'_>, shown: &Shown, rule: &Rule) {
        let member = path.member();
        self.found += 1;
        self.add_member(member);
        if self.worded.len() < WORDED_MAX {
            let rest = format!(" at '{path}' failed to satisfy constraint: {rule}");
            self.worded.push(Clause { member, shown: shown.clone(), rest });
        }
    }

    pub(super) fn append(&mut self, other: Self) {
        self.found += other.found;
        other.members.into_iter().for_each(|member| self.add_member(member));
        let room = WORDED_MAX.saturating_sub(self.worded.len());
        self.worded.extend(other.worded.into_iter().take(room));
    }

    fn add_member(&mut self, member: &'static str) {
        if !self.members.contains(&member) {
            self.members.push(member);
        }
    }
}
