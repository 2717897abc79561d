//! Compact JSON written member by member into a buffer, without a tree in between.
//!
//! Knows nothing of records. Member names are literals of the caller and are not escaped; every
//! value, and every key that a client chose, is.

use std::fmt::{self, Write as _};
use std::io::Write as _;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// What the audit record may show of a request or a reply: an allow list.
///
/// A member that is not written here is never in the log, so forgetting one hides it.
pub trait Recorded {
    /// Writes the members that may be shown, under their names in the record (`keyId`).
    fn record(&self, to: &mut JsonObject<'_>);
}

/// Shows nothing.
impl Recorded for () {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

/// The members of a JSON object, kept until the record that holds it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragment {
    /// Members with commas between them, without the braces, so that more can follow.
    members: Vec<u8>,
}

impl Fragment {
    /// No members.
    pub const EMPTY: &'static Self = &Self { members: Vec::new() };

    /// What `shape` lets the record show.
    pub fn of(shape: &impl Recorded) -> Self {
        let mut fragment = Self::default();
        shape.record(&mut fragment.add());
        fragment
    }

    /// Writes further members.
    pub fn add(&mut self) -> JsonObject<'_> {
        // Most shapes fit; growing from nothing would copy the first members several times.
        self.members.reserve(256);
        JsonObject { to: &mut self.members, start: 0 }
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Empties it unless it is JSON: whoever was writing may have been cut short.
    pub fn keep_if_whole(&mut self) {
        if serde_json::from_slice::<IgnoredAny>(&self.to_json()).is_err() {
            self.members.clear();
        }
    }

    /// The whole object as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        [b"{", self.members.as_slice(), b"}"].concat()
    }

    /// The members in their order without the longest ones, so many of them that the rest takes no
    /// more than `bytes_max` bytes of JSON.
    pub(crate) fn without_longest(&self, bytes_max: usize) -> Self {
        let json = self.to_json();
        let Ok(Members(mut members)) = serde_json::from_slice(&json) else {
            return Self::default();
        };
        let mut length = json.len();
        while length > bytes_max
            && let Some(at) = longest(&members)
        {
            let (name, value) = members.remove(at);
            // Two quotes, a colon and a comma; a name of ours needs no escape.
            length = length.saturating_sub(name.len() + value.get().len() + 4);
        }
        let mut kept = Self::default();
        for (name, value) in members {
            kept.add().raw(name, value.get());
        }
        kept
    }

    pub(crate) fn members(&self) -> &[u8] {
        &self.members
    }

    /// Whether there is something to say, in no more than `bytes_max` bytes of JSON.
    pub(crate) fn is_within(&self, bytes_max: usize) -> bool {
        !self.is_empty() && self.members.len() + "{}".len() <= bytes_max
    }
}

/// The members of an object that was written, in their order.
struct Members<'a>(Vec<(&'a str, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

/// The place of the longest member.
fn longest(members: &[(&str, &RawValue)]) -> Option<usize> {
    let lengths = members.iter().map(|(_, value)| value.get().len()).enumerate();
    lengths.max_by_key(|(_, length)| *length).map(|(at, _)| at)
}

/// Writes the members of one JSON object.
pub struct JsonObject<'a> {
    to: &'a mut Vec<u8>,
    /// Where the first member starts; whoever stands further on needs a comma.
    start: usize,
}

