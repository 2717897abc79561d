//! CBOR items, encoded.

use crate::cbor::{Major, write_bytes, write_head};

/// A text string.
pub fn text(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    write_head(Major::Text, len(text.as_bytes()), &mut out);
    out.extend(text.as_bytes());
    out
}

/// A byte string.
pub fn bytes(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_bytes(bytes, &mut out);
    out
}

/// An unsigned integer.
pub fn unsigned(number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    write_head(Major::Unsigned, number, &mut out);
    out
}

/// An array of encoded items.
pub fn array(items: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    write_head(Major::Array, len(items), &mut out);
    out.extend(items.concat());
    out
}

/// A map of encoded keys and values.
pub fn map(entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    write_head(Major::Map, len(entries), &mut out);
    for (key, value) in entries {
        out.extend(key);
        out.extend(value);
    }
    out
}

/// The null that the Nitro Secure Module writes for an absent field.
pub fn null() -> Vec<u8> {
    vec![0xf6]
}

fn len<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap()
}
