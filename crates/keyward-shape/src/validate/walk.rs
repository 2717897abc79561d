//! One pass over the body, driven by the table.

use std::cell::Cell;
use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess};
use serde::de::{SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::clause::{Clauses, Shown, ShownList};
use super::path::Path;
use super::rule::{self, Rule};
use crate::context::scalar_text;
use crate::int::truncated;
use crate::raw::{self, Str, Token};
use crate::table::{BlobShape, ListShape, Member, Shape, Structure};

/// Reads one value of a known shape.
#[derive(Clone, Copy)]
pub(super) struct Walk<'w> {
    pub(super) shape: Shape,
    pub(super) path: &'w Path<'w>,
    /// Where a wrong type is noted: a `serde_json` error cannot carry it.
    pub(super) mismatch: &'w Cell<Option<Mismatch>>,
}

/// What a value turned out to be.
pub(super) enum Found {
    /// `null`, which is the same as absent.
    Null,
    /// A scalar, and what it breaks.
    Leaf { broken: Vec<Rule>, shown: Shown },
    /// A list or structure, and what its parts break.
    Nested(Clauses),
}

impl Found {
    fn sound() -> Self {
        Self::Nested(Clauses::default())
    }
}

/// A value of the wrong type, as the service words it.
#[derive(Clone, Copy)]
pub(super) enum Mismatch {
    Conversion(&'static str, &'static str),
    ExpectedList,
    ExpectedNull,
    List,
    Object,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conversion(token, target) => {
                write!(f, "{token} can not be converted to {target}")
            }
            Self::ExpectedList => f.write_str("Expected list or null"),
            Self::ExpectedNull => f.write_str("Expected null"),
            Self::List => f.write_str("Start of list found where not expected"),
            Self::Object => f.write_str("Start of structure or map found where not expected."),
        }
    }
}

impl Walk<'_> {
    fn wrong<T, E: de::Error>(self, mismatch: Mismatch) -> Result<T, E> {
        self.mismatch.set(Some(mismatch));
        Err(E::custom("value of the wrong type"))
    }

    /// A scalar of the kind `token` where the shape wants something else.
    fn wrong_scalar<T, E: de::Error>(self, token: &'static str) -> Result<T, E> {
        let target = match self.shape {
            Shape::Blob(_) => "a Blob",
            Shape::Boolean => "a Boolean",
            Shape::Enum(_) | Shape::Text(_) => "a String",
            Shape::Integer(_) => "a Integer",
            Shape::Timestamp => "milliseconds since epoch",
            Shape::List(_) => return self.wrong(Mismatch::ExpectedList),
            Shape::NumberMap | Shape::Structure(_) | Shape::TextMap => {
                return self.wrong(Mismatch::ExpectedNull);
            }
        };
        self.wrong(Mismatch::Conversion(token, target))
    }

    fn whole_number<E: de::Error>(self, number: i64) -> Result<Found, E> {
        match self.shape {
            Shape::Integer(shape) => Ok(Found::Leaf {
                broken: rule::broken_by_number(number, shape),
                shown: Shown::Value(number.to_string()),
            }),
            Shape::Timestamp => Ok(Found::sound()),
            _ => self.wrong_scalar("NUMBER_VALUE"),
        }
    }

    fn blob<'de, D: Deserializer<'de>>(
        self,
        shape: &'static BlobShape,
        deserializer: D,
    ) -> Result<Found, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        match Token::of(raw) {
            Token::Text => {}
            Token::Null => return Ok(Found::Null),
            Token::Number => return self.wrong_scalar("NUMBER_VALUE"),
            Token::True => return self.wrong_scalar("TRUE_VALUE"),
            Token::False => return self.wrong_scalar("FALSE_VALUE"),
            Token::List => return self.wrong(Mismatch::List),
            Token::Object => return self.wrong(Mismatch::Object),
        }
        let bytes = raw::bytes(raw).ok_or_else(|| de::Error::custom("not base64 text"))?;
        let shown = if shape.sensitive { Shown::Hidden } else { Shown::blob(bytes.len()) };
        Ok(Found::Leaf { broken: rule::broken_by_blob(bytes.len(), shape), shown })
    }

    fn structure<'de, A: MapAccess<'de>>(
        self,
        members: &'static [Member],
        mut map: A,
    ) -> Result<Found, A::Error> {
        let mut values: Vec<Found> = members.iter().map(|_| Found::Null).collect();
        while let Some(index) = map.next_key_seed(MemberName(members))? {
            let known = index.and_then(|index| Some((members.get(index)?, values.get_mut(index)?)));
            let Some((member, value)) = known else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let path = Path::Member(self.path, member.name);
            // Of a repeated member the last one counts.
            *value = map.next_value_seed(Walk { shape: member.shape, path: &path, ..self })?;
        }
        let mut clauses = Clauses::default();
        for (member, value) in members.iter().zip(values) {
            let path = Path::Member(self.path, member.name);
            add_member(&mut clauses, &path, member, value);
        }
        Ok(Found::Nested(clauses))
    }

    fn list<'de, A: SeqAccess<'de>>(
        self,
        shape: &'static ListShape,
        mut seq: A,
    ) -> Result<Found, A::Error> {
        let mut elements = Elements::default();
        loop {
            let path = Path::Element(self.path, elements.count);
            let walk = Walk { shape: shape.member, path: &path, ..self };
            let Some(found) = seq.next_element_seed(walk)? else { break };
            elements.add(&path, found);
        }
        Ok(Found::Nested(elements.clauses(self.path, shape)))
    }

    fn text_map<'de, A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        while let Some(Str(_)) = map.next_key()? {
            let raw = map.next_value::<&RawValue>()?.get();
            if scalar_text(raw).is_err() {
                return match Token::of(raw) {
                    Token::List => self.wrong(Mismatch::List),
                    Token::Object => self.wrong(Mismatch::Object),
                    _ => Err(de::Error::custom("escapes that make no text")),
                };
            }
        }
        Ok(Found::sound())
    }
}

