//! JSON one level at a time.
//!
//! A value is read only as deep as the grammar asks, so nesting in the text costs no stack, and
//! duplicate member names are seen here and not silently merged. Numbers keep their text.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// One JSON value; its children still as text.
pub(crate) enum Json<'a> {
    /// The members in order.
    Object(Vec<(String, &'a RawValue)>),
    /// The items in order.
    Array(Vec<&'a RawValue>),
    /// A string, decoded.
    Text(String),
    /// A number or boolean, as its text.
    Bare(&'a str),
    /// `null`.
    Null,
}

/// Why a text could not be read.
pub(crate) enum JsonError {
    /// It is not JSON, or holds a string that is not Unicode.
    Syntax,
    /// An object has two members of this name.
    Duplicate(String),
}

impl From<serde_json::Error> for JsonError {
    fn from(_: serde_json::Error) -> Self {
        Self::Syntax
    }
}

/// Checks the syntax of the whole text and reads its outermost value.
pub(crate) fn read(text: &str) -> Result<Json<'_>, JsonError> {
    open(serde_json::from_str::<&RawValue>(text)?)
}

/// Reads one value of a text that [`read`] has been through.
pub(crate) fn open(raw: &RawValue) -> Result<Json<'_>, JsonError> {
    let text = raw.get();
    Ok(match text.as_bytes().first() {
        Some(b'{') => Json::Object(unique(serde_json::from_str::<Members<'_>>(text)?)?),
        Some(b'[') => Json::Array(serde_json::from_str(text)?),
        Some(b'"') => Json::Text(serde_json::from_str(text)?),
        Some(b'n') => Json::Null,
        _ => Json::Bare(text),
    })
}

type Member<'a> = (String, &'a RawValue);

fn unique(members: Members<'_>) -> Result<Vec<Member<'_>>, JsonError> {
    let mut seen = HashSet::new();
    if let Some((name, _)) = members.0.iter().find(|(name, _)| !seen.insert(name.as_str())) {
        return Err(JsonError::Duplicate(name.clone()));
    }
    Ok(members.0)
}

/// All members of an object, duplicates included.
struct Members<'a>(Vec<Member<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}