impl JsonObject<'_> {
    /// Writes a whole object to the end of `to`.
    pub(crate) fn write(to: &mut Vec<u8>, fill: impl FnOnce(&mut JsonObject<'_>)) {
        to.push(b'{');
        let start = to.len();
        fill(&mut JsonObject { to, start });
        to.push(b'}');
    }

    /// A string.
    pub fn text(&mut self, name: &'static str, value: &str) {
        self.name(name);
        write_text(self.to, value);
    }

    /// A string, as the value displays itself.
    pub fn display(&mut self, name: &'static str, value: impl fmt::Display) {
        self.name(name);
        self.to.push(b'"');
        // Neither the buffer nor a Display of ours fails; one that did would cut the text short.
        let _ = write!(Escaping(self.to), "{value}");
        self.to.push(b'"');
    }

    /// A number.
    pub fn integer(&mut self, name: &'static str, value: impl Into<i64>) {
        self.name(name);
        let _ = write!(self.to, "{}", value.into());
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, name: &'static str, value: bool) {
        self.name(name);
        self.to.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// `null`.
    pub fn null(&mut self, name: &'static str) {
        self.name(name);
        self.to.extend_from_slice(b"null");
    }

    /// An object whose keys the client chose: they stay as sent.
    pub fn text_map<'p>(
        &mut self,
        name: &'static str,
        pairs: impl IntoIterator<Item = (&'p str, &'p str)>,
    ) {
        self.name(name);
        self.to.push(b'{');
        for (at, (key, value)) in pairs.into_iter().enumerate() {
            self.comma_after(at);
            write_text(self.to, key);
            self.to.push(b':');
            write_text(self.to, value);
        }
        self.to.push(b'}');
    }

    /// An array of strings.
    pub fn texts(&mut self, name: &'static str, values: impl IntoIterator<Item = impl AsRef<str>>) {
        self.name(name);
        self.to.push(b'[');
        for (at, value) in values.into_iter().enumerate() {
            self.comma_after(at);
            write_text(self.to, value.as_ref());
        }
        self.to.push(b']');
    }

    /// JSON of one line that was written elsewhere, under the name that records give a member of
    /// the API: its first letter is lowered.
    pub fn json(&mut self, member: &'static str, json: &str) {
        let (first, rest) = member.split_at_checked(1).unwrap_or_default();
        self.comma_after(self.to.len() - self.start);
        self.to.push(b'"');
        self.to.extend(first.bytes().map(|byte| byte.to_ascii_lowercase()));
        self.to.extend_from_slice(rest.as_bytes());
        self.to.extend_from_slice(b"\":");
        self.to.extend_from_slice(json.as_bytes());
    }

    /// A member as it was written before.
    fn raw(&mut self, name: &str, json: &str) {
        self.comma_after(self.to.len() - self.start);
        write_text(self.to, name);
        self.to.push(b':');
        self.to.extend_from_slice(json.as_bytes());
    }

    /// An object of its own.
    pub fn object(&mut self, name: &'static str, fill: impl FnOnce(&mut JsonObject<'_>)) {
        self.name(name);
        JsonObject::write(self.to, fill);
    }

    /// An array of objects, one for each of `items`.
    pub fn objects<T>(
        &mut self,
        name: &'static str,
        items: impl IntoIterator<Item = T>,
        fill: impl Fn(&mut JsonObject<'_>, T),
    ) {
        self.name(name);
        self.to.push(b'[');
        for (at, item) in items.into_iter().enumerate() {
            self.comma_after(at);
            JsonObject::write(self.to, |object| fill(object, item));
        }
        self.to.push(b']');
    }

    /// An object written earlier.
    pub(crate) fn fragment(&mut self, name: &'static str, fragment: &Fragment) {
        self.name(name);
        self.to.push(b'{');
        self.to.extend_from_slice(&fragment.members);
        self.to.push(b'}');
    }

    fn name(&mut self, name: &'static str) {
        debug_assert!(!needs_escape(name), "a member name is a plain literal");
        self.comma_after(self.to.len() - self.start);
        self.to.push(b'"');
        self.to.extend_from_slice(name.as_bytes());
        self.to.extend_from_slice(b"\":");
    }

    fn comma_after(&mut self, before: usize) {
        if before > 0 {
            self.to.push(b',');
        }
    }
}

fn write_text(to: &mut Vec<u8>, text: &str) {
    to.push(b'"');
    escape(to, text);
    to.push(b'"');
}

/// A formatter's way into the buffer.
struct Escaping<'a>(&'a mut Vec<u8>);

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(self.0, text);
        Ok(())
    }
}

/// Nearly all text needs no escape, so ask that first: the question has no early exit and the
/// compiler answers it many bytes at a time.
fn needs_escape(text: &str) -> bool {
    text.bytes().fold(false, |found, byte| found | is_escaped(byte))
}

