//! The operations.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::model::names::upper_snake;
use crate::model::service::{Operation, Reference, Service, Shape};

pub(super) fn written(service: &Service, note: &str) -> anyhow::Result<String> {
    let mut text = String::from("//! The operations.\n//!\n");
    text += note;
    let structures: BTreeSet<_> =
        service.operations.values().flat_map(structures_of).map(upper_snake).collect();
    let structures: Vec<_> = structures.into_iter().collect();
    let has_bare = service.operations.values().any(|operation| operation.input.is_none());
    let imports = if has_bare { "{NO_MEMBERS, Operation}" } else { "Operation" };
    let _ = write!(
        text,
        "\nuse keyward_shape::{imports};\n\nuse super::structures::{{{}}};\n\n\
         /// Every operation of the model, by name.\n\
         pub static OPERATIONS: &[&Operation] = &[",
        structures.join(", ")
    );
    for name in service.operations.keys() {
        let _ = write!(text, "&{}, ", upper_snake(name));
    }
    text += "];\n";
    for operation in service.operations.values() {
        text += &entry(service, operation)?;
    }
    Ok(text)
}

fn structures_of(operation: &Operation) -> impl Iterator<Item = &str> {
    [operation.input.as_ref(), operation.output.as_ref()]
        .into_iter()
        .flatten()
        .map(|reference| reference.shape.as_str())
}

fn entry(service: &Service, operation: &Operation) -> anyhow::Result<String> {
    let name = &operation.name;
    let input = match &operation.input {
        Some(input) => upper_snake(&input.shape),
        None => "NO_MEMBERS".to_owned(),
    };
    let output = match &operation.output {
        Some(output) => format!("Some(&{})", upper_snake(&output.shape)),
        None => "None".to_owned(),
    };
    let mut errors = Vec::new();
    for error in &operation.errors {
        errors.push(format!("\"{}\"", error_name(service, error)?));
    }
    Ok(format!(
        "\n/// `{name}`.\npub static {}: Operation = Operation {{ name: \"{name}\", \
         input: &{input}, output: {output}, errors: &[{}] }};\n",
        upper_snake(name),
        errors.join(", ")
    ))
}

/// What the error is called on the wire: in JSON as its shape, in Query as the shape says.
fn error_name<'s>(service: &'s Service, error: &'s Reference) -> anyhow::Result<&'s str> {
    let wire = match service.shape(&error.shape)? {
        Shape::Structure(structure) => structure.wire_error(),
        _ => None,
    };
    Ok(wire.unwrap_or(&error.shape))
}
