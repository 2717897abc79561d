//! Holds a hand-written shape against its table, for tests.

use crate::decode::Readings;
use crate::table::{Member, Shape, Structure, TextShape};
use crate::validate::validate;

/// The bodies, made up from the table, on which a hand-written shape and the validator disagree.
/// The tests of every shape expect none.
///
/// `read` is the shape's side: `|body| readings::<Input<'_>>(body)`. `samples` are texts to try
/// where the table asks for a pattern.
pub fn disagreements(
    structure: &'static Structure,
    samples: &[&str],
    read: impl Fn(&[u8]) -> Readings,
) -> Vec<String> {
    let disagrees = |body: &String| {
        let Readings { at_once, leniently } = read(body.as_bytes());
        let is_sound = validate(structure, body.as_bytes()).is_ok();
        if is_sound { !at_once && !leniently } else { at_once }
    };
    let mut found: Vec<_> = bodies(structure, samples).into_iter().filter(disagrees).collect();
    let full = object(structure.members.iter(), samples);
    if validate(structure, full.as_bytes()).is_err() {
        found.push(format!("no samples satisfy the table: {full}"));
    }
    found
}

/// A sound body with every member, made up from the table; for tests. `samples` are texts to try
/// where the table asks for a pattern.
pub fn full_body(structure: &Structure, samples: &[&str]) -> String {
    object(structure.members.iter(), samples)
}

/// A value of every member at its limits and past them, the others as they should be.
fn bodies(structure: &Structure, samples: &[&str]) -> Vec<String> {
    let members = structure.members;
    let mut bodies = vec!["{}".to_owned(), "[]".to_owned(), "null".to_owned(), "{".to_owned()];
    bodies.push(object(members.iter(), samples));
    bodies.push(object(members.iter().filter(|member| member.required), samples));
    bodies.push(array(members, samples));
    for varied in members {
        let others = members.iter().filter(|member| member.name != varied.name);
        let others: Vec<_> = others.map(|member| pair(member, samples)).collect();
        bodies.push(format!("{{{}}}", others.join(",")));
        for value in values(varied.shape, samples) {
            let mut pairs = others.clone();
            pairs.push(format!("\"{}\":{value}", varied.name));
            bodies.push(format!("{{{}}}", pairs.join(",")));
            // The same after an earlier value that must not count.
            pairs.insert(0, pair(varied, samples));
            bodies.push(format!("{{{}}}", pairs.join(",")));
        }
    }
    bodies
}

fn object<'m>(members: impl Iterator<Item = &'m Member>, samples: &[&str]) -> String {
    let pairs: Vec<_> = members.map(|member| pair(member, samples)).collect();
    format!("{{{}}}", pairs.join(","))
}

/// The values of a structure without their names, which no shape may be read from.
fn array(members: &[Member], samples: &[&str]) -> String {
    let values: Vec<_> = members.iter().map(|member| sound(member.shape, samples)).collect();
    format!("[{}]", values.join(","))
}

fn pair(member: &Member, samples: &[&str]) -> String {
    format!("\"{}\":{}", member.name, sound(member.shape, samples))
}

/// A value within the limits.
fn sound(shape: Shape, samples: &[&str]) -> String {
    match shape {
        Shape::Blob(blob) => base64(blob.min.max(1)),
        Shape::Boolean => "true".to_owned(),
        Shape::Enum(words) => quoted(words.values.first().copied().unwrap_or_default()),
        Shape::Integer(integer) => integer.min.to_string(),
        Shape::List(list) => {
            let element = sound(list.member, samples);
            format!("[{}]", vec![element; list.min.max(1)].join(","))
        }
        Shape::NumberMap => r#"{"a":1}"#.to_owned(),
        Shape::Structure(structure) => object(structure.members.iter(), samples),
        Shape::Text(text) => quoted(&sound_text(text, samples)),
        Shape::TextMap => r#"{"a":"b"}"#.to_owned(),
        Shape::Timestamp => "1700000000.5".to_owned(),
    }
}

