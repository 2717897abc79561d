//! Policies of an input: a document or a list of them, each an object or a string that holds one.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::SimulationError;
use super::caller::Caller;
use crate::document::{Condition, Document, Element, Statement, Version};
use crate::json::{self, Json};
use crate::parse::parse;
use crate::policy::Policy;

/// The kinds of policy, as far as their statements differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Attached to who calls: no principal, always an action and a resource.
    Caller,
    /// Attached to a resource: a principal. What else is missing makes a statement inert, or goes
    /// without saying.
    Resource,
    /// For all resources of an account: everything.
    Account,
}

/// Reads policies of one kind from one member of the input.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) place: &'static str,
    pub(super) kind: Kind,
    pub(super) caller: &'a Caller,
}

/// A document that says nothing.
pub(super) fn empty() -> Document {
    Document { version: Version::V2012_10_17, id: None, statements: Vec::new() }
}

impl Reader<'_> {
    /// One document or a list.
    pub(super) fn policies(&self, raw: &RawValue) -> Result<Vec<Arc<Policy>>, SimulationError> {
        let documents = self.documents(raw)?;
        Ok(documents.iter().map(|document| Arc::new(self.compile(document))).collect())
    }

    /// A list of levels, each a list; a flat list is one level.
    pub(super) fn levels(&self, raw: &RawValue) -> Result<Vec<Vec<Arc<Policy>>>, SimulationError> {
        let items = match json::open(raw)? {
            Json::Null => return Ok(Vec::new()),
            Json::Array(items) if items.is_empty() => return Ok(Vec::new()),
            Json::Array(items) => items,
            _ => return Ok(vec![self.policies(raw)?]),
        };
        let is_list = |item: &&RawValue| item.get().starts_with('[') || named(item).is_some();
        if items.iter().any(is_list) {
            items.into_iter().map(|item| self.policies(named(item).unwrap_or(item))).collect()
        } else {
            Ok(vec![self.policies(raw)?])
        }
    }

    pub(super) fn documents(&self, raw: &RawValue) -> Result<Vec<Document>, SimulationError> {
        match json::open(raw)? {
            Json::Null => Ok(Vec::new()),
            Json::Array(items) => items.into_iter().map(|item| self.document(item)).collect(),
            _ => Ok(vec![self.document(raw)?]),
        }
    }

    fn document(&self, raw: &RawValue) -> Result<Document, SimulationError> {
        let malformed = |error| SimulationError::Malformed { place: self.place, error };
        let document = match json::open(raw)? {
            Json::Text(text) => parse(&text),
            _ => parse(raw.get()),
        };
        let document = document.map_err(malformed)?;
        let misplaced = |problem| SimulationError::Misplaced { place: self.place, problem };
        match document.statements.iter().find_map(|statement| self.problem_of(statement)) {
            Some(problem) => Err(misplaced(problem)),
            None => Ok(document),
        }
    }

    /// What IAM would refuse in a policy of this kind.
    fn problem_of(&self, statement: &Statement) -> Option<&'static str> {
        let has_principal = statement.principal.is_some();
        let is_complete = statement.action.is_some() && statement.resource.is_some();
        match self.kind {
            Kind::Caller if has_principal => Some("names a principal"),
            Kind::Resource | Kind::Account if !has_principal => Some("names no principal"),
            Kind::Caller | Kind::Account if !is_complete => Some("has no action or no resource"),
            _ => None,
        }
    }

    pub(super) fn compile(&self, document: &Document) -> Policy {
        Policy::compile(document, &|arn| self.caller.bind(arn))
    }
}

/// A level given as an object that names its policies.
fn named(item: &RawValue) -> Option<&RawValue> {
    match json::open(item).ok()? {
        Json::Object(members) => {
            members.into_iter().find(|(name, _)| name == "policies").map(|(_, value)| value)
        }
        _ => None,
    }
}

/// One document that says what several say. In a document of the newer version `${` begins a
/// variable, so that of older ones is escaped.
pub(super) fn joined(documents: Vec<Document>) -> Option<Document> {
    let mut all = documents.into_iter();
    let first = all.next()?;
    let mut rest = all.peekable();
    if rest.peek().is_none() {
        return Some(first);
    }
    let mut joined = empty();
    for mut document in std::iter::once(first).chain(rest) {
        if document.version == Version::V2008_10_17 {
            document.statements.iter_mut().for_each(escape);
        }
        joined.statements.append(&mut document.statements);
    }
    Some(joined)
}

fn escape(statement: &mut Statement) {
    let escape = |text: &mut String| *text = text.replace("${", "${$}{");
    if let Some(Element::Listed(texts) | Element::NotListed(texts)) = &mut statement.resource {
        texts.iter_mut().for_each(escape);
    }
    let tests = statement.conditions.iter_mut().flat_map(|Condition { tests, .. }| tests);
    tests.for_each(|test| test.values.iter_mut().for_each(escape));
}
