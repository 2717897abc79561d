//! Texts with placeholders.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What placeholders stand for.
#[derive(Clone, Debug, Default)]
pub struct Bindings(BTreeMap<String, String>);

impl Bindings {
    /// Makes something known.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// What a placeholder stands for.
    pub(super) fn known(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("nothing is known of <{name}>"))
    }

    /// A request with its placeholders filled in.
    pub(super) fn filled(&self, input: &Map<String, Value>) -> Value {
        let members = input.iter();
        members.map(|(name, value)| (name.clone(), self.filled_value(value))).collect()
    }

    fn filled_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::from(self.filled_text(text)),
            Value::Array(elements) => elements.iter().map(|it| self.filled_value(it)).collect(),
            Value::Object(members) => self.filled(members),
            other => other.clone(),
        }
    }

    /// A text with its placeholders filled in.
    pub(super) fn filled_text(&self, text: &str) -> String {
        let parts = parts(text).into_iter();
        parts
            .map(|part| match part {
                Part::Text(text) => text,
                Part::Placeholder(name) => self.known(name),
            })
            .collect()
    }

    /// Forgets the ids of one call.
    pub(super) fn start_call(&mut self) {
        self.0.retain(|name, _| !name.ends_with("ID"));
    }

    /// Whether a record is the expected one. What was not known is known from now on: every name
    /// stands for something else. The id of a record is another one in each.
    pub(super) fn match_record(&mut self, expected: &str, actual: &str) -> Result<(), String> {
        let mut rest = actual;
        let parts = parts(expected);
        let mut shown = String::new();
        for (at, part) in parts.iter().enumerate() {
            let literal = match part {
                Part::Text(text) => (*text).to_owned(),
                Part::Placeholder(name) => match self.0.get(*name) {
                    Some(value) => value.clone(),
                    None => self.learn(name, rest)?,
                },
            };
            let Some(after) = rest.strip_prefix(&*literal) else {
                let left: String =
                    parts.get(at + 1..).unwrap().iter().map(Part::to_string).collect();
                return Err(difference(&format!("{shown}{literal}{left}"), actual));
            };
            shown.push_str(&literal);
            rest = after;
        }
        self.0.remove(OF_ONE_RECORD);
        if rest.is_empty() { Ok(()) } else { Err(difference(&shown, actual)) }
    }

    fn learn(&mut self, name: &str, rest: &str) -> Result<String, String> {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap();
        let value = &rest[..end];
        let looks_right = match kind(name) {
            Kind::Uuid => value.len() == 36 && value.matches('-').count() == 4,
            Kind::Hex => value.len() == 64 && value.bytes().all(|c| c.is_ascii_hexdigit()),
            Kind::Id => (16..=40).contains(&value.len()),
        };
        if !looks_right {
            return Err(format!("<{name}> is not {value:?}\n  {rest}"));
        }
        if let Some((other, _)) = self.0.iter().find(|(_, known)| *known == value) {
            return Err(format!("<{name}> is the same as <{other}>"));
        }
        self.0.insert(name.to_owned(), value.to_owned());
        Ok(value.to_owned())
    }
}

/// What differs from record to record, though it has one name in all.
const OF_ONE_RECORD: &str = "eventID";

enum Kind {
    Uuid,
    Hex,
    Id,
}

fn kind(name: &str) -> Kind {
    if name.ends_with("ID") {
        Kind::Uuid
    } else if name.to_lowercase().contains("material") || name.ends_with("grantId") {
        Kind::Hex
    } else {
        Kind::Id
    }
}

/// Where two texts part ways.
fn difference(expected: &str, actual: &str) -> String {
    let same = expected.bytes().zip(actual.bytes()).take_while(|(a, b)| a == b).count();
    let from = |text: &str| {
        let start = text.floor_char_boundary(same.saturating_sub(40));
        text.get(start..text.floor_char_boundary(same + 160)).unwrap().to_owned()
    };
    format!("the record differs\n  expected …{}\n  actual   …{}", from(expected), from(actual))
}

enum Part<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

impl std::fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Placeholder(name) => write!(f, "<{name}>"),
        }
    }
}

/// A text cut at its placeholders: names of letters and digits in angle brackets.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut start, mut from) = (0, 0);
    while let Some(at) = text[from..].find('<').map(|at| from + at) {
        from = at + 1;
        let Some(end) = text[from..].find('>').map(|end| from + end) else { break };
        let name = &text[from..end];
        if !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric()) {
            parts.push(Part::Text(&text[start..at]));
            parts.push(Part::Placeholder(name));
            (start, from) = (end + 1, end + 1);
        }
    }
    parts.push(Part::Text(&text[start..]));
    parts
}

/// JSON without the white space between its tokens.
pub fn compact(json: &str) -> String {
    let (mut in_text, mut escaped) = (false, false);
    let keep = |c: &char| {
        let keeps = in_text || !c.is_ascii_whitespace();
        if in_text {
            (in_text, escaped) = (escaped || *c != '"', !escaped && *c == '\\');
        } else {
            in_text = *c == '"';
        }
        keeps
    };
    json.chars().filter(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_goes_but_not_inside_texts() {
        assert_eq!(compact("{ \"a b\" :\n [\"\\\" c\", 1] }"), "{\"a b\":[\"\\\" c\",1]}");
    }

    #[test]
    fn a_placeholder_becomes_known_and_stays_what_it_is() {
        let mut known = Bindings::default();
        let (one, two) = ("a".repeat(64), "b".repeat(64));
        known.match_record("[<material>]", &format!("[{one}]")).unwrap();
        known.match_record("[<material>]", &format!("[{one}]")).unwrap();
        known.match_record("[<material>]", &format!("[{two}]")).unwrap_err();
        known.match_record("[<otherMaterial>]", &format!("[{one}]")).unwrap_err();
        known.match_record("[<material>", &format!("[{one}]")).unwrap_err();
        known.match_record("[<material>]]", &format!("[{one}]")).unwrap_err();
    }
}
