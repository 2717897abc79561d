//! The limits of values, each behind its marker type.

use anyhow::bail;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::structures::has_marker;
use super::{literal, literals, number};
use crate::model::names::{type_name, upper_snake};
use crate::model::service::{Blob, Integer, List, Service, Shape, Text};

pub(super) fn written(
    service: &Service,
    used: &BTreeSet<String>,
    note: &str,
) -> anyhow::Result<String> {
    let mut markers = String::new();
    for name in used {
        let shape = service.shape(name)?;
        if has_marker(shape) {
            markers += &marker(service, name, shape)?;
        }
    }
    let imports: Vec<_> = IMPORTS.into_iter().filter(|name| uses(&markers, name)).collect();
    let mut text = String::from("//! The limits of values, each behind its marker type.\n//!\n");
    text += note;
    let _ = write!(text, "\nuse keyward_shape::{{{}}};\n\n", imports.join(", "));
    text += &structure_imports(service, used)?;
    Ok(text + &markers)
}

/// What the markers may use.
const IMPORTS: [&str; 8] = [
    "BlobShape",
    "Constraint",
    "EnumShape",
    "IntegerShape",
    "ListShape",
    "Shape",
    "TextShape",
    "pattern",
];

fn uses(markers: &str, name: &str) -> bool {
    [format!(" {name} "), format!(" &{name}"), format!(" {name}::"), format!("({name}!")]
        .iter()
        .any(|form| markers.contains(form))
}

/// The structures that lists are made of.
fn structure_imports(service: &Service, used: &BTreeSet<String>) -> anyhow::Result<String> {
    let mut names = BTreeSet::new();
    for name in used {
        if let Shape::List(list) = service.shape(name)?
            && let Shape::Structure(_) = service.shape(&list.member.shape)?
        {
            names.insert(upper_snake(&list.member.shape));
        }
    }
    let names: Vec<_> = names.into_iter().collect();
    Ok(format!("use super::structures::{{{}}};\n", names.join(", ")))
}

fn marker(service: &Service, name: &str, shape: &Shape) -> anyhow::Result<String> {
    let (kind, value, doc) = match shape {
        Shape::Blob(blob) => ("BlobShape", blob_value(blob), blob_doc(blob)),
        Shape::Integer(integer) => ("IntegerShape", integer_value(integer), integer_doc(integer)),
        Shape::List(list) => ("ListShape", list_value(service, list)?, list_doc(list)),
        Shape::String(text) if text.values.is_empty() => {
            ("TextShape", text_value(text), text_doc(text))
        }
        Shape::String(text) => ("EnumShape", enum_value(text), "One word of a closed set.".into()),
        _ => return Ok(String::new()),
    };
    let name = type_name(name);
    Ok(format!(
        "\n/// {doc}\n#[derive(Debug)]\npub enum {name} {{}}\n\n\
         impl Constraint for {name} {{\n    type Shape = {kind};\n    \
         const SHAPE: &'static {kind} = &{kind}{value};\n}}\n"
    ))
}

/// The shape as the table's members name it.
pub(super) fn expression(service: &Service, name: &str) -> anyhow::Result<String> {
    let marker = type_name(name);
    Ok(match service.shape(name)? {
        Shape::Blob(_) => format!("Shape::Blob({marker}::SHAPE)"),
        Shape::Boolean {} => "Shape::Boolean".to_owned(),
        Shape::Integer(_) => format!("Shape::Integer({marker}::SHAPE)"),
        Shape::List(_) => format!("Shape::List({marker}::SHAPE)"),
        Shape::Map(map) => match service.shape(&map.value.shape)? {
            Shape::Integer(_) => "Shape::NumberMap".to_owned(),
            _ => "Shape::TextMap".to_owned(),
        },
        Shape::Other => bail!("`{name}` is of a type that no table has"),
        Shape::String(text) if text.values.is_empty() => format!("Shape::Text({marker}::SHAPE)"),
        Shape::String(_) => format!("Shape::Enum({marker}::SHAPE)"),
        Shape::Structure(_) => format!("Shape::Structure(&{})", upper_snake(name)),
        Shape::Timestamp {} => "Shape::Timestamp".to_owned(),
    })
}

fn blob_value(blob: &Blob) -> String {
    format!(" {{ {}, sensitive: {} }}", length_value(blob.min, blob.max), blob.sensitive)
}

fn blob_doc(blob: &Blob) -> String {
    let sensitive = if blob.sensitive { " Sensitive." } else { "" };
    format!("Bytes, {}.{sensitive}", length_doc(blob.min, blob.max, "of them"))
}

fn integer_value(integer: &Integer) -> String {
    let min = integer.min.map_or("i32::MIN".to_owned(), |min| number(min.into()));
    let max = integer.max.map_or("i32::MAX".to_owned(), |max| number(max.into()));
    format!(" {{ min: {min}, max: {max} }}")
}

fn integer_doc(integer: &Integer) -> String {
    match (integer.min, integer.max) {
        (Some(min), Some(max)) => format!("A whole number, {min} to {max}."),
        _ => "A whole number.".to_owned(),
    }
}

fn list_value(service: &Service, list: &List) -> anyhow::Result<String> {
    let member = expression(service, &list.member.shape)?;
    Ok(format!(" {{ member: {member}, {} }}", length_value(list.min, list.max)))
}

fn list_doc(list: &List) -> String {
    let length = length_doc(list.min, list.max, "of them");
    format!("A list of `{}`, {length}.", list.member.shape)
}

fn text_value(text: &Text) -> String {
    let pattern = match &text.pattern {
        Some(pattern) => format!("Some(pattern!({}))", literal(pattern)),
        None => "None".to_owned(),
    };
    let length = length_value(text.min, text.max);
    format!(" {{ {length}, pattern: {pattern}, sensitive: {} }}", text.sensitive)
}

fn text_doc(text: &Text) -> String {
    let pattern = if text.pattern.is_some() { ", of a pattern" } else { "" };
    let sensitive = if text.sensitive { " Sensitive." } else { "" };
    format!("Text, {}{pattern}.{sensitive}", length_doc(text.min, text.max, "characters"))
}

fn enum_value(text: &Text) -> String {
    let values = literals(&text.values);
    match &text.shown {
        Some(shown) => format!(" {{ values: &[{values}], shown: &[{}] }}", literals(shown)),
        None => format!("::of(&[{values}])"),
    }
}

fn length_value(min: Option<u64>, max: Option<u64>) -> String {
    let written = |limit: u64| number(i64::try_from(limit).unwrap_or(i64::MAX));
    let max = max.map_or("usize::MAX".to_owned(), written);
    format!("min: {}, max: {max}", written(min.unwrap_or(0)))
}

fn length_doc(min: Option<u64>, max: Option<u64>, what: &str) -> String {
    match max {
        Some(max) => format!("{} to {max} {what}", min.unwrap_or(0)),
        None => "of any length".to_owned(),
    }
}