/// Whether JSON forbids the byte inside a string. A line end is among them, so a record is always
/// one line.
const fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn escape(to: &mut Vec<u8>, text: &str) {
    if !needs_escape(text) {
        to.extend_from_slice(text.as_bytes());
        return;
    }
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => to.extend_from_slice(&[b'\\', byte]),
            b'\n' => to.extend_from_slice(b"\\n"),
            b'\r' => to.extend_from_slice(b"\\r"),
            b'\t' => to.extend_from_slice(b"\\t"),
            control if is_escaped(control) => {
                let _ = write!(to, "\\u{control:04x}");
            }
            plain => to.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn written(fill: impl FnOnce(&mut JsonObject<'_>)) -> String {
        let mut to = Vec::new();
        JsonObject::write(&mut to, fill);
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn members_are_compact_and_keep_their_order() {
        let text = written(|o| {
            o.text("b", "x");
            o.display("a", 7);
            o.json("AList", "[1]");
            o.integer("n", -3);
            o.boolean("t", true);
            o.null("z");
            o.text_map("m", [("K", "v"), ("k", "w")]);
            o.text_map("none", []);
            o.texts("l", ["p", "q"]);
            o.object("o", |o| o.text("i", "j"));
            o.objects("os", [1, 2], |o, n| o.integer("n", n));
        });
        assert_eq!(
            text,
            r#"{"b":"x","a":"7","aList":[1],"n":-3,"t":true,"z":null,"m":{"K":"v","k":"w"},"none":{},"l":["p","q"],"o":{"i":"j"},"os":[{"n":1},{"n":2}]}"#
        );
    }

    #[test]
    fn a_fragment_grows_and_is_written_with_its_braces() {
        let mut fragment = Fragment::of(&());
        assert!(fragment.is_empty());
        assert!(!fragment.is_within(100));
        fragment.add().text("a", "1");
        fragment.add().text("b", "2");
        assert!(!fragment.is_empty());
        assert_eq!(written(|o| o.fragment("f", &fragment)), r#"{"f":{"a":"1","b":"2"}}"#);
        let bytes = r#"{"a":"1","b":"2"}"#.len();
        assert!(fragment.is_within(bytes) && !fragment.is_within(bytes - 1));
    }

    #[test]
    fn what_is_too_long_loses_its_longest_members_and_keeps_the_order() {
        let mut fragment = Fragment::default();
        let mut to = fragment.add();
        to.text("user", "dana");
        to.texts("tags", ["1".repeat(40)]);
        to.text("document", &"x".repeat(90));
        to.text("policy", "all");
        let shown =
            |bytes_max| String::from_utf8(fragment.without_longest(bytes_max).to_json()).unwrap();
        let short = r#"{"user":"dana","policy":"all"}"#;
        let middle = format!(r#"{{"user":"dana","tags":["{}"],"policy":"all"}}"#, "1".repeat(40));
        assert_eq!(shown(fragment.to_json().len()).len(), fragment.to_json().len());
        assert_eq!(shown(fragment.to_json().len() - 1), middle);
        assert_eq!(shown(middle.len()), middle);
        assert_eq!(shown(middle.len() - 1), short);
        assert_eq!(shown(1), "{}");
    }

    #[test]
    fn a_fragment_that_was_cut_short_is_emptied() {
        let mut fragment = Fragment::default();
        fragment.add().text("a", "1");
        let whole = fragment.clone();
        fragment.keep_if_whole();
        assert_eq!(fragment, whole);
        fragment.members.extend_from_slice(b",\"b\":\"cu");
        fragment.keep_if_whole();
        assert!(fragment.is_empty());
    }

    #[test]
    fn every_ascii_character_is_escaped_as_json_requires() {
        for byte in 0..=0x7f_u8 {
            let text = char::from(byte).to_string();
            let line = written(|o| o.text("t", &text));
            assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), json!({ "t": text }));
            assert!(!line.bytes().any(|b| b < 0x20), "{byte}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_back_unchanged(key in any::<String>(), value in any::<String>()) {
            let line = written(|o| {
                o.text("t", &value);
                o.display("d", &value);
                o.text_map("m", [(key.as_str(), value.as_str())]);
                o.texts("l", [&key, &value]);
            });
            prop_assert!(!line.contains('\n'));
            let read: Value = serde_json::from_str(&line).unwrap();
            let expected = json!({ "t": value, "d": value, "m": { key.clone(): value }, "l": [key, value] });
            prop_assert_eq!(read, expected);
        }
    }
}
