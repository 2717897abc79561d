//! From the body's bytes to a hand-written shape.

mod lenient;
mod strict;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::table::Structure;
use crate::validate::{Violation, body_text, validate_text};
use lenient::Lenient;
use strict::Strict;

/// Reads `body` as a `T`, whose members are those of `structure`.
///
/// One pass when the body is an ordinary one. Otherwise the validator says what is wrong; if
/// nothing is, the body repeats a member or sends a `null`, and is read again with that allowed for.
pub fn decode<'a, T: Deserialize<'a>>(
    structure: &'static Structure,
    body: &'a [u8],
) -> Result<T, Violation> {
    let text = body_text(body)?;
    if let Some(shape) = strictly(text) {
        return Ok(shape);
    }
    validate_text(structure, text)?;
    // `T` and its table disagree if this fails, which the tests of every shape rule out.
    leniently(text).ok_or(Violation::Serialization(None))
}

/// How a `T` can be read from a body, whatever the table says: one side of the comparison that
/// [`disagreements`](crate::disagreements) makes.
#[derive(Clone, Copy, Debug)]
pub struct Readings {
    /// By the first reading, whose success nothing checks again.
    pub at_once: bool,
    /// By the second one, which follows only when the validator found nothing.
    pub leniently: bool,
}

/// Tries both readings of `body` as a `T`.
pub fn readings<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Readings {
    let Ok(text) = body_text(body) else { return Readings { at_once: false, leniently: false } };
    Readings { at_once: strictly::<T>(text).is_some(), leniently: leniently::<T>(text).is_some() }
}

fn strictly<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    let mut json = serde_json::Deserializer::from_str(text);
    let shape = T::deserialize(Strict(&mut json)).ok()?;
    json.end().ok()?;
    Some(shape)
}

fn leniently<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    T::deserialize(Lenient(raw)).ok()
}

#[cfg(test)]
mod tests;
