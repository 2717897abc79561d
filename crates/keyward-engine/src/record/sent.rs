//! What a record shows of a request that no shape was made of, by the model alone.

use std::collections::HashMap;

use keyward_audit::{Fragment, JsonObject, java_date};
use keyward_model::Timestamp;
use keyward_shape::{Context, Shape, Structure, full_body};
use serde_json::value::RawValue;
use serde_json::{Map, Value, from_slice, from_str, to_string};

use crate::{Api, Entry};

/// The members of an object as they were sent; of a repeated one the last counts.
type Sent<'a> = HashMap<String, &'a RawValue>;

/// Writes the members that were sent, are not hidden, and are sound.
pub(crate) fn record_sent(
    entry: &Entry,
    json: &[u8],
    is_sound: impl Fn(&str) -> bool,
    to: &mut JsonObject<'_>,
) {
    let Ok(sent) = from_slice::<Sent<'_>>(json) else { return };
    for member in entry.model.input.members {
        if entry.api.hidden.contains(&member.name) || !is_sound(member.name) {
            continue;
        }
        if let Some(value) = sent.get(member.name).and_then(|raw| written(member.shape, raw)) {
            to.json(name_in_records(entry.api, member.name), &value);
        }
    }
}

/// A sound value as records write it; `None` for `null`, and for what no record shows.
fn written(shape: Shape, raw: &RawValue) -> Option<String> {
    if raw.get() == "null" {
        return None;
    }
    match shape {
        Shape::Blob(_) | Shape::NumberMap => None,
        Shape::Boolean | Shape::Enum(_) | Shape::Text(_) => {
            from_str::<Value>(raw.get()).ok().map(|value| value.to_string())
        }
        Shape::Integer(_) => from_str::<i64>(raw.get()).ok().map(|number| number.to_string()),
        Shape::List(list) => {
            let elements: Vec<&RawValue> = from_str(raw.get()).ok()?;
            let elements = elements.into_iter().map(|element| written(list.member, element));
            Some(format!("[{}]", elements.collect::<Option<Vec<_>>>()?.join(",")))
        }
        Shape::Structure(structure) => written_structure(structure, raw),
        Shape::TextMap => written_map(&from_str(raw.get()).ok()?),
        Shape::Timestamp => {
            let at: keyward_shape::Timestamp = from_str(raw.get()).ok()?;
            let at = Timestamp::from_unix_ms(at.unix_ms());
            to_string(&java_date(at).to_string()).ok()
        }
    }
}

/// Recursion goes no deeper than the model does.
fn written_structure(structure: &Structure, raw: &RawValue) -> Option<String> {
    let sent: Sent<'_> = from_str(raw.get()).ok()?;
    let mut fragment = Fragment::default();
    for member in structure.members {
        if let Some(value) = sent.get(member.name).and_then(|raw| written(member.shape, raw)) {
            fragment.add().json(member.name, &value);
        }
    }
    String::from_utf8(fragment.to_json()).ok()
}

fn written_map(map: &Context<'_>) -> Option<String> {
    let pairs = map.pairs().iter();
    let pairs: Option<Vec<_>> =
        pairs.map(|(key, value)| Some(format!("{}:{}", quoted(key)?, quoted(value)?))).collect();
    Some(format!("{{{}}}", pairs?.join(",")))
}

fn quoted(text: &str) -> Option<String> {
    to_string(text).ok()
}

fn name_in_records(api: &Api, member: &'static str) -> &'static str {
    let renamed = api.renamed.iter().find(|(name, _)| *name == member);
    renamed.map_or(member, |(_, name)| name)
}

/// Where the record of a request with every member, made up from its table, differs from what is
/// written by the model alone; for the tests of every shape, which expect nothing. `samples` are
/// texts to try where the table asks for a pattern.
pub fn record_disagreements(entry: &Entry, samples: &[&str]) -> Vec<String> {
    let body = full_body(entry.model.input, samples);
    let Some(shown) = (entry.shown)(body.as_bytes()) else {
        return vec![format!("cannot be read: {body}")];
    };
    let mut sent = Fragment::default();
    record_sent(entry, body.as_bytes(), |_| true, &mut sent.add());
    let read = |fragment: &Fragment| from_slice::<Map<String, Value>>(&fragment.to_json());
    let (Ok(shown), Ok(sent)) = (read(&shown), read(&sent)) else {
        return vec!["no JSON".to_owned()];
    };
    let names = shown.keys().chain(sent.keys().filter(|name| !shown.contains_key(*name)));
    let differ = names.filter(|name| shown.get(*name) != sent.get(*name));
    differ
        .map(|name| format!("{name}: {:?} is shown of {:?}", shown.get(name), sent.get(name)))
        .collect()
}
