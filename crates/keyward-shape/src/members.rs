//! The member names of a hand-written shape, for tests that hold it against a table.

use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

/// The wire names of the members `T` reads, in the order it declares them; `None` when `T` is not a
/// derived structure, or flattens another into itself.
pub fn struct_members<'de, T: de::Deserialize<'de>>() -> Option<&'static [&'static str]> {
    match T::deserialize(Capture) {
        Err(Captured::Members(members)) => Some(members),
        _ => None,
    }
}

/// Offers no value: it notes what is asked of it, and fails.
struct Capture;

impl<'de> Deserializer<'de> for Capture {
    type Error = Captured;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Captured> {
        Err(Captured::Nothing)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        members: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Captured> {
        Err(Captured::Members(members))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[derive(Debug)]
enum Captured {
    Members(&'static [&'static str]),
    Nothing,
}

impl fmt::Display for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no value is offered")
    }
}

impl std::error::Error for Captured {}

impl de::Error for Captured {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Nothing
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    #[expect(dead_code, reason = "only its member names are read")]
    struct Sample<'a> {
        key_id: Cow<'a, str>,
        dry_run: Option<bool>,
    }

    #[test]
    fn the_wire_names_of_a_derived_structure_are_found() {
        assert_eq!(struct_members::<Sample<'_>>(), Some(["KeyId", "DryRun"].as_slice()));
        assert_eq!(struct_members::<Vec<u8>>(), None);
    }
}
