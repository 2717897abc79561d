//! Says what is wrong with a body, in the service's words.

mod clause;
mod path;
mod rule;
mod walk;

use std::cell::Cell;

use serde::de::DeserializeSeed;

use crate::table::{Shape, Structure};
pub use clause::Clauses;
use path::Path;
use walk::{Found, Walk};

/// What is wrong with a request's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Values outside the model's limits: the whole text of a `ValidationException`.
    Constraints(Clauses),
    /// Not JSON, or a value of the wrong type: the text of a `SerializationException`, if it has
    /// one.
    Serialization(Option<String>),
}

/// Checks `body` against `structure`; an empty body is an empty structure.
///
/// Every violated limit is worded, in the order of the model's members, up to a bound on the text.
/// Wrong types win over violated limits, and the first in the body wins.
pub fn validate(structure: &'static Structure, body: &[u8]) -> Result<(), Violation> {
    validate_text(structure, body_text(body)?)
}

/// The body as text: JSON is UTF-8, and no body at all is an empty object.
pub(crate) fn body_text(body: &[u8]) -> Result<&str, Violation> {
    if body.is_empty() {
        return Ok("{}");
    }
    std::str::from_utf8(body).map_err(|_| Violation::Serialization(None))
}

pub(crate) fn validate_text(structure: &'static Structure, text: &str) -> Result<(), Violation> {
    let mismatch = Cell::new(None);
    let mut json = serde_json::Deserializer::from_str(text);
    let walk = Walk { shape: Shape::Structure(structure), path: &Path::Root, mismatch: &mismatch };
    let found = walk.deserialize(&mut json).and_then(|found| json.end().map(|()| found));
    match found {
        Ok(Found::Nested(clauses)) => {
            if clauses.is_empty() {
                Ok(())
            } else {
                Err(Violation::Constraints(clauses))
            }
        }
        Ok(Found::Null | Found::Leaf { .. }) => Err(Violation::Serialization(None)),
        Err(_) => Err(Violation::Serialization(mismatch.take().map(|text| text.to_string()))),
    }
}

#[cfg(test)]
mod tests;