fn add_member(clauses: &mut Clauses, path: &Path<'_>, member: &Member, value: Found) {
    match value {
        Found::Null if member.required => clauses.push(path, &Shown::Null, &Rule::NotNull),
        Found::Null => {}
        Found::Leaf { broken, shown } => {
            for rule in &broken {
                clauses.push(path, &shown, rule);
            }
        }
        Found::Nested(nested) => clauses.append(nested),
    }
}

/// The elements of a list, read so far.
#[derive(Default)]
struct Elements {
    count: usize,
    has_broken: bool,
    nested: Clauses,
    shown: ShownList,
}

impl Elements {
    fn add(&mut self, path: &Path<'_>, found: Found) {
        self.count += 1;
        match found {
            Found::Null => {
                self.shown.push(&Shown::Null);
                self.nested.push(path, &Shown::Null, &Rule::NotNull);
            }
            Found::Leaf { broken, shown } => {
                self.shown.push(&shown);
                self.has_broken |= !broken.is_empty();
            }
            Found::Nested(clauses) => self.nested.append(clauses),
        }
    }

    /// Scalar elements share one clause that lists all their rules; those of structures have
    /// clauses and paths of their own.
    fn clauses(self, path: &Path<'_>, shape: &ListShape) -> Clauses {
        let mut clauses = Clauses::default();
        if let Some(rule) = rule::broken_by_length(self.count, shape.min, shape.max) {
            clauses.push(path, &self.shown.shown(), &rule);
        }
        if self.has_broken {
            clauses.push(path, &self.shown.shown(), &Rule::Each(shape.member));
        }
        clauses.append(self.nested);
        clauses
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        match self.shape {
            Shape::Blob(shape) => self.blob(shape, deserializer),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Found, E> {
        Ok(Found::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Found, E> {
        match self.shape {
            Shape::Boolean => Ok(Found::sound()),
            _ => self.wrong_scalar(if value { "TRUE_VALUE" } else { "FALSE_VALUE" }),
        }
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Found, E> {
        self.whole_number(number)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Found, E> {
        self.whole_number(i64::try_from(number).unwrap_or(i64::MAX))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Found, E> {
        self.whole_number(truncated(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Found, E> {
        let (broken, sensitive) = match self.shape {
            Shape::Text(shape) => (rule::broken_by_text(text, shape), shape.sensitive),
            Shape::Enum(shape) => (rule::broken_by_word(text, shape), false),
            _ => return self.wrong_scalar("STRING_VALUE"),
        };
        let shown = if sensitive { Shown::Hidden } else { Shown::text(text) };
        Ok(Found::Leaf { broken, shown })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Found, A::Error> {
        match self.shape {
            Shape::List(shape) => self.list(shape, seq),
            _ => self.wrong(Mismatch::List),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Found, A::Error> {
        match self.shape {
            Shape::Structure(Structure { members, .. }) => self.structure(members, map),
            Shape::TextMap => self.text_map(map),
            _ => self.wrong(Mismatch::Object),
        }
    }
}

/// Finds a member's place in the table; `None` for a name the table does not have.
struct MemberName(&'static [Member]);

impl<'de> DeserializeSeed<'de> for MemberName {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for MemberName {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|member| member.name == name))
    }
}
