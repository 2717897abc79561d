//! Maps of text, such as an encryption context.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::raw::{self, Str, Token};

/// Pairs of text in the order sent, keys unique. Its default is empty.
///
/// Of a repeated key the last value counts, in the first one's place. Numbers and booleans are
/// taken as the text that was sent (`10103.0` stays `10103.0`); a `null` value is no pair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Context<'a> {
    /// The pairs, in the order sent.
    pub fn pairs(&self) -> &[(Cow<'a, str>, Cow<'a, str>)] {
        &self.pairs
    }

    /// The pairs, on their own.
    pub fn into_pairs(self) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        self.pairs
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Context<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ContextVisitor)
    }
}

struct ContextVisitor;

impl<'de> Visitor<'de> for ContextVisitor {
    type Value = Context<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of text")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Context<'de>, A::Error> {
        let mut sent = Vec::new();
        while let Some(Str(key)) = map.next_key()? {
            let raw: &RawValue = map.next_value()?;
            let value = scalar_text(raw.get()).map_err(|_| de::Error::custom("not text"))?;
            sent.push((key, value));
        }
        Ok(Context { pairs: last_of_each(sent) })
    }
}

/// The value is neither text nor a scalar that is taken as text.
pub(crate) struct NotText;

/// The text of a value of a map of text; `None` for `null`.
pub(crate) fn scalar_text(raw: &str) -> Result<Option<Cow<'_, str>>, NotText> {
    match Token::of(raw) {
        Token::Text => raw::text(raw).ok_or(NotText).map(Some),
        Token::Number | Token::True | Token::False => Ok(Some(Cow::Borrowed(raw))),
        Token::Null => Ok(None),
        Token::List | Token::Object => Err(NotText),
    }
}

type Sent<'a> = Vec<(Cow<'a, str>, Option<Cow<'a, str>>)>;

fn last_of_each(mut sent: Sent<'_>) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    if has_repeated_key(&sent) {
        sent = merged(sent);
    }
    sent.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

/// Compares every pair of keys while they are few: no hashing, no allocation. A body can hold a
/// hundred thousand, so many are never compared that way.
fn has_repeated_key(sent: &Sent<'_>) -> bool {
    const FEW: usize = 16;
    if sent.len() > FEW {
        return true;
    }
    sent.iter().enumerate().any(|(index, (key, _))| sent.iter().take(index).any(|(k, _)| k == key))
}

fn merged(sent: Sent<'_>) -> Sent<'_> {
    let mut places: HashMap<Cow<'_, str>, usize> = HashMap::with_capacity(sent.len());
    let mut pairs: Sent<'_> = Vec::with_capacity(sent.len());
    for (key, value) in sent {
        if let Some(pair) = places.get(&key).and_then(|place| pairs.get_mut(*place)) {
            pair.1 = value;
        } else {
            places.insert(key.clone(), pairs.len());
            pairs.push((key, value));
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<(String, String)>> {
        let context: Context<'_> = serde_json::from_str(text).ok()?;
        Some(context.pairs().iter().map(|(k, v)| (k.to_string(), v.to_string())).collect())
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn scalars_are_taken_as_the_text_sent() {
        assert_eq!(
            read(r#"{"n":10103.0, "e": 1E5 ,"b":true,"t":"x","":""}"#),
            Some(pairs(&[("n", "10103.0"), ("e", "1E5"), ("b", "true"), ("t", "x"), ("", "")]))
        );
    }

    #[test]
    fn text_without_escapes_is_borrowed() {
        let context: Context<'_> = serde_json::from_str(r#"{"a":"b","c":"\u0064"}"#).unwrap();
        let borrowed = |text: &Cow<'_, str>| matches!(text, Cow::Borrowed(_));
        let [plain, escaped] = context.pairs() else { panic!("two pairs were sent") };
        assert!(borrowed(&plain.0) && borrowed(&plain.1));
        assert_eq!(escaped.1, "d");
    }

    #[test]
    fn lists_and_objects_are_no_values() {
        assert_eq!(read(r#"{"a":[]}"#), None);
        assert_eq!(read(r#"{"a":{}}"#), None);
        assert_eq!(read(r#"["a"]"#), None);
    }

    #[test]
    fn the_last_value_of_a_repeated_key_counts() {
        assert_eq!(
            read(r#"{"a":"1","b":"2","\u0061":"3"}"#),
            Some(pairs(&[("a", "3"), ("b", "2")]))
        );
        assert_eq!(read(r#"{"a":"1","a":null,"b":null}"#), Some(pairs(&[])));
    }

    #[test]
    fn many_pairs_are_merged_too() {
        let sent: Vec<_> = (0..1000).map(|n| format!("\"{}\":{n}", n % 100)).collect();
        let read = read(&format!("{{{}}}", sent.join(","))).unwrap();
        assert_eq!(read.len(), 100);
        assert_eq!(read.first(), Some(&("0".to_owned(), "900".to_owned())));
        assert_eq!(read.last(), Some(&("99".to_owned(), "999".to_owned())));
    }
}
