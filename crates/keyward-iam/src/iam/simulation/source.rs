//! A policy of a simulation, and where its statements stand in its text.

use std::sync::Arc;

use keyward_engine::{OpError, op_error};
use keyward_policy::{Document, Policy, parse};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A policy with the name that results give it.
pub(crate) struct Source {
    /// `SourcePolicyId`.
    pub(super) id: String,
    /// `SourcePolicyType`.
    pub(super) kind: &'static str,
    pub(super) document: Document,
    pub(super) policy: Arc<Policy>,
    /// How long its text is.
    pub(super) bytes: usize,
    /// From where to where each statement goes.
    pub(super) places: Vec<(Position, Position)>,
}

/// A place in a text; both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Position {
    line: usize,
    column: usize,
}

impl Source {
    /// Reads a document; an error if it is none.
    pub(crate) fn new(id: String, kind: &'static str, text: &str) -> Result<Self, OpError> {
        let document = parse(text)
            .map_err(|error| op_error!(InvalidInput, "Syntax errors in policy.").because(error))?;
        let policy = Arc::new(Policy::compile_unbound(&document));
        Ok(Self { id, kind, document, policy, bytes: text.len(), places: places(text) })
    }

    /// The policy of the simulated resource.
    pub(crate) fn of_resource(text: &str) -> Result<Self, OpError> {
        Self::new("ResourcePolicy".to_owned(), "resource", text)
    }

    /// Documents that the request holds, named by their place in the list.
    pub(crate) fn list<'t>(
        name: &str,
        texts: impl IntoIterator<Item = &'t str>,
    ) -> Result<Vec<Self>, OpError> {
        let source = |(number, text)| Self::new(format!("{name}.{number}"), "none", text);
        (1_usize..).zip(texts).map(source).collect()
    }
}

#[derive(Deserialize)]
struct Outline<'t> {
    #[serde(borrow, rename = "Statement")]
    statement: &'t RawValue,
}

fn places(text: &str) -> Vec<(Position, Position)> {
    let Ok(outline) = serde_json::from_str::<Outline<'_>>(text) else { return Vec::new() };
    let list = serde_json::from_str::<Vec<&RawValue>>(outline.statement.get());
    let statements = list.unwrap_or_else(|_| vec![outline.statement]);
    let place = |statement: &&RawValue| {
        // The statement is a part of the text, so that its address tells where.
        let start = statement.get().as_ptr().addr().saturating_sub(text.as_ptr().addr());
        let end = start.saturating_add(statement.get().len());
        (position(text, start), position(text, end))
    };
    statements.iter().map(place).collect()
}

fn position(text: &str, at: usize) -> Position {
    let before = text.get(..at).unwrap_or(text);
    let line = before.bytes().filter(|&byte| byte == b'\n').count().saturating_add(1);
    let last_line = before.rsplit('\n').next().unwrap_or_default();
    Position { line, column: last_line.chars().count().saturating_add(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_found_in_their_text() {
        let at = |line, column| Position { line, column };
        let one = "{\"Statement\":{\"Effect\":\"Allow\"}}";
        assert_eq!(places(one), [(at(1, 14), at(1, 32))]);
        let two = "{\n \"Statement\": [\n  {},\n  {}]}";
        assert_eq!(places(two), [(at(3, 3), at(3, 5)), (at(4, 3), at(4, 5))]);
    }
}
