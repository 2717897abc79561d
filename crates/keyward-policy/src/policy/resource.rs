//! Resources and the patterns that name them.

use super::arn::parts_of;
use super::environment::{Environment, Place};
use super::glob::{Glob, Token, tokens};
use super::template::{Reading, Template, Written};
use crate::document::{Element, Version};

/// The parts of an ARN.
const PARTS: usize = 6;

/// `Resource` or `NotResource`.
#[derive(Clone, Debug)]
pub(crate) struct Resources {
    is_listed: bool,
    patterns: Box<[Pattern]>,
}

#[derive(Clone, Debug)]
enum Pattern {
    /// `*`.
    Any,
    /// Six parts, compared one by one. The text is what a key policy compares.
    Arn(Box<Arn>),
    /// Fewer parts, with a `*` at the end that covers the ones left out.
    Cut(Box<[Glob]>),
}

#[derive(Clone, Debug)]
struct Arn {
    text: Box<str>,
    head: [Glob; PARTS - 1],
    tail: Tail,
}

#[derive(Clone, Debug)]
enum Tail {
    Fixed(Glob),
    Template(Template),
}

impl Resources {
    pub(crate) fn compile(element: &Element<Vec<String>>, version: Version) -> Self {
        let is_listed = matches!(element, Element::Listed(_));
        let patterns = element.written().iter().filter_map(|text| pattern(text, version));
        Self { is_listed, patterns: patterns.collect() }
    }

    pub(crate) fn cover(&self, resource: &str, at: &Environment<'_>) -> bool {
        let is_found = self.patterns.iter().any(|pattern| {
            if at.place == Place::Key {
                pattern.is_exactly(resource)
            } else {
                pattern.matches(resource, at)
            }
        });
        is_found == self.is_listed
    }
}

/// Text that is neither `*` nor an ARN names no resource.
fn pattern(text: &str, version: Version) -> Option<Pattern> {
    if text == "*" {
        return Some(Pattern::Any);
    }
    if !text.starts_with("arn:") {
        return None;
    }
    let parts: Vec<&str> = text.splitn(PARTS, ':').collect();
    if let [head @ .., tail] = parts.as_slice()
        && let Ok(head) = <[&str; PARTS - 1]>::try_from(head)
    {
        let tail = match Reading::of(version, true).read(tail) {
            Written::Plain(tokens) => Tail::Fixed(Glob::from_tokens(&tokens)),
            Written::Template(template) => Tail::Template(template),
        };
        let arn = Arn { text: text.into(), head: head.map(Glob::parse), tail };
        return Some(Pattern::Arn(Box::new(arn)));
    }
    let parts = parts_of(&tokens(text));
    let is_cut = parts.last().is_some_and(|part| part.last() == Some(&Token::Run));
    is_cut.then(|| Pattern::Cut(parts.iter().map(|part| Glob::from_tokens(part)).collect()))
}

impl Pattern {
    fn is_exactly(&self, key_arn: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Arn(arn) => *arn.text == *key_arn,
            Self::Cut(_) => false,
        }
    }

    fn matches(&self, resource: &str, at: &Environment<'_>) -> bool {
        let mut parts = resource.splitn(PARTS, ':');
        let mut matches = |glob: &Glob| parts.next().is_some_and(|part| glob.matches(part));
        match self {
            Self::Any => true,
            Self::Cut(globs) => globs.iter().all(matches),
            Self::Arn(arn) => {
                arn.head.iter().all(&mut matches)
                    && match &arn.tail {
                        Tail::Fixed(glob) => matches(glob),
                        Tail::Template(template) => template
                            .resolve(at)
                            .is_some_and(|tokens| matches(&Glob::from_tokens(&tokens))),
                    }
            }
        }
    }
}
