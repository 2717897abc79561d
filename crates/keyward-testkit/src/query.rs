//! Requests and replies of services that speak Query, written and read as JSON.

use std::fmt::Write as _;

use keyward_engine::Entry;
use keyward_shape::{Shape, Structure};
use serde_json::{Map, Value};

use crate::xml::Element;

/// The form of a request: `{"Tags": [{"Key": "a"}]}` is `Tags.member.1.Key=a`.
pub(crate) fn form(entry: &Entry, version: &str, input: &Value) -> String {
    let mut form = format!("Action={}&Version={version}", entry.name);
    for (name, value) in input.as_object().unwrap() {
        add(&mut form, name, value);
    }
    form
}

fn add(form: &mut String, path: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Array(elements) if elements.is_empty() => add(form, path, &Value::from("")),
        Value::Array(elements) => {
            for (at, element) in elements.iter().enumerate() {
                add(form, &format!("{path}.member.{}", at + 1), element);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                add(form, &format!("{path}.{name}"), member);
            }
        }
        Value::String(text) => push(form, path, text),
        Value::Bool(_) | Value::Number(_) => push(form, path, &value.to_string()),
    }
}

fn push(form: &mut String, path: &str, value: &str) {
    let encode = |text: &str| -> String {
        let escape = |byte: u8| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            // As clients write it, and a third as long.
            b' ' => "+".to_owned(),
            other => format!("%{other:02X}"),
        };
        text.bytes().map(escape).collect()
    };
    write!(form, "&{}={}", encode(path), encode(value)).unwrap();
}

/// The reply of an operation, held to the API model; `null` when it has no result.
pub(crate) fn reply(entry: &Entry, namespace: &str, body: &[u8]) -> Value {
    let root = Element::parse(std::str::from_utf8(body).unwrap());
    assert_eq!(root.name, format!("{}Response", entry.name));
    assert_eq!(root.namespace.as_deref(), Some(namespace));
    let request_id =
        root.child("ResponseMetadata").and_then(|metadata| metadata.child("RequestId"));
    assert!(request_id.is_some_and(|id| id.text.len() == 36), "{} has no id", entry.name);
    let result = root.child(&format!("{}Result", entry.name));
    let Some(output) = entry.model.output else {
        assert!(result.is_none(), "{} answers with no result", entry.name);
        return Value::Null;
    };
    let value = structure(output, result.unwrap());
    if let Err(problem) = keyward_shape::check_query_output(output, &value) {
        panic!("the reply of {} does not fit the model: {problem}", entry.name);
    }
    value
}

fn structure(structure: &Structure, element: &Element) -> Value {
    let shape_of = |name: &str| {
        structure.members.iter().find(|member| member.name == name).map(|member| member.shape)
    };
    // An unknown member is left for the model to refuse.
    let value = |child: &Element| {
        shape_of(&child.name).map_or_else(|| Value::from(&*child.text), |shape| read(shape, child))
    };
    let mut members = Map::new();
    for child in &element.children {
        let before = members.insert(child.name.clone(), value(child));
        assert!(before.is_none(), "`{}` stands there twice", child.name);
    }
    Value::Object(members)
}

fn read(shape: Shape, element: &Element) -> Value {
    let parsed = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    match shape {
        Shape::Structure(inner) => structure(inner, element),
        Shape::List(list) => {
            assert!(element.children.iter().all(|child| child.name == "member"));
            element.children.iter().map(|child| read(list.member, child)).collect()
        }
        Shape::NumberMap | Shape::TextMap => {
            let is_number = matches!(shape, Shape::NumberMap);
            let part = |entry: &Element, name: &str| entry.child(name).unwrap().text.clone();
            let value = |text: String| if is_number { parsed(&text) } else { Value::from(text) };
            let pairs = element.children.iter();
            pairs.map(|entry| (part(entry, "key"), value(part(entry, "value")))).collect()
        }
        Shape::Boolean | Shape::Integer(_) => parsed(&element.text),
        Shape::Blob(_) | Shape::Enum(_) | Shape::Text(_) | Shape::Timestamp => {
            Value::from(&*element.text)
        }
    }
}
