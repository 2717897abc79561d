//! Resources and the patterns that name them.

use super::environment::{Environment, Place};
use super::glob::Glob;
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
    /// Up to six parts.
    Arn(Box<Arn>),
}

#[derive(Clone, Debug)]
struct Arn {
    /// What a key policy compares.
    text: Box<str>,
    /// All parts but the last.
    head: Box<[Part]>,
    tail: Tail,
}

/// A part before the last.
#[derive(Clone, Debug)]
struct Part {
    glob: Glob,
    /// Whether it ends in `*`, which may stand for the parts after it too.
    runs_on: bool,
}

#[derive(Clone, Debug)]
enum Tail {
    /// The sixth part, with the colons it may hold.
    Sixth(Glob),
    /// The sixth part, with variables.
    Template(Template),
    /// The last of fewer parts: without its `*` at the end, if it has one, exactly the last.
    Cut(Part),
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
    let mut parts: Vec<&str> = text.splitn(PARTS, ':').collect();
    let is_whole = parts.len() == PARTS;
    let last = parts.pop()?;
    let tail = match Reading::of(version, true).read(last) {
        _ if !is_whole => Tail::Cut(part(last)),
        Written::Plain(tokens) => Tail::Sixth(Glob::from_tokens(&tokens)),
        Written::Template(template) => Tail::Template(template),
    };
    let head = parts.into_iter().map(part).collect();
    Some(Pattern::Arn(Box::new(Arn { text: text.into(), head, tail })))
}

fn part(text: &str) -> Part {
    Part { glob: Glob::parse(text), runs_on: text.ends_with('*') }
}

impl Pattern {
    fn is_exactly(&self, key_arn: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Arn(arn) => *arn.text == *key_arn,
        }
    }

    fn matches(&self, resource: &str, at: &Environment<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Arn(arn) => match &arn.tail {
                Tail::Sixth(glob) => arn.matches(resource, &|rest| glob.matches(rest)),
                Tail::Cut(part) => arn.matches(resource, &|rest| part.matches_all(rest)),
                Tail::Template(template) => template.resolve(at).is_some_and(|tokens| {
                    let glob = Glob::from_tokens(&tokens);
                    arn.matches(resource, &|rest| glob.matches(rest))
                }),
            },
        }
    }
}

impl Part {
    /// The last part of fewer than six, against all that is left.
    fn matches_all(&self, rest: &str) -> bool {
        match rest.split_once(':') {
            None => self.glob.matches(rest),
            Some((segment, _)) => self.runs_on && self.glob.matches(segment),
        }
    }
}

impl Arn {
    /// Compares part by part. Where that fails, the last part that runs on takes one part more.
    /// (What the parts before it took needs no second thought: the earliest fit leaves the most.)
    fn matches(&self, resource: &str, tail: &dyn Fn(&str) -> bool) -> bool {
        let (mut parts, mut rest) = (&*self.head, resource);
        let mut again: Option<(&[Part], &str)> = None;
        loop {
            let is_fit = match parts.split_first() {
                None if tail(rest) => return true,
                None => None,
                Some((part, others)) => rest
                    .split_once(':')
                    .filter(|(segment, _)| part.glob.matches(segment))
                    .map(|(_, after)| (part.runs_on, others, after)),
            };
            if let Some((runs_on, others, after)) = is_fit {
                (parts, rest) = (others, after);
                if runs_on {
                    again = Some((others, after));
                }
                continue;
            }
            let Some((others, after)) = again else { return false };
            let Some((_, after)) = after.split_once(':') else { return false };
            again = Some((others, after));
            (parts, rest) = (others, after);
        }
    }
}
