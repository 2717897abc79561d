//! The limits a value can break, in the service's words.

use std::fmt;

use crate::table::{BlobShape, EnumShape, IntegerShape, Shape, TextShape};

/// One limit.
pub(super) enum Rule {
    /// Each element of a list is within these limits.
    Each(Shape),
    LengthAtLeast(usize),
    LengthAtMost(usize),
    NotNull,
    Pattern(&'static str),
    ValueAtLeast(i32),
    ValueAtMost(i32),
    Words(&'static [&'static str]),
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Member must ")?;
        match self {
            Self::Each(shape) => {
                f.write_str("satisfy constraint: [")?;
                joined(f, &rules_of(*shape))?;
                f.write_str("]")
            }
            Self::LengthAtLeast(min) => {
                write!(f, "have length greater than or equal to {min}")
            }
            Self::LengthAtMost(max) => write!(f, "have length less than or equal to {max}"),
            Self::NotNull => f.write_str("not be null"),
            Self::Pattern(text) => write!(f, "satisfy regular expression pattern: {text}"),
            Self::ValueAtLeast(min) => write!(f, "have value greater than or equal to {min}"),
            Self::ValueAtMost(max) => write!(f, "have value less than or equal to {max}"),
            Self::Words(words) => {
                f.write_str("satisfy enum value set: [")?;
                joined(f, words)?;
                f.write_str("]")
            }
        }
    }
}

fn joined<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: &[T]) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        write!(f, "{separator}{item}")?;
    }
    Ok(())
}

/// Every rule of the elements of a list, broken or not: so the service shows them, greatest first.
fn rules_of(shape: Shape) -> Vec<Rule> {
    match shape {
        Shape::Blob(blob) => length_rules(blob.min, blob.max).collect(),
        Shape::Enum(words) => vec![Rule::Words(words.shown)],
        Shape::Integer(integer) => {
            vec![Rule::ValueAtMost(integer.max), Rule::ValueAtLeast(integer.min)]
        }
        Shape::Text(text) => length_rules(text.min, text.max)
            .chain(text.pattern.as_ref().map(|pattern| Rule::Pattern(pattern.text())))
            .collect(),
        Shape::Boolean
        | Shape::List(_)
        | Shape::NumberMap
        | Shape::Structure(_)
        | Shape::TextMap
        | Shape::Timestamp => Vec::new(),
    }
}

fn length_rules(min: usize, max: usize) -> impl Iterator<Item = Rule> {
    let most = (max < usize::MAX).then_some(Rule::LengthAtMost(max));
    let least = (min > 0).then_some(Rule::LengthAtLeast(min));
    most.into_iter().chain(least)
}

/// The rules on length that a value of this length breaks.
pub(super) fn broken_by_length(length: usize, min: usize, max: usize) -> Option<Rule> {
    if length < min {
        Some(Rule::LengthAtLeast(min))
    } else if length > max {
        Some(Rule::LengthAtMost(max))
    } else {
        None
    }
}

pub(super) fn broken_by_text(value: &str, shape: &'static TextShape) -> Vec<Rule> {
    let length = broken_by_length(value.chars().count(), shape.min, shape.max);
    let pattern = shape.pattern.as_ref().filter(|pattern| !pattern.matches(value));
    length.into_iter().chain(pattern.map(|pattern| Rule::Pattern(pattern.text()))).collect()
}

pub(super) fn broken_by_word(value: &str, shape: &'static EnumShape) -> Vec<Rule> {
    if shape.accepts(value) { Vec::new() } else { vec![Rule::Words(shape.shown)] }
}

pub(super) fn broken_by_number(value: i64, shape: &'static IntegerShape) -> Vec<Rule> {
    if value < i64::from(shape.min) {
        vec![Rule::ValueAtLeast(shape.min)]
    } else if value > i64::from(shape.max) {
        vec![Rule::ValueAtMost(shape.max)]
    } else {
        Vec::new()
    }
}

pub(super) fn broken_by_blob(length: usize, shape: &'static BlobShape) -> Vec<Rule> {
    broken_by_length(length, shape.min, shape.max).into_iter().collect()
}
