//! The constraint table: what a model says about each operation's request and reply.
//!
//! Everything here is `'static` and made at compile time; the tables themselves are generated.

mod pattern;

pub use pattern::{Compiled, Pattern};

/// What the model says about one operation.
#[derive(Debug)]
pub struct Operation {
    /// The wire name.
    pub name: &'static str,
    /// The request.
    pub input: &'static Structure,
    /// The reply; `None` when the reply has no body at all.
    pub output: Option<&'static Structure>,
    /// The wire names of the modelled errors, in the model's order.
    pub errors: &'static [&'static str],
}

/// A JSON object with known members.
#[derive(Debug)]
pub struct Structure {
    /// The model's name.
    pub name: &'static str,
    /// The members, in the model's order.
    pub members: &'static [Member],
}

/// The request of an operation whose model names none.
pub static NO_MEMBERS: Structure = Structure { name: "Unit", members: &[] };

/// One member of a structure.
#[derive(Debug)]
pub struct Member {
    /// The name on the wire.
    pub name: &'static str,
    /// Whether a request without it is refused.
    pub required: bool,
    /// What its value looks like.
    pub shape: Shape,
}

impl Member {
    /// A member that must be present.
    pub const fn required(name: &'static str, shape: Shape) -> Self {
        Self { name, required: true, shape }
    }

    /// A member that may be absent.
    pub const fn optional(name: &'static str, shape: Shape) -> Self {
        Self { name, required: false, shape }
    }
}

/// What a value looks like.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Bytes, as base64 text.
    Blob(&'static BlobShape),
    /// `true` or `false`.
    Boolean,
    /// One word of a closed set.
    Enum(&'static EnumShape),
    /// A 32-bit whole number.
    Integer(&'static IntegerShape),
    /// A JSON array.
    List(&'static ListShape),
    /// A JSON object from any key to a whole number; of replies only.
    NumberMap,
    /// A JSON object with known members.
    Structure(&'static Structure),
    /// A string.
    Text(&'static TextShape),
    /// A JSON object from any key to text, such as an encryption context.
    TextMap,
    /// Seconds since the epoch, with a fraction.
    Timestamp,
}

/// The limits of a blob.
#[derive(Debug)]
pub struct BlobShape {
    /// Fewest bytes, decoded.
    pub min: usize,
    /// Most bytes, decoded.
    pub max: usize,
    /// Whether it must never be shown.
    pub sensitive: bool,
}

impl BlobShape {
    pub(crate) const fn accepts(&self, length: usize) -> bool {
        self.min <= length && length <= self.max
    }
}

/// The words of a closed set.
#[derive(Debug)]
pub struct EnumShape {
    /// The words accepted, in the model's order.
    pub values: &'static [&'static str],
    /// The words a refusal lists, in the order the service lists them. The service's order is not
    /// the model's, and in one place its list is another enum's.
    pub shown: &'static [&'static str],
}

impl EnumShape {
    /// A set that refusals list in the model's order.
    pub const fn of(values: &'static [&'static str]) -> Self {
        Self { values, shown: values }
    }

    pub(crate) fn accepts(&self, value: &str) -> bool {
        self.values.contains(&value)
    }
}

/// The limits of a whole number.
#[derive(Debug)]
pub struct IntegerShape {
    /// The least value.
    pub min: i32,
    /// The greatest value.
    pub max: i32,
}

impl IntegerShape {
    pub(crate) fn accepts(&self, value: i64) -> bool {
        i64::from(self.min) <= value && value <= i64::from(self.max)
    }
}

/// The limits of a list.
#[derive(Debug)]
pub struct ListShape {
    /// What each element looks like.
    pub member: Shape,
    /// Fewest elements.
    pub min: usize,
    /// Most elements.
    pub max: usize,
}

/// The limits of a string.
#[derive(Debug)]
pub struct TextShape {
    /// Fewest characters (Unicode code points).
    pub min: usize,
    /// Most characters (Unicode code points).
    pub max: usize,
    /// What the whole value must match.
    pub pattern: Option<Pattern>,
    /// Whether it must never be shown.
    pub sensitive: bool,
}

impl TextShape {
    pub(crate) fn accepts(&self, value: &str) -> bool {
        self.has_fitting_length(value)
            && self.pattern.as_ref().is_none_or(|pattern| pattern.matches(value))
    }

    fn has_fitting_length(&self, value: &str) -> bool {
        // A character is one to four bytes, so most values need no counting.
        if value.len() <= self.max && value.len() / 4 >= self.min {
            return true;
        }
        let length = value.chars().count();
        self.min <= length && length <= self.max
    }
}

/// A name for one entry of a constraint table, so that a type can be tied to it: `Text<KeyIdType>`
/// is a string within the limits of `KeyIdType`.
pub trait Constraint {
    /// The kind of entry.
    type Shape: 'static;
    /// The entry.
    const SHAPE: &'static Self::Shape;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_measured_in_code_points() {
        let shape = TextShape { min: 2, max: 3, pattern: None, sensitive: false };
        assert!(!shape.accepts("é"));
        assert!(shape.accepts("éé"));
        assert!(shape.accepts("😀😀😀"));
        assert!(!shape.accepts("😀😀😀😀"));
        assert!(!shape.accepts("abcd"));
    }
}
