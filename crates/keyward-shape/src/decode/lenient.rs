//! The second reading: of a repeated member the last one counts, and `null` is no member.
//!
//! A derived structure refuses both. [`Lenient`] reads each object as raw members first, drops what
//! does not count, and only then offers the rest.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Error;
use serde_json::value::RawValue;

use crate::raw::{Str, Token};

#[derive(Clone, Copy)]
pub(super) struct Lenient<'a>(pub(super) &'a RawValue);

impl Lenient<'_> {
    fn is_null(self) -> bool {
        Token::of(self.0.get()) == Token::Null
    }
}

impl<'de> Deserializer<'de> for Lenient<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        // `RawValue` asks for itself under a name of its own, which only `serde_json` answers.
        if name.starts_with('$') {
            self.0.deserialize_newtype_struct(name, visitor)
        } else {
            visitor.visit_newtype_struct(self)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let elements: Vec<&RawValue> = serde_json::from_str(self.0.get())?;
        visitor.visit_seq(SeqDeserializer::new(elements.into_iter().map(Lenient)))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        members: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let sent = self.0.deserialize_map(Members(members))?;
        let counting = sent.into_iter().filter(|(_, value)| !value.is_null());
        visitor.visit_map(MapDeserializer::new(counting))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct tuple tuple_struct map enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for Lenient<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Collects the last value of each of these members.
struct Members(&'static [&'static str]);

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, Lenient<'de>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut sent: Self::Value = Vec::new();
        while let Some(Str(name)) = map.next_key()? {
            let value = Lenient(map.next_value()?);
            if !self.0.contains(&&*name) {
                continue;
            }
            match sent.iter_mut().find(|(known, _)| *known == name) {
                Some((_, earlier)) => *earlier = value,
                None => sent.push((name, value)),
            }
        }
        Ok(sent)
    }
}
