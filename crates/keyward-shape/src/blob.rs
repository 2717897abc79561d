//! Bytes within the limits of the table, and bytes on their way out.

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ops::Deref;

use base64::Engine as _;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{self, Serialize, Serializer};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::raw;
use crate::table::{BlobShape, Constraint};

/// Public bytes within the limits of `C`, sent as base64.
pub struct Blob<C> {
    bytes: Vec<u8>,
    constraint: PhantomData<C>,
}

impl<C> Blob<C> {
    /// The bytes, on their own.
    pub fn into_vec(self) -> Vec<u8> {
        self.bytes
    }
}

impl<'de, C: Constraint<Shape = BlobShape>> Deserialize<'de> for Blob<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const { assert!(!C::SHAPE.sensitive, "a sensitive blob is a SecretBlob") };
        let mut bytes = read(deserializer, C::SHAPE)?;
        Ok(Self { bytes: mem::take(&mut *bytes), constraint: PhantomData })
    }
}

impl<C> Deref for Blob<C> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<C> fmt::Debug for Blob<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.bytes.len())
    }
}

/// Secret bytes within the limits of `C`, sent as base64. They are zeroed when dropped.
///
/// Deliberately absent: `Clone`, `Serialize`, `Display`, `PartialEq`, `Deref`.
pub struct SecretBlob<C> {
    bytes: Zeroizing<Vec<u8>>,
    constraint: PhantomData<C>,
}

impl<C> SecretBlob<C> {
    /// The one way in.
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, for a secret type of another crate to take over.
    pub fn into_zeroizing(self) -> Zeroizing<Vec<u8>> {
        self.bytes
    }
}

impl<'de, C: Constraint<Shape = BlobShape>> Deserialize<'de> for SecretBlob<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { bytes: read(deserializer, C::SHAPE)?, constraint: PhantomData })
    }
}

impl<C> fmt::Debug for SecretBlob<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBlob({} bytes)", self.bytes.len())
    }
}

fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
    shape: &BlobShape,
) -> Result<Zeroizing<Vec<u8>>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    let bytes = raw::bytes(raw.get()).ok_or_else(|| de::Error::custom("not base64 text"))?;
    if shape.accepts(bytes.len()) {
        Ok(bytes)
    } else {
        Err(de::Error::custom("blob outside its constraint"))
    }
}

/// Bytes of a reply, written as base64 straight into the reply: the text has no buffer of its own.
pub struct Base64<T>(pub T);

impl<T: AsRef<[u8]>> Serialize for Base64<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        as_base64(&self.0, serializer)
    }
}

/// [`Base64`] for `#[serde(serialize_with = "...")]`.
pub fn as_base64<T: AsRef<[u8]> + ?Sized, S: Serializer>(
    bytes: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&Base64Display::new(bytes.as_ref(), &STANDARD))
}

/// [`as_base64`] for a secret: the text passes through one buffer of its exact size, which is
/// wiped. The base64 crate's own writer would leave it on the stack.
pub fn as_secret_base64<S: Serializer>(secret: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    let mut text = Zeroizing::new(vec![0; secret.len().div_ceil(3) * 4]);
    let length = STANDARD.encode_slice(secret, &mut text).map_err(ser::Error::custom)?;
    let text = text.get(..length).and_then(|text| std::str::from_utf8(text).ok());
    serializer.serialize_str(text.ok_or_else(|| ser::Error::custom("not base64"))?)
}

#[cfg(test)]
mod tests {
    use static_assertions::assert_not_impl_any;

    use super::*;

    enum Two {}
    impl Constraint for Two {
        type Shape = BlobShape;
        const SHAPE: &'static BlobShape = &BlobShape { min: 1, max: 2, sensitive: false };
    }

    assert_not_impl_any!(SecretBlob<Two>: Clone, Serialize, fmt::Display, PartialEq, Deref);

    #[test]
    fn a_blob_is_measured_decoded() {
        let read = |text| serde_json::from_str::<Blob<Two>>(text).ok().map(Blob::into_vec);
        assert_eq!(read(r#""Zm8=""#), Some(b"fo".to_vec()));
        assert_eq!(read(r#""""#), None);
        assert_eq!(read(r#""Zm9v""#), None);
        assert_eq!(read("7"), None);
    }

    #[test]
    fn a_secret_blob_does_not_show_its_bytes() {
        let blob: SecretBlob<Two> = serde_json::from_str(r#""Zm8=""#).unwrap();
        assert_eq!(blob.expose(), b"fo");
        assert_eq!(format!("{blob:?}"), "SecretBlob(2 bytes)");
    }

    #[test]
    fn bytes_are_written_as_padded_base64() {
        assert_eq!(serde_json::to_string(&Base64([0xfb, 0xff])).unwrap(), r#""+/8=""#);
        let long = vec![7; 5000];
        let text: String =
            serde_json::from_str(&serde_json::to_string(&Base64(&long)).unwrap()).unwrap();
        assert_eq!(raw::bytes(&format!("\"{text}\"")).unwrap().as_slice(), long);
    }
}
