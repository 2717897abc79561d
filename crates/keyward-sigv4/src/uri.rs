//! Percent-encoding as Signature Version 4 wants it, and the decoding that precedes it.

use std::borrow::Cow;

/// A query name or value in canonical encoding, whatever encoding it came in.
pub(crate) fn canonical_component(raw: &str) -> Cow<'_, [u8]> {
    if raw.bytes().all(is_unreserved) {
        return Cow::Borrowed(raw.as_bytes());
    }
    let mut encoded = Vec::with_capacity(raw.len() + 16);
    push_encoded(&mut encoded, &decode(raw));
    Cow::Owned(encoded)
}

/// Appends `bytes` with all but the unreserved ones escaped.
pub(crate) fn push_encoded(out: &mut Vec<u8>, bytes: &[u8]) {
    for &byte in bytes {
        if is_unreserved(byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(&[b'%', upper_hex(byte >> 4), upper_hex(byte & 15)]);
        }
    }
}

/// A query name or value as text. Bytes that are not UTF-8 become U+FFFD and match nothing.
pub(crate) fn decode_text(raw: &str) -> Cow<'_, str> {
    match decode(raw) {
        Cow::Borrowed(_) => Cow::Borrowed(raw),
        Cow::Owned(bytes) => Cow::Owned(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(not_text) => String::from_utf8_lossy(not_text.as_bytes()).into_owned(),
        }),
    }
}

/// Undoes form encoding. `+` is a space here as it is for whoever reads the parameters next, so
/// that one signature never covers two meanings. A `%` without two hex digits stands for itself.
fn decode(raw: &str) -> Cow<'_, [u8]> {
    if !raw.bytes().any(|byte| byte == b'%' || byte == b'+') {
        return Cow::Borrowed(raw.as_bytes());
    }
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'%', [high, low, after @ ..]) => match (hex_value(*high), hex_value(*low)) {
                (Some(high), Some(low)) => {
                    decoded.push(high << 4 | low);
                    rest = after;
                }
                _ => decoded.push(b'%'),
            },
            (b'+', _) => decoded.push(b' '),
            _ => decoded.push(byte),
        }
    }
    Cow::Owned(decoded)
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

const fn upper_hex(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'A' + (nibble - 10) }
}

const fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_value_has_one_canonical_encoding() {
        for spelling in ["a b/~", "a+b%2F~", "a%20b%2f%7E", "%61 b/%7e"] {
            assert_eq!(canonical_component(spelling).as_ref(), b"a%20b%2F~", "{spelling}");
        }
    }

    #[test]
    fn a_percent_sign_without_two_hex_digits_stands_for_itself() {
        for (raw, encoded) in [("%", "%25"), ("%4", "%254"), ("%zz", "%25zz"), ("%%41", "%25A")] {
            assert_eq!(canonical_component(raw).as_ref(), encoded.as_bytes(), "{raw}");
        }
    }

    #[test]
    fn every_byte_but_the_unreserved_is_escaped_in_upper_case() {
        for byte in 0..=u8::MAX {
            let mut out = Vec::new();
            push_encoded(&mut out, &[byte]);
            let unreserved = byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
            let expected =
                if unreserved { vec![byte] } else { format!("%{byte:02X}").into_bytes() };
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn text_that_is_not_utf8_is_replaced() {
        assert_eq!(decode_text("a%FFb"), "a\u{FFFD}b");
    }
}
