//! The serializer of one element.

use serde::Serialize;
use serde::ser::{self, Impossible, SerializeMap, SerializeSeq, SerializeStruct, Serializer};

use super::{NotXml, close, open, write_text};

/// Where one value goes: the element `name`.
pub(super) struct Element<'a> {
    pub(super) to: &'a mut Vec<u8>,
    pub(super) name: &'a str,
}

impl<'a> Element<'a> {
    fn text(self, text: &str) {
        open(self.to, self.name);
        write_text(self.to, text);
        close(self.to, self.name);
    }

    fn opened(self) -> Opened<'a> {
        open(self.to, self.name);
        Opened { to: self.to, name: self.name }
    }
}

/// An element with elements in it.
pub(super) struct Opened<'a> {
    to: &'a mut Vec<u8>,
    name: &'a str,
}

impl Opened<'_> {
    fn add<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), NotXml> {
        value.serialize(Element { to: self.to, name })
    }
}

fn unsupported<T>(kind: &str) -> Result<T, NotXml> {
    Err(ser::Error::custom(format_args!("the Query protocol has no {kind}")))
}

macro_rules! displayed {
    ($($method:ident($type:ty))*) => {$(
        fn $method(self, value: $type) -> Result<(), NotXml> {
            self.text(&value.to_string());
            Ok(())
        }
    )*};
}

impl<'a> Serializer for Element<'a> {
    type Ok = ();
    type Error = NotXml;
    type SerializeSeq = Opened<'a>;
    type SerializeTuple = Impossible<(), NotXml>;
    type SerializeTupleStruct = Impossible<(), NotXml>;
    type SerializeTupleVariant = Impossible<(), NotXml>;
    type SerializeMap = Opened<'a>;
    type SerializeStruct = Opened<'a>;
    type SerializeStructVariant = Impossible<(), NotXml>;

    displayed! {
        serialize_bool(bool) serialize_i8(i8) serialize_i16(i16) serialize_i32(i32)
        serialize_i64(i64) serialize_u8(u8) serialize_u16(u16) serialize_u32(u32)
        serialize_u64(u64)
    }

    fn serialize_str(self, text: &str) -> Result<(), NotXml> {
        self.text(text);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), NotXml> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), NotXml> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), NotXml> {
        value.serialize(self)
    }

    /// A word of a closed set.
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        word: &'static str,
    ) -> Result<(), NotXml> {
        self.text(word);
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Opened<'a>, NotXml> {
        Ok(self.opened())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Opened<'a>, NotXml> {
        Ok(self.opened())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Opened<'a>, NotXml> {
        Ok(self.opened())
    }

    fn serialize_f32(self, _: f32) -> Result<(), NotXml> {
        unsupported("number with a fraction")
    }

    fn serialize_f64(self, _: f64) -> Result<(), NotXml> {
        unsupported("number with a fraction")
    }

    fn serialize_char(self, _: char) -> Result<(), NotXml> {
        unsupported("single character")
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), NotXml> {
        unsupported("bytes: they are base64 text")
    }

    fn serialize_unit(self) -> Result<(), NotXml> {
        unsupported("unit")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), NotXml> {
        unsupported("unit")
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), NotXml> {
        unsupported("enum with content")
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, NotXml> {
        unsupported("tuple")
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, NotXml> {
        unsupported("tuple")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, NotXml> {
        unsupported("enum with content")
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, NotXml> {
        unsupported("enum with content")
    }
}

impl SerializeStruct for Opened<'_> {
    type Ok = ();
    type Error = NotXml;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), NotXml> {
        self.add(name, value)
    }

    fn end(self) -> Result<(), NotXml> {
        close(self.to, self.name);
        Ok(())
    }
}

impl SerializeSeq for Opened<'_> {
    type Ok = ();
    type Error = NotXml;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotXml> {
        self.add("member", value)
    }

    fn end(self) -> Result<(), NotXml> {
        close(self.to, self.name);
        Ok(())
    }
}

impl SerializeMap for Opened<'_> {
    type Ok = ();
    type Error = NotXml;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NotXml> {
        open(self.to, "entry");
        self.add("key", key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotXml> {
        self.add("value", value)?;
        close(self.to, "entry");
        Ok(())
    }

    fn end(self) -> Result<(), NotXml> {
        close(self.to, self.name);
        Ok(())
    }
}
