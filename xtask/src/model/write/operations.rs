//! The operations.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::generated_by;
use crate::model::names::upper_snake;
use crate::model::service::{Operation, Service};

pub(super) fn written(service: &Service) -> String {
    let mut text = String::from("//! The operations.\n//!\n");
    text += &generated_by("//!");
    let structures: BTreeSet<_> =
        service.operations.values().flat_map(structures_of).map(upper_snake).collect();
    let structures: Vec<_> = structures.into_iter().collect();
    let _ = write!(
        text,
        "\nuse keyward_shape::Operation;\n\nuse super::structures::{{{}}};\n\n\
         /// Every operation of the model, by name.\n\
         pub static OPERATIONS: &[&Operation] = &[",
        structures.join(", ")
    );
    for name in service.operations.keys() {
        let _ = write!(text, "&{}, ", upper_snake(name));
    }
    text += "];\n";
    for operation in service.operations.values() {
        text += &entry(operation);
    }
    text
}

fn structures_of(operation: &Operation) -> impl Iterator<Item = &str> {
    [Some(&operation.input), operation.output.as_ref()]
        .into_iter()
        .flatten()
        .map(|reference| reference.shape.as_str())
}

fn entry(operation: &Operation) -> String {
    let name = &operation.name;
    let input = upper_snake(&operation.input.shape);
    let output = match &operation.output {
        Some(output) => format!("Some(&{})", upper_snake(&output.shape)),
        None => "None".to_owned(),
    };
    let errors: Vec<_> =
        operation.errors.iter().map(|error| format!("\"{}\"", error.shape)).collect();
    format!(
        "\n/// `{name}`.\npub static {}: Operation = Operation {{ name: \"{name}\", \
         input: &{input}, output: {output}, errors: &[{}] }};\n",
        upper_snake(name),
        errors.join(", ")
    )
}