fn sound_text(shape: &TextShape, samples: &[&str]) -> String {
    let plain = ["a", "1", "A"].map(|letter| letter.repeat(shape.min.max(1)));
    let mut candidates = samples.iter().map(|text| (*text).to_owned()).chain(plain);
    candidates.find(|text| shape.accepts(text)).unwrap_or_default()
}

/// Values of every type, and those at and past the limits of this shape.
fn values(shape: Shape, samples: &[&str]) -> Vec<String> {
    const ANY: [&str; 19] = [
        "null",
        "true",
        "false",
        "0",
        "1",
        "-1",
        "1.5",
        "1e30",
        "99999999999",
        "\"\"",
        "\"x\"",
        "\"\\u0041\"",
        "\"\\ud800\"",
        "[]",
        "[null]",
        "[[]]",
        "{}",
        "{\"a\":1,\"b\":null}",
        "{\"a\":{}}",
    ];
    let mut values: Vec<_> = ANY.iter().map(|value| (*value).to_owned()).collect();
    match shape {
        Shape::Blob(blob) => {
            let lengths = [blob.min.saturating_sub(1), blob.min, blob.max, blob.max + 1];
            values.extend(lengths.map(base64));
        }
        Shape::Enum(words) => values.extend(words.values.iter().map(|word| quoted(word))),
        Shape::Integer(integer) => {
            let limits = [i64::from(integer.min), i64::from(integer.max)];
            values.extend(limits.iter().flat_map(|n| [n - 1, *n, n + 1]).map(|n| n.to_string()));
        }
        Shape::List(list) => {
            let element = sound(list.member, samples);
            let most = list.max.min(1000);
            let lengths = [list.min.saturating_sub(1), list.min, most, most + 1];
            values.extend(lengths.map(|n| format!("[{}]", vec![element.clone(); n].join(","))));
            let elements = self::values(list.member, samples).into_iter();
            values.extend(elements.map(|value| format!("[{element},{value}]")));
        }
        Shape::Structure(structure) => values.extend(bodies(structure, samples)),
        Shape::Text(text) => {
            let lengths = [text.min.saturating_sub(1), text.min, text.max.min(1 << 18)];
            let lengths = lengths.into_iter().flat_map(|n| [n, n + 1]);
            values.extend(lengths.flat_map(|n| ["a", "1", "é", " "].map(|c| quoted(&c.repeat(n)))));
        }
        Shape::Boolean | Shape::NumberMap | Shape::TextMap | Shape::Timestamp => {}
    }
    values.extend(samples.iter().map(|text| quoted(text)));
    values
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// `length` bytes, all zero.
fn base64(length: usize) -> String {
    let padding = ["", "AA==", "AAA="].get(length % 3).copied().unwrap_or_default();
    quoted(&("AAAA".repeat(length / 3) + padding))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::decode::readings;
    use crate::pattern;
    use crate::samples::{REQUEST, Request};

    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Careless {
        key_id: String,
    }

    #[test]
    fn a_shape_of_wire_primitives_agrees_with_its_table() {
        let found = disagreements(&REQUEST, &["alias/a"], |body| readings::<Request<'_>>(body));
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn a_careless_shape_is_found() {
        assert!(
            !disagreements(&REQUEST, &["alias/a"], |body| readings::<Careless>(body)).is_empty()
        );
    }

    #[test]
    fn a_pattern_without_a_sample_is_found() {
        const NAME: &TextShape =
            &TextShape { min: 1, max: 9, pattern: Some(pattern!("x/[a-z]")), sensitive: false };
        static NAMED: Structure =
            Structure { name: "Named", members: &[Member::optional("Name", Shape::Text(NAME))] };
        let found = disagreements(&NAMED, &[], |body| readings::<Careless>(body));
        assert!(found.iter().any(|found| found.starts_with("no samples satisfy")));
    }
}
