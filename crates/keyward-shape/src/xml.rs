//! Replies of the AWS Query protocol: a structure as XML elements.
//!
//! Members are elements, absent ones are left out, the elements of a list are called `member` and
//! the pairs of a map `entry`. What the protocol has no form for is an error: numbers with a
//! fraction, tuples, enums with content. A date is text of its own type.

mod element;

use std::fmt;

use serde::Serialize;

use element::Element;

/// A value that the protocol has no form for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotXml(String);

impl fmt::Display for NotXml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotXml {}

impl serde::ser::Error for NotXml {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Writes `value` as the element `name`.
pub fn write_element<T: Serialize + ?Sized>(
    to: &mut Vec<u8>,
    name: &str,
    value: &T,
) -> Result<(), NotXml> {
    value.serialize(Element { to, name })
}

/// Writes text as the content of an element. A character that XML cannot hold is replaced.
pub fn write_text(to: &mut Vec<u8>, text: &str) {
    let mut utf8 = [0; 4];
    for letter in text.chars() {
        let written = match letter {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\'' => "&apos;",
            // A reader would make a line feed of it.
            '\r' => "&#xD;",
            '\t' | '\n' => letter.encode_utf8(&mut utf8),
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => "\u{fffd}",
            _ => letter.encode_utf8(&mut utf8),
        };
        to.extend_from_slice(written.as_bytes());
    }
}

/// Writes `<name>`.
pub fn open(to: &mut Vec<u8>, name: &str) {
    for part in ["<", name, ">"] {
        to.extend_from_slice(part.as_bytes());
    }
}

/// Writes `</name>`.
pub fn close(to: &mut Vec<u8>, name: &str) {
    for part in ["</", name, ">"] {
        to.extend_from_slice(part.as_bytes());
    }
}

#[cfg(test)]
mod tests;
