//! Policy variables: `${key}`, `${key, 'default'}` and the escapes `${*}`, `${?}`, `${$}`.
//!
//! What a request puts in for a variable is text: a wildcard in it is a plain character. A variable
//! that cannot be read, names a multivalued key, or is absent without a default has no value, and
//! neither has the text around it.

use super::environment::Environment;
use super::glob::{Token, push_text};
use crate::condition_key::ConditionKey;
use crate::document::Version;

/// Text with variables in it.
#[derive(Clone, Debug)]
pub(crate) struct Template(Box<[Part]>);

#[derive(Clone, Debug)]
enum Part {
    Token(Token),
    Variable { key: ConditionKey, default: Option<Box<str>> },
    Unreadable,
}

/// Text of a policy, once read.
#[derive(Clone, Debug)]
pub(crate) enum Written {
    /// Without variables.
    Plain(Vec<Token>),
    /// With variables.
    Template(Template),
}

/// How the text of a policy is to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// Whether `*` and `?` are wildcards.
    pub(crate) has_wildcards: bool,
    /// Whether `${…}` is anything but text.
    pub(crate) has_variables: bool,
}

impl Reading {
    pub(crate) fn of(version: Version, has_wildcards: bool) -> Self {
        Self { has_wildcards, has_variables: version == Version::V2012_10_17 }
    }

    pub(crate) fn read(self, text: &str) -> Written {
        let parts = self.parts(text);
        let plain: Option<Vec<Token>> = parts
            .iter()
            .map(|part| if let Part::Token(token) = part { Some(token.clone()) } else { None })
            .collect();
        plain.map_or_else(|| Written::Template(Template(parts.into())), Written::Plain)
    }

    fn parts(self, text: &str) -> Vec<Part> {
        let mut parts = Parts::default();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if self.has_variables
                && let Some(inside) = rest.strip_prefix("${")
            {
                let Some((part, after)) = variable(inside) else {
                    parts.push(Part::Unreadable);
                    break;
                };
                parts.push(part);
                rest = after;
                continue;
            }
            parts.push(Part::Token(match character {
                '*' if self.has_wildcards => Token::Run,
                '?' if self.has_wildcards => Token::One,
                plain => Token::Text(plain.into()),
            }));
            rest = rest.get(character.len_utf8()..).unwrap_or_default();
        }
        parts.0
    }
}

/// Parts, adjacent text joined.
#[derive(Default)]
struct Parts(Vec<Part>);

impl Parts {
    fn push(&mut self, part: Part) {
        match (self.0.last_mut(), part) {
            (Some(Part::Token(Token::Text(before))), Part::Token(Token::Text(text))) => {
                before.push_str(&text);
            }
            (_, part) => self.0.push(part),
        }
    }
}

/// Reads what follows `${`: the part, and the text behind its `}`.
fn variable(inside: &str) -> Option<(Part, &str)> {
    let (key, after) = inside.split_at_checked(inside.find([',', '}'])?)?;
    if key.is_empty() || key.contains(char::is_whitespace) {
        return None;
    }
    if let Some(after) = after.strip_prefix('}') {
        let part = match key {
            "*" | "?" | "$" => Part::Token(Token::Text(key.to_owned())),
            _ => Part::Variable { key: ConditionKey::parse(key), default: None },
        };
        return Some((part, after));
    }
    let (default, after) = after.strip_prefix(", '")?.split_once("'}")?;
    Some((Part::Variable { key: ConditionKey::parse(key), default: Some(default.into()) }, after))
}

impl Template {
    /// Whether `text` is the text with the request's values in place, without allocation. For text
    /// that was read without wildcards.
    pub(crate) fn equals(&self, text: &str, at: &Environment<'_>) -> bool {
        let rest = self.0.iter().try_fold(text, |rest, part| match part {
            Part::Token(Token::Text(text)) => rest.strip_prefix(text.as_str()),
            Part::Variable { key, default } => at.strip_single(key, default.as_deref(), rest),
            Part::Token(_) | Part::Unreadable => None,
        });
        rest == Some("")
    }

    /// The tokens with the request's values in place; `None` when a variable has no value.
    pub(crate) fn resolve(&self, environment: &Environment<'_>) -> Option<Vec<Token>> {
        let mut tokens = Vec::with_capacity(self.0.len());
        for part in &self.0 {
            match part {
                Part::Token(Token::Text(text)) => push_text(&mut tokens, text),
                Part::Token(token) => tokens.push(token.clone()),
                Part::Variable { key, default } => {
                    let value = environment.single_text(key, default.as_deref())?;
                    push_text(&mut tokens, &value);
                }
                Part::Unreadable => return None,
            }
        }
        Some(tokens)
    }
}

/// The text of tokens without wildcards.
pub(crate) fn text_of(tokens: &[Token]) -> String {
    let text = |token: &Token| match token {
        Token::Text(text) => text.clone(),
        Token::One => "?".to_owned(),
        Token::Run => "*".to_owned(),
    };
    tokens.iter().map(text).collect()
}
