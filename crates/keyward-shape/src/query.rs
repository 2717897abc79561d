//! Requests of the AWS Query protocol: forms whose names are paths.
//! <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>
//!
//! A form is brought into one JSON text by the model's shapes, which the decoder and the validator
//! then read like any other body. What the model does not know is left out; what does not fit it
//! is written as it came, so that the validator words what is wrong.

mod form;
mod paths;

use std::fmt::Write as _;

use zeroize::Zeroizing;

use crate::table::{ListShape, Member, Shape, Structure};
pub use form::parameter;
use form::parameters;
use paths::Node;

/// The most parameters a form may have.
pub const PARAMETERS_MAX: usize = 4096;

/// Why a form cannot be read at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// An escape that is none, or bytes that are no text.
    Escape,
    /// Elements of a list or a map that are not numbered.
    Numbering,
    /// The same name twice: two readers could pick different values.
    Repeated,
    /// More than [`PARAMETERS_MAX`] parameters.
    TooMany,
}

/// The JSON text of a form.
pub fn to_json(structure: &'static Structure, form: &[u8]) -> Result<Zeroizing<String>, Malformed> {
    let form = std::str::from_utf8(form).map_err(|_| Malformed::Escape)?;
    let mut root = Node::default();
    for (count, parameter) in parameters(form).enumerate() {
        if count == PARAMETERS_MAX {
            return Err(Malformed::TooMany);
        }
        let (name, value) = parameter?;
        root.insert(&name, value)?;
    }
    let mut json = Zeroizing::new(String::with_capacity(form.len() * 2 + 2));
    write_structure(&mut json, structure.members, &root)?;
    Ok(json)
}

fn write_structure(
    json: &mut String,
    members: &'static [Member],
    node: &Node<'_>,
) -> Result<(), Malformed> {
    let mut separator = '{';
    for member in members {
        let Some(value) = node.children.get(member.name) else { continue };
        json.push(separator);
        separator = ',';
        write_text(json, member.name);
        json.push(':');
        write_value(json, member.shape, value)?;
    }
    if separator == '{' {
        json.push('{');
    }
    json.push('}');
    Ok(())
}

/// Recursion goes no deeper than the model does.
fn write_value(json: &mut String, shape: Shape, node: &Node<'_>) -> Result<(), Malformed> {
    let text = node.value.as_deref();
    match shape {
        Shape::List(_) | Shape::NumberMap | Shape::Structure(_) | Shape::TextMap
            if node.children.is_empty() =>
        {
            match (text, shape) {
                // How some clients send a list without elements.
                (Some("") | None, Shape::List(_)) => json.push_str("[]"),
                (Some("") | None, _) => json.push_str("{}"),
                (Some(text), _) => write_text(json, text),
            }
        }
        Shape::List(list) => return write_list(json, list, node),
        Shape::Structure(Structure { members, .. }) => {
            return write_structure(json, members, node);
        }
        Shape::NumberMap | Shape::TextMap => return write_map(json, node),
        Shape::Boolean | Shape::Integer(_) if text.is_some_and(|text| is_literal(shape, text)) => {
            json.push_str(text.unwrap_or_default());
        }
        Shape::Blob(_)
        | Shape::Boolean
        | Shape::Enum(_)
        | Shape::Integer(_)
        | Shape::Text(_)
        | Shape::Timestamp => match text {
            Some(text) => write_text(json, text),
            None => json.push_str("{}"),
        },
    }
    Ok(())
}

/// Whether JSON spells the value as the form does.
fn is_literal(shape: Shape, text: &str) -> bool {
    match shape {
        Shape::Boolean => matches!(text, "true" | "false"),
        // Parsed, and spelled the one way: JSON knows neither `+1` nor `01`.
        _ => text.parse::<i64>().is_ok_and(|number| number.to_string() == text),
    }
}

fn write_list(json: &mut String, list: &ListShape, node: &Node<'_>) -> Result<(), Malformed> {
    json.push('[');
    for (at, element) in node.numbered("member")?.into_iter().enumerate() {
        if at > 0 {
            json.push(',');
        }
        write_value(json, list.member, element)?;
    }
    json.push(']');
    Ok(())
}

fn write_map(json: &mut String, node: &Node<'_>) -> Result<(), Malformed> {
    json.push('{');
    for (at, pair) in node.numbered("entry")?.into_iter().enumerate() {
        let part = |name: &str| pair.children.get(name).and_then(|part| part.value.as_deref());
        if at > 0 {
            json.push(',');
        }
        write_text(json, part("key").unwrap_or_default());
        json.push(':');
        write_text(json, part("value").unwrap_or_default());
    }
    json.push('}');
    Ok(())
}

fn write_text(json: &mut String, text: &str) {
    json.push('"');
    for letter in text.chars() {
        match letter {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            control if control < ' ' => {
                // A String takes whatever is written.
                let _ = write!(json, "\\u{:04x}", u32::from(control));
            }
            letter => json.push(letter),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests;
