//! Values taken from the raw text of a JSON token: base64 bytes without a decoded copy of their
//! text, and scalars as they were sent.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use zeroize::Zeroizing;

/// The kind of a JSON value, told by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    False,
    List,
    Null,
    Number,
    Object,
    Text,
    True,
}

impl Token {
    /// The kind of the value written `raw`, which is valid JSON without space around it.
    pub(crate) fn of(raw: &str) -> Self {
        match raw.as_bytes().first() {
            Some(b'"') => Self::Text,
            Some(b'{') => Self::Object,
            Some(b'[') => Self::List,
            Some(b't') => Self::True,
            Some(b'f') => Self::False,
            Some(b'n') => Self::Null,
            _ => Self::Number,
        }
    }
}

/// A string, borrowed from the body when it holds no escape.
pub(crate) struct Str<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Str<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(StrVisitor)
    }
}

struct StrVisitor;

impl<'de> Visitor<'de> for StrVisitor {
    type Value = Str<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Str<'de>, E> {
        Ok(Str(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Str<'de>, E> {
        Ok(Str(Cow::Owned(text.to_owned())))
    }
}

/// The text of the JSON string written `raw`; `None` when its escapes make no text.
pub(crate) fn text(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.as_bytes().contains(&b'\\') {
        serde_json::from_str(raw).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// The bytes of the base64 text in the JSON string written `raw`; `None` when it is not base64.
///
/// It works on the raw text so that no parser's buffer is left holding a plaintext: some clients
/// escape `/` or `+`, and then a parser would copy the text to unescape it.
pub(crate) fn bytes(raw: &str) -> Option<Zeroizing<Vec<u8>>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?.as_bytes();
    if inner.contains(&b'\\') { decoded(&unescaped(inner)?) } else { decoded(inner) }
}

fn decoded(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let length = STANDARD.decode_slice(text, &mut bytes).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

/// Undoes the escapes that can stand for a character of base64.
fn unescaped(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, after) {
            (b'\\', [b'/', after @ ..]) => {
                plain.push(b'/');
                after
            }
            (b'\\', [b'u', b'0', b'0', high, low, after @ ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).ok()?;
                plain.push(u8::from_str_radix(digits, 16).ok()?);
                after
            }
            (b'\\', _) => return None,
            (byte, after) => {
                plain.push(*byte);
                after
            }
        };
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_with_and_without_escapes() {
        let read = |raw| bytes(raw).map(|bytes| bytes.to_vec());
        assert_eq!(read(r#""""#), Some(vec![]));
        assert_eq!(read(r#""Zm9v""#), Some(b"foo".to_vec()));
        assert_eq!(read(r#""+/+/""#), Some(vec![0xfb, 0xff, 0xbf]));
        assert_eq!(read(r#""\u002b\/\u002B/""#), Some(vec![0xfb, 0xff, 0xbf]));
        assert_eq!(read(r#""Zg\u003d=""#), Some(b"f".to_vec()));
    }

    #[test]
    fn what_is_not_padded_standard_base64_is_refused() {
        for raw in [r#""Zg""#, r#""Zg=""#, r#""Zm9v!""#, r#""Zm9v\n""#, r#""-_-_""#, r#""\u01""#] {
            assert!(bytes(raw).is_none(), "{raw}");
        }
    }

    #[test]
    fn text_is_borrowed_unless_escaped() {
        assert!(matches!(text(r#""plain""#), Some(Cow::Borrowed("plain"))));
        assert_eq!(text(r#""a\"b""#).as_deref(), Some("a\"b"));
        assert_eq!(text(r#""\ud800""#), None);
    }
}
